"""The file: its tables, the checksum of a row, and how a connection to it is opened.

Every row ends with a CRC over its other columns, because a flipped bit passes SQLite's own
integrity check unseen. A row whose CRC is wrong counts as absent: the call is asked again, and an
answer that nobody gave is never used.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sygra_eval.values import UsageError

SCHEMA_VERSION = 2
"""2: rows may name long texts that are kept aside, and tries without an answer are kept."""

TABLES: Mapping[str, tuple[str, ...]] = {
    "run": ("k", "v", "crc"),
    "call": ("key", "record", "node", "visit", "sample", "request_hash", "response", "crc"),
    "execution": ("key", "record", "status", "verdict", "crc"),
    "round": ("record", "node", "number", "data", "crc"),
    "visit": ("record", "node", "data", "crc"),
    "outcome": ("idx", "record", "outcome", "reason", "data", "crc"),
    "event": ("wall", "mono", "kind", "data", "crc"),
    "fault": ("key", "record", "kind", "data", "crc"),
}
"""The columns of each table as they are written, the checksum last."""

# Rows are kept in the order they came in, with an index on the side: an answer fills a good part of
# a page, and a table ordered by hashes would rewrite one page for each (twice the CPU of a commit).

_SCHEMA = """
CREATE TABLE run(k TEXT PRIMARY KEY, v TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE call(
    key BLOB PRIMARY KEY, record TEXT NOT NULL, node TEXT NOT NULL, visit INTEGER NOT NULL,
    sample INTEGER NOT NULL, request_hash BLOB NOT NULL, response TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE execution(
    key BLOB PRIMARY KEY, record TEXT NOT NULL, status TEXT NOT NULL, verdict TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE round(
    record TEXT NOT NULL, node TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL,
    crc INTEGER NOT NULL, PRIMARY KEY (record, node, number)
);
CREATE TABLE visit(
    record TEXT NOT NULL, node TEXT NOT NULL, data TEXT NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (record, node)
);
CREATE TABLE outcome(
    idx INTEGER PRIMARY KEY, record TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    data TEXT NOT NULL, crc INTEGER NOT NULL
);
CREATE INDEX outcome_by_record ON outcome(record);
CREATE TABLE event(
    seq INTEGER PRIMARY KEY, wall REAL NOT NULL, mono REAL NOT NULL, kind TEXT NOT NULL,
    data TEXT NOT NULL, crc INTEGER NOT NULL
);
"""
# The last of version 1 had it already.
_FAULTS = """
CREATE TABLE IF NOT EXISTS fault(
    seq INTEGER PRIMARY KEY, key BLOB NOT NULL, record TEXT NOT NULL, kind TEXT NOT NULL,
    data TEXT NOT NULL, crc INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS fault_by_record ON fault(record);
"""
_MIGRATIONS: Mapping[int, str] = {1: _FAULTS}
"""By the version that they begin with: what makes a file one of the next version."""

# The plan once more, in a page of its own: without it a repair cannot say what the answers belong
# to. Nothing reads it by name; a repair finds its rows, which look like those of `run`.
_SPARE = "run_again"
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)  # the latter from messages that quote damage
_APPLICATION_ID = 0x53794576  # "SyEv": what `file journal.db` shows, and how we know our own
_BUSY_S = 10.0

Column = str | bytes | int | float


class Durability(StrEnum):
    """What of a journal survives which accident; a commit survives a killed process under both.

    Under `normal` the disk is asked to take the log only now and then, so a power loss or a crash
    of the machine can cost the last commits. Under `full` it is asked at every commit.
    """

    NORMAL = "normal"
    FULL = "full"


class Closable(Protocol):
    """A connection, or what holds one."""

    def close(self) -> None:
        """Let go of it."""
        ...


def create_file(path: Path, plan: Mapping[str, str]) -> None:
    """Make a journal that holds the plan; it appears by rename, so never without its plan.

    :raises UsageError: When there is a journal already, or the folder cannot be written.
    """
    if path.exists():
        raise UsageError(f"{path}: there is a journal already; go on with it or take a new folder")
    unfinished = path.with_name(path.name + ".tmp")
    try:
        for leftover in (unfinished, *companions(unfinished)):
            leftover.unlink(missing_ok=True)
        _fill(unfinished, plan)
        sync(unfinished)
        unfinished.rename(path)
        sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"{path}: the journal cannot be created: {error}") from error


def open_writer(path: Path, durability: Durability = Durability.NORMAL) -> sqlite3.Connection:
    """Open for appending, after a check of the whole file's structure.

    :raises UsageError: When this is no journal, is damaged, or comes from a newer version.
    """
    with refusing_unreadable(path):
        connection = _connect(path, "mode=rw")
        with closed_on_error(connection):
            require_our_schema(connection, path)
            complaint = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if complaint != "ok":
                raise sqlite3.DatabaseError(complaint)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {durability.name}")
            _migrate(connection, path)
        return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to this version, after a copy of it was put aside."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    try:
        _back_up(connection, path, path.with_name(f"{path.name}.v{version}.bak"))
        steps = " ".join(_MIGRATIONS[step] for step in range(version, SCHEMA_VERSION))
        connection.executescript(
            f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
        )
    except (OSError, sqlite3.Error) as error:
        raise UsageError(
            f"{path}: it is of journal version {version} and cannot be brought to"
            f" {SCHEMA_VERSION}: {error}; what it holds is as it was"
        ) from error


def _back_up(connection: sqlite3.Connection, path: Path, backup: Path) -> None:
    unfinished = backup.with_name(backup.name + ".tmp")
    unfinished.unlink(missing_ok=True)
    copy = _connect(unfinished, "mode=rwc")
    try:
        connection.backup(copy)
    finally:
        copy.close()
    sync(unfinished)
    unfinished.rename(backup)
    sync(path.parent)


def open_reader(path: Path) -> sqlite3.Connection:
    """Open for reading only, also while another process writes and on a read-only disk.

    :raises UsageError: As `open_writer`.
    """
    with refusing_unreadable(path):
        try:
            return _checked(path, "mode=ro")
        except sqlite3.OperationalError:
            # A WAL database needs a file for shared memory beside it even to be read.
            if os.access(path.parent, os.W_OK):
                if not companions(path)[-1].exists():
                    raise
                _roll_back(path)
                return _checked(path, "mode=ro")
        wal, _, rollback = companions(path)
        if any(log.exists() and log.stat().st_size for log in (wal, rollback)):
            raise UsageError(
                f"{path}: the run ended in the middle and its folder cannot be written, so its"
                " last commits cannot be read here; copy the folder to a disk that can be written"
            )
        return _checked(path, "mode=ro&immutable=1")


def require_our_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless the file is a journal of a version that this code knows."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION_ID or version < 1:
        raise sqlite3.DatabaseError("this is not a journal of sygra-eval")
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"{path}: written by a newer sygra-eval (journal version {version}, known here:"
            f" {SCHEMA_VERSION}); upgrade sygra-eval to go on with this run"
        )


@contextmanager
def refusing_unreadable(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file that it cannot read into a refusal that says what to do."""
    if not path.is_file():
        raise UsageError(f"{path}: there is no journal here; is this the folder of a run?")
    try:
        yield
    except SQLITE_ERRORS as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> UsageError:
    """Return the refusal of a damaged journal: it holds paid calls, so nobody starts afresh."""
    return UsageError(
        f"{path}: the journal cannot be read: {error}. Nothing was changed. `sygra-eval doctor"
        f" {path.parent} --repair` puts what can be saved into a new journal and keeps this one"
    )


@contextmanager
def closed_on_error(opened: Closable) -> Iterator[None]:
    """Close what was opened when it turns out to be of no use."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


def checksum(columns: Sequence[Column]) -> int:
    """Return the CRC of a row's columns; type and length of each are part of it."""
    parts: list[bytes] = []
    for column in columns:
        if isinstance(column, str):
            data, kind = column.encode(), b"t%d:"
        elif isinstance(column, bytes):
            data, kind = column, b"b%d:"
        else:
            data, kind = repr(column).encode(), b"n%d:"
        parts += (kind % len(data), data)
    return zlib.crc32(b"".join(parts))


def is_sound(row: Sequence[Column]) -> bool:
    """Say whether a row, its checksum last, is the row that was written."""
    try:
        return checksum(row[:-1]) == row[-1]
    except UnicodeEncodeError:
        return False


def plain(text: str) -> str:
    """Return text that a text column can hold: a lone surrogate becomes its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def insert(table: str, rows: int) -> str:
    """Return the statement that writes that many rows; a row that is there is replaced."""
    columns = TABLES[table]
    values = ", ".join(["(" + ", ".join("?" * len(columns)) + ")"] * rows)
    return f"INSERT OR REPLACE INTO {table}({', '.join(columns)}) VALUES {values}"  # noqa: S608


def companions(path: Path) -> tuple[Path, ...]:
    """Return the files that SQLite keeps beside a database while it is in use."""
    return tuple(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))


def sync(path: Path) -> None:
    """Have the disk take a file or a folder's entries."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_plan(connection: sqlite3.Connection, plan: Mapping[str, str]) -> None:
    """Write the plan, or other values of it, and once more in a page of its own.

    In the place of what stood there: a repair must find no older plan in a page that is free now.
    """
    for key, value in plan.items():
        columns = (plain(key), plain(value))
        connection.execute(insert("run", 1), (*columns, checksum(columns)))
    spare = f"{_SPARE}(k TEXT PRIMARY KEY, v, crc) WITHOUT ROWID"
    connection.execute(f"CREATE TABLE IF NOT EXISTS {spare}")
    connection.execute(f"INSERT OR REPLACE INTO {_SPARE} SELECT * FROM run")  # noqa: S608


def _fill(path: Path, plan: Mapping[str, str]) -> None:
    connection = _connect(path, "mode=rwc")
    try:
        connection.execute("PRAGMA page_size = 8192")
        # Until it is renamed this is no journal, and it is synced before: what dies here is redone.
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.executescript(
            f"BEGIN; {_SCHEMA} {_FAULTS} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
        )
        write_plan(connection, plan)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _roll_back(path: Path) -> None:
    """Undo what a killed process began to change without a write-ahead log.

    A repaired journal has none until it is gone on with. Readers come first and cannot do this; a
    process that is still at the change holds a lock, so that SQLite does not take it for killed.
    """
    with closing(_connect(path, "mode=rw")) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def _checked(path: Path, how: str) -> sqlite3.Connection:
    connection = _connect(path, how)
    with closed_on_error(connection):
        require_our_schema(connection, path)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return connection


def ask(
    connection: sqlite3.Connection, path: Path, sql: str, values: tuple[Column, ...]
) -> list[tuple[Column, ...]]:
    """Return what a journal holds, sound or not: checksums are looked at behind it.

    :raises UsageError: When SQLite cannot read the file.
    """
    try:
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError:  # as of damaged text
            with _any_text(connection):
                return connection.execute(sql, values).fetchall()
    except SQLITE_ERRORS as error:
        raise unreadable(path, error) from error


@contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read text that is not UTF-8 too: damaged text is for the row's checksum to find.

    Not always, as it takes a call in Python for each column.
    """
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = str


def _connect(path: Path, how: str) -> sqlite3.Connection:
    # Connections are used by one thread at a time, but not always by the one that opened them.
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{how}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
