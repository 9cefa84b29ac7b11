"""Of two rows with one id the first in the order of the source keeps it; the other is a bad row.

Which ids were met is kept in a database of SQLite's that has no name: it lies in the folder for
temporary files, keeps a bounded part of itself in memory and is gone with the process, however that
ends. So it costs the same for a thousand rows as for a thousand million, and what it says depends
on the order of the rows alone, whenever and however often they are read.
"""

import sqlite3
from contextlib import closing
from hashlib import blake2b
from types import TracebackType
from typing import Self

from sygra_eval.data.surrogates import is_text
from sygra_eval.values import BadRow, InfrastructureError, Row

_LONGEST_KEPT = 32
_LONGEST_SHOWN = 60
_CACHE_KIB = 2_000


class TakenIds:
    """Remembers the ids of one reading of a source, and where each stood first."""

    def __init__(self) -> None:
        # "": a file without a name. No rollback and no sync: nothing of it outlives the process.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("temp_store = FILE", "journal_mode = OFF", f"cache_size = -{_CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}").close()
        self._connection.execute(
            "CREATE TABLE taken(id PRIMARY KEY, origin TEXT NOT NULL) WITHOUT ROWID"
        )
        self._connection.execute("BEGIN")
        self._cursor = self._connection.cursor()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def unless_taken(self, row: Row | BadRow) -> Row | BadRow:
        """Return the row, or a bad one in its place when an earlier row has its id.

        A place that gives no row has its id too, where that can be read. One whose id is taken is
        named by its origin, so that each id in a journal is that of one row.

        :raises InfrastructureError: When there is no room for what has to be remembered.
        """
        first = self._take(row.id, row.origin)
        if first is None:
            return row
        reason = f"bad_input: the id `{_short(row.id)}` is taken by {first or 'a row before it'}"
        if isinstance(row, BadRow):
            reason = row.reason
        name = row.origin
        while self._take(name, row.origin) is not None:
            name = f"{name}#{row.index}"
        return BadRow(id=name, index=row.index, origin=row.origin, reason=reason)

    def close(self) -> None:
        """Forget all of it."""
        self._connection.close()

    def _take(self, row_id: str, origin: str) -> str | None:
        """Take an id for a place, unless it is taken: then return the place that has it."""
        key = _key(row_id)
        try:
            self._cursor.execute(
                "INSERT OR IGNORE INTO taken VALUES (?, ?)", (key, _storable(origin))
            )
            if self._cursor.rowcount == 1:
                return None
            with closing(
                self._connection.execute("SELECT origin FROM taken WHERE id = ?", (key,))
            ) as found:
                return str(found.fetchone()[0])
        except sqlite3.Error as error:
            raise InfrastructureError(
                f"the ids of the rows read so far cannot be kept in the folder for temporary files"
                f" ({error}); name another one by SQLITE_TMPDIR"
            ) from error


def _key(row_id: str) -> str | bytes:
    """Return what is kept of an id: long ones by their hash, so that the table stays small."""
    if len(row_id) <= _LONGEST_KEPT and is_text(row_id):
        return row_id
    return blake2b(row_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _storable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
