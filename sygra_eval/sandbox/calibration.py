"""How much slower this machine is now than the one the limits were chosen on.

Limits are multiplied by that factor, so that a slow or busy host does not turn a right answer
into a time-out. It is measured when a sandbox starts and again by an execution that finds it a
minute old; where nothing is executed, nobody asks. The reference is the best of five on an idle
machine of the project's CI (two cores, Linux 6.18, CPython 3.11.7).
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sygra_eval.sandbox.helpers import without_keys
from sygra_eval.sandbox.inside.timed_task import best_of
from sygra_eval.values import Limits

REFERENCE_S = 0.050
AS_FAST = 1.1  # so near to the reference there is nothing to learn from another measurement
SLOWEST = 8.0
MOST_PRESSURE = 25.0  # % of the time in which a task that could run did not
HOLDS_S = 60.0
AT_FIRST, AGAIN = 5, 3  # of at most so many the best: what was only interrupted does not count
LONGEST_S = 30.0
TASK = str(Path(__file__).parent / "inside" / "timed_task.py")

Measure = Callable[[int], Awaitable[float | None]]


async def timed_elsewhere(times: int) -> float | None:
    """Time the task in a process of its own, which no other work of this one slows down.

    None where no process can be had. One that does not come to its end is as slow as can be.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", TASK, str(times), str(AS_FAST * REFERENCE_S)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=without_keys(),
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(LONGEST_S):
            told, _ = await process.communicate()
        return float(told)
    except TimeoutError:
        return SLOWEST * REFERENCE_S
    except ValueError:
        return None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Calibration:
    """The machine's factor, as it was measured last."""

    def __init__(
        self, measure: Measure = timed_elsewhere, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._measure, self._clock = measure, clock
        self._factor: float | None = None
        self._due = 0.0
        self._is_measuring = False

    @property
    def factor(self) -> float:
        """1 on the reference machine or a faster one, 8 at most; measured here if never before."""
        if self._factor is None:
            self._take(best_of(AT_FIRST, AS_FAST * REFERENCE_S))
        assert self._factor is not None  # noqa: S101 - just taken
        return self._factor

    async def renew(self) -> None:
        """Measure again where that is due; others go on with what is known meanwhile."""
        is_known = self._factor is not None
        if self._is_measuring or (is_known and self._clock() < self._due):
            return
        self._is_measuring = True
        try:
            took_s = await self._measure(AGAIN if is_known else AT_FIRST)
        finally:
            self._is_measuring = False
        if took_s is not None:
            self._take(took_s)
        else:
            self._due = self._clock() + HOLDS_S

    def _take(self, took_s: float) -> None:
        self._factor = min(max(took_s / REFERENCE_S, 1.0), SLOWEST)
        self._due = self._clock() + HOLDS_S


MACHINE = Calibration()
"""Of this process; every sandbox in it runs on the same machine."""


def scaled_limits(limits: Limits, factor: float | None = None) -> Limits:
    """Multiply the time limits by the machine's factor; the others do not depend on speed."""
    k = machine_factor() if factor is None else factor
    return replace(limits, wall_s=limits.wall_s * k, cpu_s=limits.cpu_s * k)


def machine_factor() -> float:
    """Give the factor as it is known now."""
    return MACHINE.factor


def is_overloaded() -> bool:
    """Whether tasks had to wait for a processor in the last ten seconds, as the kernel saw it."""
    try:
        some = Path("/proc/pressure/cpu").read_text("utf-8").partition("avg10=")[2]
        return float(some.partition(" ")[0]) > MOST_PRESSURE
    except (OSError, ValueError):  # a kernel without pressure-stall information
        return os.getloadavg()[0] > (os.cpu_count() or 1)
