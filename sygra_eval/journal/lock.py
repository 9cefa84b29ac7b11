"""One process writes a run folder at a time."""

import fcntl
import json
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from sygra_eval.journal.owners import how_to_free, is_of_this_host, named, this_owner
from sygra_eval.values import UsageError

LOCK_NAME = "LOCK"
_LOOK_S = 0.05  # `lock_owner` holds it for much less
_LOOK_EACH_S = 1.0
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class RunLock:
    """The lock of a run folder: taken on entering, released on leaving or with the process.

    The kernel holds it, not the file: what a killed process left behind locks nobody out.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._descriptor: int | None = None
        self._looked_s = 0.0
        self.left_behind = ""
        """Who did not release it, where nobody here can see whether it has ended."""

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock.

        :raises UsageError: When another process holds it; named with pid, host and start.
        """
        has_waited = False
        while self._descriptor is None:
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise UsageError(
                    f"{self._path}: the run folder cannot be locked: {error}"
                ) from None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = _owner_in(descriptor)
                os.close(descriptor)
                if not has_waited:  # somebody may only have looked whether it is held
                    has_waited = True
                    time.sleep(_LOOK_S)
                    continue
                raise UsageError(
                    f"{self._path.parent}: another process is at work on this run: "
                    f"{_told(owner)}; {how_to_free(owner or this_owner())}"
                ) from None
            if _is_file_of(descriptor, self._path):
                self._descriptor = descriptor
                before = _owner_in(descriptor)
                is_seen = not before or is_of_this_host(before)
                self.left_behind = "" if is_seen else _told(before)
                try:
                    _write_owner(descriptor)
                except OSError as error:  # as on a full disk
                    self.release()
                    raise UsageError(
                        f"{self._path}: the run folder cannot be locked: {error.strerror}"
                    ) from None
            else:  # its owner removed the file between our two calls
                os.close(descriptor)

    def is_lost(self) -> bool:
        """Say whether somebody took the run over; cheap enough to be asked before every call.

        It is looked at once a second at most, by a clock that a sleep does not stop.
        """
        now_s = time.clock_gettime(_CLOCK)
        if self._descriptor is None or now_s - self._looked_s < _LOOK_EACH_S:
            return False
        self._looked_s = now_s
        return not self.is_ours()

    def is_ours(self) -> bool:
        """Say whether the lock is held, and the file that others find is the one we hold.

        It is another only where somebody removed it, as people do after a sleep or a lost network.
        """
        return self._descriptor is not None and _is_file_of(self._descriptor, self._path)

    def release(self) -> None:
        """Remove the file and let go; without effect when the lock is not held.

        A file that is another owner's by now stays.
        """
        if self._descriptor is not None:
            if _is_file_of(self._descriptor, self._path):
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def lock_owner(folder: Path) -> str | None:
    """Say who holds the lock of a run folder; None when nobody does, whatever was left behind.

    The folder may be a stranger's: what is no plain file is not opened for longer than a look.
    """
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _told(_owner_in(descriptor))
    except OSError:  # a disk without locks: nobody can hold one
        return None
    else:
        return None
    finally:
        os.close(descriptor)


def _write_owner(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(this_owner()).encode() + b"\n", 0)


def _owner_in(descriptor: int) -> Mapping[str, object]:
    """Return the owner that a lock's file names; nothing where it names none."""
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _told(owner: Mapping[str, object]) -> str:
    try:
        return named(owner)
    except KeyError:
        return "its pid is not known, it took the lock just now"


def _is_file_of(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
