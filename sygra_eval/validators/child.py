"""One bounded child process of ours: reads what it is given, and never executes it.

For tools that need their packages, which a sandbox does not show. A child is limited in time, CPU,
memory and output, sees nothing of the environment, and dies with the harness.
"""

import asyncio
import math
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from weakref import WeakKeyDictionary

LAUNCHER = str(Path(__file__).with_name("inside_child.py"))
PREFIX = "sygra_tool-"
MEMORY_MB = 4096  # of address space: tools reserve much more than they use
MOST_READ = 16 << 20
BETWEEN_CPU_AND_WALL_S = 5  # time in a queue for the processor is not the tool's own

# A semaphore belongs to the event loop that waits on it, and tests have a loop each.
_SLOTS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class ChildFailed(Exception):
    """A child that could not be started, was too slow, or was killed by the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnded:
    """What a child said. `crashed_by` is the signal that its input brought about."""

    exit_code: int | None
    crashed_by: str
    output: str
    errors: str


async def run_child(
    arguments: Sequence[str], *, files: Mapping[str, str], limit_s: float, stdin: str = ""
) -> ChildEnded:
    """Run `python -m arguments`, or a file of ours, in a private folder with these files.

    No more of them run at once than there are processors.

    :raises ChildFailed: When what happened says nothing about the input.
    """
    async with slots():
        try:
            folder = folder_with({**files, ".stdin": stdin})
        except OSError as error:
            raise ChildFailed(f"no private folder can be made: {error.strerror}") from error
        try:
            return await run_in(folder, arguments, limit_s)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def run_in(folder: Path, arguments: Sequence[str], limit_s: float) -> ChildEnded:
    """Start, wait, and end whatever is left; its output goes to files, so no pipe can block."""
    with (
        (folder / ".stdin").open("rb") as stdin,
        (folder / ".stdout").open("w+b") as stdout,
        (folder / ".stderr").open("w+b") as stderr,
    ):
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", LAUNCHER, str(MEMORY_MB), str(math.ceil(limit_s))),
                *arguments,
                cwd=folder,
                env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": str(folder)},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            raise ChildFailed(f"a process cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(limit_s + BETWEEN_CPU_AND_WALL_S):
                code = await process.wait()
        except TimeoutError:
            raise ChildFailed("no result in time") from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if code in {-signal.SIGXCPU, -signal.SIGKILL}:
            raise ChildFailed("no result in time, or killed by the host")
        return ChildEnded(
            exit_code=code if code >= 0 else None,
            crashed_by=signal.Signals(-code).name if code < 0 else "",
            output=read_back(stdout),
            errors=read_back(stderr),
        )


def slots() -> asyncio.Semaphore:
    """Give this event loop's places for children."""
    loop = asyncio.get_running_loop()
    if loop not in _SLOTS:
        _SLOTS[loop] = asyncio.Semaphore(processors())
    return _SLOTS[loop]


def processors() -> int:
    """Count those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def folder_with(files: Mapping[str, str]) -> Path:
    """Make a folder that nobody else can enter."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8", errors="surrogatepass", newline="")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def last_line(text: str) -> str:
    """Find a child's last words."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def read_back(file: IO[bytes]) -> str:
    """Read what was written, up to the bound."""
    file.seek(0)
    return file.read(MOST_READ).decode("utf-8", "replace")
