"""The run of a suite that has too many rows for an item each.

It goes on a thread of its own as it does for items; rows that fell out wait, bounded, until
pytest's thread has told of them, and of the others only the run's folder knows.
"""

from collections import deque
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from sygra_eval.engine import RunOptions
from sygra_eval.pytest_plugin.background import BackgroundRun, Ended
from sygra_eval.values import BadRow, Outcome, RecordEnd, Row, Source

MOST_WAITING = 64


class WholeRun(BackgroundRun):
    """Runs all rows of a suite."""

    def __init__(self, path: Path, options: RunOptions) -> None:
        super().__init__(path, options)
        self._fallen: deque[Ended] = deque()
        self._source: _Noted | None = None

    @property
    def folder(self) -> Path | None:
        """The run's folder, once it has one."""
        return None if self._source is None else self._source.folder

    def fallen(self) -> Iterator[Ended]:
        """Begin, and yield each row that was rejected or failed, until the run is over."""
        self.begin((), are_all=True)
        while True:
            with self._arrived:
                while not self._fallen and not self._is_over:
                    self._arrived.wait()
                if not self._fallen:
                    return
                ended = self._fallen.popleft()
            self._on_loop(self._room.set)
            yield ended

    @property
    def _is_complete(self) -> bool:
        return self._is_over

    def _through(self, source: Source) -> Source:
        self._source = _Noted(source)
        return self._source

    def row_ended(self, end: RecordEnd, cost_usd: float | None = None) -> None:
        """Keep a row that fell out."""
        if end.outcome in (Outcome.REJECTED, Outcome.FAILED):
            with self._arrived:
                self._fallen.append(Ended(end, cost_usd))
                self._arrived.notify_all()

    async def room(self) -> None:
        """Hold rows back while pytest is told of those that fell out."""
        stop = self._stop
        while len(self._fallen) >= MOST_WAITING and not (stop and stop.is_draining):
            self._room.clear()
            await self._room.wait()


class _Noted:
    """A source that learns the run's folder."""

    def __init__(self, base: Source) -> None:
        self.base = base
        self.folder: Path | None = None

    def fingerprint(self) -> str:
        """Identify the input."""
        return self.base.fingerprint()

    async def keep_in(self, folder: Path) -> None:
        """Learn the folder, and let the source keep there what a resume needs."""
        self.folder = folder
        keep = getattr(self.base, "keep_in", None)
        if keep is not None:
            await keep(folder)

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Give the rows as they are."""
        return self.base.rows()
