"""Models as a suite names them: their common keys, and who stands in for whom."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import cast

from sygra_eval.suite.entries import TypedEntry
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.schema import FallbackSection, ModelSection, PriceSection
from sygra_eval.values import (
    Fallback,
    Handling,
    ModelSpec,
    OnLength,
    OnRepetition,
    OnTooLong,
    Price,
    Task,
    task_of,
)


def model_spec(entry: TypedEntry, folder: Path) -> ModelSpec:
    """Return the model that an entry names."""
    section = cast("ModelSection", entry.section)
    return ModelSpec(
        name=entry.name,
        use=entry.type,
        config=entry.config,
        folder=folder,
        parameters=section.parameters,
        max_concurrency=section.max_concurrency,
        rpm=section.rpm,
        tpm=section.tpm,
        timeout_s=section.timeout,
        price=_price(section.price),
        fallback=_fallback(section.fallback),
        handling=Handling(
            on_length=OnLength(section.on_length),
            on_too_long=OnTooLong(section.on_too_long),
            on_repetition=OnRepetition(section.on_repetition),
        ),
    )


def check_fallbacks(models: Mapping[str, TypedEntry], known: Collection[str]) -> None:
    """Report fallbacks that name no model, or the model itself."""
    for name, entry in models.items():
        fallback = _fallback(cast("ModelSection", entry.section).fallback)
        for other in fallback.to:
            if other in known and other != name:
                if why := _why_no_stand_in(entry, models.get(other)):
                    entry.document.report(
                        code="wrong-model",
                        message=f"`{other}` cannot stand in for `{name}`: {why}",
                        at=(*entry.at, "fallback"),
                        fix="take it out",
                    )
                continue
            own = f"`{name}` cannot stand in for itself"
            entry.document.report(
                code="unknown-model",
                message=own if other == name else f"the fallback of `{name}`: no model `{other}`",
                at=(*entry.at, "fallback"),
                fix=did_you_mean(other, [one for one in known if one != name]),
            )


def _why_no_stand_in(entry: TypedEntry, other: TypedEntry | None) -> str:
    """Say why a model cannot answer for another; empty where it can, or has errors of its own."""
    if other is None:
        return ""
    task, its_task = task_of(entry.config), task_of(other.config)
    if Task.ANY in (task, its_task):
        return ""
    if task is not its_task:
        return f"one is for `{task}`, the other for `{its_task}`"
    if task is Task.EMBEDDINGS:
        return "vectors of two models cannot be compared"
    return ""


def _fallback(section: FallbackSection | str | None) -> Fallback:
    if section is None:
        return Fallback()
    if isinstance(section, str):
        section = FallbackSection(to=section)
    to = (section.to,) if isinstance(section.to, str) else tuple(section.to)
    return Fallback(to=to, on=frozenset(section.on))


def _price(section: PriceSection | str | None) -> Price | str | None:
    if isinstance(section, PriceSection):
        return Price(**section.model_dump())
    return section
