"""What this machine has for the embedded model: processor, cores, memory. Read once, when asked."""

import os
import platform
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def why_not_here() -> str | None:
    """Say why the embedded engine cannot run on this machine; None when it can."""
    if platform.system() != "Linux":
        return f"the embedded model runs on Linux, this is {platform.system()}"
    if platform.machine() not in ("x86_64", "aarch64"):
        return f"the embedded engine is not built for {platform.machine()}"
    if platform.machine() == "x86_64" and "avx2" not in _processor_flags():
        return "the embedded engine needs a processor with AVX2, this one has none"
    return None


def _processor_flags() -> frozenset[str]:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("flags"):
            return frozenset(line.split())
    return frozenset()


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, or its container's share."""
    if not hasattr(os, "sched_getaffinity"):  # not Linux: `why_not_here` will say so
        return 1
    cores = len(os.sched_getaffinity(0))
    quota, _, period = _text(_CGROUP / "cpu.max").strip().partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def available_bytes() -> int | None:
    """Return how much memory is left here, in the machine or in the container; None if unsaid."""
    left = []
    for line in _text(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            left.append(int(line.split()[1]) * 1024)
    limit, used = (_text(_CGROUP / f"memory.{name}").strip() for name in ("max", "current"))
    if limit.isdigit() and used.isdigit():
        left.append(int(limit) - int(used))
    return min(left, default=None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
