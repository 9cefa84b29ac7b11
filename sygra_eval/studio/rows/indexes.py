"""The indexes that one server has open, each made and kept up by a thread of its own while asked.

They are files in a temporary folder that goes with the server. A request waits a moment for what is
new, so a small run is whole at once; a large one is shown as far as it is read.
"""

import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.engine import JOURNAL
from sygra_eval.journal import lock_owner
from sygra_eval.studio.rows.index import Index
from sygra_eval.studio.rows.marks import MARKS, marks_in
from sygra_eval.values import UsageError

MOST_OPEN = 6
WAIT_S = 0.2
"""A request waits so long for what is new; a page is to come within half a second."""
PREFIX = "studio-of-sygra-eval-"
"""Of the folder's name: a sandbox removes stale ones that begin as its own do."""
Stamp = tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class OpenIndex:
    """One index with the thread that keeps it up.

    :ivar error: Why the journal could not be read the last time.
    """

    index: Index
    file: Path
    stamp: Stamp = ()
    marks: tuple[int, int] = (0, 0)
    error: UsageError | None = None
    began: float = 0.0
    is_idle: threading.Event = field(default_factory=threading.Event)
    is_stopped: threading.Event = field(default_factory=threading.Event)
    starting: threading.Lock = field(default_factory=threading.Lock)

    def freshen(self) -> None:
        """Take in what is new, and wait a moment for it.

        :raises UsageError: When the journal cannot be read.
        """
        with self.starting:
            now = _stamp(self.index.folder)
            if self.stamp != now and not self.is_stopped.is_set() and self._may_start():
                thread = threading.Thread(target=self._catch_up, args=(now,), daemon=True)
                thread.start()
            self._read_marks()
        # Long work is waited for once, and not by every request of its time.
        self.is_idle.wait(max(0.0, self.began + WAIT_S - time.monotonic()))
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Let go of it, when the thread has ended its batch."""
        self.is_stopped.set()
        self.is_idle.wait()
        self.index.close()
        for path in self.file.parent.glob(f"{self.file.name}*"):
            path.unlink(missing_ok=True)

    def _may_start(self) -> bool:
        """Say whether no thread is at it; then one is from here on."""
        if not self.is_idle.is_set():
            return False
        self.is_idle.clear()
        self.began = time.monotonic()
        return True

    def _catch_up(self, stamp: Stamp) -> None:
        try:
            self.index.catch_up(self.is_stopped.is_set)
            self.stamp, self.error = stamp, None
        except UsageError as error:
            self.error = error
        finally:
            self.is_idle.set()

    def _read_marks(self) -> None:
        path = self.index.folder / MARKS
        try:
            of = path.stat()
        except OSError:
            now = (0, 0)
        else:
            now = (of.st_mtime_ns, of.st_size)
        if now != self.marks:
            self.index.put_marks(
                {row: marked.shown for row, marked in marks_in(self.index.folder).items()}
            )
            self.marks = now


class Indexes:
    """Those of one server, by run folder; the one that was asked for longest ago goes first."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._open: dict[Path, tuple[tuple[int, int], OpenIndex]] = {}
        self._lock = threading.Lock()
        self._made = 0

    def of(self, folder: Path) -> OpenIndex:
        """Return the index of a run, as new as a moment's wait can make it.

        :raises UsageError: When its journal cannot be read.
        """
        with self._lock:
            found = self._found(folder)
        found.freshen()
        return found

    def close(self) -> None:
        """Let go of all, and of their folder."""
        with self._lock:
            for _, one in self._open.values():
                one.close()
            self._open.clear()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    def _found(self, folder: Path) -> OpenIndex:
        try:
            of = (folder / JOURNAL).stat()
        except OSError as error:
            raise UsageError(f"the journal of `{folder.name}` cannot be read: {error}") from error
        identity = of.st_dev, of.st_ino
        known, one = self._open.pop(folder, ((0, 0), None))
        if one is not None and known != identity:  # another run is in its place
            one.close()
            one = None
        if one is None:
            self._made += 1
            if self._folder is None or not self._folder.is_dir():  # a tidy-up may have come by
                self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            file = self._folder / f"{self._made}.db"
            one = OpenIndex(index=Index(folder, file), file=file)
            one.is_idle.set()
        self._open[folder] = identity, one
        while len(self._open) > MOST_OPEN:
            _, oldest = self._open.pop(next(iter(self._open)))
            oldest.close()
        return one


def is_running(folder: Path) -> bool:
    """Say whether a process works on a run."""
    return lock_owner(folder) is not None


def _stamp(folder: Path) -> Stamp:
    """Return what changes when the journal does."""
    found = []
    for name in (JOURNAL, f"{JOURNAL}-wal"):
        try:
            of = (folder / name).stat()
        except OSError:
            continue
        found.append((of.st_ino, of.st_mtime_ns, of.st_size))
    return tuple(found)
