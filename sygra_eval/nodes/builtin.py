"""Registers the built-in node types."""

from sygra_eval.hookspecs import RegisterNode, hookimpl
from sygra_eval.nodes.critique_loop import critique_loop
from sygra_eval.nodes.llm import LlmConfig, llm
from sygra_eval.nodes.loop_config import CritiqueLoopConfig
from sygra_eval.nodes.texts import (
    ClassifyNodeConfig,
    EmbedConfig,
    ScoreNodeConfig,
    classify,
    embed,
    score,
)


@hookimpl
def sygra_register_nodes(register: RegisterNode) -> None:
    """Add `llm` and `critique_loop`, and what asks models for vectors, classes and scores."""
    register("llm", llm, config=LlmConfig)
    register("critique_loop", critique_loop, config=CritiqueLoopConfig)
    register("embed", embed, config=EmbedConfig)
    register("classify", classify, config=ClassifyNodeConfig)
    register("score", score, config=ScoreNodeConfig)
