"""Takes rows up: in the order of the input, a bounded number at a time. Start at `take_rows`."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from sygra_eval.engine.estimating import EstimateFirst
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.reading import while_it_lasts
from sygra_eval.engine.record import settle
from sygra_eval.engine.running import Running, has_ended, row_ended
from sygra_eval.engine.sampling import Sample, sample_of
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.stop import StopSignal
from sygra_eval.values import BadRow, RecordEnd, Row, Source

MOST_IN_FLIGHT = 4_096
WITHOUT_MODELS = 32
"""Rows in flight where no endpoint says how many: enough that their ends are committed together."""

Settle = Callable[[Row | BadRow, Setting], Awaitable[RecordEnd | None]]


async def take_sample(
    setting: Setting,
    source: Source,
    limit: int | None,
    running: Running,
    tell: Tell,
    first: EstimateFirst | None,
) -> Sample | None:
    """Settle the rows that the run is estimated from, where it is to be."""
    if first is None or setting.stop.is_draining:
        return None
    # With a target only the first rows are sure to be needed.
    spread_over = running.total if running.approach.target is None else None
    sample = await sample_of(source, limit, spread_over, first.rows)
    running.row_s = []
    await take_rows(setting, source, limit, running, tell, only=sample.indices)
    return sample


async def take_rows(
    setting: Setting,
    source: Source,
    limit: int | None,
    running: Running,
    tell: Tell,
    *,
    only: frozenset[int] | None = None,
    settle: Settle = settle,
) -> int:
    """Settle the rows, a bounded number at a time; return how many were read.

    A drain stops admitting, and so do a target that is met and as many failures as are taken; the
    rows that are left are still read, so that they are counted.

    :param only: Places of the rows that are settled, where not all are; the rest is left unread
        behind the last of them.
    :param settle: Takes one row to its outcome, here or elsewhere.
    """
    rows_read = 0
    left = None if only is None else set(only)
    running.approach.begin()

    async def settle_one(row: Row | BadRow) -> None:
        since = time.monotonic()
        try:
            end = await settle(row, setting)
            if end is not None:
                row_ended(setting, running, end, time.monotonic() - since, tell)
        finally:
            running.slots.release()

    reading = while_it_lasts(source, limit, setting.stop, tell)
    async with (
        stopped_at_once(setting.stop),
        contextlib.aclosing(reading) as rows,
        asyncio.TaskGroup() as group,
    ):
        async for row in rows:
            if left is not None and not left:
                break
            rows_read += 1
            if left is not None:
                if row.index not in left:
                    continue
                left.discard(row.index)
            if _is_over(setting, running) or has_ended(setting, running, row.index):
                continue
            await setting.watch.room()
            await _slot_for_a_row(setting, running)
            if _is_over(setting, running):
                running.slots.release()
                continue
            group.create_task(settle_one(row), name=f"row {row.id}")
    return rows_read


async def _slot_for_a_row(setting: Setting, running: Running) -> None:
    """Take a slot when there is one, and no pause."""
    while True:
        await setting.pause.over()
        await running.slots.acquire()
        if not setting.pause.is_paused:  # it may have begun while a slot was waited for
            return
        running.slots.release()


def _is_over(setting: Setting, running: Running) -> bool:
    if running.approach.is_met:
        setting.watch.is_met()
    return setting.stop.is_draining or running.approach.is_met or running.has_failed_enough


@contextlib.asynccontextmanager
async def stopped_at_once(stop: StopSignal) -> AsyncIterator[None]:
    """Cancel the body when the run is asked to stop without waiting; swallow that cancel."""
    body = asyncio.current_task()
    assert body is not None, "a coroutine runs in a task"  # noqa: S101

    async def watch() -> None:
        await stop.at_once()
        body.cancel()

    watcher = asyncio.create_task(watch(), name="watch for the second stop")
    try:
        yield
    except asyncio.CancelledError:
        if not watcher.done():
            raise
        body.uncancel()
    finally:
        watcher.cancel()


def concurrency(setting: Setting) -> int:
    """Return how many calls the endpoints take at once, or rows where none says how many."""
    return setting.gateway.capacity or WITHOUT_MODELS


def most_in_flight(setting: Setting) -> int:
    """As many records as the endpoints take calls, and half as many again.

    Those are being judged or committed meanwhile; with an eighth, 240 of 256 slots were in use. A
    record that waits to try a call again keeps no endpoint busy, so another may begin: but not more
    than twice as many, or an endpoint that refuses everything would begin everything.
    """
    calls = concurrency(setting)
    asleep = min(calls, setting.gateway.asleep)
    most = max(MOST_IN_FLIGHT, setting.gateway.batch_capacity)  # a batch needs many at once
    return min(most, calls + asleep + max(2, calls // 2))
