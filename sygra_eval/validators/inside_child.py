"""Bounds its own process, then runs a module or a file of ours as `__main__`.

Started by `child` as `python -I inside_child.py MEMORY_MB CPU_S MODULE|FILE.py ARGUMENT…`.
"""

import ctypes
import resource
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1
MOST_FILE_BYTES = 16 << 20


def main() -> None:
    """Die with the harness, take no more than given, and become the tool."""
    memory_mb, cpu_s, *sys.argv = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    for kind, most in (
        (resource.RLIMIT_AS, int(memory_mb) << 20),
        (resource.RLIMIT_CPU, int(cpu_s)),
        (resource.RLIMIT_FSIZE, MOST_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
