"""The sandbox of one cold process per execution: what happened, in words that repeat.

`reason` and the texts hold no time, pid, address or temporary path, so that verdicts made of them
are the same whenever the program does the same.
"""

import asyncio
import os
import re
import signal
import sysconfig
from contextlib import suppress
from pathlib import Path

from sygra_eval.sandbox.folders import is_overfull, make_private, remove_tree
from sygra_eval.sandbox.process import (
    MOST_RESULT_BYTES,
    ColdProcess,
    Ended,
    Lockup,
    compiled_launcher,
    spawn,
)
from sygra_eval.values import Execution, ExecutionResult, ExecutionStatus, InfrastructureError

BY_DESCRIPTOR = re.compile(r"/proc/self/fd/\d+")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
REASONS = {
    ExecutionStatus.TIMEOUT: "still running when its time was up",
    ExecutionStatus.MEMORY: "needed more memory than it may have",
    ExecutionStatus.OUTPUT_LIMIT: "wrote more than it may",
}


class ColdSandbox:
    """Runs each program in a process of its own, at most `slots` at once."""

    def __init__(self, name: str, lockup: Lockup, base: Path, lock: int) -> None:
        self.name, self.lockup, self.base = name, lockup, base
        self.in_force = name
        self._lock = lock
        self._slots = asyncio.Semaphore(lockup.slots)
        self._launcher = compiled_launcher()
        self._running: set[ColdProcess] = set()
        self._folders: set[Path] = set()
        self._folder_went = asyncio.Event()
        self._is_closed = False

    def describe(self) -> str:
        """Name the isolation in force, as it was proved at the start."""
        return self.in_force

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run one program to its end; never raises for what the program does."""
        async with self._slots:
            if self._is_closed:
                raise InfrastructureError(f"sandbox `{self.name}` is closed")
            try:
                folder = make_private(self.base, execution.files, self.lockup.uid)
            except OSError as error:  # no room, or somebody cleaned the temporary folder
                return self._setup_failed(f"no private folder can be made: {error.strerror}")
            self._folders.add(folder)
            try:
                return await self._run_in(folder, execution)
            finally:
                await asyncio.shield(self._remove(folder))

    async def close(self) -> None:
        """End what still runs and remove what was left behind."""
        self._is_closed = True
        for process in self._running:
            process.kill()
        while self._folders:
            self._folder_went.clear()
            await self._folder_went.wait()
        if self._lock >= 0:
            await asyncio.to_thread(remove_if_it_goes, self.base)
            os.close(self._lock)
            self._lock = -1

    async def _remove(self, folder: Path) -> None:
        await asyncio.to_thread(remove_if_it_goes, folder)
        self._folders.discard(folder)
        self._folder_went.set()

    async def _run_in(self, folder: Path, execution: Execution) -> ExecutionResult:
        try:
            process = spawn(execution, folder, self.lockup, self._launcher)
        except OSError as error:
            return self._setup_failed(f"the interpreter cannot be started: {error.strerror}")
        self._running.add(process)
        try:
            await process.watch(execution, folder)
        finally:
            self._running.discard(process)
            ended = process.end()
        if is_overfull(folder, execution.limits.file_mb):
            process.killed_for = process.killed_for or ExecutionStatus.OUTPUT_LIMIT
        return self._result(process, ended, execution, folder)

    def _result(
        self, process: ColdProcess, ended: Ended, execution: Execution, folder: Path
    ) -> ExecutionResult:
        word, _, told = process.setup.decode("utf-8", errors="replace").strip().partition(" ")
        if word != "ready":
            return self._setup_failed(told or "the process ended before it was locked up")
        stderr = readable(process.stderr.text(), folder)
        status = status_of(process, ended, execution, stderr)
        return ExecutionResult(
            status=status,
            reason=reason_of(status, ended, stderr),
            exit_code=ended.exit_code,
            signal=ended.signal,
            stdout=readable(process.stdout.text(), folder),
            stderr=stderr,
            isolation=f"{self.name}({told})" if self.lockup.has_walls else self.name,
            cpu_ms=ended.cpu_s * 1e3,
            wall_ms=ended.wall_s * 1e3,
            result=message_of(process.result),
            is_truncated=process.stdout.is_truncated or process.stderr.is_truncated,
        )

    def _setup_failed(self, reason: str) -> ExecutionResult:
        return ExecutionResult(
            status=ExecutionStatus.SETUP_FAILED,
            reason=f"the sandbox could not be set up: {reason}",
            exit_code=None,
            stdout="",
            stderr="",
            isolation=self.name,
            cpu_ms=0.0,
            wall_ms=0.0,
        )


def status_of(
    process: ColdProcess, ended: Ended, execution: Execution, stderr: str
) -> ExecutionStatus:
    """Say how it ended, from what was seen outside; only `memory` believes the program."""
    if process.killed_for is not None:
        return process.killed_for
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


def message_of(result: bytearray) -> str | None:
    """Take what came on the result pipe; None when nothing, or more than it may be."""
    if not result or len(result) > MOST_RESULT_BYTES:
        return None
    return result.decode("utf-8", errors="backslashreplace")


def readable(text: str, folder: Path) -> str:
    """Take the host's paths out: the private folder is `.`, the library `<python>`."""
    text = text.replace(f"{folder}/", "").replace(str(folder), ".")
    for library in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        text = text.replace(library, "<python>")
    return BY_DESCRIPTOR.sub("<python>", text)


def remove_if_it_goes(folder: Path) -> None:
    """Remove a tree; what does not go now is tried again with the base at the end."""
    with suppress(OSError):
        remove_tree(folder)
