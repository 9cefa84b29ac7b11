"""Warns of prompts that show what a validator keeps hidden: such tests judge nothing any more."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, cast

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry
from sygra_eval.suite.subgraphs import nodes_in
from sygra_eval.suite.template import Template
from sygra_eval.values import Severity


def check_hidden(
    nodes: object,
    entries: Iterable[TypedEntry],
    validators: Iterable[TypedEntry],
    document: Document,
) -> None:
    """Report every text of a node, or of one inside it, that holds a column of hidden tests."""
    hidden = {column for validator in validators for column in _hidden_columns(validator.config)}
    if hidden:
        _check_texts(nodes, entries, hidden, document)


def _check_texts(
    nodes: object, entries: Iterable[TypedEntry], hidden: Collection[str], document: Document
) -> None:
    for entry in entries:
        if entry.inner is not None:
            names = cast("Any", entry.config).names_inside(hidden)
            inside = {name for name, outer in names.items() if outer in hidden}
            inner = entry.inner.document
            _check_texts(nodes_in(inner.data), entry.inner.nodes, inside, inner)
    for at, text in _texts(nodes, ("graph_config", "nodes")):
        for placeholder in Template.parse(text).placeholders():
            if placeholder.variable in hidden:
                document.report(
                    code="hidden-in-prompt",
                    message=f"`{placeholder.variable}` holds hidden tests, and this shows them",
                    at=at,
                    within=f"{{{placeholder.name}}}",
                    fix="take it out of the prompt, or show the visible tests",
                    severity=Severity.WARNING,
                )


def _hidden_columns(config: object) -> Iterator[str]:
    """Yield what a validator's config calls hidden, where it sorts its columns by group."""
    columns = getattr(config, "columns", None)
    groups = columns() if callable(columns) else {}
    if isinstance(groups, dict) and isinstance(groups.get("hidden"), str):
        yield groups["hidden"]


def _texts(value: object, at: At) -> Iterator[tuple[At, str]]:
    """Yield all texts below a place of the document."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*at, index))
