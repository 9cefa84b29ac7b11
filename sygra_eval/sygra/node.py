"""The node that a task becomes: takes a record through the task's graph and keeps what is left.

Every call is journalled at a place of its own, NODE of the task and number of its visit, so that a
resumed record walks the same way with the same answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from sygra_eval.sygra.compiled import compiled
from sygra_eval.sygra.config import ANSWER, FLAGS, RENAMED, ROW, STATE, TaskConfig
from sygra_eval.sygra.functions import TaskError
from sygra_eval.sygra.prompts import PromptFault
from sygra_eval.sygra.state import StateFault
from sygra_eval.sygra.stopping import loop_end, phrase_of, rounds_of
from sygra_eval.sygra.walking import walked
from sygra_eval.values import (
    BadAnswer,
    ChatResponse,
    Complete,
    Message,
    Node,
    NodeContext,
    State,
)

_BACK = {ours: theirs for theirs, ours in RENAMED.items()}


async def sygra_task(node: Node, state: State, ctx: NodeContext) -> State:
    """Return the record's row as SyGra would write it, its state, and what is judged."""
    config = cast("TaskConfig", node.config)
    graph = compiled(config, ctx.folder)
    tokens = _Tokens(ctx.complete)
    try:
        record = await walked(graph, columns_of(ctx.row.columns), replace(ctx, complete=tokens))
        python = replace(graph.python, give_up=ctx.give_up)
        left = await graph.finish.of(record.state, python)
    except (TaskError, PromptFault, StateFault) as error:
        raise BadAnswer(str(error)) from error
    end, flags = loop_end(config, record, tokens.total)
    if end is not None:
        for finished in rounds_of(end.node, phrase_of(config.nodes, end.node), record):
            ctx.record_round(finished)
        ctx.end_loop(end)
    row = left.row
    if left.mismatch:
        flags["schema"], row = left.mismatch, None
    elif row is None:
        flags["no_row"] = "the generator gave no row"
    if record.doubled:
        flags["messages_doubled_by"] = sorted(set(record.doubled))
    return {ANSWER: left.answer, ROW: row, STATE: left.state, FLAGS: flags}


@dataclass(slots=True)
class _Tokens:
    """Asks, and counts what that takes."""

    complete: Complete
    total: int = 0

    async def __call__(self, messages: tuple[Message, ...], **asked: Any) -> ChatResponse:
        response = await self.complete(messages, **asked)
        self.total += response.usage.total
        return response


def columns_of(columns: Mapping[str, object]) -> dict[str, Any]:
    """Return a row's columns by the names that the task has for them, free to be changed."""
    return {_BACK.get(name, name): _copied(value) for name, value in columns.items()}


def _copied(value: Any) -> Any:
    """Return a copy that a task may change in place: the row is the engine's."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value
