"""How much slower this machine is than the one the limits were chosen on.

Limits are multiplied by that factor, so that a slow or busy host does not turn a right answer
into a time-out. The reference is the best of five on an idle machine of the project's CI
(two cores, Linux 6.18, CPython 3.11.7).
"""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from time import perf_counter

from sygra_eval.values import Limits

REFERENCE_S = 0.050
SLOWEST = 8.0
MOST_PRESSURE = 25.0  # % of the time in which a task that could run did not


def scaled_limits(limits: Limits, factor: float | None = None) -> Limits:
    """Multiply the time limits by the machine's factor; the others do not depend on speed."""
    k = machine_factor() if factor is None else factor
    return replace(limits, wall_s=limits.wall_s * k, cpu_s=limits.cpu_s * k)


@cache
def machine_factor() -> float:
    """Measure once per process: 1 on the reference machine or a faster one, 8 at most."""
    best_s = min(timed_task() for _ in range(5))
    return min(max(best_s / REFERENCE_S, 1.0), SLOWEST)


def is_overloaded() -> bool:
    """Whether tasks had to wait for a processor in the last ten seconds, as the kernel saw it."""
    try:
        some = Path("/proc/pressure/cpu").read_text("utf-8").partition("avg10=")[2]
        return float(some.partition(" ")[0]) > MOST_PRESSURE
    except (OSError, ValueError):  # a kernel without pressure-stall information
        return os.getloadavg()[0] > (os.cpu_count() or 1)


def timed_task() -> float:
    """Time a fixed pure-Python task of about 50 ms."""
    began = perf_counter()
    total, words = 0, {}
    for number in range(325_000):
        total = (total * 31 + number) % 1_000_003
        words[number % 97] = str(total)
    return perf_counter() - began
