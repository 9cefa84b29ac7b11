"""One cold process: spawned bare, watched from outside, killed by descriptor, reaped by us.

The launcher (`launcher.py`) locks the process up from within; everything here is what the harness
can see and do about it: its pipes, its clock, its folder's size, its death.
"""

import asyncio
import fcntl
import marshal
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.sandbox.folders import is_overfull
from sygra_eval.sandbox.streams import KeptStream
from sygra_eval.values import Execution, ExecutionStatus, Limits

SETUP_LIMIT_S = 60.0  # for the interpreter's start; not the program's time
WATCH_EVERY_S = 0.25
MOST_RESULT_BYTES = 4 << 20
CHUNK = 1 << 16
MOST_DRAINED = 17  # chunks: the largest pipe; without isolation a stray could write for ever
ABOVE_FIXED_FDS = 64  # duplicates start here, so that none is in the way of 0 to 5
BOOT = "import marshal;f=open(4,'rb',closefd=False);exec(marshal.load(f));main(marshal.load(f))"
LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockup:
    """What the launcher is to put in force, the same for every execution of a sandbox.

    :ivar has_walls: Landlock, seccomp and the drop of privileges; without them only limits.
    :ivar uid: Whom to become; None keeps the user.
    """

    has_walls: bool
    uid: int | None
    bpf: bytes
    readable: tuple[str, ...]
    slots: int


@dataclass(slots=True, kw_only=True)
class Ended:
    """How a process ended, before anybody says what that means."""

    exit_code: int | None
    signal: int | None
    cpu_s: float
    wall_s: float


@dataclass(slots=True, eq=False)
class ColdProcess:
    """A running program with its pipes."""

    pid: int
    pidfd: int
    pipes: dict[int, int]
    limit_bytes: int
    stdout: KeptStream
    stderr: KeptStream
    result: bytearray = field(default_factory=bytearray)
    setup: bytearray = field(default_factory=bytearray)
    began: float = field(default_factory=time.perf_counter)
    killed_for: ExecutionStatus | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    is_settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, execution: Execution, folder: Path) -> None:
        """Wait for its end, and bring it about where it does not come in time."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.pidfd, self.on_exit)
        for kind, descriptor in self.pipes.items():
            loop.add_reader(descriptor, self.on_data, kind)
        if await came(self.is_settled, SETUP_LIMIT_S):
            await self.outlast(execution.limits, folder)

    async def outlast(self, limits: Limits, folder: Path) -> None:
        """Wait for the end of a program that runs, as long as it keeps to its limits."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limits.wall_s
        while not await came(self.ended, min(WATCH_EVERY_S, deadline - loop.time())):
            if loop.time() >= deadline:
                self.kill(ExecutionStatus.TIMEOUT)
                return
            if is_overfull(folder, limits.file_mb):
                self.kill(ExecutionStatus.OUTPUT_LIMIT)
                return

    def on_exit(self) -> None:
        """Its process has ended, whoever still holds its pipes."""
        asyncio.get_running_loop().remove_reader(self.pidfd)
        self.ended.set()
        self.is_settled.set()

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
            case 5:
                self.setup += chunk
                if not chunk or chunk.endswith(b"\n"):
                    self.is_settled.set()
        return chunk

    def kill(self, why: ExecutionStatus | None = None) -> None:
        """End it at once; the first reason is kept."""
        self.killed_for = self.killed_for or why
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def end(self) -> Ended:
        """Kill whatever is left, reap, take what is in the pipes without waiting, close them.

        Does not wait for anything but the death of a killed process, so that a cancelled run
        leaves nothing behind either.
        """
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.pidfd)
        self.kill()
        os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # a zombie still keeps its group's number
        _, state, usage = os.wait4(self.pid, 0)
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
        return Ended(
            exit_code=os.WEXITSTATUS(state) if os.WIFEXITED(state) else None,
            signal=os.WTERMSIG(state) if os.WIFSIGNALED(state) else None,
            cpu_s=usage.ru_utime + usage.ru_stime,
            wall_s=time.perf_counter() - self.began,
        )


async def came(event: asyncio.Event, within_s: float) -> bool:
    """Whether the event came within the time."""
    try:
        async with asyncio.timeout(max(within_s, 0)):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


