"""The writer thread: what gathers while one transaction runs is the next transaction.

Handing in costs the event loop a queue operation; the thread owns the only connection that writes.
Alone, an entry is committed at once. When several wait together, the next group gathers for a few
milliseconds, which under load makes tens of commits one. Within a group all entries for a table
go in by one statement: every statement gives up the interpreter lock, and getting it back from a
busy event loop is the expensive part.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

from sygra_eval.journal.blobs import Blobs
from sygra_eval.journal.full_disk import DiskWait
from sygra_eval.journal.store import Column, checksum, insert
from sygra_eval.values import InfrastructureError

GATHER_S = 0.005
MAX_GROUP = 512

_CHUNKS = (64, 8, 1)  # rows in one statement: few sizes, so that prepared statements are reused
_T = TypeVar("_T")
NO_TEXTS: Mapping[str, bytes] = {}
Waiter = asyncio.Future[None]


class JournalUnwritable(InfrastructureError):
    """What happened could not be put on disk: disk full, read-only, or taken away."""


class Entry(NamedTuple):
    """One row on its way to its table, with the one who waits for it, if anybody does.

    :ivar texts: What the row names, by name; on disk before the row is.
    """

    table: str
    columns: tuple[Column, ...]
    waiter: Waiter | None
    texts: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Operation:
    """Anything else to do inside the transaction, in its place among the entries."""

    work: Callable[[sqlite3.Connection], None]
    waiter: Waiter


class _Stop:
    """The last thing in the queue."""

    waiter = None


Item = Entry | Operation | _Stop


class Writer:
    """One thread with one connection that commits what it is handed, in that order."""

    def __init__(
        self, connection: sqlite3.Connection, blobs: Blobs, disk: DiskWait | None = None
    ) -> None:
        self.disk = disk or DiskWait(wait_s=0)
        self._connection = connection
        self._blobs = blobs
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._carried: list[Item] = []  # entries nobody waits for, from a group that failed
        self._lost: Exception | None = None  # the first refusal that nobody was told of
        self._failure: BaseException | None = None
        self._is_closed = False
        self._is_crowded = False
        self._last_commit = 0.0
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def append(
        self, table: str, columns: tuple[Column, ...], texts: Mapping[str, bytes] = NO_TEXTS
    ) -> None:
        """Queue a row and return; it is on disk no later than anything handed in after it."""
        self._hand_in(Entry(table, columns, None, texts))

    async def commit(
        self, table: str, columns: tuple[Column, ...], texts: Mapping[str, bytes] = NO_TEXTS
    ) -> None:
        """Hand in a row and return when it is committed.

        :raises JournalUnwritable: When it could not be.
        """
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._hand_in(Entry(table, columns, waiter, texts))
        await waiter

    async def perform(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do `work` inside a transaction, after all that was handed in before."""
        results: list[_T] = []
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._hand_in(Operation(lambda connection: results.append(work(connection)), waiter))
        await waiter
        return results[-1]

    async def close(self) -> None:
        """Commit what is left, fold the log into the file and end the thread.

        :raises JournalUnwritable: When something that was handed in is not on disk.
        """
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(_Stop())
        await asyncio.to_thread(self._thread.join)
        if self._failure is not None:
            raise JournalUnwritable(f"the journal was not closed well: {self._failure}")

    def _hand_in(self, item: Item) -> None:
        if self._is_closed:
            raise JournalUnwritable("the journal is closed")
        if self._failure is not None:
            raise JournalUnwritable(f"the journal's writer has ended: {self._failure}")
        self._queue.put(item)
        if self._failure is not None:  # it ended between the two lines above
            self._refuse_queued(self._failure)

    def _run(self) -> None:
        group: list[Item] = []
        try:
            is_last = False
            while not is_last:
                group = self._gather()
                is_last = isinstance(group[-1], _Stop)
                self._settle_group([item for item in group if not isinstance(item, _Stop)])
            self._fold_up()
        except BaseException as error:  # noqa: BLE001 - root of the thread: nobody may wait for ever
            self._failure = error
            _wake(group, error)
            self._refuse_queued(error)
        finally:
            self._connection.close()

    def _gather(self) -> list[Item]:
        group = [self._queue.get()]
        if self._is_crowded:
            time.sleep(max(0.0, self._last_commit + GATHER_S - time.monotonic()))
        while len(group) < MAX_GROUP and not isinstance(group[-1], _Stop):
            try:
                group.append(self._queue.get_nowait())
            except Empty:
                break
        self._is_crowded = sum(item.waiter is not None for item in group) > 1
        return group

    def _settle_group(self, group: list[Item]) -> None:
        group = self._carried + group
        self._carried = []
        try:
            self.disk.write(partial(self._transact, group))
        except (
            sqlite3.OperationalError,
            OSError,
        ) as error:  # the disk's fault, so it meets all alike
            self._carried = [item for item in group if item.waiter is None]
            _wake(group, error)
        except Exception as error:  # noqa: BLE001 - one entry's fault: find out whose
            if len(group) == 1:
                if group[0].waiter is None:
                    self._lost = self._lost or error
                _wake(group, error)
            else:
                for item in group:
                    self._settle_group([item])
        else:
            _wake(group, None)
        self._last_commit = time.monotonic()

    def _transact(self, group: Sequence[Item]) -> None:
        connection = self._connection
        entries = [item for item in group if isinstance(item, Entry)]
        self._blobs.put({name: data for entry in entries for name, data in entry.texts.items()})
        connection.execute("BEGIN IMMEDIATE")
        try:
            pending: dict[str, list[tuple[Column, ...]]] = defaultdict(list)
            for item in group:
                if isinstance(item, Entry):
                    pending[item.table].append(item.columns)
                elif isinstance(item, Operation):
                    insert_all(connection, pending)
                    pending.clear()
                    item.work(connection)
            insert_all(connection, pending)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk makes SQLite roll back by itself
                connection.execute("ROLLBACK")
            raise

    def _fold_up(self) -> None:
        self._settle_group([])
        if self._carried or self._lost:
            raise JournalUnwritable(f"not everything could be written: {self._lost or 'disk full'}")
        self.disk.write(self._take_in_the_log)
        with contextlib.suppress(sqlite3.OperationalError):  # somebody looks at it just now
            # A closed journal is one file, and no reader puts the log's two files beside it.
            self._connection.execute("PRAGMA journal_mode = DELETE")

    def _take_in_the_log(self) -> None:
        self._connection.execute("PRAGMA optimize")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _refuse_queued(self, error: BaseException) -> None:
        refused: list[Item] = []
        while True:
            try:
                refused.append(self._queue.get_nowait())
            except Empty:
                break
        _wake(refused, error)


