"""Registers the built-in node types."""

from sygra_eval.hookspecs import RegisterNode, hookimpl
from sygra_eval.nodes.critique_loop import critique_loop
from sygra_eval.nodes.llm import LlmConfig, llm
from sygra_eval.nodes.loop_config import CritiqueLoopConfig


@hookimpl
def sygra_register_nodes(register: RegisterNode) -> None:
    """Add `llm` and `critique_loop`."""
    register("llm", llm, config=LlmConfig)
    register("critique_loop", critique_loop, config=CritiqueLoopConfig)
