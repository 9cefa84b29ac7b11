"""Registers what a task of SyGra becomes in a suite, and ends its session with the run."""

from sygra_eval.hookspecs import RegisterModel, RegisterNode, RegisterSource, hookimpl
from sygra_eval.sygra.config import NODE_TYPE, SOURCE_TYPE, SourceConfig, TaskConfig
from sygra_eval.sygra.media_kinds import MODEL_TYPE, MediaConfig
from sygra_eval.values import (
    ChatModel,
    ModelSpec,
    Node,
    NodeContext,
    RunEnd,
    Source,
    SourceSpec,
    State,
)


async def _node(node: Node, state: State, ctx: NodeContext) -> State:
    from sygra_eval.sygra.node import sygra_task

    return await sygra_task(node, state, ctx)


def _source(spec: SourceSpec) -> Source:
    from sygra_eval.sygra.tables import TaskSource

    return TaskSource(spec)


def _media(spec: ModelSpec) -> ChatModel:
    from sygra_eval.sygra.media_model import MediaModel

    return MediaModel(spec)


@hookimpl
def sygra_register_nodes(register: RegisterNode) -> None:
    """Add the node that is a whole task."""
    register(NODE_TYPE, _node, config=TaskConfig)


@hookimpl
def sygra_register_models(register: RegisterModel) -> None:
    """Add models of pictures and sound."""
    register(MODEL_TYPE, _media, config=MediaConfig)


@hookimpl
def sygra_register_sources(register: RegisterSource) -> None:
    """Add the rows of a task."""
    register(SOURCE_TYPE, _source, config=SourceConfig)


@hookimpl
def sygra_run_finished(run: RunEnd) -> None:
    """Take the task's modules away again."""
    del run
    from sygra_eval.sygra.sessions import end_all

    end_all()