def spawn(execution: Execution, folder: Path, lockup: Lockup, launcher: bytes) -> ColdProcess:
    """Start a bare interpreter with the launcher, its settings and the pipes."""
    kinds = (1, 2, 3, 5) if execution.wants_result else (1, 2, 5)
    reading, child_side = {}, {}
    try:
        for kind in kinds:
            reading[kind], writing = os.pipe()
            child_side[kind] = writing
            os.set_blocking(reading[kind], False)
        child_side[0] = memory_file(execution.stdin.encode("utf-8", errors="surrogatepass"))
        settings = marshal.dumps(settings_of(execution, folder, lockup))
        child_side[4] = memory_file(launcher + settings)
        pid = spawn_with(child_side)
        pidfd = os.pidfd_open(pid)
    except BaseException:
        for descriptor in reading.values():
            os.close(descriptor)
        raise
    finally:
        for descriptor in child_side.values():
            os.close(descriptor)
    half = execution.limits.kept_output_kb * 512
    most = execution.limits.max_output_mb << 20
    return ColdProcess(pid, pidfd, reading, most, KeptStream(half), KeptStream(half))


def spawn_with(child_side: Mapping[int, int]) -> int:
    """Spawn with these descriptors under their fixed numbers, and no others of ours."""
    sources = {
        n: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, ABOVE_FIXED_FDS) for n, fd in child_side.items()
    }
    python = base_interpreter()
    try:
        return os.posix_spawn(
            python,
            [python, "-s", "-P", "-S", "-B", "-c", BOOT],
            bare_environment(),
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, n) for n, fd in sorted(sources.items())],
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM],
        )
    finally:
        for descriptor in sources.values():
            os.close(descriptor)


def base_interpreter() -> str:
    """Find the interpreter below the virtual environment, which has no packages of ours."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def bare_environment() -> dict[str, str]:
    """Give what the interpreter needs before the launcher sets the program's environment.

    Not `-I`: that would ignore PYTHONHASHSEED, and sets of strings would differ between runs.
    """
    library_path = os.environ.get("LD_LIBRARY_PATH")  # some interpreters need it to start
    extra = {"LD_LIBRARY_PATH": library_path} if library_path else {}
    return {"LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "TZ": "UTC", **extra}


def settings_of(execution: Execution, folder: Path, lockup: Lockup) -> dict[str, object]:
    """Plain values for the launcher."""
    limits = execution.limits
    rlimits: dict[str, float] = {
        "cpu_s": limits.cpu_s,
        "AS": limits.memory_mb << 20,
        "FSIZE": limits.file_mb << 20,
        "NOFILE": limits.open_files,
        "STACK": 64 << 20,
        "CORE": 0,
        "MSGQUEUE": 0,
        "MEMLOCK": 0,
        "NPROC": tasks_of(os.getuid() if lockup.uid is None else lockup.uid)
        + limits.threads * lockup.slots,
    }
    return {
        "folder": str(folder),
        "entry": execution.entry,
        "wants_result": execution.wants_result,
        "has_walls": lockup.has_walls,
        "uid": lockup.uid,
        "bpf": lockup.bpf,
        "readable": lockup.readable,
        "parent": os.getpid(),
        "rlimits": rlimits,
    }


def tasks_of(uid: int) -> int:
    """Count a user's threads: RLIMIT_NPROC counts all of them, not those of one program."""
    count = 0
    with os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with suppress(OSError):  # it ended meanwhile
                    if entry.stat().st_uid == uid:
                        count += sum(1 for _ in os.scandir(f"{entry.path}/task"))
    return count


def memory_file(content: bytes) -> int:
    """Make a read-only descriptor of bytes that lie in no folder."""
    writing = os.memfd_create("input", os.MFD_CLOEXEC)
    try:
        with open(writing, "wb", closefd=False) as file:
            file.write(content)
        return os.open(f"/proc/self/fd/{writing}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writing)


def compiled_launcher() -> bytes:
    """Compile the launcher once, for the same interpreter that will run it."""
    return marshal.dumps(compile(LAUNCHER.read_text("utf-8"), "launcher", "exec"))
