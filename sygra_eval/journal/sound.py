"""The rows of a journal's tables as far as they are sound: one by its key, or all in order.

A damaged row counts as absent and into `damaged`.
"""

import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sygra_eval.journal.blobs import Blobs
from sygra_eval.journal.store import TABLES, Column, ask, is_sound, unreadable

PAGE = 256

Key = tuple[Column, ...]


class SoundRows:
    """Asks one journal, and tells sound rows from damaged ones by their checksums."""

    def __init__(self, connection: sqlite3.Connection, path: Path, blobs: Blobs) -> None:
        self._connection = connection
        self._path = path
        self._blobs = blobs
        self._damaged: set[Key] = set()

    @property
    def damaged(self) -> int:
        """How many damaged rows were met so far, each counted once."""
        return len(self._damaged)

    def query(self, sql: str, values: Key = ()) -> list[tuple[Column, ...]]:
        """Return what SQLite finds, sound or not.

        :raises UsageError: When it cannot read the file.
        """
        return ask(self._connection, self._path, sql, values)

    def accept(
        self, table: str, row: tuple[Column, ...], key: Key, *, is_whole: bool = True
    ) -> bool:
        """Say whether a row is sound; one that is not is counted.

        :param is_whole: Its long texts have to be sound too.
        """
        if self._blobs.is_whole(table, row) if is_whole else is_sound(row):
            return True
        self._damaged.add((table, repr(key)))
        return False

    def look_up(
        self, table: str, by: tuple[str, ...], values: Key, wanted: str
    ) -> str | bytes | None:
        """Return a column of the sound row that has these values there, or None."""
        columns = TABLES[table]
        start = columns.index(by[0])
        for row in self.query(select(table, by), values):
            # A damaged index may lead to a sound row that was not asked for.
            if self.accept(table, row, values) and row[start : start + len(by)] == values:
                return stored_text(row[columns.index(wanted)])
        return None

    def stream(
        self, table: str, column: str, *, is_whole: bool = True, after: int = -1
    ) -> Iterator[tuple[Column, ...]]:
        """Yield the sound rows ordered by a column; one that is SQLite's own is not in the CRC.

        :param column: Of whole numbers.
        :param is_whole: Their long texts are sound too; else nobody looks at these.
        :param after: Only what has a greater number; the least is 0.
        """
        columns = TABLES[table]
        shown = columns if column in columns else (column, *columns)
        select = f"SELECT {', '.join(shown)} FROM {table}"  # noqa: S608
        number_at = shown.index(column)
        page = self.query(f"{select} WHERE {column} > ? ORDER BY {column} LIMIT {PAGE}", (after,))
        before = after
        while page:
            number = -1
            for row in page:
                last, number = number, int(row[number_at])
                if number <= last:  # a damaged one; rows would come twice, or for ever
                    raise unreadable(self._path, ValueError(f"rows of {table} are out of order"))
                if number <= before:
                    continue
                own = row[-len(columns) :]
                if self.accept(table, own, row[:1], is_whole=is_whole):
                    yield row
            if number <= before:
                return
            # From the last but one: were the last one's number a damaged one, the rows in between
            # would be passed over; so they come out of order.
            before, since = number, int(page[-2:][0][number_at])
            page = self.query(
                f"{select} WHERE {column} >= ? ORDER BY {column} LIMIT {PAGE}", (since,)
            )


@cache
def select(table: str, by: tuple[str, ...]) -> str:
    """Return the query of the rows of a table that have certain values in these columns."""
    where = " AND ".join(f"{column} = ?" for column in by)
    return f"SELECT {', '.join(TABLES[table])} FROM {table} WHERE {where}"  # noqa: S608


def stored_text(column: Column) -> str | bytes:
    """Return a column of JSON as it is stored; of damage, whatever text it is."""
    return column if isinstance(column, (str, bytes)) else str(column)
