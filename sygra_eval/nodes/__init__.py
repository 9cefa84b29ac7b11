"""The built-in node types: `llm` asks a model once, `critique_loop` drafts, judges and revises.

`embed`, `classify` and `score` (`texts`) ask models that answer no chats. All are plain async
functions `(node, state, ctx) -> additions`, registered through the hook that a user's plugin uses
(`builtin.py`). Start at `critique_loop.critique_loop`.
"""

from sygra_eval.nodes.critique_loop import critique_loop
from sygra_eval.nodes.evidence import evidence_text
from sygra_eval.nodes.llm import LlmConfig, llm
from sygra_eval.nodes.loop_config import CritiqueLoopConfig
from sygra_eval.suite import ModelChoice

__all__ = [
    "CritiqueLoopConfig",
    "LlmConfig",
    "ModelChoice",
    "critique_loop",
    "evidence_text",
    "llm",
]
