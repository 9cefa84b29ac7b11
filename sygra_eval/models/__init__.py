"""The way from a run to language models: one gateway over all models of a suite.

A `ChatRequest` enters `Gateway.complete` under the model's name, waits for its turn at the model's
and its endpoint's `gate`, and is tried by the model until it answers, the refusal is final or the
`Patience` ends; while it waits to try again its slot serves others. What the endpoint answers
moves the gate's rules: `adaptive`, `buckets`, `breaker`; `outage` says when the run has to end.
Model types know one try only. Servers share `served`: `transport` moves bytes, `streams` puts
pieces together, `replies` and `refusals` read what came; `openai`, `azure`, `vllm` and `ollama` say
where, with which key and in which dialect. With `mode: batch` a served model hands what it wrote to
a desk (`batching`) and not to the wire: `batch_wire` is the protocol, `batch_patience` the waiting,
`batch_reading` and `batch_outcomes` what comes of a batch, `batch_ledger` what is remembered of it.
`litellm_model` is for all other providers. `embedded`
is llama.cpp in this process: `weights` finds the file, `servers` runs it. They register in
`builtin`, and import aiohttp, xllamacpp or litellm only when a model is opened.
"""

from sygra_eval.models.answer_cache import AnswerCache, cache_folder
from sygra_eval.models.batch_ledger import BatchLedger, BatchRecord, OpenBatch
from sygra_eval.models.checkup import Step, StepOutcome, checkup
from sygra_eval.models.gate import Ask, Gate, Gates, GateView, Rank
from sygra_eval.models.gateway import Gateway, Patience

__all__ = [
    "AnswerCache",
    "Ask",
    "BatchLedger",
    "BatchRecord",
    "Gate",
    "GateView",
    "Gates",
    "Gateway",
    "OpenBatch",
    "Patience",
    "Rank",
    "Step",
    "StepOutcome",
    "cache_folder",
    "checkup",
]
