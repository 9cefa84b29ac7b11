"""Reads what was appended to a journal since it was read last, for whoever watches a run.

Most tables are read by their row ids, which grow. An outcome's is its row's place in the source,
so that it does not grow: rows end in another order than they began. So the places that are passed
over are kept as `gaps`, and some of them asked for again at each look: what a look costs does not
grow with the run. A row whose checksum is wrong is counted and left out.

Each page is its own short read, so the writer is never held up. Looking whether anything is new
costs one `PRAGMA` and no query.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sygra_eval.journal.blobs import without_texts
from sygra_eval.journal.canonical import from_stored
from sygra_eval.journal.gaps import Gaps
from sygra_eval.journal.reader import Event
from sygra_eval.journal.store import (
    TABLES,
    Column,
    ask,
    is_sound,
    open_reader,
)

PAGE = 512
MOST_PLACE = 2**62  # a damaged number would make a gap of it
# One statement for all gaps, as each of thousands would take the interpreter's lock. They come in
# the order of the gaps; to ask for it would read all that is in them for each page.
_IN_GAPS = (
    f"SELECT {', '.join(f'ended.{column}' for column in TABLES['outcome'])}"  # noqa: S608
    " FROM json_each(?) AS gap CROSS JOIN outcome AS ended ON ended.idx"
    " BETWEEN json_extract(gap.value, '$[0]') AND json_extract(gap.value, '$[1]')"
    " LIMIT ?"
)
_T = TypeVar("_T")


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
        if has_changed := version != self._version:
            self._gaps.ask_again()
        self._version = int(version)
        return has_changed

    def plan(self) -> Mapping[str, str]:
        """Return the plan, as far as its rows are sound."""
        rows = self._query(f"SELECT {', '.join(TABLES['run'])} FROM run", ())  # noqa: S608
        return {str(row[0]): str(row[1]) for row in rows if is_sound(row)}

    def events(self) -> Iterator[Event]:
        """Yield the new events."""
        return self._made(
            self._new("event", "seq"),
            lambda row: Event(
                seq=int(row[0]),
                wall=float(row[1]),
                mono=float(row[2]),
                kind=str(row[3]),
                data=_value(row[4]),
            ),
        )

    def visits(self) -> Iterator[tuple[str, str, str | bytes]]:
        """Yield record, visit and stored data of the new visits, in their order."""
        for row in self._new("visit", "rowid"):
            yield str(row[1]), str(row[2]), _stored(row[3])

    def rounds(self) -> Iterator[tuple[str, str, int, Mapping[str, Any]]]:
        """Yield record, node, number and data of the new rounds, without long texts."""
        return self._made(
            self._new("round", "rowid"),
            lambda row: (str(row[1]), str(row[2]), int(row[3]), _value(row[4])),
        )

    def calls(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield record, place and data of the new calls, without long texts."""
        return self._made(
            self._new("call", "rowid"), lambda row: (str(row[2]), str(row[3]), _value(row[7]))
        )

    def outcomes(self) -> Iterator[tuple[int, str, str, str, Mapping[str, Any]]]:
        """Yield place, record, outcome and data of the rows that ended since.

        Where there are many gaps, those in some of them come at a later look: see `is_behind`.
        """
        gaps, asked = self._gaps.to_ask()
        while gaps:
            page = self._query(_IN_GAPS, (json.dumps(gaps), PAGE))
            yield from self._ended(page)
            if len(page) < PAGE:
                break
            seen = int(page[-1][0])
            gaps = [(max(first, seen + 1), last) for first, last in gaps if last > seen]
        self._gaps.take_asked(asked)
        select = f"SELECT {', '.join(TABLES['outcome'])} FROM outcome"  # noqa: S608
        yield from self._ended(self._pages(select, "idx", self._gaps.last + 1, MOST_PLACE))

    @property
    def is_behind(self) -> bool:
        """Whether outcomes may be left that were there when `has_changed` last said so."""
        return not self._gaps.are_asked

    def _ended(
        self, rows: Iterable[tuple[Column, ...]]
    ) -> Iterator[tuple[int, str, str, str, Mapping[str, Any]]]:
        return self._made(
            self._sound(row for row in rows if self._gaps.take(int(row[0]))),
            lambda row: (int(row[0]), str(row[1]), str(row[2]), str(row[3]), _value(row[4])),
        )

    def _made(
        self, rows: Iterable[tuple[Column, ...]], make: Callable[[tuple[Column, ...]], _T]
    ) -> Iterator[_T]:
        """Yield what is made of each row; a right checksum does not say that we wrote it."""
        for row in rows:
            try:
                made = make(row)
            except (ValueError, IndexError):
                self.damaged += 1
            else:
                yield made

    def _sound(self, rows: Iterable[tuple[Column, ...]]) -> Iterator[tuple[Column, ...]]:
        for row in rows:
            if is_sound(row):
                yield row
            else:
                self.damaged += 1

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

    def _query(self, sql: str, values: tuple[Column, ...]) -> list[tuple[Column, ...]]:
        return ask(self._connection, self._path, sql, values)


def whole_value(stored: str | bytes) -> Mapping[str, Any]:
    """Return the data of a visit, with null in the place of long texts."""
    value = from_stored(stored)
    value = value[0] if isinstance(value, list) else value
    return value if isinstance(value, Mapping) else {}


def _value(column: Column) -> Mapping[str, Any]:
    value = without_texts(_stored(column))
    return value if isinstance(value, Mapping) else {}


def _stored(column: Column) -> str | bytes:
    return column if isinstance(column, (str, bytes)) else str(column)
