"""A fixed piece of work, to see how fast this machine is now; a program of its own too."""

import sys
from time import perf_counter


def timed_task() -> float:
    """Time a fixed pure-Python task, of about 50 ms on the reference machine."""
    began = perf_counter()
    total, words = 0, {}
    for number in range(325_000):
        total = (total * 31 + number) % 1_000_003
        words[number % 97] = str(total)
    return perf_counter() - began


if __name__ == "__main__":
    print(min(timed_task() for _ in range(int(sys.argv[1]))))  # noqa: T201 - for who started it
