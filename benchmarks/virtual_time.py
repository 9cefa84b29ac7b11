"""An event loop whose clock jumps to the next timer, so that minutes of waiting take none.

What waits for a socket or a thread is not waited for: only for what waits for time and for itself.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: what was to be waited for is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, and where nothing is, let the time pass."""
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("everything waits, and nothing for time")
        self.now_s += max(0.0, timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Begins at 0 seconds; `time()`, timers and sleeps are on its own clock."""

    def __init__(self) -> None:
        self._clock = _Jumping()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the seconds that have passed for whoever runs in this loop."""
        return self._clock.now_s


def run_in_virtual_time(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end, in no time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
