"""One container as the harness sees it: an engine's client with frames on its standard streams."""

import asyncio
import json
import os
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.sandbox.helpers import without_keys
from sygra_eval.sandbox.program import MOST_RESULT_BYTES
from sygra_eval.sandbox.streams import KeptStream
from sygra_eval.sandbox.words import Ended, message_of, readable, reason_of, status_of
from sygra_eval.values import (
    Execution,
    ExecutionResult,
    ExecutionStatus,
    InfrastructureError,
    Limits,
)

HEAD = struct.Struct(">cI")
LARGEST_FRAME = 1 << 20
START_LIMIT_S = 60.0
SETUP_LIMIT_S = 20.0  # for the walls of one run
END_LIMIT_S = 10.0  # for process 1 to end a program whose time is up
REMOVE_LIMIT_S = 30.0
FOLDER = "/sygra-eval/run"


class ContainerLost(InfrastructureError):
    """The container is no more, or never was; what it ran has no result."""


@dataclass(slots=True)
class Relayed:
    """What came of one program.

    :ivar is_settled: Its end was told, so that the container can take another.
    """

    stdout: KeptStream
    stderr: KeptStream
    most_output: int
    output: bytearray = field(default_factory=bytearray)
    walls: str = ""
    began: float = field(default_factory=time.perf_counter)
    killed_for: ExecutionStatus | None = None
    state: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    is_settled: bool = False

    def result(self, isolation: str, execution: Execution) -> ExecutionResult:
        """Say how it ended, in the words of every sandbox."""
        ended = Ended(
            exit_code=os.WEXITSTATUS(self.state) if os.WIFEXITED(self.state) else None,
            signal=os.WTERMSIG(self.state) if os.WIFSIGNALED(self.state) else None,
            cpu_s=self.cpu_s,
            wall_s=self.wall_s,
        )
        stderr = readable(self.stderr.text(), FOLDER)
        status = status_of(self.killed_for, ended, execution, stderr)
        return ExecutionResult(
            status=status,
            reason=reason_of(status, ended, stderr),
            exit_code=ended.exit_code,
            signal=ended.signal,
            stdout=readable(self.stdout.text(), FOLDER),
            stderr=stderr,
            isolation=isolation,
            cpu_ms=ended.cpu_s * 1e3,
            wall_ms=ended.wall_s * 1e3,
            result=message_of(self.output, MOST_RESULT_BYTES),
            is_truncated=self.stdout.is_truncated or self.stderr.is_truncated,
        )


class Container:
    """A container that runs one program at a time."""

    def __init__(self, engine: str, name: str, command: list[str], folder: Path) -> None:
        self.engine, self.name, self.command, self.folder = engine, name, command, folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, first_order: bytes) -> Mapping[str, object]:
        """Start it, send it its code, and give what it says of itself.

        :raises ContainerLost: With what the engine says.
        """
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.folder,  # podman's monitor leaves a file `oom` where it was started
            start_new_session=True,
            env=without_keys(),
        )
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await self._send(first_order)
                kind, data = await self._frame()
        except (ContainerLost, TimeoutError):
            raise ContainerLost(await self._last_words()) from None
        if kind == b"X":
            raise ContainerLost(told_by_process_1(data))
        facts = json.loads(data) if kind == b"R" else None
        if not isinstance(facts, dict):
            raise ContainerLost("the container did not say what it is like")
        return facts

    async def run(self, order: Mapping[str, object], limits: Limits) -> Relayed:
        """Run one program.

        :raises ContainerLost: When the container went first.
        """
        half = limits.kept_output_kb * 512
        run = Relayed(KeptStream(half), KeptStream(half), limits.max_output_mb << 20)
        longest_s = SETUP_LIMIT_S + limits.wall_s + END_LIMIT_S
        try:
            async with asyncio.timeout(longest_s):
                await self._send(json.dumps(order).encode())
                while not run.is_settled:
                    self._take(run, *await self._frame())
        except TimeoutError:
            raise ContainerLost("the container does not say how a program ended") from None
        return run

    async def end(self) -> None:
        """Remove the container, whatever it is doing, and wait for the engine's client."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # process 1 leaves at once
        with suppress(TimeoutError):
            async with asyncio.timeout(END_LIMIT_S):
                await process.wait()
                return
        remover = await asyncio.create_subprocess_exec(
            *(self.engine, "rm", "--force", self.name),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=without_keys(),
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(REMOVE_LIMIT_S):
                await remover.wait()
        for one in (remover, process):
            with suppress(ProcessLookupError):
                one.kill()
            await one.wait()

    def _take(self, run: Relayed, kind: bytes, data: bytes) -> None:
        match kind:
            case b"S":
                run.walls += data.decode("utf-8", "replace")
                run.began = time.perf_counter()
            case b"1":
                run.stdout.feed(data)
            case b"2":
                run.stderr.feed(data)
            case b"3":
                run.output += data
            case b"E":
                told = json.loads(data)
                run.state, run.cpu_s = int(told["state"]), float(told["cpu_s"])
                why = told["killed_for"]
                run.killed_for = ExecutionStatus(why) if why else None
                run.wall_s = time.perf_counter() - run.began
                run.is_settled = True
            case b"X":
                raise ContainerLost(told_by_process_1(data))
            case _:
                raise ContainerLost("the container says what nobody understands")

    async def _send(self, data: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None  # noqa: PT018, S101
        try:
            self._process.stdin.write(HEAD.pack(b"O", len(data)) + data)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ContainerLost("the container takes no order") from error

    async def _frame(self) -> tuple[bytes, bytes]:
        assert self._process is not None and self._process.stdout is not None  # noqa: PT018, S101
        try:
            kind, size = HEAD.unpack(await self._process.stdout.readexactly(HEAD.size))
            if size > LARGEST_FRAME:
                raise ContainerLost("the container says what nobody understands")
            return kind, await self._process.stdout.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise ContainerLost("the container ended") from error

    async def _last_words(self) -> str:
        assert self._process is not None and self._process.stderr is not None  # noqa: PT018, S101
        try:
            async with asyncio.timeout(END_LIMIT_S):
                said = (await self._process.stderr.read(1 << 16)).decode("utf-8", "replace")
        except TimeoutError:
            said = ""
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return f"`{self.engine} run`: {lines[-1] if lines else 'no answer in time'}"


def told_by_process_1(data: bytes) -> str:
    """Say why a container can do nothing more."""
    return f"process 1 of the container: {data.decode('utf-8', 'replace')}"
