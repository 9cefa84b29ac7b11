"""The sandbox of warm zygotes: each program in a process of its own, forked and thrown away."""

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from sygra_eval.sandbox.calibration import is_overloaded
from sygra_eval.sandbox.folders import is_overfull, make_private, refuse_paths, remove_tree
from sygra_eval.sandbox.program import MOST_RESULT_BYTES, Program, launch, order_of
from sygra_eval.sandbox.programs import allowing, refusal
from sygra_eval.sandbox.words import Ended, message_of, readable, reason_of, status_of
from sygra_eval.sandbox.zygote import Lockup, Zygote, ZygoteLost, boot
from sygra_eval.values import (
    Execution,
    ExecutionResult,
    ExecutionStatus,
    InfrastructureError,
    Limits,
)

WAITED_SHARE = 0.5  # of its CPU time: a program that had more of it was not kept waiting
TRIES = 2  # a run whose zygote went is tried once more, on a fresh one


class WarmSandbox:
    """Runs programs in forks of warm zygotes, at most `slots` at once."""

    def __init__(self, name: str, lockup: Lockup, base: Path, lock: int) -> None:
        self.name, self.lockup, self.base = name, lockup, base
        self.in_force = name
        self._lock = lock
        self._slots = asyncio.Semaphore(lockup.slots)
        self._one_alone = asyncio.Lock()
        self._idle: list[Zygote] = []
        self._busy: set[Zygote] = set()
        self._running: set[Program] = set()
        self._in_work = 0
        self._work_ended = asyncio.Event()
        self._is_closed = False

    def describe(self) -> str:
        """Name the isolation in force, as it was proved at the start."""
        return self.in_force

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run one program to its end; never raises for what the program does."""
        refuse_paths(execution.files)
        why_not = refusal(execution, self.lockup.profile)
        if why_not:
            return self._setup_failed(why_not)
        async with self._slots:
            ran = await self._accounted(execution)
        if ran.status is ExecutionStatus.TIMEOUT and was_kept_waiting(ran, execution.limits):
            return await self._alone(execution)
        return ran

    async def close(self) -> None:
        """End what still runs and remove what was left behind."""
        self._is_closed = True
        for program in self._running:
            program.kill()
        while self._in_work:
            self._work_ended.clear()
            await self._work_ended.wait()
        while self._idle:
            await self._idle.pop().end()
        if self._lock >= 0:
            await asyncio.to_thread(remove_if_it_goes, self.base)
            os.close(self._lock)
            self._lock = -1

    async def _alone(self, execution: Execution) -> ExecutionResult:
        """Run with every slot to itself: the clock ran out, but perhaps not for the program."""
        async with self._one_alone, AsyncExitStack() as stack:
            for _ in range(self.lockup.slots):
                await stack.enter_async_context(self._slots)
            return await self._accounted(execution)

    async def _accounted(self, execution: Execution) -> ExecutionResult:
        self._in_work += 1
        try:
            return await self._tried(execution)
        finally:
            self._in_work -= 1
            self._work_ended.set()

    async def _tried(self, execution: Execution) -> ExecutionResult:
        why = ""
        lockup = allowing(self.lockup, execution.allow)
        for _ in range(TRIES):
            if self._is_closed:
                raise InfrastructureError(f"sandbox `{self.name}` is closed")
            try:
                zygote = await self._warm(lockup)
            except ZygoteLost as error:
                why = str(error)
                continue
            self._busy.add(zygote)
            try:
                return await self._run_on(zygote, execution)
            except ZygoteLost as error:
                why = str(error)
            finally:
                self._busy.discard(zygote)
                self._put_back(zygote)
        return self._setup_failed(why)

    async def _warm(self, lockup: Lockup) -> Zygote:
        for zygote in reversed(self._idle):
            if zygote.lockup == lockup:
                self._idle.remove(zygote)
                return zygote
        return await boot(lockup)

    def _put_back(self, zygote: Zygote) -> None:
        if zygote.is_due or self._is_closed:
            zygote.retire()
        else:
            self._idle.append(zygote)

    async def _run_on(self, zygote: Zygote, execution: Execution) -> ExecutionResult:
        if self.lockup.is_box:
            return await self._run_in(None, zygote, execution)
        try:
            folder = make_private(self.base, execution.files, self.lockup.uid)
        except OSError as error:  # no room, or somebody cleaned the temporary folder
            return self._setup_failed(f"no private folder can be made: {error.strerror}")
        try:
            return await self._run_in(folder, zygote, execution)
        finally:
            await asyncio.shield(asyncio.to_thread(remove_if_it_goes, folder))

    async def _run_in(
        self, folder: Path | None, zygote: Zygote, execution: Execution
    ) -> ExecutionResult:
        order = order_of(execution, folder, self.lockup)
        try:
            program = await launch(zygote, execution, folder, order)
        except OSError as error:
            return self._setup_failed(error.strerror or str(error))
        self._running.add(program)
        try:
            ended = await program.watch(execution, folder)
        finally:
            self._running.discard(program)
            program.close()
        if folder is not None and is_overfull(folder, execution.limits.file_mb):
            program.killed_for = program.killed_for or ExecutionStatus.OUTPUT_LIMIT
        return self._result(program, ended, execution, str(order["folder"]))

    def _result(
        self, program: Program, ended: Ended, execution: Execution, folder: str
    ) -> ExecutionResult:
        word, _, told = program.setup.decode("utf-8", errors="replace").strip().partition(" ")
        if word != "ready":
            return self._setup_failed(told or "the process ended before it was locked up")
        stderr = readable(program.stderr.text(), folder)
        status = status_of(program.killed_for, ended, execution, stderr)
        return ExecutionResult(
            status=status,
            reason=reason_of(status, ended, stderr),
            exit_code=ended.exit_code,
            signal=ended.signal,
            stdout=readable(program.stdout.text(), folder),
            stderr=stderr,
            isolation=self.name if self.lockup.profile == "none" else f"{self.name}({told})",
            cpu_ms=ended.cpu_s * 1e3,
            wall_ms=ended.wall_s * 1e3,
            result=message_of(program.result, MOST_RESULT_BYTES),
            is_truncated=program.stdout.is_truncated or program.stderr.is_truncated,
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


def was_kept_waiting(ran: ExecutionResult, limits: Limits) -> bool:
    """Whether a program may have run out of time because others had the processors."""
    return ran.cpu_ms < WAITED_SHARE * limits.cpu_s * 1e3 and is_overloaded()


def remove_if_it_goes(folder: Path) -> None:
    """Remove a tree; what does not go now is tried again with the base at the end."""
    with suppress(OSError):
        remove_tree(folder)
