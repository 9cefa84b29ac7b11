"""The event loop of a run: uvloop where it is installed, asyncio's own elsewhere.

uvloop makes every descriptor non-blocking that it watches. A pidfd must therefore never be watched
by a loop: `waitid` on one that does not block raises BlockingIOError, and the process stays
unreaped (docs/decisions/0023).
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run_in_loop(main: Coroutine[Any, Any, _T]) -> _T:
    """Run to the end as `asyncio.run` does, on the fastest loop that is there."""
    try:
        from uvloop import new_event_loop  # only runs need it
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
