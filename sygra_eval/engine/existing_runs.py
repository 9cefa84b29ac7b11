"""What the runs below a folder are at, by their journals and locks."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sygra_eval.engine.folder import is_written
from sygra_eval.engine.recheck_claims import figure_of, read_report
from sygra_eval.engine.removing import size_of
from sygra_eval.journal import JournalReader, lock_owner, open_readonly
from sygra_eval.values import Interval, Outcome, UsageError, wilson

RUNNING = "running"
MOST_ADDED_UP = 64 * 1024 * 1024
"""Bytes of a journal whose calls are added up for a list of runs."""
_STATES = {
    "started": "killed",  # nothing was written after it, and nobody holds the lock
    "finished": "finished",
    "stopped": "interrupted",
    "broke": "incomplete",
    "plan_changed": "killed",  # before it went on
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRun:
    """One run folder.

    :ivar state: `running`, `finished`, `interrupted`, `incomplete`, `killed`, or `unreadable`.
    :ivar last: When something last happened to it; None where that is not known.
    :ivar owner: The process that works on it.
    :ivar size: Bytes of all its files.
    :ivar total: Rows that its newest start was to take; None where that is not known.
    :ivar rate: The verified rate, as the report of a run that is over has it (so over questions
        where rows repeat them), else over the rows that ended; None where none did.
    :ivar cost_usd: What its calls cost; None where a price is unknown, or too many would have to
        be added up for a look at a run that has no report yet.
    """

    folder: Path
    state: str
    counts: dict[Outcome, int]
    last: datetime | None = None
    owner: str | None = None
    size: int = 0
    cost_usd: float | None = None
    total: int | None = None
    rate: Interval | None = None

    @property
    def verified_rate(self) -> float | None:
        """The verified rate without its interval."""
        return None if self.rate is None else self.rate.estimate


def known_runs(out: Path) -> Iterator[KnownRun]:
    """Yield the runs below `OUT/<suite>/<run>/`, the newest first by their names."""
    for journal in sorted(out.glob("*/*/journal.db"), key=lambda p: p.parent.name, reverse=True):
        yield known_run(journal.parent)


def known_run(folder: Path) -> KnownRun:
    """Look at one run."""
    owner = lock_owner(folder)
    try:
        with open_readonly(folder / "journal.db") as reader:
            return _read(folder, reader, owner)
    except UsageError:
        size = size_of(folder)
        return KnownRun(folder=folder, state="unreadable", counts={}, owner=owner, size=size)


def _read(folder: Path, reader: JournalReader, owner: str | None) -> KnownRun:
    kind, last, total = "started", None, None
    for event in reader.events():
        kind = event.kind if event.kind in _STATES else kind
        total = rows_asked(event.data) if event.kind == "started" else total
        with contextlib.suppress(ValueError, OverflowError, OSError):  # a journal may be anybody's
            last = datetime.fromtimestamp(event.wall, UTC)
    state = RUNNING if owner is not None else _STATES[kind]
    counts = reader.counts_at_a_glance()
    report = read_report(folder) if owner is None and is_written(folder) else None
    return KnownRun(
        folder=folder,
        state=state,
        counts=counts,
        last=last,
        owner=owner,
        size=size_of(folder),
        cost_usd=_cost(folder, reader, report),
        total=total,
        rate=_reported(report) or wilson(counts.get(Outcome.VERIFIED, 0), sum(counts.values())),
    )


def _reported(report: Mapping[str, Any] | None) -> Interval | None:
    """Return the verified rate of a report; None where it has none that can be one."""
    told = None if report is None else report.get("verified_rate")
    if not isinstance(told, Mapping):
        return None
    try:
        value, low, high = (float(told[key]) for key in ("value", "lower", "upper"))
    except (ValueError, KeyError, TypeError):
        return None
    is_one = 0 <= low <= value <= high <= 1
    return Interval(estimate=value, low=low, high=high) if is_one else None


def rows_asked(started: Mapping[str, object]) -> int | None:
    """Return how many rows a start was to take, from what it journalled; None where unknown."""
    rows, limit = started.get("rows"), started.get("limit")
    if not isinstance(rows, int):
        return None
    return min(rows, limit) if isinstance(limit, int) else rows


def exit_of(folder: Path) -> tuple[int, str] | None:
    """Return the exit code of a run and why it is that, as its report says; None before it."""
    report = read_report(folder) if is_written(folder) else None
    code, why = (None, None) if report is None else (report.get("exit"), report.get("exit_reason"))
    return (code, why) if isinstance(code, int) and isinstance(why, str) else None


def _cost(folder: Path, reader: JournalReader, report: Mapping[str, Any] | None) -> float | None:
    """Return what a run cost: as its report says, else by its calls where they are not many."""
    if report is not None:
        spent = report.get("spent")
        said = spent.get("cost_usd") if isinstance(spent, dict) else report.get("cost_usd")
        said = figure_of(said)
        return said if isinstance(said, int | float) else None
    if (folder / "journal.db").stat().st_size > MOST_ADDED_UP:
        return None
    nano_usd = reader.calls_summary().cost_nano_usd
    return None if nano_usd is None else nano_usd / 1e9
