"""The built-in node types.

`llm` asks a model once, `multi_llm` several at once, `best_of_n` keeps the best of several
candidates, `critique_loop` drafts, judges and revises; `embed`, `classify` and `score` (`texts`)
ask models that answer no chats. All are plain async functions `(node, state, ctx) -> additions`,
registered through the hook that a user's plugin uses (`builtin.py`). `ensemble` asks at once,
`ranking` says which candidate is the best. Start at `critique_loop.critique_loop`.
"""

from sygra_eval.nodes.best_of_n import best_of_n
from sygra_eval.nodes.best_of_n_config import BestOfNConfig
from sygra_eval.nodes.critique_loop import critique_loop
from sygra_eval.nodes.evidence import evidence_text
from sygra_eval.nodes.lambda_node import LambdaConfig
from sygra_eval.nodes.llm import LlmConfig, llm
from sygra_eval.nodes.loop_config import (
    DEFAULT_CRITIQUE,
    DEFAULT_REVISION,
    REFUSED_STOP,
    CritiqueLoopConfig,
    CritiqueStep,
)
from sygra_eval.nodes.multi_llm import MultiLlmConfig, multi_llm
from sygra_eval.nodes.subgraph import SubgraphConfig
from sygra_eval.nodes.weighted_sampler import WeightedSamplerConfig
from sygra_eval.suite import ModelChoice

__all__ = [
    "DEFAULT_CRITIQUE",
    "DEFAULT_REVISION",
    "REFUSED_STOP",
    "BestOfNConfig",
    "CritiqueLoopConfig",
    "CritiqueStep",
    "LambdaConfig",
    "LlmConfig",
    "ModelChoice",
    "MultiLlmConfig",
    "SubgraphConfig",
    "WeightedSamplerConfig",
    "best_of_n",
    "critique_loop",
    "evidence_text",
    "llm",
    "multi_llm",
]
