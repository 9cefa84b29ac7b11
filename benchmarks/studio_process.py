"""Studio as a user starts it, in a process of its own, for the benchmarks that ask it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def studio(folder: Path) -> Iterator[tuple[str, int]]:
    """Start it on a workspace; give its link and its process."""
    command = [sys.executable, "-m", "sygra_eval", "studio", str(folder), "--no-open", "--port=0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        process.wait(20)


def memory_mb(pid: int, what: str) -> float:
    """Return what the kernel has under a name: `VmRSS` now, `VmHWM` at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def cpu_s(pid: int) -> float:
    """Return the seconds of processors that it used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
