"""Reads in a thread, a few rows at a time, so that the loop is free while a disk or a parser works.

A hop to a thread costs as much as some ten rows, hence batches; long rows go one by one.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from threading import Lock
from typing import TypeVar

from sygra_eval.values import BadRow, Row

BATCH = 256
BATCH_S = 0.005

_Read = TypeVar("_Read")

Places = Iterator[Row | BadRow | None]
"""`None` says that the next place may take a while, so that the ones before it are not held up."""


def some_of(places: Iterator[_Read | None]) -> tuple[list[_Read], bool]:
    """Take a few, and say whether they were the last.

    Long ones are taken one by one, so that neither memory nor time grows with them.
    """
    taken: list[_Read] = []
    until = time.monotonic() + BATCH_S
    for place in places:
        if place is None:
            return taken, False
        taken.append(place)
        if len(taken) == BATCH or time.monotonic() > until:
            return taken, False
    return taken, True


async def in_batches(
    reading: Generator[_Read | None, None, None], give_up: Callable[[], None] | None = None
) -> AsyncGenerator[_Read, None]:
    """Yield what a generator yields that may block, and close it at the end.

    :param reading: Runs in threads; None says that what comes next may take a while.
    :param give_up: Called when nobody waits for the next row any more, while a thread still may:
        it has to make the generator raise or return soon.
    """
    turn = Lock()  # one who stops in the middle must not close what a thread still reads
    is_all = is_cancelled = False

    def batch() -> tuple[list[_Read], bool]:
        with turn:
            return some_of(reading)

    try:
        while not is_all:
            places, is_all = await asyncio.to_thread(batch)
            for place in places:
                yield place
    except asyncio.CancelledError:
        is_cancelled = True
        if give_up is not None:
            give_up()
        raise
    finally:
        # Where a thread is still in it after a cancel, it is closed when that thread leaves it.
        if turn.acquire(timeout=0 if is_cancelled else -1):
            try:
                reading.close()
            finally:
                turn.release()
