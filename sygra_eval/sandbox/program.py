"""One running program: watched from outside, killed by descriptor, waited for by its zygote.

Everything here is what the harness can see and do about a program: its pipes, its clock, its
folder's size, its death.
"""

import asyncio
import marshal
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from sygra_eval.sandbox.folders import is_overfull
from sygra_eval.sandbox.streams import KeptStream
from sygra_eval.sandbox.words import Ended
from sygra_eval.sandbox.zygote import (
    Lockup,
    Message,
    Support,
    Zygote,
    ZygoteLost,
    kilobytes,
    memory_file,
)
from sygra_eval.values import Execution, ExecutionStatus, Limits

SETUP_LIMIT_S = 60.0  # for the walls of one run; not the program's time
END_LIMIT_S = 10.0  # for the zygote to say how a killed program ended
WATCH_EVERY_S = 0.25
MOST_RESULT_BYTES = 4 << 20
MOST_SUPPORT_BYTES = 48 << 10  # goes with an order, in one message
CHUNK = 1 << 16
MOST_DRAINED = 17  # chunks: the largest pipe; without isolation a stray could write for ever
ZYGOTES_OWN = 4  # tasks: its two processes, and what is just ending
MOST_THREADS = 32
COUNT_AGAIN_S = 2.0
STATUS = 4  # the kind of the pipe on which a child says that its walls stand


@dataclass(slots=True, eq=False)
class Program:
    """A running program with its pipes."""

    zygote: Zygote
    pidfd: int
    pipes: dict[int, int]
    limit_bytes: int
    stdout: KeptStream
    stderr: KeptStream
    result: bytearray = field(default_factory=bytearray)
    setup: bytearray = field(default_factory=bytearray)
    began: float = field(default_factory=time.perf_counter)
    killed_for: ExecutionStatus | None = None
    is_settled: asyncio.Event = field(default_factory=asyncio.Event)
    final: Message | None = None

    async def watch(self, execution: Execution, folder: Path | None) -> Ended:
        """Wait for its end, and bring it about where it does not come in time.

        :raises ZygoteLost: When the zygote went first.
        """
        loop = asyncio.get_running_loop()
        for kind, descriptor in self.pipes.items():
            loop.add_reader(descriptor, self.on_data, kind)
        end = asyncio.ensure_future(self.zygote.message())
        try:
            end.add_done_callback(lambda _: self.is_settled.set())
            if await came(self.is_settled, SETUP_LIMIT_S):
                await self.outlast(end, execution.limits, folder)
            else:
                self.kill()
            async with asyncio.timeout(END_LIMIT_S):
                self.final = await end
        except TimeoutError:
            raise ZygoteLost("the zygote does not say how a program ended") from None
        finally:
            if not end.cancel() and not end.cancelled() and end.exception() is None:
                self.final = end.result()
        return self.told()

    async def outlast(
        self, end: asyncio.Future[Message], limits: Limits, folder: Path | None
    ) -> None:
        """Wait for the end of a program that runs, as long as it keeps to its limits."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limits.wall_s
        while not end.done():
            left_s = deadline - loop.time()
            if left_s <= 0:
                self.kill(ExecutionStatus.TIMEOUT)
                return
            if folder is not None and is_overfull(folder, limits.file_mb):
                self.kill(ExecutionStatus.OUTPUT_LIMIT)
                return
            wait_s = left_s if folder is None else min(left_s, WATCH_EVERY_S)
            await asyncio.wait((end,), timeout=wait_s)

    def told(self) -> Ended:
        """Read the zygote's account of the end."""
        if self.final is None or self.final.word != "ended":
            raise ZygoteLost("the zygote did not say how a program ended")
        state, cpu_s, now_kb = self.final.values
        self.zygote.now_kb = kilobytes(now_kb)
        assert isinstance(state, int) and isinstance(cpu_s, float)  # noqa: PT018, S101
        return Ended(
            exit_code=os.WEXITSTATUS(state) if os.WIFEXITED(state) else None,
            signal=os.WTERMSIG(state) if os.WIFSIGNALED(state) else None,
            cpu_s=cpu_s,
            wall_s=time.perf_counter() - self.began,
        )

    def close(self) -> None:
        """Kill what is left, take what is in the pipes without waiting, close them.

        Waits for nothing but the death of a killed process, so that a cancelled run leaves
        nothing behind either.
        """
        loop = asyncio.get_running_loop()
        if self.final is None:
            self.kill()
            try:
                self.final = self.zygote.message_now(END_LIMIT_S)
            except ZygoteLost:
                self.zygote.retire()
        os.close(self.pidfd)
        for kind, descriptor in self.pipes.items():
            loop.remove_reader(descriptor)
            for _ in range(MOST_DRAINED):
                if not self.read_once(kind):
                    break
            os.close(descriptor)
        self.pipes.clear()
        if self.has_written_too_much():
            self.killed_for = self.killed_for or ExecutionStatus.OUTPUT_LIMIT

    def on_data(self, kind: int) -> None:
        """Take what a pipe has to give; close it at its end."""
        if self.read_once(kind) == b"":
            asyncio.get_running_loop().remove_reader(self.pipes[kind])
            os.close(self.pipes.pop(kind))
        if self.has_written_too_much():
            self.kill(ExecutionStatus.OUTPUT_LIMIT)

    def has_written_too_much(self) -> bool:
        """Whether output or result are beyond what a program may write."""
        output = self.stdout.total + self.stderr.total
        return output > self.limit_bytes or len(self.result) > MOST_RESULT_BYTES

    def read_once(self, kind: int) -> bytes | None:
        """Read one chunk: empty at the pipe's end, None when there is nothing now."""
        try:
            chunk = os.read(self.pipes[kind], CHUNK)
        except BlockingIOError:
            return None
        match kind:
            case 1:
                self.stdout.feed(chunk)
            case 2:
                self.stderr.feed(chunk)
            case 3:
                self.result += chunk
            case 4:
                self.setup += chunk
                if not chunk or chunk.endswith(b"\n"):
                    self.is_settled.set()
        return chunk

    def kill(self, why: ExecutionStatus | None = None) -> None:
        """End it at once; the first reason is kept."""
        self.killed_for = self.killed_for or why
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)


