"""The validators that a suite names: typed, named once each, and which of them a row must pass."""

from collections.abc import Mapping
from typing import Any, cast

from sygra_eval.plugins import Plugins
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry, typed_entry
from sygra_eval.suite.schema import ValidatorSection
from sygra_eval.values import ValidatorSpec


def validators_of(document: Document, plugins: Plugins) -> list[TypedEntry]:
    """Return the validators whose type is known, in their order."""
    entries: list[TypedEntry] = []
    for index, one in enumerate(_entries(document.data)):
        at: At = ("quality", "validators", index)
        entry = typed_entry("validators", one, plugins, document, at)
        if entry is None:
            continue
        if any(entry.name == earlier.name for earlier in entries):
            document.report(
                code="duplicate-name",
                message=f"two validators are called `{entry.name}`",
                at=at,
                within=entry.name,
                fix="give one of them another `name: ...`",
            )
        entries.append(entry)
    return entries


def validator_names(data: Mapping[str, Any]) -> frozenset[str]:
    """Return what validators are called, those with errors included."""
    entries = [one for one in _entries(data) if isinstance(one, dict)]
    return frozenset(str(one.get("name") or one.get("use")) for one in entries)


def validator_specs(entries: list[TypedEntry]) -> tuple[ValidatorSpec, ...]:
    """Return the validators; where none is marked as required, all are."""
    required = [cast("ValidatorSection", entry.section).required for entry in entries]
    is_any_marked = any(required)
    return tuple(
        ValidatorSpec(
            name=entry.name,
            use=entry.type,
            is_required=bool(mark) or not is_any_marked,
            config=entry.config,
        )
        for entry, mark in zip(entries, required, strict=True)
    )


def _entries(data: Mapping[str, Any]) -> list[Any]:
    quality = data.get("quality")
    raw = quality.get("validators") if isinstance(quality, dict) else None
    return raw if isinstance(raw, list) else []
