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
        draft, critique = _models_of(node, "draft"), _models_of(node, "critique")
        told = "are" if len(draft) == len(critique) == 1 else "can be"
        for both in sorted(_labels(draft, labels) & _labels(critique, labels)):
            yield (
                f"author and critic of `{name}` {told} the same model, {both}: its "
                "critique carries little information"
            )
        own = draft | _models_of(node, "revise") | names_of(node.get("model"))
        own |= {other for model in _members(node) for other in names_of(model)}
        for label in sorted(_labels(own, labels)):
            authors.setdefault(label, []).append(f"`{name}`")
    for entry in (document.get("quality") or {}).get("validators") or ():
        for judge in names_of(entry.get("model")) & labels.keys():
            if written := authors.get(labels[judge]):
                name, whose = entry.get("name") or entry.get("use"), ", ".join(written)
                yield (
                    f"`{name}` judges by the model that wrote the answers of {whose}, "
                    f"{labels[judge]}: a model thinks well of its own answers"
                )


def names_of(model: object) -> set[str]:
    """Return the models that a `model:` of a suite may come to."""
    match model:
        case str():
            return {model}
        case {"name": str(name)}:
            return {name}
        case {"route": {"weights": {**weights}}}:
            return {str(name) for name in weights}
        case {"route": {**route}}:
            cases = route.get("cases")
            named = list(cases.values()) if isinstance(cases, Mapping) else []
            return {str(name) for name in (*named, route.get("otherwise")) if name is not None}
        case _:
            return set()


def _says_something(document: Mapping[str, Any], name: str) -> bool:
    """Whether a model writes: one that makes vectors or scores of texts is nobody's author."""
    entry = (document.get("models") or {}).get(name)
    api = entry.get("api") if isinstance(entry, Mapping) else None
    return api not in {*Task} - {Task.CHAT, Task.ANY}


def _models_of(node: Mapping[str, Any], step: str) -> set[str]:
    part = node.get(step)
    return names_of(part.get("model")) if isinstance(part, Mapping) else set()


def _members(node: Mapping[str, Any]) -> Iterator[object]:
    """Yield the models of a node that asks several."""
    models = node.get("models")
    yield from models.values() if isinstance(models, Mapping) else ()


def _labels(names: set[str], labels: Mapping[str, str]) -> set[str]:
    return {labels[name] for name in names if name in labels}
