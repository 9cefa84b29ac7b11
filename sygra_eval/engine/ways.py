"""Which way through the graph a record took, told from what the journal holds of it."""

from collections.abc import Mapping

from sygra_eval.journal import JournalReader
from sygra_eval.suite import Graph, NoWay, Suite, Walk
from sygra_eval.values import State


def walk_of(suite: Suite) -> Walk:
    """Return the walk that a record of the suite begins."""
    names = tuple(node.name for node in suite.nodes)
    return Walk(suite.graph if suite.graph is not None else Graph.straight(names))


def state_at_the_end(
    suite: Suite, record: str, columns: State, reader: JournalReader, *, before: str | None = None
) -> State:
    """Return the variables of a record behind its last node; nothing is run again.

    :param before: The key of a visit; then as they were when it began.

    Where a visit is lost, what it would have added is missing, and so is what is behind it.
    """
    state = dict(columns)
    walk = walk_of(suite)
    try:
        while walk.step(state) is not None and (before is None or walk.key != before):
            visit = reader.visit(record, walk.key) or {}
            additions = visit.get("additions")
            state.update(additions if isinstance(additions, Mapping) else {})
    except NoWay:
        return state
    return state
