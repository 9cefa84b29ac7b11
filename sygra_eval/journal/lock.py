"""One process writes a run folder at a time."""

import fcntl
import json
import os
import socket
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sygra_eval.values import UsageError

LOCK_NAME = "LOCK"
_LOOK_S = 0.05  # `lock_owner` holds it for much less


class RunLock:
    """The lock of a run folder: taken on entering, released on leaving or with the process.

    The kernel holds it, not the file: what a killed process left behind locks nobody out.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._descriptor: int | None = None

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
                owner = _owner(descriptor)
                os.close(descriptor)
                if not has_waited:  # somebody may only have looked whether it is held
                    has_waited = True
                    time.sleep(_LOOK_S)
                    continue
                raise UsageError(
                    f"{self._path.parent}: another process is at work on this run: {owner}; wait"
                    " until it ends, or stop it and resume"
                ) from None
            if _is_file_of(descriptor, self._path):
                self._descriptor = descriptor
                _write_owner(descriptor)
            else:  # its owner removed the file between our two calls
                os.close(descriptor)

    def release(self) -> None:
        """Remove the file and let go; without effect when the lock is not held."""
        if self._descriptor is not None:
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
        return _owner(descriptor)
    except OSError:  # a disk without locks: nobody can hold one
        return None
    else:
        return None
    finally:
        os.close(descriptor)


def _write_owner(descriptor: int) -> None:
    owner = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "start": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(owner).encode() + b"\n", 0)


def _owner(descriptor: int) -> str:
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0))
        return f"pid {owner['pid']} on {owner['host']} since {owner['start']}"
    except (ValueError, KeyError, TypeError):
        return "its pid is not known, it took the lock just now"


def _is_file_of(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
