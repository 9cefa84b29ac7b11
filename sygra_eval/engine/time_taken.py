"""How long a run takes, over all its starts, also those that were killed.

A start journals its time as it goes, so a kill loses the seconds since the last note and no more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from sygra_eval.journal import Event, Journal

NOTED_EACH_S = 5.0
FIRST_NOTED_S = 1.0
TICK = "ticked"


def seconds_taken(events: Iterable[Event]) -> float:
    """Return the seconds of all starts: of each what it noted last."""
    before_s = this_start_s = 0.0
    for event in events:
        if event.kind == "started":
            before_s, this_start_s = before_s + this_start_s, 0.0
        noted_s = event.data.get("wall_s")
        if isinstance(noted_s, float | int):
            this_start_s = noted_s
    return before_s + this_start_s


@contextlib.asynccontextmanager
async def noting_time(
    journal: Journal, noted: Callable[[], Mapping[str, object]]
) -> AsyncIterator[None]:
    """Journal every few seconds what `noted` returns, `wall_s` among it, while the body runs."""

    async def note() -> None:
        wait_s = FIRST_NOTED_S
        while True:
            await asyncio.sleep(min(wait_s, NOTED_EACH_S))
            journal.event(TICK, **noted())
            wait_s *= 2

    noting = asyncio.create_task(note(), name="note the time")
    try:
        yield
    finally:
        noting.cancel()
        await asyncio.gather(noting, return_exceptions=True)
