"""Looks into a journal: one row by its key, or a stream in order with flat memory.

A stream is read page by page, each page its own short read, so that a viewer of a running run
never holds up the writer's log. A damaged row counts as absent and into `damaged`.
"""

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sygra_eval.journal.blobs import Blobs, names_in, without_texts
from sygra_eval.journal.canonical import from_stored
from sygra_eval.journal.codec import (
    fault_from_json,
    record_end_from_json,
    response_from_json,
    round_from_json,
    verdict_from_json,
)
from sygra_eval.journal.sound import PAGE, SoundRows, select, stored_text
from sygra_eval.journal.spent import JournalledCall, Spent, StoredCall, together
from sygra_eval.journal.store import (
    TABLES,
    Column,
    open_reader,
    plain,
    unreadable,
)
from sygra_eval.values import (
    CallFault,
    CallSite,
    ChatResponse,
    Outcome,
    RecordEnd,
    Round,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to the run itself: started, resumed, a signal, a limit changed.

    :ivar seq: The order of events; the wall clock is for people only.
    """

    seq: int
    wall: float
    mono: float
    kind: str
    data: Mapping[str, object]


def open_readonly(path: Path) -> "JournalReader":
    """Open a journal to look at, also while it is written or where nothing can be written.

    :raises UsageError: When there is none, it is damaged, or from a newer version.
    """
    return JournalReader(open_reader(path), path)


class JournalReader:
    """Read access to one journal; used by one thread at a time."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, blobs: Blobs | None = None
    ) -> None:
        self._connection = connection
        self._path = path
        self._blobs = blobs or Blobs(path)
        self._rows = SoundRows(connection, path, self._blobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def damaged(self) -> int:
        """How many damaged rows were met so far, each counted once."""
        return self._rows.damaged

    def plan(self) -> dict[str, str]:
        """Return what the run was started with.

        :raises UsageError: When a row of it is damaged: nothing else can be trusted then.
        """
        # At once, not page by page: where a name is damaged, the next page may be this one again.
        rows = self._rows.query(f"SELECT {', '.join(TABLES['run'])} FROM run", ())  # noqa: S608
        if not all(self._rows.accept("run", row, row[:1]) for row in rows):
            raise unreadable(self._path, ValueError("the run's plan is damaged"))
        return {str(key): str(value) for key, value, _ in rows}

    def answer(self, key: bytes) -> ChatResponse | None:
        """Return the journalled answer of a call, None when it has to be asked."""
        stored = self._rows.look_up("call", ("key",), (key,), "response")
        return None if stored is None else response_from_json(self._blobs.value(stored))

    def call_keys(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the key and the request's hash of every journalled call, in order."""
        for row in self._rows.stream("call", "rowid", is_whole=False):
            key, asked = row[1], row[6]
            if isinstance(key, bytes) and isinstance(asked, bytes):
                yield key, asked

    def faults(self, record: str) -> tuple[CallFault, ...]:
        """Return the tries of a record's calls that gave no answer, as far as they are kept."""
        if not self._has_faults:
            return ()
        sql = select("fault", ("record",)) + " ORDER BY seq"
        rows = self._rows.query(sql, (plain(record),))
        sound = (row for row in rows if self._rows.accept("fault", row, row[:3]))
        return tuple(_fault(row) for row in sound)

    def with_faults(self) -> frozenset[str]:
        """Return the records that have any of `faults`, as the journal spells them."""
        if not self._has_faults:
            return frozenset()
        return frozenset(str(row[0]) for row in self._rows.query("SELECT record FROM fault", ()))

    def refusals(self) -> Iterator[tuple[bytes, str, CallFault]]:
        """Yield the calls that are refused for good: key, record, and what was said."""
        for _, key, record, *rest in self._rows.stream("fault", "seq") if self._has_faults else ():
            fault = _fault((key, record, *rest))
            if fault.is_final and isinstance(key, bytes):
                yield key, str(record), fault

    @cached_property
    def _has_faults(self) -> bool:
        """Say whether the journal is of a version that keeps them."""
        return bool(self._rows.query("SELECT 1 FROM sqlite_schema WHERE name = 'fault'", ()))

    def execution(self, key: bytes) -> Verdict | None:
        """Return the verdict that is journalled under a key."""
        stored = self._rows.look_up("execution", ("key",), (key,), "verdict")
        return None if stored is None else verdict_from_json(self._blobs.value(stored))

    def visit(self, record: str, node: str) -> Mapping[str, object] | None:
        """Return what a node added for a record."""
        stored = self._rows.look_up(
            "visit", ("record", "node"), (plain(record), plain(node)), "data"
        )
        return None if stored is None else self._mapping(stored)

    def has_outcome(self, index: int) -> bool:
        """Say whether the record at this place of the source has ended."""
        return self._rows.look_up("outcome", ("idx",), (index,), "data") is not None

    def outcome(self, index: int) -> RecordEnd | None:
        """Return how the record at this place of the source ended."""
        stored = self._rows.look_up("outcome", ("idx",), (index,), "data")
        return None if stored is None else record_end_from_json(self._blobs.value(stored))

    def outcome_kind(self, index: int) -> Outcome | None:
        """Return where the record at this place ended, without decoding what it holds."""
        stored = self._rows.look_up("outcome", ("idx",), (index,), "outcome")
        return None if stored is None else Outcome(str(stored))

    def find(self, row_id: str) -> RecordEnd | None:
        """Return how the record of this row ended."""
        stored = self._rows.look_up("outcome", ("record",), (plain(row_id),), "data")
        return None if stored is None else record_end_from_json(self._blobs.value(stored))

    def outcomes(self) -> Iterator[RecordEnd]:
        """Yield the ends of all records in the order of the source."""
        for end, _ in self.timed_outcomes():
            yield end

    def timed_outcomes(self) -> Iterator[tuple[RecordEnd, float | None]]:
        """Yield the ends of all records, and when by the wall clock, where that was noted."""
        for row in self._rows.stream("outcome", "idx"):
            data = self._blobs.value(stored_text(row[4]))
            yield record_end_from_json(data), data.get("at")

    def rows(self, outcome: Outcome, *, last: int | None = None) -> Iterator[Mapping[str, object]]:
        """Yield the data rows of the records that ended so, in the order of the source.

        :param last: Place of the last record that is looked at; None for all.
        """
        for row in self._rows.stream("outcome", "idx"):
            if last is not None and int(row[0]) > last:
                return
            if row[2] == outcome.value:
                yield self._blobs.value(stored_text(row[4]))["data"]

    def counts(self) -> dict[Outcome, int]:
        """Return how many records ended where; every outcome is there."""
        seen = Counter(outcome for _, outcome in self.ended())
        return {outcome: seen[outcome] for outcome in Outcome}

    def ended(self) -> Iterator[tuple[int, Outcome]]:
        """Yield where in the source each record stands that ended, and where it ended."""
        known = {outcome.value: outcome for outcome in Outcome}
        for row in self._rows.stream("outcome", "idx"):
            yield int(row[0]), known[str(row[2])]

    def ends_that(self, *outcomes: Outcome) -> Iterator[RecordEnd]:
        """Yield the ends of the rows that ended so, in the order of the source."""
        wanted = {outcome.value for outcome in outcomes}
        for row in self._rows.stream("outcome", "idx"):
            if row[2] in wanted:
                yield record_end_from_json(self._blobs.value(stored_text(row[4])))

    def counts_at_a_glance(self) -> dict[Outcome, int]:
        """Return `counts` without reading the rows, so without seeing which are damaged."""
        rows = self._rows.query("SELECT outcome, count(*) FROM outcome GROUP BY outcome", ())
        seen = {str(outcome): int(count) for outcome, count in rows}
        return {outcome: seen.get(outcome.value, 0) for outcome in Outcome}

    def places(self) -> "array[int]":
        """Return where in the source the records stand that ended, in no order, unread."""
        return array("q", (int(row[0]) for row in self._rows.query("SELECT idx FROM outcome", ())))

    def stored_ends(self, places: Sequence[int]) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
        """Yield place, record, outcome and data of the ends there, without damaged ones."""
        marks = ", ".join("?" * len(places))
        sql = f"SELECT {', '.join(TABLES['outcome'])} FROM outcome WHERE idx IN ({marks})"  # noqa: S608
        for row in self._rows.query(f"{sql} ORDER BY idx", tuple(places)):
            if self._rows.accept("outcome", row, row[:1]):
                yield int(row[0]), str(row[1]), str(row[2]), self._blobs.value(stored_text(row[4]))

    def visits(self, record: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yield the nodes that a record visited and what each left, in the order of their ends."""
        rows = self._rows.query(select("visit", ("record",)) + " ORDER BY rowid", (plain(record),))
        for row in rows:
            if self._rows.accept("visit", row, row[:2]):
                yield str(row[1]), self._mapping(stored_text(row[2]))

    def rounds(self, record: str) -> tuple[Round, ...]:
        """Return the rounds of a record's loops, node by node, in order."""
        rows = self._rows.query(
            select("round", ("record",)) + " ORDER BY node, number", (plain(record),)
        )
        sound = (row for row in rows if self._rows.accept("round", row, row[:3]))
        return tuple(round_from_json(self._blobs.value(stored_text(row[3]))) for row in sound)

    def stored_rounds(self) -> Iterator[tuple[str, str, int, Mapping[str, Any]]]:
        """Yield record, node, number and data of the rounds as they were journalled.

        Those of one loop come in order; those of rows in flight at once stand among each other.
        """
        for row in self._rows.stream("round", "rowid"):
            data = self._blobs.value(stored_text(row[4]))
            yield str(row[1]), str(row[2]), int(row[3]), data

    def rounds_of(self, records: Sequence[str]) -> dict[str, tuple[Round, ...]]:
        """Return the rounds of several records, as `rounds` does, in one question."""
        found = self.stored_rounds_of(records)
        return {record: tuple(map(round_from_json, rounds)) for record, rounds in found.items()}

    def stored_rounds_of(self, records: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Return the rounds of several records as they were journalled."""
        found: dict[str, list[Mapping[str, Any]]] = {record: [] for record in records}
        names = {plain(record): record for record in records}
        marks = ", ".join("?" * len(names))
        sql = f"SELECT {', '.join(TABLES['round'])} FROM round WHERE record IN ({marks})"  # noqa: S608
        for row in self._rows.query(f"{sql} ORDER BY record, node, number", tuple(names)):
            record = names.get(str(row[0]))
            if record is not None and self._rows.accept("round", row, row[:3]):
                found[record].append(self._blobs.value(stored_text(row[3])))
        return found

    def events(self) -> Iterator[Event]:
        """Yield what happened to the run, in order."""
        for seq, wall, mono, kind, data, _ in self._rows.stream("event", "seq"):
            yield Event(
                seq=int(seq),
                wall=float(wall),
                mono=float(mono),
                kind=str(kind),
                data=self._mapping(stored_text(data)),
            )

    def calls(self) -> Iterator[JournalledCall]:
        """Yield the calls in the order in which they were journalled."""
        for row in self._rows.stream("call", "rowid"):
            yield self._journalled(row)

    def stored_calls(self, after: int = -1) -> Iterator[StoredCall]:
        """Yield the calls as their rows hold them, without their long texts: many are counted.

        :param after: A call's number; those that were journalled later are yielded.
        """
        for row in self._rows.stream("call", "rowid", is_whole=False, after=after):
            yield _stored_call(row)

    def call_numbers(self) -> Iterator[tuple[int, str]]:
        """Yield the number and the record of each call in order, damaged ones too.

        Nothing else of a call is read; `stored_calls_of` then leaves out the damaged ones.
        """
        before = -1
        sql = f"SELECT rowid, record FROM call WHERE rowid > ? ORDER BY rowid LIMIT {16 * PAGE}"  # noqa: S608
        while page := self._rows.query(sql, (before,)):
            for number, record in page:
                yield int(number), str(record)
            if int(page[-1][0]) <= before:
                raise unreadable(self._path, ValueError("rows of call are out of order"))
            before = int(page[-1][0])

    def stored_calls_of(self, numbers: Sequence[int]) -> dict[int, StoredCall]:
        """Return the calls of these numbers by number, without damaged ones."""
        found: dict[int, StoredCall] = {}
        for start in range(0, len(numbers), PAGE):
            some = tuple(numbers[start : start + PAGE])
            marks = ", ".join("?" * len(some))
            sql = f"SELECT rowid, {', '.join(TABLES['call'])} FROM call WHERE rowid IN ({marks})"  # noqa: S608
            for row in self._rows.query(sql, some):
                if self._rows.accept("call", row[1:], row[:1], is_whole=False):
                    found[int(row[0])] = _stored_call(row)
        return found

    def numbers_of(self, record: str, after: int = -1) -> list[int]:
        """Return the numbers of a record's calls that were journalled after the one of a number.

        There is no index for it: all calls behind that one are looked at.
        """
        sql = "SELECT rowid FROM call WHERE rowid > ? AND record = ? ORDER BY rowid"
        return [int(row[0]) for row in self._rows.query(sql, (after, plain(record)))]

    def asked_hash(self, number: int) -> bytes | None:
        """Return the hash of what a call asked of whom, as `request_hash` makes it."""
        row = self._call_row(number)
        return row[6] if row is not None and isinstance(row[6], bytes) else None

    def call(self, number: int) -> JournalledCall | None:
        """Return the same as a whole, with its long texts."""
        row = self._call_row(number, is_whole=True)
        return None if row is None else self._journalled(row)

    def spent(self) -> dict[tuple[str, str], Spent]:
        """Return what the calls of each model at each place of the graph came to."""
        found: dict[tuple[str, str], Spent] = {}
        for call in self.stored_calls():
            part = found.get(place := (call.model, call.node))
            if part is None:
                part = found[place] = Spent()
            part.take_stored(call.node, call.data)
        return found

    def calls_summary(self) -> Spent:
        """Return what all journalled calls come to."""
        return together(self.spent().values())

    def sound_rows(self, table: str) -> Iterator[tuple[Column, ...]]:
        """Yield the rows of a table as they were written, without their checksums, in order."""
        for row in self._rows.stream(table, "rowid"):
            yield row[1:-1]

    def named_texts(self) -> set[str]:
        """Return the names of all long texts beside the journal that its rows name."""
        named: set[str] = set()
        for table in TABLES:
            if table == "run" or (table == "fault" and not self._has_faults):
                continue
            for row in self._rows.stream(table, "rowid", is_whole=False):
                named.update(names_in(stored_text(row[-2])))
        return named

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _call_row(self, number: int, *, is_whole: bool = False) -> tuple[Column, ...] | None:
        sql = f"SELECT rowid, {', '.join(TABLES['call'])} FROM call WHERE rowid = ?"  # noqa: S608
        rows = self._rows.query(sql, (number,))
        sound = (
            row for row in rows if self._rows.accept("call", row[1:], row[:1], is_whole=is_whole)
        )
        return next(sound, None)

    def _journalled(self, row: tuple[Column, ...]) -> JournalledCall:
        data = self._blobs.value(stored_text(row[7]))
        site = CallSite(record=str(row[2]), node=str(row[3]), visit=int(row[4]), sample=int(row[5]))
        return JournalledCall(
            site=site,
            model=_who_answered(data),
            response=response_from_json(data),
            is_batched=bool(data.get("is_batched", False)),
        )

    def _mapping(self, stored: str | bytes) -> Mapping[str, object]:
        data: Mapping[str, object] = self._blobs.value(stored)
        return data


def _stored_call(row: tuple[Column, ...]) -> StoredCall:
    data = without_texts(stored_text(row[7]))
    return StoredCall(
        number=int(row[0]),
        record=str(row[2]),
        node=str(row[3]),
        visit=int(row[4]),
        sample=int(row[5]),
        model=_who_answered(data),
        data=data,
    )


def _who_answered(data: Mapping[str, Any]) -> str:
    return str(data.get("answered_by") or data.get("model", ""))


def _fault(row: tuple[Column, ...]) -> CallFault:
    return fault_from_json(str(row[2]), from_stored(stored_text(row[3])))
