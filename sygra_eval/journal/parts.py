"""The journals of a run's workers, and how they become part of its own.

A worker appends to `parts/N.db` and looks up there first, then in the run's `journal.db`, which it
only reads. Long texts go to the run's own `blobs/`. Taking a part in is a union by key, in small
transactions; what has no key of its own, events and tries without an answer, goes in with the last
one, together with the note that this part is taken in. So a kill at any moment loses nothing, and
what is done again doubles nothing (docs/decisions/0031).
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Self
from uuid import uuid4

from sygra_eval.journal.blobs import Blobs
from sygra_eval.journal.canonical import to_stored
from sygra_eval.journal.full_disk import DISK_WAIT_S, DiskWait
from sygra_eval.journal.journal import Journal
from sygra_eval.journal.reader import JournalReader, open_readonly
from sygra_eval.journal.store import (
    Column,
    Durability,
    closed_on_error,
    companions,
    create_file,
    open_reader,
    open_writer,
)
from sygra_eval.journal.writer import Writer
from sygra_eval.values import ChatResponse, Outcome, RecordEnd, UsageError, Verdict

PARTS = "parts"
TOOK_IN = "took_in"
_ID = "part"
_WITH_KEY = ("call", "execution", "round", "visit", "outcome")
_WITHOUT_KEY = ("fault", "event")
_GROUP = 256
_LOCK_S = 10.0
_LOOK_S = 0.05
_UNTOLD = frozenset({"warned"})
"""Events of a worker that the run's own process has journalled already."""


class PartJournal(Journal):
    """A worker's journal: what the run knew before stands behind it."""

    def __init__(self, writer: Writer, reader: JournalReader, base: JournalReader) -> None:
        super().__init__(writer, reader)
        self._base = base
        self._refusals = {key: fault for key, _, fault in base.refusals()} | self._refusals

    @classmethod
    def beside(
        cls,
        folder: Path,
        name: str,
        durability: Durability = Durability.NORMAL,
        *,
        disk_wait_s: float = DISK_WAIT_S,
    ) -> Self:
        """Begin a part of the run in a folder, or go on with it. Hold its lock meanwhile.

        :raises UsageError: As `Journal.open`.
        """
        path, blobs = folder / PARTS / f"{name}.db", Blobs(folder / "journal.db")
        base = open_readonly(folder / "journal.db")
        with closed_on_error(base):
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                create_file(path, {**base.plan(), _ID: uuid4().hex})
            connection = open_writer(path, durability)
            with closed_on_error(connection):
                reader = JournalReader(open_reader(path), path, blobs)
                with closed_on_error(reader):
                    reader.plan()
            return cls(Writer(connection, blobs, DiskWait(wait_s=disk_wait_s)), reader, base)

    @property
    def damaged(self) -> int:
        """How many damaged rows were met so far, here and in the run's own journal."""
        return super().damaged + self._base.damaged

    def answer(self, key: bytes) -> ChatResponse | None:
        """Return the journalled answer of a call, None when it has to be asked."""
        own = super().answer(key)
        return self._base.answer(key) if own is None else own

    def execution(self, key: bytes) -> Verdict | None:
        """Return the verdict that is journalled under a key."""
        own = super().execution(key)
        return self._base.execution(key) if own is None else own

    def visit(self, record: str, node: str) -> Mapping[str, object] | None:
        """Return what a node added for a record."""
        own = super().visit(record, node)
        return self._base.visit(record, node) if own is None else own

    def has_outcome(self, index: int) -> bool:
        """Say whether the record at this place of the source has ended."""
        return super().has_outcome(index) or self._base.has_outcome(index)

    def outcome(self, index: int) -> RecordEnd | None:
        """Return how the record at this place of the source ended."""
        own = super().outcome(index)
        return self._base.outcome(index) if own is None else own

    def event(self, kind: str, **fields: object) -> None:
        """Queue something that happened, unless the run's own process journals it."""
        if kind not in _UNTOLD:
            super().event(kind, **fields)

    async def close(self) -> None:
        """Commit what is queued and let go of both journals."""
        self._base.close()
        await super().close()


@contextlib.asynccontextmanager
async def locked_part(folder: Path, name: str) -> AsyncIterator[None]:
    """Hold a part alone: its worker does while it lives, and whoever takes it in.

    :raises UsageError: When a process has it and does not end within some seconds.
    """
    path = folder / PARTS / f"{name}.lock"
    path.parent.mkdir(exist_ok=True)
    until_s = time.monotonic() + _LOCK_S
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until_s:
                    raise UsageError(
                        f"{path}: a worker of an earlier start is still at work; wait for it to "
                        "end, or end it, and say `resume` again"
                    ) from None
                await asyncio.sleep(_LOOK_S)
            else:
                break
        yield
    finally:
        os.close(descriptor)


def names_of_parts(folder: Path) -> list[str]:
    """Return the parts that are not taken in, in the order of their numbers."""
    return sorted((path.stem for path in (folder / PARTS).glob("*.db")), key=lambda n: (len(n), n))


def counts_in_parts(folder: Path) -> dict[Outcome, int]:
    """Return how the rows ended that are in parts alone; one that cannot be read now has none."""
    counts: Counter[Outcome] = Counter()
    for name in names_of_parts(folder):
        path = folder / PARTS / f"{name}.db"
        with (
            contextlib.suppress(UsageError, OSError),  # it begins or ends just now
            JournalReader(open_reader(path), path, Blobs(folder / "journal.db")) as reader,
        ):
            counts.update(reader.counts_at_a_glance())
    return {outcome: counts[outcome] for outcome in Outcome if counts[outcome]}


async def take_in_parts(journal: Journal, folder: Path) -> int:
    """Take the parts of a run into its journal and remove them; return how many there were.

    :raises UsageError: When one cannot be read: what it holds is paid for, so nobody goes on.
    """
    names = names_of_parts(folder)
    for name in names:
        async with locked_part(folder, name):
            await _take_in(journal, folder, folder / PARTS / f"{name}.db")
            _remove(folder, name)
    with contextlib.suppress(OSError):  # none was there, or something of somebody else's is
        for leftover in (folder / PARTS).glob("*.lock"):
            leftover.unlink()
        (folder / PARTS).rmdir()
    return len(names)


async def _take_in(journal: Journal, folder: Path, path: Path) -> None:
    reader = JournalReader(open_reader(path), path, Blobs(folder / "journal.db"))
    with reader:
        identity = reader.plan()[_ID]
        if any(e.kind == TOOK_IN and e.data.get(_ID) == identity for e in journal.reader.events()):
            return  # killed between the last transaction and the removal
        for table in _WITH_KEY:
            for group in _groups(reader.sound_rows(table)):
                await journal.take_in({table: group})
        last = {table: list(reader.sound_rows(table)) for table in _WITHOUT_KEY}
        told = {_ID: identity, "name": path.name, "damaged": reader.damaged}
        last["event"].append((time.time(), time.monotonic(), TOOK_IN, to_stored(told)))
        await journal.take_in(last)


def _groups(rows: Iterator[tuple[Column, ...]]) -> Iterator[list[tuple[Column, ...]]]:
    while group := list(islice(rows, _GROUP)):
        yield group


def _remove(folder: Path, name: str) -> None:
    """Remove a part, its log first: a log without its file is nothing, the other way round old."""
    path = folder / PARTS / f"{name}.db"
    for each in (*reversed(companions(path)), path, path.with_suffix(".lock")):
        each.unlink(missing_ok=True)
