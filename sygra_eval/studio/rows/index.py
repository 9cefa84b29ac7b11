"""What rows of a run are found by, in a file of the server's own that follows the journal.

A journal holds each row as one JSON text, so counting 100 000 rows by a facet would parse 230 MB
(docs/decisions/0057). `Index.catch_up` takes in what the journal has and the index has not: first
rows, so that they can be shown, then what their calls cost. It is called again while a run goes. A
row that is damaged is counted and left out. Nothing is written into a run folder.
"""

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.engine import JOURNAL, SURPLUS, target_in
from sygra_eval.journal import PLAN_CHANGED, JournalReader, StoredCall, open_readonly
from sygra_eval.studio.rows.facts import COSTS, LATENCIES, LENGTHS, Facts, bucket_of, facts_of
from sygra_eval.studio.rows.schema import SCHEMA, connected
from sygra_eval.studio.rows.views import Views
from sygra_eval.values import Outcome, UsageError

_ROWS = 250  # of one batch: each row is in memory as a whole
_CALLS = 2_000
_NANO = 1e9
_COMPLETES = (
    "SELECT idx FROM row JOIN kind ON kind.id = kind WHERE outcome = 'verified'"
    " ORDER BY idx LIMIT 1 OFFSET ?"
)
_PUT_ROW = f"INSERT OR REPLACE INTO row VALUES ({', '.join('?' * 13)})"  # noqa: S608
_PUT_KIND = f"INSERT OR REPLACE INTO kind VALUES ({', '.join('?' * 11)})"  # noqa: S608
_STARTED = "started"
_MAY_CHANGE = frozenset({Outcome.FAILED.value, SURPLUS})


@dataclass(slots=True)
class _Sum:
    """What some calls of a record come to."""

    cost: int = 0
    unpriced: int = 0
    latency: float = 0.0
    tokens: int = 0
    calls: int = 0
    models: set[str] = field(default_factory=set)


