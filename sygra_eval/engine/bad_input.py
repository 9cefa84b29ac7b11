"""Says why a row cannot be run as it stands, before anything is spent on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sygra_eval.engine.canaries import mark_of
from sygra_eval.journal import canonical_json
from sygra_eval.suite import Suite, always_visited
from sygra_eval.values import BadAnswer, Problem, Row, Scope, Severity


def why_unusable(suite: Suite, row: Row) -> str | None:
    """Return what is wrong with a row's columns; None for a row that can be run."""
    if taken := suite.reserved_columns & row.columns.keys():
        names = ", ".join(f"`{name}`" for name in sorted(taken))
        return f"{names} would be overwritten; rename in the source"
    try:
        canonical_json(dict(row.columns))
    except BadAnswer as error:
        return str(error)
    truth = suite.truth
    if truth is not None and row.columns.get(truth) not in ("right", "wrong"):
        return f"`{truth}`, which is to say what is true, is neither `right` nor `wrong`"
    canary = suite.canary
    if canary is not None and mark_of(row.columns.get(canary)) is None:
        return f"`{canary}`, which marks canaries, is neither true nor false"
    first = suite.first_row
    if first is None or first.columns.keys() <= row.columns.keys():
        return None  # the suite's names were checked on its first row
    return next(_unknown_names(suite, row), None)


def _unknown_names(suite: Suite, row: Row) -> Iterator[str]:
    """Follow the names through the suite, as `check` does, for a row that lacks a column.

    A node that the row may never come to is not asked; where it comes to one, that one says so.
    """
    scope = Scope(
        variables=frozenset(row.columns),
        models=frozenset(suite.models),
        validators=frozenset(spec.name for spec in suite.validators),
        row=row.columns,
    )
    graph = suite.graph
    is_sure = frozenset(always_visited(graph) if graph is not None else ())
    for node in suite.nodes:
        if graph is None or graph.is_straight or node.name in is_sure:
            yield from _errors(node.config, scope)
        declare = getattr(node.config, "outputs", None)
        if callable(declare):
            scope = replace(scope, variables=scope.variables | frozenset(declare()))
        else:  # nobody knows what it adds
            scope = replace(scope, is_open=True)
    if suite.judged is not None:
        yield from _errors(suite.judged.template, scope)
        yield from _errors(suite.judged.entry_point, scope)
    for spec in suite.validators:
        yield from _errors(spec.config, scope)


def _errors(config: object, scope: Scope) -> Iterator[str]:
    find = getattr(config, "problems", None)
    if isinstance(config, Mapping) or not callable(find):
        return
    problems: Iterable[Problem] = find(scope)
    for problem in problems:
        if problem.severity is Severity.ERROR:
            yield problem.message
