"""What the runs below a folder are at, by their journals and locks."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sygra_eval.journal import JournalReader, lock_owner, open_readonly
from sygra_eval.values import Outcome, UsageError

RUNNING = "running"
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
    """

    folder: Path
    state: str
    counts: dict[Outcome, int]
    last: datetime | None = None
    owner: str | None = None


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
        return KnownRun(folder=folder, state="unreadable", counts={}, owner=owner)


def _read(folder: Path, reader: JournalReader, owner: str | None) -> KnownRun:
    kind, last = "started", None
    for event in reader.events():
        kind = event.kind if event.kind in _STATES else kind
        with contextlib.suppress(ValueError, OverflowError, OSError):  # a journal may be anybody's
            last = datetime.fromtimestamp(event.wall, UTC)
    state = RUNNING if owner is not None else _STATES[kind]
    counts = reader.counts_at_a_glance()
    return KnownRun(folder=folder, state=state, counts=counts, last=last, owner=owner)
