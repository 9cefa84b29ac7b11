"""What is written when a run of a task has ended, as SyGra writes it. Start at `deliver`."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.engine import RunSummary
from sygra_eval.sygra.dialect import Read
from sygra_eval.sygra.importing import Shim
from sygra_eval.sygra.metadata import write_metadata
from sygra_eval.sygra.oasst import as_oasst, is_asked
from sygra_eval.sygra.output import post_processed, rows_in, write_rows
from sygra_eval.sygra.quality_tasks import said_of, tagger_of
from sygra_eval.sygra.sinks import write_sinks
from sygra_eval.values import Outcome, UsageError

__all__ = ["Delivered", "Delivery", "deliver", "output_name", "rows_in"]
MOST_JSON = 25_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is to be written.

    :ivar target: The data file, JSON or JSONL.
    :ivar oasst: Whether rows become messages of OASST; None leaves it to the task.
    :ivar quality: Whether quality tasks are run; None leaves it to the task.
    :ivar about: What the metadata say of how it was asked for; None writes none.
    """

    target: Path
    oasst: bool | None = None
    quality: bool | None = None
    about: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What was written.

    :ivar others: Every other file, and what it is.
    :ivar notes: What a person has to know of it.
    """

    target: Path
    rows: int
    others: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = field(default=())


def output_name(summary: RunSummary, run_name: str, *, has_time: bool) -> str:
    """Return the name of the data file."""
    now = datetime.datetime.now().astimezone()
    time = f"_{now:%Y-%m-%d_%H-%M-%S}" if has_time else ""
    suffix = "jsonl" if summary.rows > MOST_JSON else "json"
    return f"{run_name}_output{time}.{suffix}" if run_name else f"output{time}.{suffix}"


def deliver(read: Read, summary: RunSummary, delivery: Delivery, shim: Shim) -> Delivered:
    """Write the rows and all that belongs to them.

    :raises UsageError: When a sink, a mapping or a post-processor cannot do its part; the rows are
        written.
    """
    target, output = delivery.target, read.output
    others: list[tuple[Path, str]] = []
    wants_quality = bool(output.get("data_quality"))
    wants_quality = wants_quality if delivery.quality is None else delivery.quality
    tag = tagger_of(output.get("data_quality") or {}) if wants_quality else None
    mapper = output.get("oasst_mapper") or {}
    wants_oasst = is_asked(mapper) if delivery.oasst is None else delivery.oasst
    if wants_oasst and str(mapper.get("intermediate_writing")) == "yes":
        before = target.with_name(f"{target.stem}_intermediate{target.suffix}")
        write_rows(summary.folder, before, tag)
        others.append((before, "the rows before they became messages"))
    through, unmapped = tag, list[str]()
    if wants_oasst:
        through = as_oasst(str(mapper.get("type", "sft")), tag, unmapped)
    count = write_rows(summary.folder, target, through, are_messages=wants_oasst)
    if delivery.about is not None:
        place = write_metadata(read, summary, target, delivery.about)
        others.append((place, "what the run was"))
    rows = rows_in(target) if read.sinks else []
    others += [(path, "the rows, as the task's sink") for path in write_sinks(rows, read.sinks)]
    asked = output.get("data_quality") or {}
    notes = list(said_of(asked, has_judge=read.has_judge)) if wants_quality else []
    failed = summary.counts.get(Outcome.FAILED, 0)
    for made in post_processed(read.task, read.post_process, target, shim, failed):
        others.append((made.path, "what its post-processor made of them"))
        notes += [one.told for one in made.evaluated]
    if unmapped:
        rest = f"{unmapped[0]}; so {len(unmapped)} of the rows made no message"
        raise UsageError(f"{rest}; those of all others are in {target}")
    return Delivered(target=target, rows=count, others=tuple(others), notes=tuple(notes))
