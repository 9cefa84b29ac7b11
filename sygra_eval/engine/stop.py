"""The wish to stop a run: once to drain, twice to stop at once."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sygra_eval.values import Interrupted

_T = TypeVar("_T")


@dataclass(slots=True)
class StopSignal:
    """Handed into a run; whoever holds it may ask the run to stop.

    :ivar is_draining: No new call is sent; calls in flight finish and are journalled.
    :ivar cause: What asked, for the report.
    :ivar is_outage: Nobody asked: what the run lives on broke, so the run is incomplete.
    """

    cause: str = ""
    is_draining: bool = False
    is_outage: bool = False
    _draining: asyncio.Event = field(default_factory=asyncio.Event)
    _now: asyncio.Event = field(default_factory=asyncio.Event)
    _callbacks: list[Callable[[], None]] = field(default_factory=list)

    def drain(self, cause: str) -> None:
        """Ask for a drain; asked a second time, calls in flight are given up too."""
        if self.is_draining:
            self._now.set()
        was_draining, self.is_draining = self.is_draining, True
        self.cause = self.cause or cause
        self._draining.set()
        for callback in () if was_draining else self._callbacks:
            callback()

    def when_draining(self, callback: Callable[[], None]) -> None:
        """Call something as soon as the run is asked to stop."""
        self._callbacks.append(callback)

    def give_up(self, cause: str) -> None:
        """Drain because what the run lives on broke."""
        if not self.is_draining:
            self.is_outage = True
            self.drain(cause)

    def check(self) -> None:
        """Pass while the run goes on.

        :raises Interrupted: When it drains.
        """
        if self.is_draining:
            raise Interrupted(self.cause)

    async def sleep(self, seconds: float) -> None:
        """Sleep between two tries of a call; whoever waits has nothing in flight.

        :raises Interrupted: As soon as the run drains.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._draining.wait()
        except TimeoutError:
            return
        self.check()

    async def unless_draining(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do what comes before the first row.

        :raises Interrupted: As soon as the run is asked to stop; the work is given up.
        """
        working = asyncio.create_task(work)
        watching = asyncio.create_task(self._draining.wait())
        try:
            await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                self.check()
            return working.result()
        finally:
            working.cancel()
            watching.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)

    @property
    def is_at_once(self) -> bool:
        """Whether calls in flight are not waited for."""
        return self._now.is_set()

    async def at_once(self) -> None:
        """Wait until the run is asked to stop without waiting for calls in flight."""
        await self._now.wait()
