"""The rows that a pytest session wants of a suite, as the source of that suite's run.

pytest's thread says which rows it wants, in its own order (`--ff`, a plugin that shuffles); the
run's loop reads them from the suite's source. Under xdist a worker learns of its next row only when
it begins the one before, so there may always be more until `end` is called.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

from sygra_eval.engine import limited
from sygra_eval.values import BadRow, Row, Source, UsageError

_BACKWARDS = 3
"""So often a source is read again from its start for a row further up; then all is kept."""


class Wanted:
    """Places in the source, in the order in which they are wanted."""

    def __init__(self) -> None:
        self.is_ended = False
        self._places: list[int] = []
        self._positions: dict[int, int] = {}
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, places: Iterable[int]) -> None:
        """Want some more; what is wanted already is not wanted twice."""
        with self._lock:
            for place in places:
                if place not in self._positions:
                    self._positions[place] = len(self._places)
                    self._places.append(place)
        self._wake()

    def end(self) -> None:
        """Want no more."""
        self.is_ended = True
        self._wake()

    def position(self, place: int) -> int | None:
        """Return how many are wanted before this one; None where it is not."""
        return self._positions.get(place)

    async def at(self, position: int) -> int | None:
        """Return a place, waiting for it to be wanted; None where no more are."""
        while True:
            with self._lock:
                if position < len(self._places):
                    return self._places[position]
                if self.is_ended:
                    return None
                changed = asyncio.Event()
                self._waiting.append((asyncio.get_running_loop(), changed))
            await changed.wait()

    def _wake(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for loop, changed in waiting:
            with contextlib.suppress(RuntimeError):  # closed: nobody waits there any more
                loop.call_soon_threadsafe(changed.set)


class WantedRows:
    """A source that gives the wanted rows of another.

    :ivar base: The other.
    :ivar folder: The run's folder, once it has one.
    """

    def __init__(self, base: Source, wanted: Wanted) -> None:
        self.folder: Path | None = None
        self.base = base
        self._wanted = wanted

    @property
    def total(self) -> int | None:
        """How many rows there will be; None while that is not known."""
        return len(self._wanted) if self._wanted.is_ended else None

    def fingerprint(self) -> str:
        """Identify the input, which is the same whatever is wanted of it."""
        return self.base.fingerprint()

    async def keep_in(self, folder: Path) -> None:
        """Learn the run's folder, and let the source keep there what a resume needs."""
        self.folder = folder
        keep = getattr(self.base, "keep_in", None)
        if keep is not None:
            await keep(folder)

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each wanted row."""
        reader = _Forwards(self.base)
        position = 0
        try:
            while (place := await self._wanted.at(position)) is not None:
                position += 1
                yield await reader.row(place)
            await reader.read_to_the_end()
        finally:
            await reader.close()


class _Forwards:
    """Finds rows by their place in a source that can only be read forwards.

    Rows are mostly wanted in their order, and then none is kept.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows: AsyncGenerator[Row | BadRow, None] | None = None
        self._next = 0
        self._turns = 0
        self._kept: dict[int, Row | BadRow] = {}

    async def row(self, place: int) -> Row | BadRow:
        """Return the row at a place.

        :raises UsageError: When the source has become shorter.
        """
        if place in self._kept:
            return self._kept[place]
        if self._rows is None or place < self._next:
            await self.close()
            self._turns += 1
            self._rows, self._next = limited(self._source, None), 0
        async for row in self._rows:
            self._next = row.index + 1
            if self._turns > _BACKWARDS:
                self._kept[row.index] = row
            if row.index == place:
                return row
        raise UsageError(f"the source has no row {place} any more: it changed since pytest read it")

    async def read_to_the_end(self) -> None:
        """Pass over the rows that nobody wants, so that what a source counts of itself is whole."""
        if self._rows is not None:
            async for row in self._rows:
                self._next = row.index + 1

    async def close(self) -> None:
        """Read no further."""
        if self._rows is not None:
            await self._rows.aclose()
            self._rows = None
