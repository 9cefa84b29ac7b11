"""Registers what a task of SyGra becomes in a suite, and ends its session with the run."""

from sygra_eval.hookspecs import RegisterNode, RegisterSource, hookimpl
from sygra_eval.sygra.config import NODE_TYPE, SOURCE_TYPE, SourceConfig, TaskConfig
from sygra_eval.values import Node, NodeContext, RunEnd, Source, SourceSpec, State


async def _node(node: Node, state: State, ctx: NodeContext) -> State:
    from sygra_eval.sygra.node import sygra_task

    return await sygra_task(node, state, ctx)


def _source(spec: SourceSpec) -> Source:
    from sygra_eval.sygra.tables import TaskSource

    return TaskSource(spec)


@hookimpl
def sygra_register_nodes(register: RegisterNode) -> None:
    """Add the node that is a whole task."""
    register(NODE_TYPE, _node, config=TaskConfig)


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