class Index:
    """The index of one run. One thread at a time catches up, others read.

    :ivar ended: How many rows the journal had when it was last looked at.
    :ivar damaged: Rows that cannot be read.
    """

    def __init__(self, folder: Path, file: Path) -> None:
        self.folder = folder
        self.ended = 0
        self.damaged = 0
        self._writer = connected(file)
        self._writer.executescript(SCHEMA)
        self._reader = connected(file)
        self._reading = threading.Lock()
        self._known: set[int] = set()
        self._unreadable: set[int] = set()
        self._last_call = -1
        self._last_seq = 0
        self._starts = (0, 0)
        self._kinds: dict[tuple[object, ...], int] = {}
        self._kinds_by_number: list[tuple[object, ...]] = []
        self.views = Views()

    def catch_up(self, is_stopped: Callable[[], bool]) -> None:
        """Take in what is new in the journal.

        :raises UsageError: When it cannot be read, or there is no room for the index.
        """
        try:
            with open_readonly(self.folder / JOURNAL) as reader:
                self._forget_what_runs_again(reader)
                self._take_rows(reader, is_stopped)
                self._part_surplus(reader)
                self._take_calls(reader, is_stopped)
        except (sqlite3.Error, OSError) as error:
            raise UsageError(f"the index of {self.folder.name} cannot be kept: {error}") from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees whole batches, to one thread at a time.

        :raises UsageError: When SQLite cannot go on, as on a full disk.
        """
        try:
            with self._reading:
                yield self._reader
        except sqlite3.Error as error:
            raise UsageError(f"the index of {self.folder.name} cannot be read: {error}") from error

    def put_marks(self, marks: Mapping[str, str | None]) -> None:
        """Note how rows are marked now; None takes a mark away. Raises as `reading`."""
        with self.reading() as into:  # a second writer waits for the first one's batch
            for record, mark in marks.items():
                into.execute("UPDATE row SET mark = ? WHERE record = ?", (mark, record))
                if mark is None:
                    into.execute("DELETE FROM mark WHERE record = ?", (record,))
                else:
                    into.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (record, mark))

    def numbers_of(self, record: str, reader: JournalReader) -> list[int]:
        """Return the numbers of a record's calls, also of those that are not taken in yet."""
        last = self._last_call
        with self._reading:
            found = self._reader.execute(
                "SELECT number FROM call WHERE record = ? AND number <= ? ORDER BY number",
                (record, last),
            ).fetchall()
        return [number for (number,) in found] + reader.numbers_of(record, last)

    def close(self) -> None:
        """Let go of the file; nobody catches up any more."""
        with self._reading:
            self._reader.close()
        self._writer.close()

    def _forget_what_runs_again(self, reader: JournalReader) -> None:
        """Take out what a new start may have come to again, and what is not there any more.

        That is rows that had failed; under another plan, any.
        """
        kinds = [event.kind for event in reader.events()]
        starts, plans = kinds.count(_STARTED), kinds.count(PLAN_CHANGED)
        if (starts, plans) == self._starts:
            return
        has_other_plan, self._starts = plans != self._starts[1], (starts, plans)
        self._unreadable.clear()
        sql = "SELECT idx, outcome FROM row JOIN kind ON kind.id = kind"
        there = set(reader.places())
        gone = [
            idx
            for idx, outcome in self._writer.execute(sql).fetchall()
            if has_other_plan or outcome in _MAY_CHANGE or idx not in there
        ]
        with self._batch() as into:
            for idx in gone:
                into.execute("DELETE FROM tag WHERE idx = ?", (idx,))
                into.execute("DELETE FROM text WHERE idx = ?", (idx,))
                into.execute("DELETE FROM row WHERE idx = ?", (idx,))
                self._known.discard(idx)

    def _take_rows(self, reader: JournalReader, is_stopped: Callable[[], bool]) -> None:
        places = reader.places()
        self.ended = len(places)
        new = sorted(place for place in places if place not in self._known)
        new = [place for place in new if place not in self._unreadable]
        for start in range(0, len(new), _ROWS):
            if is_stopped():
                return
            some = new[start : start + _ROWS]
            found = list(reader.stored_ends(some))
            with self._batch() as into:
                columns: dict[str, int] = {}
                for idx, record, outcome, data in found:
                    facts = facts_of(data)
                    self._put_row(into, idx, record, outcome, facts)
                    for name in facts.columns:
                        columns[name] = columns.get(name, 0) + 1
                into.executemany(
                    "INSERT INTO columns VALUES (?, ?)"
                    " ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
                    columns.items(),
                )
            read = {idx for idx, *_ in found}
            self._known |= read
            self._unreadable.update(place for place in some if place not in read)
        self.damaged = len(self._unreadable)

    def _part_surplus(self, reader: JournalReader) -> None:
        """Tell the rows behind the one that completes the run's target from those that count."""
        try:
            target = target_in(reader.plan())
        except (ValueError, KeyError, TypeError, AttributeError):  # a journal may be anybody's
            return
        if target is None:
            return
        sql = "SELECT idx, kind FROM row JOIN kind ON kind.id = kind WHERE idx > ? AND outcome != ?"
        with self._batch() as into:
            last = into.execute(_COMPLETES, (max(0, target.verified - 1),)).fetchone()
            behind = [] if last is None else into.execute(sql, (last[0], SURPLUS)).fetchall()
            for idx, kind in behind:
                other = self._kind((SURPLUS, *self._kinds_by_number[kind][1:]))
                into.execute("UPDATE row SET kind = ? WHERE idx = ?", (other, idx))

    def _put_row(
        self, into: sqlite3.Connection, idx: int, record: str, outcome: str, facts: Facts
    ) -> None:
        self._last_seq += 1
        spent = into.execute("SELECT * FROM spent WHERE record = ?", (record,)).fetchone()
        mark = into.execute("SELECT mark FROM mark WHERE record = ?", (record,)).fetchone()
        cost, latency, tokens, calls = _spending(spent)
        kind = self._kind(
            (
                outcome,
                facts.group,
                facts.stop,
                facts.rounds,
                facts.kept_round,
                facts.refused > 0,
                facts.guard,
                bucket_of(facts.length, LENGTHS),
                *_ranges(cost, latency),
            )
        )
        columns = (
            idx,
            self._last_seq,
            record,
            kind,
            facts.refused,
            facts.length,
            facts.at,
            mark[0] if mark else None,
            cost,
            latency,
            tokens,
            calls,
            facts.reason,
        )
        into.execute(_PUT_ROW, columns)
        into.execute("INSERT OR REPLACE INTO text VALUES (?, ?)", (idx, facts.text))
        into.executemany(
            "INSERT OR IGNORE INTO tag VALUES (?, ?, ?)",
            ((facet, value, idx) for facet, value in facts.tags),
        )
        if spent:
            into.execute(
                "INSERT OR IGNORE INTO tag SELECT 'model', model, ? FROM asked WHERE record = ?",
                (idx, record),
            )

    def _take_calls(self, reader: JournalReader, is_stopped: Callable[[], bool]) -> None:
        calls = reader.stored_calls(self._last_call)
        while some := list(itertools.islice(calls, _CALLS)):
            with self._batch() as into:
                for record in _put_calls(into, some):
                    self._tell_row(into, record)
            self._last_call = some[-1].number
            if is_stopped():
                return

    def _tell_row(self, into: sqlite3.Connection, record: str) -> None:
        """Let a row that has ended know what its calls come to; others' sums wait for them."""
        row = into.execute("SELECT idx, kind FROM row WHERE record = ?", (record,)).fetchone()
        if row is None:
            return
        idx, kind = row
        spent = into.execute("SELECT * FROM spent WHERE record = ?", (record,)).fetchone()
        cost, latency, tokens, calls = _spending(spent)
        kind = self._kind((*self._kinds_by_number[kind][:-2], *_ranges(cost, latency)))
        into.execute(
            "UPDATE row SET kind = ?, cost = ?, latency = ?, tokens = ?, calls = ? WHERE idx = ?",
            (kind, cost, latency, tokens, calls, idx),
        )
        into.execute(
            "INSERT OR IGNORE INTO tag SELECT 'model', model, ? FROM asked WHERE record = ?",
            (idx, record),
        )

    def _kind(self, kind: tuple[object, ...]) -> int:
        """Return the number of a kind of rows, which a new one gets."""
        number = self._kinds.get(kind)
        if number is None:
            number = len(self._kinds_by_number)
            self._writer.execute(_PUT_KIND, (number, *kind))
            self._kinds[kind] = number
            self._kinds_by_number.append(kind)
        return number

    @contextlib.contextmanager
    def _batch(self) -> Iterator[sqlite3.Connection]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
        except BaseException:
            self._writer.execute("ROLLBACK")
            self._kinds.clear()  # those that were new in it are not there
            raise
        self._writer.execute("COMMIT")


