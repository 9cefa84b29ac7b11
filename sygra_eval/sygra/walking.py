"""Takes a record through a task's graph, step by step. Start at `walked`.

All nodes that are due run in one step, each on its own copy of the state; what they add comes
together at the step's end, and edges say what is due next. A node that two edges lead to in
different steps runs twice: nothing waits for the other.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sygra_eval.sygra.asking import Visiting
from sygra_eval.sygra.chance import chance_of
from sygra_eval.sygra.compiled import END, START, Compiled, Way
from sygra_eval.sygra.functions import TaskError
from sygra_eval.sygra.limited import Python
from sygra_eval.sygra.raised import told
from sygra_eval.sygra.state import APPENDED, HISTORY, MESSAGES, merged
from sygra_eval.values import GuardrailBlocked, InfrastructureError, Interrupted, NodeContext

_PASSED = (InfrastructureError, Interrupted, GuardrailBlocked, TaskError)


class StepLimit(TaskError):
    """A record went round for too long (P21)."""


@dataclass(slots=True)
class Walked:
    """A record behind its last node.

    :ivar path: The nodes that ran, in order.
    :ivar doubled: Nodes that gave back messages which were there already.
    :ivar last_way: The condition that led to the end, with what it said and where it stood.
    """

    state: dict[str, Any]
    path: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


async def walked(graph: Compiled, columns: Mapping[str, Any], ctx: NodeContext) -> Walked:
    """Return the record's state at its end.

    :raises TaskError: When the task's Python, or what it says, cannot be gone on with.
    """
    names = graph.names | columns.keys()
    given = await _prepared(graph, columns, names, ctx)
    record = Walked({MESSAGES: [], HISTORY: [], **given})
    visits: Counter[str] = Counter()
    python = replace(graph.python, give_up=ctx.give_up)
    due = await _next(graph, START, record.state, record, ctx, python)
    for _ in range(graph.limit):
        due = [name for name in dict.fromkeys(due) if name != END]
        if not due:
            return record
        due.sort()
        visits.update(due)
        before = record.state
        updates = await _together(
            [_run(graph, name, visits[name], before, ctx, record, python) for name in due]
        )
        added = list(zip(due, updates, strict=True))
        record.state = merged(before, added, names)
        record.path += due
        due = []
        for name, update in added:
            # A node's condition sees what it added itself, declared or not, and not what its
            # neighbours did.
            seen = {**update, **merged(before, [(name, update)], names)}
            due += await _next(graph, name, seen, record, ctx, python)
    due = [name for name in dict.fromkeys(due) if name != END]
    if not due:
        return record
    raise StepLimit(
        f"after {graph.limit} steps it is still to go to `{due[0]}`: nothing ended its loop "
        f"({', '.join(f'{name} {count} times' for name, count in visits.most_common(3))})"
    )


async def _prepared(
    graph: Compiled, columns: Mapping[str, Any], names: frozenset[str], ctx: NodeContext
) -> Mapping[str, Any]:
    """Return what the graph is given for a row, where a task's own executor says that."""
    if graph.before is None:
        return columns
    with chance_of(ctx.seed, ctx.row.id, "input_record_generator"):
        try:
            given = await graph.python.in_turn(graph.before, dict(columns))
        except (Exception, SystemExit) as error:
            raise TaskError(f"input_record_generator: {told(error)}") from error
    if not isinstance(given, Mapping):
        raise TaskError(
            f"input_record_generator returned {type(given).__name__}, a mapping is needed"
        )
    return {name: value for name, value in given.items() if name in names}


async def _together(runs: list[Any]) -> list[Mapping[str, Any]]:
    """Run the nodes of a step; the first error ends the others too."""
    if len(runs) == 1:
        return [await runs[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run) for run in runs]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]


async def _run(
    graph: Compiled,
    name: str,
    number: int,
    state: Mapping[str, Any],
    ctx: NodeContext,
    record: Walked,
    python: Python,
) -> Mapping[str, Any]:
    own = dict(state)
    before = {key: len(own.get(key) or ()) for key in APPENDED}
    visiting = Visiting(
        complete=ctx.complete, node=name, number=number, python=python, index=ctx.row.index
    )
    with chance_of(ctx.seed, ctx.row.id, name, number):
        try:
            update = await graph.runs[name](own, visiting)
        except _PASSED as error:
            if isinstance(error, TaskError):
                raise type(error)(f"`{name}`: {error}") from error
            raise
        except (Exception, SystemExit) as error:
            raise TaskError(f"`{name}`: {told(error)}") from error
    if update is None:
        return {}
    if not isinstance(update, Mapping):
        raise TaskError(f"`{name}` returned {type(update).__name__}, a mapping is needed")
    if any(before[key] and update.get(key) is state.get(key) for key in APPENDED):
        record.doubled.append(name)
    return dict(update)


async def _next(
    graph: Compiled,
    name: str,
    state: Mapping[str, Any],
    record: Walked,
    ctx: NodeContext,
    python: Python,
) -> list[str]:
    targets: list[str] = []
    for place, way in enumerate(graph.leaving.get(name, ())):
        if way.condition is None:
            targets.append(way.target)
            continue
        with chance_of(ctx.seed, ctx.row.id, name, len(record.path), place):
            try:
                answer = await python.in_turn(way.condition, dict(state))
            except (Exception, SystemExit) as error:
                raise TaskError(f"the condition `{way.name}` of `{name}`: {told(error)}") from error
        targets += [_mapped(one, way, name) for one in _each(answer)]
    if END in targets:
        record.ends.append(name)
    return targets


def _each(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, list | tuple) else [answer]


def _mapped(answer: Any, way: Way, name: str) -> str:
    ways = way.ways or {}
    try:
        for one in (answer, END if answer == "END" else answer):  # P11
            if one in ways:
                return ways[one]
    except TypeError:
        pass
    known = ", ".join(f"`{key}`" for key in ways)
    said = "nothing" if answer is None else f"`{answer}`"
    raise TaskError(
        f"the condition `{way.name}` of `{name}` said {said}; its `path_map` has {known}"
    )
