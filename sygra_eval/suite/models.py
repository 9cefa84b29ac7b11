"""The models that a suite may name: its own, those of `models.yaml` and of suites inside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sygra_eval.plugins import Plugins
from sygra_eval.suite.complaints import complain
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry, typed_entry
from sygra_eval.suite.model_entries import check_fallbacks, check_modes
from sygra_eval.suite.schema import ModelSection, Name
from sygra_eval.suite.subgraphs import InnerSuite, all_inside


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as it was read, and where it stands."""

    value: Any
    document: Document
    at: At


def complain_about_models(raw: object, document: Document, at: At) -> None:
    """Report what is no mapping of names to models."""
    try:
        TypeAdapter(dict[Name, ModelSection]).validate_python(raw)
    except ValidationError as error:
        complain(document, error, raw, at, dict[Name, ModelSection])


def models_of(raw_models: Mapping[str, RawEntry], plugins: Plugins) -> dict[str, TypedEntry]:
    """Return the models whose type is known; look at their documents for what is wrong."""
    for shared in {id(m.document): m.document for m in raw_models.values()}.values():
        if shared.section:
            complain_about_models(shared.data, shared, ())
    entries = {
        name: typed_entry("models", raw.value, plugins, raw.document, raw.at, name=name)
        for name, raw in raw_models.items()
    }
    known = {name: entry for name, entry in entries.items() if entry is not None}
    check_fallbacks(known, raw_models)
    types = plugins.of("models").items()
    check_modes(known, [t for t, one in types if getattr(one.implementation, "can_batch", False)])
    return known


def with_models_inside(
    models: Mapping[str, RawEntry], inside: Mapping[str, InnerSuite]
) -> dict[str, RawEntry]:
    """Return the models with those of suites inside; the suite's own win."""
    merged = dict(models)
    for inner in all_inside(inside):
        own = inner.document.data.get("models")
        for name, raw in (own if isinstance(own, dict) else {}).items():
            entry = RawEntry(raw, inner.document, ("models", name))
            if name not in models and merged.setdefault(name, entry).value != raw:
                inner.document.report(
                    code="conflict",
                    message=f"two suites inside this one say otherwise what `{name}` is",
                    at=("models", name),
                    fix=f"say it in the suite itself: `models: {{{name}: ...}}`",
                    is_key=True,
                )
    return merged
