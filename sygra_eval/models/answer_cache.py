"""Answers kept across runs, for suites that opt in: the same request is not paid for twice.

One SQLite file under the user's cache directory, for him alone. An answer is found by what was
asked of which model and by the number of the sample, so that several draws from one prompt stay
several; where in a suite it was asked does not matter. Failures are never kept. A damaged row is a
miss.
"""

import logging
import os
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from sygra_eval.journal import from_stored, response_from_json, response_to_json, to_stored
from sygra_eval.values import ChatResponse, UsageError

_log = logging.getLogger(__name__)

FILE = "answers.db"
BUSY_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answer(
    request BLOB NOT NULL, sample INTEGER NOT NULL, response BLOB NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (request, sample)
) WITHOUT ROWID;
"""


def cache_folder() -> Path:
    """Return where this user's caches are."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sygra_eval"


class AnswerCache:
    """The answers of earlier runs; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)
            self._connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"the cache {self.path} cannot be used: {error}; remove the file, or take `cache` "
                "out of the suite"
            ) from error

    def find(self, request: bytes, sample: int) -> ChatResponse | None:
        """Return the answer to a request; None when it has to be asked."""
        try:
            with closing(
                self._connection.execute(
                    "SELECT response, crc FROM answer WHERE request = ? AND sample = ?",
                    (request, sample),
                )
            ) as rows:
                found = rows.fetchone()
        except sqlite3.Error as error:
            self._say(error)
            return None
        if found is None or zlib.crc32(found[0]) != found[1]:
            return None
        return response_from_json(from_stored(found[0]))

    def keep(self, request: bytes, sample: int, response: ChatResponse) -> None:
        """Keep an answer in the place of none or of a damaged one.

        It is paid for and not yet journalled, so a cache that cannot keep it must not cost it.
        """
        stored = to_stored(response_to_json(response))
        data = stored if isinstance(stored, bytes) else stored.encode()
        try:
            self._connection.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)",
                (request, sample, data, zlib.crc32(data)),
            )
        except sqlite3.Error as error:
            self._say(error)

    def _say(self, error: sqlite3.Error) -> None:
        _log.warning("cache_unusable", extra={"path": str(self.path), "error": str(error)})

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
