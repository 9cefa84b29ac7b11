"""Reads on a thread, a few rows at a time, so that reading and parsing leave the loop free."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from threading import Lock

from sygra_eval.values import BadRow, Row

BATCH = 256
BATCH_S = 0.005


def some_of(places: Iterator[Row | BadRow]) -> list[Row | BadRow]:
    """Take a few; long ones one by one, so that neither memory nor time grows with them."""
    taken: list[Row | BadRow] = []
    until = time.monotonic() + BATCH_S
    for place in places:
        taken.append(place)
        if len(taken) == BATCH or time.monotonic() > until:
            break
    return taken


async def in_batches(
    reading: Generator[Row | BadRow, None, None], give_up: Callable[[], None] | None = None
) -> AsyncGenerator[Row | BadRow, None]:
    """Yield what a generator yields that may block.

    :param give_up: Called when nobody waits for the next row any more, while a thread still may:
        it has to make the generator raise or return soon.
    """
    turn = Lock()  # one who stops in the middle must not close what a thread still reads

    def batch() -> list[Row | BadRow]:
        with turn:
            return some_of(reading)

    try:
        while places := await asyncio.to_thread(batch):
            for place in places:
                yield place
    except asyncio.CancelledError:
        if give_up is not None:
            give_up()
        raise
    finally:
        with turn:
            reading.close()
