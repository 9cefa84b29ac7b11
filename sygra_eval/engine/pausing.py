"""The wish to pause a run: nothing new is begun, what is in flight finishes, and nothing is lost.

A pause ends by itself when the run is asked to stop, as whoever waits has to hear of that. The
bounds of a run's time go on meanwhile; those of a record do not, since it did not take that long.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pause:
    """Handed into a run; whoever holds it may pause the run.

    :ivar is_paused: No record and no call is begun.
    """

    is_paused: bool = False
    _since_s: float = 0.0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _callbacks: list[Callable[[], None]] = field(default_factory=list)
    _deadlines: dict[asyncio.Timeout, float] = field(default_factory=dict)

    def begin(self) -> None:
        """Pause; without effect where it is paused."""
        if self.is_paused:
            return
        self.is_paused = True
        self._open.clear()
        self._since_s = asyncio.get_running_loop().time()
        for deadline in [*self._deadlines]:
            self._hold(deadline)
        self._tell()

    def end(self) -> None:
        """Go on; without effect where it is not paused."""
        if not self.is_paused:
            return
        self.is_paused = False
        self._open.set()
        now_s = asyncio.get_running_loop().time()
        for deadline, left_s in self._deadlines.items():
            if not deadline.expired():
                deadline.reschedule(now_s + left_s)
        self._tell()

    def when_changed(self, callback: Callable[[], None]) -> None:
        """Call something whenever it is paused or goes on."""
        self._callbacks.append(callback)

    async def over(self) -> None:
        """Return when nothing is paused."""
        while self.is_paused:
            await self._open.wait()

    @contextlib.contextmanager
    def sparing(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Let a deadline stand still while the run is paused."""
        if deadline.when() is None:
            yield
            return
        self._deadlines[deadline] = 0.0
        if self.is_paused:
            self._hold(deadline)
        try:
            yield
        finally:
            del self._deadlines[deadline]

    def _hold(self, deadline: asyncio.Timeout) -> None:
        when_s = deadline.when()
        if when_s is not None and not deadline.expired():
            self._deadlines[deadline] = when_s - asyncio.get_running_loop().time()
            deadline.reschedule(None)

    def _tell(self) -> None:
        for callback in self._callbacks:
            callback()
