"""Holds the rows of a source that others are joined with, in little memory however many they are.

They are in a temporary database of SQLite, which keeps up to `CACHE_MIB` in memory and the rest in
a file without a name in the folder for temporary files; it is gone when the reading ends.
"""

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sygra_eval.data.found import LONE_SURROGATE, NOT_FINITE
from sygra_eval.data.surrogates import is_text
from sygra_eval.values import InfrastructureError, Row

CACHE_MIB = 32
_BATCH = 256

Joined = dict[str, object]


class Held:
    """The usable rows of one source, by their place and by the value of one column.

    :ivar columns: All columns that any of them has, in the order in which they came.
    :ivar kinds: Of what kinds the values of the key are.
    """

    def __init__(self, key: str | None = None) -> None:
        self.columns: dict[str, None] = {}
        self.kinds: set[str] = set()
        self.count = 0
        self._key = key
        self._waiting: list[tuple[int, bytes | None, str]] = []
        self._used = bytearray()
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute(f"PRAGMA cache_size = -{CACHE_MIB << 10}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA temp_store = FILE")
        self._db.execute("CREATE TABLE held (place INTEGER PRIMARY KEY, key BLOB, row TEXT)")
        self._db.execute("BEGIN")

    def add(self, row: Row) -> str:
        """Hold a row; return why it cannot be, empty where it can."""
        try:
            text = json.dumps(dict(row.columns), allow_nan=False)
        except ValueError:
            return NOT_FINITE
        except TypeError as error:
            return f"it holds what JSON has not: {error}"
        if "\\ud" in text and not _is_text(row):
            return LONE_SURROGATE
        key = None
        if self._key is not None:
            if self._key not in row.columns:
                return f"it has no column `{self._key}`, by which it is joined"
            value = row.columns[self._key]
            key = key_of(value)
            self.kinds.add(kind_of(value))
        self.columns |= dict.fromkeys(row.columns)
        self._waiting.append((self.count, key, text))
        self.count += 1
        if len(self._waiting) >= _BATCH:
            self._write()
        return ""

    def complete(self) -> None:
        """Make ready to be asked, once all rows are here."""
        self._write()
        if self._key is not None:
            with _room_named():
                self._db.execute("CREATE INDEX by_key ON held (key, place)")
        self._used = bytearray(self.count)

    def at(self, place: int) -> Joined:
        """Return the row at a place."""
        self._used[place] = 1
        (text,) = self._db.execute("SELECT row FROM held WHERE place = ?", (place,)).fetchone()
        found: Joined = json.loads(text)
        return found

    def like(self, value: object) -> list[Joined]:
        """Return the rows whose key has a value, in their order; null is like nothing."""
        key = key_of(value)
        if key is None:
            return []
        query = "SELECT place, row FROM held WHERE key = ? ORDER BY place"
        return list(self._found(self._db.execute(query, (key,))))

    def all(self) -> Iterator[Joined]:
        """Yield all rows in their order."""
        yield from self._found(self._db.execute("SELECT place, row FROM held ORDER BY place"))

    @property
    def unused(self) -> int:
        """How many rows were joined with none."""
        return self._used.count(0)

    def close(self) -> None:
        """Give the memory and the file back."""
        self._db.close()

    def _write(self) -> None:
        with _room_named():
            self._db.executemany("INSERT INTO held VALUES (?, ?, ?)", self._waiting)
        self._waiting.clear()

    def _found(self, cursor: Iterable[tuple[int, str]]) -> Iterator[Joined]:
        for place, text in cursor:
            self._used[place] = 1
            yield json.loads(text)


@contextmanager
def _room_named() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise InfrastructureError(
            f"the rows of a joined source cannot be kept in the folder for temporary files"
            f" ({error}); name another one by SQLITE_TMPDIR"
        ) from error


def key_of(value: object) -> bytes | None:
    """Return what stands for a value that rows are joined by: 1 is like 1.0, and not like "1"."""
    match value:
        case None:
            return None
        case float() if math.isfinite(value) and value.is_integer():
            return f"number {int(value)}".encode()
        case bool() | list() | dict():
            return json.dumps(value, sort_keys=True).encode()
        case int() | float():
            return f"number {value!r}".encode()
    return b"text " + str(value).encode("utf-8", "surrogatepass")


def kind_of(value: object) -> str:
    """Return the kind of a value that rows are joined by."""
    match value:
        case None:
            return "null"
        case bool():
            return "truth values"
        case int() | float():
            return "numbers"
        case str():
            return "text"
    return "lists or mappings"


def _is_text(row: Row) -> bool:
    return is_text(json.dumps(dict(row.columns), ensure_ascii=False))
