"""What happened to a program, in words that repeat.

`reason` and the texts hold no time, pid, address or temporary path, so that verdicts made of them
are the same whenever the program does the same.
"""

import re
import signal
import sysconfig
from dataclasses import dataclass
from functools import cache

from sygra_eval.values import Execution, ExecutionStatus

BY_DESCRIPTOR = re.compile(r"/proc/self/fd/\d+")
PACKAGES = re.compile(r"(?:/[\w.+-]+)*/sygra-eval-\w+/packages-[\w.+-]+")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
REASONS = {
    ExecutionStatus.TIMEOUT: "still running when its time was up",
    ExecutionStatus.MEMORY: "needed more memory than it may have",
    ExecutionStatus.OUTPUT_LIMIT: "wrote more than it may",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended, before anybody says what that means."""

    exit_code: int | None
    signal: int | None
    cpu_s: float
    wall_s: float


def status_of(
    killed_for: ExecutionStatus | None, ended: Ended, execution: Execution, stderr: str
) -> ExecutionStatus:
    """Say how it ended, from what was seen outside; only `memory` believes the program."""
    if killed_for is not None:
        return killed_for
    used_its_cpu = ended.cpu_s >= execution.limits.cpu_s
    if ended.signal == signal.SIGXCPU or (ended.signal == signal.SIGKILL and used_its_cpu):
        return ExecutionStatus.TIMEOUT
    if ended.signal is not None:
        return ExecutionStatus.SIGNAL
    if ended.exit_code == 0:
        return ExecutionStatus.OK
    is_memory = last_line(stderr).startswith("MemoryError")
    return ExecutionStatus.MEMORY if is_memory else ExecutionStatus.EXIT


def reason_of(status: ExecutionStatus, ended: Ended, stderr: str) -> str:
    """Say it in words."""
    if status is ExecutionStatus.SIGNAL and ended.signal is not None:
        return f"crashed with {signal.Signals(ended.signal).name}"
    if status is ExecutionStatus.EXIT:
        told = ADDRESS.sub("0x…", last_line(stderr))[:300]
        return f"exit code {ended.exit_code}" + (f": {told}" if told else "")
    return REASONS.get(status, "ran to its end")


def last_line(text: str) -> str:
    """Find the last line with something on it."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def message_of(result: bytearray, most: int) -> str | None:
    """Take what came on the result pipe; None when nothing, or more than it may be."""
    if not result or len(result) > most:
        return None
    return without_prefix(result.decode("utf-8", errors="backslashreplace"))


@cache
def libraries() -> frozenset[str]:
    """Where the interpreter keeps its standard library; asking takes longer than a short run."""
    return frozenset({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})


def readable(text: str, folder: str) -> str:
    """Take the host's paths out: the private folder is `.`, the library `<python>`."""
    text = text.replace(f"{folder}/", "").replace(folder, ".")
    for library in libraries():
        text = text.replace(library, "<python>")
    return BY_DESCRIPTOR.sub("<python>", without_prefix(text))


def without_prefix(text: str) -> str:
    """Take out where this run keeps the packages."""
    return PACKAGES.sub("<python>", text) if "/packages-" in text else text
