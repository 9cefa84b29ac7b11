"""Warns of prompts that show what a validator keeps hidden: such tests judge nothing any more."""

from collections.abc import Iterable, Iterator

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry
from sygra_eval.suite.template import Template
from sygra_eval.values import Severity


def check_hidden(nodes: object, validators: Iterable[TypedEntry], document: Document) -> None:
    """Report every text of a node that holds a column of hidden tests."""
    hidden = {column for validator in validators for column in _hidden_columns(validator.config)}
    if not hidden:
        return
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
