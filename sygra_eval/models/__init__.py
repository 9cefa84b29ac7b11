"""The way from a run to language models: one gateway over all models of a suite.

A `ChatRequest` enters `Gateway.complete` under the model's name, waits for its turn at the model's
and its endpoint's `gate`, and is tried by the model until it answers, the refusal is final or the
`Patience` ends; while it waits to try again its slot serves others. What the endpoint answers
moves the gate's rules: `adaptive`, `buckets`, `breaker`; `outage` says when the run has to end,
`gate_view` what a gate is doing, and `limits` changes them while calls run.
Model types know one try only. Servers share `served`: `transport` moves bytes, `streams` puts
pieces together, `replies` and `refusals` read what came; `openai`, `azure`, `vllm` and `ollama` say
where, with which key and in which dialect. With `mode: batch` a served model hands what it wrote to
a desk (`batching`) and not to the wire: `batch_wire` is the protocol, `batch_patience` the waiting,
`batch_reading` and `batch_outcomes` what comes of a batch, `batch_ledger` what is remembered of it.
Texts for which a model makes vectors, classes or scores go the same way, those of several records
in one request: `together` collects them and hands out the answers, `texts` knows their dialects.
`litellm_model` is for all other providers. `embedded` is llama.cpp in this process: `weights` finds
the file, `servers` runs it. They say what they can do beyond text (`abilities`), register in
`builtin`, and import aiohttp, xllamacpp or litellm only when a model is opened.
"""

from sygra_eval.models.abilities import has_json_mode, takes_images
from sygra_eval.models.answer_cache import AnswerCache, cache_folder
from sygra_eval.models.batch_ledger import BatchLedger, BatchRecord, OpenBatch
from sygra_eval.models.checkup import Step, StepOutcome, checkup
from sygra_eval.models.gate import Ask, Gate, Gates, Rank
from sygra_eval.models.gate_view import GateView
from sygra_eval.models.gateway import CHARACTERS_PER_TOKEN, Gateway
from sygra_eval.models.limits import Limit, LimitChange, LimitChanged, LimitRefused, Limits
from sygra_eval.models.patience import Patience
from sygra_eval.models.prices import UnknownPrice, batch_prices, price_of
from sygra_eval.models.shares import fewest, seen, share_of, show, take_share

__all__ = [
    "CHARACTERS_PER_TOKEN",
    "AnswerCache",
    "Ask",
    "BatchLedger",
    "BatchRecord",
    "Gate",
    "GateView",
    "Gates",
    "Gateway",
    "Limit",
    "LimitChange",
    "LimitChanged",
    "LimitRefused",
    "Limits",
    "OpenBatch",
    "Patience",
    "Rank",
    "Step",
    "StepOutcome",
    "UnknownPrice",
    "batch_prices",
    "cache_folder",
    "checkup",
    "fewest",
    "has_json_mode",
    "price_of",
    "seen",
    "share_of",
    "show",
    "take_share",
    "takes_images",
]
