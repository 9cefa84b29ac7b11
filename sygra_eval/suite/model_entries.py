"""Models as a suite names them: their common keys, and who stands in for whom."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import cast

from sygra_eval.suite.entries import TypedEntry
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.schema import BatchSection, FallbackSection, ModelSection, PriceSection
from sygra_eval.values import (
    BatchTerms,
    Fallback,
    Handling,
    ModelSpec,
    OnLength,
    OnRepetition,
    OnTooLong,
    Price,
    Severity,
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
        batch=_batch(section),
    )


def check_modes(models: Mapping[str, TypedEntry], batching: Collection[str]) -> None:
    """Report models that cannot be asked in batches, and keys that mean nothing there.

    :param batching: The types that can.
    """
    for name, entry in models.items():
        section, report = cast("ModelSection", entry.section), entry.document.report
        if section.mode != "batch":
            if section.batch is not None:
                report(
                    code="conflict",
                    message=f"`batch` says how calls are gathered, and `{name}` is asked live",
                    at=(*entry.at, "batch"),
                    fix="add `mode: batch`, or take it out",
                    is_key=True,
                )
            continue
        if entry.type not in batching:
            known = " and ".join(f"`{one}`" for one in sorted(batching))
            report(
                code="cannot-batch",
                message=f"a model with `use: {entry.type}` cannot be asked in batches",
                at=(*entry.at, "mode"),
                fix=f"take `mode: batch` out; {known} can" if known else "take `mode: batch` out",
            )
        elif task_of(entry.config) not in (Task.CHAT, Task.ANY):
            report(
                code="cannot-batch",
                message=f"batches are of chats, and `{name}` is for texts",
                at=(*entry.at, "mode"),
                fix="take `mode: batch` out; texts travel together anyway",
            )
        if getattr(entry.config, "stream", False):
            report(
                code="conflict",
                message="the answers of a batch come in one file, so nothing can be streamed",
                at=(*entry.at, "stream"),
                fix="take `stream` or `mode: batch` out",
                is_key=True,
            )
        for key in ("rpm", "tpm"):
            if getattr(section, key) is not None:
                report(
                    code="no-effect",
                    message=f"`{key}` bounds calls that are sent one by one, and not a batch",
                    at=(*entry.at, key),
                    fix="take it out",
                    severity=Severity.WARNING,
                    is_key=True,
                )


def _batch(section: ModelSection) -> BatchTerms | None:
    if section.mode != "batch":
        return None
    given = section.batch or BatchSection()
    return BatchTerms(
        window=given.window,
        wait_s=given.wait,
        poll_s=given.poll,
        most_requests=given.max_requests,
        most_bytes=given.max_bytes,
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
