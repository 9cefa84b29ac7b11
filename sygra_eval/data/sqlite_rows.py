"""Asks an SQLite file one question, without being able to change anything."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sygra_eval.data.found import Columns

_LONGEST_VALUE = 64 * 1024 * 1024
_STEPS_BETWEEN_LOOKS = 100_000
_FETCHED = 64
_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_REFUSED_FUNCTIONS = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"}


def sqlite_columns(path: Path, query: str, is_given_up: Callable[[], bool]) -> list[str]:
    """Return the names of a query's columns; a query that has to sort does so for that.

    :raises sqlite3.Error: When the query or the file is not fit.
    """
    with closing(_opened(path, is_given_up)) as database:
        asked = database.execute(query)
        names = [column[0] for column in asked.description or ()]
        asked.close()
        return names


def sqlite_rows(path: Path, query: str, is_given_up: Callable[[], bool]) -> Iterator[Columns]:
    """Yield what a query gives.

    :raises sqlite3.Error: When the query or the file is not fit, as soon as that shows.
    """
    with closing(_opened(path, is_given_up)) as database:
        asked = database.execute(query)
        names = [column[0] for column in asked.description or ()]
        while rows := asked.fetchmany(_FETCHED):
            for row in rows:
                yield dict(zip(names, row, strict=True))


def _opened(path: Path, is_given_up: Callable[[], bool]) -> sqlite3.Connection:
    """Open a file to read: no statement can write, attach another file or load code."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    database = sqlite3.connect(address, uri=True, check_same_thread=False)
    try:
        # What is not UTF-8 becomes lone surrogates, so that it spoils its own row only.
        database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.execute("PRAGMA query_only = 1")
        database.execute("PRAGMA trusted_schema = 0")
        database.set_progress_handler(is_given_up, _STEPS_BETWEEN_LOOKS)
        database.set_authorizer(_judged)
    except BaseException:
        database.close()
        raise
    return database


def _judged(action: int, _: str | None, named: str | None, *__: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and named in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