def insert_all(
    connection: sqlite3.Connection, pending: Mapping[str, Sequence[tuple[Column, ...]]]
) -> None:
    """Write rows, by table, with as few statements as there can be."""
    for table, rows in pending.items():
        start = 0
        for size in _CHUNKS:
            while len(rows) - start >= size:
                chunk = rows[start : start + size]
                flat = [cell for columns in chunk for cell in (*columns, checksum(columns))]
                connection.execute(insert(table, size), flat)
                start += size


def _wake(group: Sequence[Item], error: BaseException | None) -> None:
    """Tell those who wait, each on its own loop, with one call a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Waiter]] = defaultdict(list)
    for item in group:
        if item.waiter is not None:
            by_loop[item.waiter.get_loop()].append(item.waiter)
    for loop, waiters in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, waiters, error)
        except RuntimeError:  # that loop is closed: nobody waits there any more
            continue


def _settle(waiters: Sequence[Waiter], error: BaseException | None) -> None:
    for waiter in waiters:
        if waiter.done():  # cancelled meanwhile
            continue
        if error is None:
            waiter.set_result(None)
        else:
            refusal = JournalUnwritable(f"the journal could not be written: {told(error)}")
            refusal.__cause__ = error
            waiter.set_exception(refusal)


def told(error: BaseException) -> str:
    """Say what is the matter, and what can be done where that is not plain."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
        return str(error)
    return f"{error}: another process is in the middle of writing it (one that sleeps?); end that"
