"""Reads in a thread, a few rows at a time, so that the loop is free while a disk or a parser works.

A hop to a thread costs as much as some ten rows, hence batches; long rows go one by one.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from threading import Lock
from typing import TypeVar

_Read = TypeVar("_Read")

_MOST_ROWS = 256
_MOST_S = 0.005


async def read_in_thread(
    reading: Generator[_Read, None, None],
) -> AsyncGenerator[_Read, None]:
    """Yield what a generator yields, which runs in threads and is closed at the end."""
    turn = Lock()  # one who stops in the middle must not close what a thread still reads

    def batch() -> list[_Read]:
        with turn:
            return _some_of(reading)

    try:
        while rows := await asyncio.to_thread(batch):
            for row in rows:
                yield row
    finally:
        with turn:
            reading.close()


def _some_of(reading: Generator[_Read, None, None]) -> list[_Read]:
    """Take a few; long ones one by one, so that neither memory nor time grows with them."""
    rows: list[_Read] = []
    until = time.monotonic() + _MOST_S
    for row in reading:
        rows.append(row)
        if len(rows) == _MOST_ROWS or time.monotonic() > until:
            break
    return rows
