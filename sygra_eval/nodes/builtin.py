"""Registers the built-in node types."""

from sygra_eval.hookspecs import RegisterNode, hookimpl
from sygra_eval.nodes.best_of_n import best_of_n
from sygra_eval.nodes.best_of_n_config import BestOfNConfig
from sygra_eval.nodes.critique_loop import critique_loop
from sygra_eval.nodes.lambda_node import LambdaConfig, call_function
from sygra_eval.nodes.llm import LlmConfig, llm
from sygra_eval.nodes.loop_config import CritiqueLoopConfig
from sygra_eval.nodes.multi_llm import MultiLlmConfig, multi_llm
from sygra_eval.nodes.subgraph import SubgraphConfig, subgraph
from sygra_eval.nodes.texts import (
    ClassifyNodeConfig,
    EmbedConfig,
    ScoreNodeConfig,
    classify,
    embed,
    score,
)
from sygra_eval.nodes.weighted_sampler import WeightedSamplerConfig, weighted_sampler


@hookimpl
def sygra_register_nodes(register: RegisterNode) -> None:
    """Add what asks models, for texts, vectors and scores; what draws, calls and nests."""
    register("llm", llm, config=LlmConfig)
    register("multi_llm", multi_llm, config=MultiLlmConfig)
    register("best_of_n", best_of_n, config=BestOfNConfig)
    register("critique_loop", critique_loop, config=CritiqueLoopConfig)
    register("embed", embed, config=EmbedConfig)
    register("classify", classify, config=ClassifyNodeConfig)
    register("score", score, config=ScoreNodeConfig)
    register("weighted_sampler", weighted_sampler, config=WeightedSamplerConfig)
    register("subgraph", subgraph, config=SubgraphConfig)
    register("lambda", call_function, config=LambdaConfig)