def _put_calls(into: sqlite3.Connection, calls: Iterable[StoredCall]) -> Iterable[str]:
    """Add up calls by record; return the records."""
    sums: dict[str, _Sum] = {}
    numbers: list[tuple[int, str]] = []
    for call in calls:
        numbers.append((call.number, call.record))
        one = sums.setdefault(call.record, _Sum())
        cost = call.data.get("cost_nano_usd")
        usage = call.data["usage"]
        one.calls += 1
        one.cost += cost or 0
        one.unpriced += cost is None
        one.latency += call.data["latency_s"]
        one.tokens += usage["prompt_tokens"] + usage["completion_tokens"]
        one.models.add(call.model or call.data.get("model_seen") or "unknown")
    into.executemany("INSERT OR REPLACE INTO call VALUES (?, ?)", numbers)
    into.executemany(
        "INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " cost = cost + excluded.cost, unpriced = unpriced + excluded.unpriced,"
        " latency = latency + excluded.latency, tokens = tokens + excluded.tokens,"
        " calls = calls + excluded.calls",
        (
            (record, one.cost, one.unpriced, one.latency, one.tokens, one.calls)
            for record, one in sums.items()
        ),
    )
    into.executemany(
        "INSERT OR IGNORE INTO asked VALUES (?, ?)",
        ((record, model) for record, one in sums.items() for model in one.models),
    )
    return sums


def _spending(
    spent: tuple[str, int, int, float, int, int] | None,
) -> tuple[int | None, float | None, int | None, int | None]:
    """Return cost, time, tokens and calls; a sum with an unknown price is unknown."""
    if spent is None:
        return None, None, None, None
    _, cost, unpriced, latency, tokens, calls = spent
    return None if unpriced else cost, latency, tokens, calls


def _ranges(cost: int | None, latency: float | None) -> tuple[int | None, int | None]:
    usd = None if cost is None else cost / _NANO
    return bucket_of(usd, COSTS), bucket_of(latency, LATENCIES)
