"""Waiting for a server's batches: longer than any call, and ended at once when the run stops."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sygra_eval.models.batch_outcomes import lost_with
from sygra_eval.models.outage import MOST_OUTAGE_S
from sygra_eval.values import CallFailed, RetryLater

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

LONGEST_POLL_S = 60.0
GROWS = 1.5
TRIES_OF_A_REFUSAL = 3


def grown(wait_s: float) -> float:
    """Return the next wait after one of so many seconds."""
    return max(wait_s, min(wait_s * GROWS, LONGEST_POLL_S))


@dataclass(slots=True)
class BatchPatience:
    """How long the batches of one model are waited for.

    :ivar first_wait_s: Of a row of waits; they grow up to a minute.
    :ivar most_outage_s: For how long the server may be down before the run ends.
    """

    address: str
    first_wait_s: float
    most_outage_s: float = MOST_OUTAGE_S
    clock: Callable[[], float] = time.monotonic
    _stopped: Exception | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_stopped(self) -> bool:
        """Whether the run was asked to stop."""
        return self._stopped is not None

    def stop(self, error: Exception) -> None:
        """End all sleep with an error."""
        self._stopped = error
        self._stopping.set()

    def check(self) -> None:
        """Raise what the run was stopped with, if it was."""
        if self._stopped is not None:
            raise self._stopped

    async def sleep(self, seconds: float) -> None:
        """Sleep, and raise what the run is stopped with as soon as it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
        self.check()

    async def persist(self, exchange: Callable[[], Awaitable[_T]], *, open_batch: str = "") -> _T:
        """Have an exchange again and again until it succeeds.

        :param open_batch: The batch that is lost sight of when it does not: a final refusal ends
            the run then, and is believed only when it comes several times.
        :raises EndpointLost: When the server has been down for too long.
        """
        since_s, wait_s, refusals = None, self.first_wait_s, 0
        while True:
            try:
                return await exchange()
            except CallFailed as failure:
                now_s = self.clock()
                since_s = now_s if since_s is None else since_s
                is_final = not isinstance(failure, RetryLater)
                refusals += is_final
                if is_final and not open_batch:
                    raise
                down_s = now_s - since_s
                if refusals >= TRIES_OF_A_REFUSAL or down_s > self.most_outage_s:
                    told = "" if is_final else f" (down for {down_s / 60:.0f} minutes)"
                    raise lost_with(
                        open_batch, self.address, failure.kind, f"{failure.message}{told}"
                    ) from failure
                _log.warning("batch_exchange_failed", extra={"why": str(failure)})
                after_s = failure.after_s if isinstance(failure, RetryLater) else None
                await self.sleep(max(wait_s, after_s or 0.0))
                wait_s = grown(wait_s)