async def came(event: asyncio.Event, within_s: float) -> bool:
    """Whether the event came within the time."""
    try:
        async with asyncio.timeout(max(within_s, 0)):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


async def launch(
    zygote: Zygote,
    execution: Execution,
    folder: Path | None,
    order: dict[str, object],
    peer: tuple[int, ...] = (),
) -> Program:
    """Have a zygote fork the program, with pipes of its own.

    :param peer: Descriptors to read from and to write to; they stay the caller's.

    :raises ZygoteLost: When the zygote is gone.
    :raises OSError: When the machine has no pipe or no process to give.
    """
    kinds = (1, 2, STATUS, 3) if execution.wants_result else (1, 2, STATUS)
    reading: dict[int, int] = {}
    its = []
    try:
        its.append(memory_file(execution.stdin.encode("utf-8", errors="surrogatepass")))
        for kind in kinds:
            reading[kind], writing = os.pipe()
            its.append(writing)
            os.set_blocking(reading[kind], False)
        if folder is None:
            its.insert(4, memory_file(packed(execution)))
        if zygote.slot is not None:
            zygote.slot.limit(execution.limits)
        support = loaded_support(tuple(execution.support.items()))
        zygote.order({**order, "has_peer": bool(peer)}, [*its, *peer], support)
        pidfd = await born(zygote)
    except BaseException:
        for descriptor in reading.values():
            os.close(descriptor)
        raise
    finally:
        for descriptor in its:
            os.close(descriptor)
    half = execution.limits.kept_output_kb * 512
    most = execution.limits.max_output_mb << 20
    return Program(zygote, pidfd, reading, most, KeptStream(half), KeptStream(half))


async def born(zygote: Zygote) -> int:
    """Wait for the descriptor of the child; one that comes too late for us is killed."""
    try:
        async with asyncio.timeout(SETUP_LIMIT_S):
            said = await zygote.message()
    except asyncio.CancelledError:
        zygote.retire()  # its child dies with it
        raise
    except TimeoutError:
        zygote.retire()
        raise ZygoteLost("the zygote does not fork") from None
    if said.word != "born":
        raise OSError(0, str(said.values[0]))
    return said.descriptors[0]


def packed(execution: Execution) -> bytes:
    """Pack the files for a folder that only the program will see."""
    files = files_of(execution).items()
    return marshal.dumps(
        {name: text.encode("utf-8", errors="surrogatepass") for name, text in files}
    )


def files_of(execution: Execution) -> Mapping[str, str]:
    """Give the files to place: without the support that the zygotes have loaded."""
    if loaded_support(tuple(execution.support.items())) is not None:
        return execution.files
    return {**execution.support, **execution.files}


@lru_cache(maxsize=16)
def loaded_support(files: tuple[tuple[str, str], ...]) -> Support | None:
    """Compile support files for the zygotes; None where there are none, or too much of them.

    They are the harness's own texts. An answer is compiled nowhere but in its own process.
    """
    if not files:
        return None
    code = marshal.dumps(
        [(name, compile(text, name, "exec", dont_inherit=True)) for name, text in files]
    )
    name = blake2b(code, digest_size=16).digest()
    return Support(name, code) if len(code) <= MOST_SUPPORT_BYTES else None


def order_of(execution: Execution, folder: Path | None, lockup: Lockup) -> dict[str, object]:
    """Plain values for the zygote; none of the program's text."""
    limits = execution.limits
    bounds = {"AS": (limits.address_mb or limits.memory_mb) << 20}
    if limits.address_mb:
        bounds["DATA"] = limits.memory_mb << 20
    return {
        "folder": lockup.folder if folder is None else str(folder),
        "entry": execution.entry,
        "wants_result": execution.wants_result,
        "has_files": folder is None,
        "file_mb": limits.file_mb,
        "rlimits": {
            "cpu_s": limits.cpu_s,
            **bounds,
            "FSIZE": limits.file_mb << 20,
            "NOFILE": limits.open_files,
            "STACK": (8 if execution.allow else 64) << 20,  # glibc reserves it for each thread
            "CORE": 0,
            "MSGQUEUE": 0,
            "MEMLOCK": 0,
            "NPROC": limits.threads + tasks_beside(lockup),
        },
    }


def tasks_beside(lockup: Lockup) -> int:
    """How many tasks RLIMIT_NPROC counts that are not the program's."""
    if lockup.is_box:
        return ZYGOTES_OWN  # a user namespace has a count of its own
    uid = os.getuid() if lockup.uid is None else lockup.uid
    others = tasks_of(uid, int(time.monotonic() / COUNT_AGAIN_S))
    at_once = 2 * lockup.slots  # programs, should all of them be pairs
    return others + (ZYGOTES_OWN + MOST_THREADS) * (at_once - 1) + ZYGOTES_OWN


@lru_cache(maxsize=8)
def tasks_of(uid: int, moment: int) -> int:
    """Count a user's threads at a moment: the kernel counts all, not those of one program."""
    del moment  # in which the count holds
    count = 0
    with os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with suppress(OSError):  # it ended meanwhile
                    if entry.stat().st_uid == uid:
                        count += sum(1 for _ in os.scandir(f"{entry.path}/task"))
    return count
