"""Reads what was appended to a journal since it was read last, for whoever watches a run.

Most tables are read by their row ids, which grow. An outcome's is its row's place in the source,
so that it does not grow: rows end in another order than they began. So the places that are passed
over are kept as gaps and asked for again. A row whose checksum is wrong is counted and left out.

Each page is its own short read, so the writer is never held up. Looking whether anything is new
costs one `PRAGMA` and no query.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sygra_eval.journal.blobs import without_texts
from sygra_eval.journal.canonical import from_stored
from sygra_eval.journal.reader import Event
from sygra_eval.journal.store import (
    TABLES,
    Column,
    ask,
    is_sound,
    open_reader,
)

PAGE = 512
MOST_GAPS = 256
"""So many gaps are asked for one by one; where there are more, all places are looked through."""
MOST_PLACE = 2**62  # a damaged number would make a gap of it


@dataclass(slots=True)
class Gaps:
    """Which places of the source have no outcome yet, below the last that has one."""

    last: int = -1
    open: list[tuple[int, int]] = field(default_factory=list)  # both ends are in it, in order

    def take(self, place: int) -> bool:
        """Note that a place has its outcome; say whether that is new."""
        if place > self.last:
            if place > self.last + 1:
                self.open.append((self.last + 1, place - 1))
            self.last = place
            return True
        at = bisect_right(self.open, place, key=lambda gap: gap[0]) - 1
        if at < 0 or place > self.open[at][1]:
            return False
        first, end = self.open.pop(at)
        rest = [(first, place - 1), (place + 1, end)]
        self.open[at:at] = [gap for gap in rest if gap[0] <= gap[1]]
        return True


class JournalTail:
    """What is new in one journal; used by one thread at a time.

    :ivar damaged: Rows that were met and cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        :raises UsageError: When there is none, it is damaged, or from a newer version.
        """
        self._path = path
        self._connection = open_reader(path)
        self._cursors = dict.fromkeys(TABLES, 0)
        self._gaps = Gaps()
        self._version: int | None = None
        self.damaged = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def has_changed(self) -> bool:
        """Say whether another process committed something since this was asked last."""
        (version,) = self._query("PRAGMA data_version", ())[0]
        has_changed = version != self._version
        self._version = int(version)
        return has_changed

    def plan(self) -> Mapping[str, str]:
        """Return the plan, as far as its rows are sound."""
        rows = self._query(f"SELECT {', '.join(TABLES['run'])} FROM run", ())  # noqa: S608
        return {str(row[0]): str(row[1]) for row in rows if is_sound(row)}

    def events(self) -> Iterator[Event]:
        """Yield the new events."""
        for row in self._new("event", "seq"):
            yield Event(
                seq=int(row[0]),
                wall=float(row[1]),
                mono=float(row[2]),
                kind=str(row[3]),
                data=self._value(row[4]),
            )

    def visits(self) -> Iterator[tuple[str, str, str | bytes]]:
        """Yield record, visit and stored data of the new visits, in their order."""
        for row in self._new("visit", "rowid"):
            yield str(row[1]), str(row[2]), _stored(row[3])

    def rounds(self) -> Iterator[tuple[str, str, int, Mapping[str, Any]]]:
        """Yield record, node, number and data of the new rounds, without long texts."""
        for row in self._new("round", "rowid"):
            yield str(row[1]), str(row[2]), int(row[3]), self._value(row[4])

    def calls(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield record, place and data of the new calls, without long texts."""
        for row in self._new("call", "rowid"):
            yield str(row[2]), str(row[3]), self._value(row[7])

    def outcomes(self) -> Iterator[tuple[int, str, str, str, Mapping[str, Any]]]:
        """Yield place, record, outcome, reason and data of the rows that ended since."""
        columns = ", ".join(TABLES["outcome"])
        for first, last in self._places():
            for row in self._pages(f"SELECT {columns} FROM outcome", "idx", first, last):  # noqa: S608
                if self._gaps.take(place := int(row[0])):
                    if is_sound(row):
                        yield place, str(row[1]), str(row[2]), str(row[3]), self._value(row[4])
                    else:
                        self.damaged += 1

    def _places(self) -> list[tuple[int, int]]:
        """Return where outcomes may have come since: in the gaps, and behind the last."""
        gaps, last = self._gaps.open, self._gaps.last
        if len(gaps) <= MOST_GAPS:
            return [*gaps, (last + 1, MOST_PLACE)]
        index = "SELECT idx FROM outcome INDEXED BY outcome_by_record"
        new = sorted(int(one[0]) for one in self._query(index, ()) if self._is_gap(int(one[0])))
        return [*((place, place) for place in new), (last + 1, MOST_PLACE)]

    def _is_gap(self, place: int) -> bool:
        gaps = self._gaps.open
        at = bisect_right(gaps, place, key=lambda gap: gap[0]) - 1
        return at >= 0 and place <= gaps[at][1]

    def _new(self, table: str, number: str) -> Iterator[tuple[Column, ...]]:
        """Yield the new sound rows of a table, the number of each first."""
        columns = [number, *(one for one in TABLES[table] if one != number)]
        select = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
        for row in self._pages(select, number, self._cursors[table] + 1, MOST_PLACE):
            self._cursors[table] = int(row[0])
            if is_sound(row[1:]):
                yield row
            else:
                self.damaged += 1

    def _pages(
        self, select: str, number: str, first: int, last: int
    ) -> Iterator[tuple[Column, ...]]:
        while first <= last:
            sql = f"{select} WHERE {number} BETWEEN ? AND ? ORDER BY {number} LIMIT {PAGE}"
            page = self._query(sql, (first, last))
            yield from page
            if len(page) < PAGE:
                return
            first = int(page[-1][0]) + 1

    def _value(self, stored: Column) -> Mapping[str, Any]:
        value = without_texts(_stored(stored))
        return value if isinstance(value, Mapping) else {}

    def _query(self, sql: str, values: tuple[Column, ...]) -> list[tuple[Column, ...]]:
        return ask(self._connection, self._path, sql, values)


def whole_value(stored: str | bytes) -> Mapping[str, Any]:
    """Return the data of a visit, with null in the place of long texts."""
    value = from_stored(stored)
    value = value[0] if isinstance(value, list) else value
    return value if isinstance(value, Mapping) else {}


def _stored(column: Column) -> str | bytes:
    return column if isinstance(column, (str, bytes)) else str(column)
