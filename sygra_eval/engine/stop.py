"""The wish to stop a run: once to drain, twice to stop at once."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class StopSignal:
    """Handed into a run; whoever holds it may ask the run to stop.

    :ivar is_draining: No new call is sent; calls in flight finish and are journalled.
    :ivar cause: What asked, for the report.
    """

    cause: str = ""
    is_draining: bool = False
    _now: asyncio.Event = field(default_factory=asyncio.Event)

    def drain(self, cause: str) -> None:
        """Ask for a drain; asked a second time, calls in flight are given up too."""
        if self.is_draining:
            self._now.set()
        self.is_draining = True
        self.cause = self.cause or cause

    async def at_once(self) -> None:
        """Wait until the run is asked to stop without waiting for calls in flight."""
        await self._now.wait()
