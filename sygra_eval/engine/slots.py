"""Bounds the records in flight, by a bound that may move while they run."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Slots:
    """As many slots as `bound()` says at the moment in which one is asked for.

    A bound that falls takes no slot away: what is in flight ends, and nothing new begins until
    there is room.

    :ivar taken: How many are held now.
    """

    bound: Callable[[], int]
    taken: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def acquire(self) -> None:
        """Wait for a slot and take it."""
        while self.taken >= self.bound():
            self._moved.clear()
            await self._moved.wait()
        self.taken += 1

    def release(self) -> None:
        """Give a slot back."""
        self.taken -= 1
        self._moved.set()

    def look_again(self) -> None:
        """Let whoever waits ask for the bound again, as it has moved."""
        self._moved.set()
