"""Keeps the cycle collector from going through what lives as long as the run anyway.

Libraries, suite and plugins are some hundred thousand objects, and every full collection looks at
all of them: a fifth of a call's CPU (docs/performance.md). While runs go on they are set aside, and
what is new is looked at less often, since little of it is in a cycle.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

THRESHOLDS = (50_000, 10, 10)  # new objects, collections of them, collections of those

_before: list[tuple[int, int, int]] = []  # one entry a run; the process has one setting
_turn = Lock()  # runs may begin and end on several threads


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Set aside what is there now, and collect more rarely, until the last such body ends."""
    with _turn:
        _before.append(_before[0] if _before else gc.get_threshold())
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        with _turn:
            own = _before.pop()
            if not _before:
                gc.set_threshold(*own)
                gc.unfreeze()
