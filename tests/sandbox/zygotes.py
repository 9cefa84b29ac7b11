"""The processes of the sandboxes that a test started, as the kernel tells of them.

What other tests of the session left running in this process (a server, a zygote of their own) is
none of a test's, and what ends while we look is passed over.
"""

import os
import signal
import time
from pathlib import Path

PATIENCE_S = 30.0
OTHERS: set[int] = set()
"""The zygotes that were there when the test began."""


def remember_others() -> None:
    """Leave what is there now out of all that is counted until the next test."""
    OTHERS.clear()
    OTHERS.update(zygotes())


def zygotes() -> list[int]:
    """The test's zygotes, the oldest first."""
    return [pid for pid in children(os.getpid()) if is_zygote(pid) and pid not in OTHERS]


def children(pid: int) -> list[int]:
    """The processes that one has started, dead ones that nobody reaped among them."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_zygote(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return command[1:6] == [b"-s", b"-P", b"-S", b"-B", b"-c"]


def programs(*, is_boxed: bool) -> list[int]:
    """What the test's zygotes run; in a box the zygote that serves is below one that waits."""
    serving = zygotes()
    if is_boxed:
        serving = [inner for pid in serving for inner in children(pid)]
    return [program for pid in serving for program in children(pid)]


def kill_zygotes() -> None:
    """Kill them, and wait until all below them are dead too, which takes the kernel a moment."""
    ours = zygotes()
    family = [pid for zygote in ours for pid in (zygote, *children(zygote))]
    for pid in ours:
        os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while not all(map(is_dead, family)):
        assert time.monotonic() < until, "a killed zygote lives on"
        time.sleep(0.005)


def is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
