"""The sandbox of warm zygotes: each program in a process of its own, forked and thrown away."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from sygra_eval.sandbox.calibration import MACHINE, is_overloaded
from sygra_eval.sandbox.folders import is_overfull, make_private, refuse_paths, remove_tree
from sygra_eval.sandbox.packages import PackageMissing
from sygra_eval.sandbox.peers import Link, ended_together
from sygra_eval.sandbox.pool import ZygotePool
from sygra_eval.sandbox.program import MOST_RESULT_BYTES, Program, files_of, launch, order_of
from sygra_eval.sandbox.programs import refusal
from sygra_eval.sandbox.words import Ended, message_of, readable, reason_of, status_of
from sygra_eval.sandbox.zygote import Lockup, Zygote, ZygoteLost
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
        self._pool = ZygotePool(lockup, base)
        self._running: set[Program] = set()
        self._in_work = 0
        self._work_ended = asyncio.Event()
        self._is_closed = False

    def describe(self) -> str:
        """Name the isolation in force, as it was proved at the start."""
        return self.in_force

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run one program to its end; never raises for what the program does."""
        (ran,) = await self._run_all((execution,))
        return ran

    async def run_pair(
        self, judge: Execution, candidate: Execution
    ) -> tuple[ExecutionResult, ExecutionResult]:
        """Run two programs that talk to each other; they wait in turns, so they share a slot."""
        first, second = await self._run_all((judge, candidate))
        return first, second

    async def close(self) -> None:
        """End what still runs and remove what was left behind."""
        self._is_closed = self._pool.is_closed = True
        for program in self._running:
            program.kill()
        while self._in_work:
            self._work_ended.clear()
            await self._work_ended.wait()
        await self._pool.close()
        if self._lock >= 0:
            await asyncio.to_thread(remove_if_it_goes, self.base)
            os.close(self._lock)
            self._lock = -1

    async def _run_all(self, programs: Sequence[Execution]) -> tuple[ExecutionResult, ...]:
        for execution in programs:
            refuse_paths((*execution.files, *execution.support))
        for why_not in (refusal(execution, self.lockup.profile) for execution in programs):
            if why_not:
                return tuple(self._setup_failed(why_not) for _ in programs)
        await MACHINE.renew()
        async with self._slots:
            ran = await self._accounted(programs)
        if were_kept_waiting(ran, programs[-1].limits):
            return await self._alone(programs)
        return ran

    async def _alone(self, programs: Sequence[Execution]) -> tuple[ExecutionResult, ...]:
        """Run with every slot to itself: the clock ran out, but perhaps not for the program."""
        async with self._one_alone, AsyncExitStack() as stack:
            for _ in range(self.lockup.slots):
                await stack.enter_async_context(self._slots)
            return await self._accounted(programs)

    async def _accounted(self, programs: Sequence[Execution]) -> tuple[ExecutionResult, ...]:
        self._in_work += 1
        try:
            return await self._tried(programs)
        finally:
            self._in_work -= 1
            self._work_ended.set()

    async def _tried(self, programs: Sequence[Execution]) -> tuple[ExecutionResult, ...]:
        why = ""
        for _ in range(TRIES):
            if self._is_closed:
                raise InfrastructureError(f"sandbox `{self.name}` is closed")
            zygotes: list[Zygote] = []
            try:
                for execution in programs:
                    zygotes.append(await self._pool.take(execution))
                return await self._run_on(zygotes, programs)
            except PackageMissing as error:
                why = str(error)
                break
            except ZygoteLost as error:
                why = str(error)
            finally:
                for zygote in zygotes:
                    self._pool.put_back(zygote)
        return tuple(self._setup_failed(why) for _ in programs)

    async def _run_on(
        self, zygotes: Sequence[Zygote], programs: Sequence[Execution]
    ) -> tuple[ExecutionResult, ...]:
        if len(programs) == 1:
            return (await self._run_one(zygotes[0], programs[0]),)
        try:
            link = Link()
        except OSError as error:
            return tuple(self._setup_failed(error.strerror or str(error)) for _ in programs)
        runs = [
            self._run_one(zygote, execution, link, side)
            for side, (zygote, execution) in enumerate(zip(zygotes, programs, strict=True))
        ]
        return await ended_together(link, *runs)

    async def _run_one(
        self, zygote: Zygote, execution: Execution, link: Link | None = None, side: int = 0
    ) -> ExecutionResult:
        folder = None
        try:
            if not self.lockup.is_box:
                folder = make_private(self.base, files_of(execution), self.lockup.uid)
            return await self._run_in(folder, zygote, execution, link, side)
        except OSError as error:  # no room, or somebody cleaned the temporary folder
            return self._setup_failed(f"no private folder can be made: {error.strerror}")
        finally:
            if link is not None:
                link.let_go(side)
            if folder is not None:
                await asyncio.shield(asyncio.to_thread(remove_if_it_goes, folder))

    async def _run_in(
        self,
        folder: Path | None,
        zygote: Zygote,
        execution: Execution,
        link: Link | None,
        side: int,
    ) -> ExecutionResult:
        order = order_of(execution, folder, self.lockup)
        peer = link.side(side) if link is not None else ()
        try:
            program = await launch(zygote, execution, folder, order, peer)
        except OSError as error:
            return self._setup_failed(error.strerror or str(error))
        kept_in = [self._running] if link is None else [self._running, link.programs]
        for programs in kept_in:
            programs.add(program)
        try:
            if link is not None:
                link.let_go(side)
            ended = await program.watch(execution, folder)
        finally:
            for programs in kept_in:
                programs.discard(program)
            program.close()
        if ended.signal == signal.SIGKILL and zygote.slot is not None and zygote.slot.has_killed():
            program.killed_for = program.killed_for or ExecutionStatus.MEMORY
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


def were_kept_waiting(ran: Sequence[ExecutionResult], limits: Limits) -> bool:
    """Whether programs may have run out of time because others had the processors."""
    is_late = any(one.status is ExecutionStatus.TIMEOUT for one in ran)
    cpu_ms = sum(one.cpu_ms for one in ran)
    return is_late and cpu_ms < WAITED_SHARE * limits.cpu_s * 1e3 and is_overloaded()


def remove_if_it_goes(folder: Path) -> None:
    """Remove a tree; what does not go now is tried again with the base at the end."""
    with suppress(OSError):
        remove_tree(folder)
