"""Waits for a full disk: what could not be written is tried again, and nothing of it is lost.

The writer's thread waits here with what it was about to commit; what comes meanwhile gathers in its
queue. Whoever would send a call asks `is_waiting` first: an answer that cannot be kept is paid for
in vain.
"""

import errno
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

DISK_WAIT_S = 60.0
"""So long the disk may be full before the run stops."""

_RETRY_S = 5.0
_TRIES = 4  # at least, where less time is given
# A quota that is used up is told as a failed write, as is a file that may not grow.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})

_FULL_FILES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(slots=True)
class DiskWait:
    """How long a writer waits for room, and whether it does.

    :ivar is_waiting: It waits just now.
    :ivar has_given_up: It waited its time; until something is written it does not wait again.
    :ivar tell: Called from the writer's thread when it begins to wait and when there is room again.
    """

    wait_s: float = DISK_WAIT_S
    is_waiting: bool = False
    has_given_up: bool = False
    tell: Callable[[str], None] | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def write(self, work: Callable[[], None]) -> None:
        """Do the work, again and again while there is no room for it.

        :raises sqlite3.OperationalError: As the work's last try did; OSError likewise.
        """
        until = time.monotonic() + self.wait_s
        while True:
            try:
                work()
            except (sqlite3.OperationalError, OSError) as error:
                left_s = until - time.monotonic()
                if not _is_full(error) or self._is_over(left_s):
                    self.has_given_up = self.has_given_up or _is_full(error)
                    self.is_waiting = False
                    raise
                self._wait(left_s, error)
            else:
                if self.is_waiting:
                    self._say("there is room on the disk again; the run goes on")
                self.is_waiting = self.has_given_up = False
                return

    def end(self) -> None:
        """Wait no longer."""
        self._ended.set()

    def _is_over(self, left_s: float) -> bool:
        return left_s <= 0 or self.has_given_up or self._ended.is_set()

    def _wait(self, left_s: float, error: Exception) -> None:
        every_s = min(_RETRY_S, self.wait_s / _TRIES)
        if not self.is_waiting:
            self.is_waiting = True
            self._say(
                f"the journal cannot be written ({error}): no new call is sent, finished answers "
                f"are kept, and it is tried again every {every_s:g} s for {self.wait_s:g} s; make "
                "room"
            )
        self._ended.wait(min(every_s, left_s))

    def _say(self, sentence: str) -> None:
        if self.tell is not None:
            self.tell(sentence)


def _is_full(error: sqlite3.OperationalError | OSError) -> bool:
    if isinstance(error, OSError):  # of a text that stands in a file of its own
        return error.errno in _FULL_FILES
    return getattr(error, "sqlite_errorcode", None) in _FULL
