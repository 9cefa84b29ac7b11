"""Kills a harness while another program runs in `reduced`, and tells whether that lives on."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from sygra_eval.sandbox import ReducedProvider
from sygra_eval.values import PROGRAMS, Execution, Limits

MARK = f"4712.{os.getppid()}"
CODE = "import os, sys; os.execv('/bin/sleep', ['sleep', '{}'])"
LIMITS = Limits(wall_s=60)


async def harness(mark: str) -> None:
    sandbox = await ReducedProvider().start(slots=1)
    files = {"a.py": CODE.format(mark)}
    allow = frozenset({PROGRAMS})
    await sandbox.run(Execution(files=files, entry="a.py", limits=LIMITS, allow=allow))


def sleeps(mark: str) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cmdline").read_bytes() == f"sleep\0{mark}\0".encode():
                    return True
            except OSError:
                continue
    return False


def within(seconds: float, mark: str, *, is_there: bool) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and sleeps(mark) is not is_there:
        time.sleep(0.02)
    return sleeps(mark)


def main() -> None:
    pid = os.fork()
    if pid == 0:
        asyncio.run(harness(MARK))
        os._exit(0)
    started = within(30, MARK, is_there=True)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print(json.dumps({"started": started, "is_alive": within(30, MARK, is_there=False)}))


if __name__ == "__main__":
    sys.exit(main())
