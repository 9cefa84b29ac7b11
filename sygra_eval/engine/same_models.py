"""Finds who judges their own work: author and critic, or author and judge, as one model."""

from collections.abc import Iterator, Mapping
from typing import Any

from sygra_eval.values import Task


def same_models(document: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each pair; models are the same whose labels are.

    :param document: The suite as plain data.
    :param labels: What each model of the suite is.
    """
    nodes = (document.get("graph_config") or {}).get("nodes") or {}
    labels = {name: label for name, label in labels.items() if _says_something(document, name)}
    authors: dict[str, list[str]] = {}
    for name, node in nodes.items():
        author, critic = _model_of(node, "draft"), _model_of(node, "critique")
        if author in labels and critic in labels and labels[author] == labels[critic]:
            yield (
                f"author and critic of `{name}` are the same model, {labels[author]}: its "
                "critique carries little information"
            )
        for own in {author, _model_of(node, "revise"), _name_of(node.get("model"))}:
            if own is not None and own in labels:
                authors.setdefault(labels[own], []).append(f"`{name}`")
    for entry in (document.get("quality") or {}).get("validators") or ():
        judge = _name_of(entry.get("model"))
        if judge is None or judge not in labels:
            continue
        if written := authors.get(labels[judge]):
            name, whose = entry.get("name") or entry.get("use"), ", ".join(dict.fromkeys(written))
            yield (
                f"`{name}` judges by the model that wrote the answers of {whose}, "
                f"{labels[judge]}: a model thinks well of its own answers"
            )


def _says_something(document: Mapping[str, Any], name: str) -> bool:
    """Whether a model writes: one that makes vectors or scores of texts is nobody's author."""
    entry = (document.get("models") or {}).get(name)
    api = entry.get("api") if isinstance(entry, Mapping) else None
    return api not in {*Task} - {Task.CHAT, Task.ANY}


def _model_of(node: Mapping[str, Any], step: str) -> str | None:
    part = node.get(step)
    return _name_of(part.get("model")) if isinstance(part, Mapping) else None


def _name_of(model: object) -> str | None:
    name = model.get("name") if isinstance(model, Mapping) else model
    return name if isinstance(name, str) else None
