"""One zygote as the harness sees it: started bare, spoken to over a socket, retired in time."""

import asyncio
import fcntl
import marshal
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sygra_eval.sandbox.cgroups import Groups, Slot
from sygra_eval.values import InfrastructureError

BOOT_LIMIT_S = 60.0
LEAVE_LIMIT_S = 2.0
MOST_RUNS, MOST_AGE_S, MOST_GROWTH_KB = 2_000, 15 * 60.0, 32 << 10
ABOVE_FIXED_FDS = 64  # duplicates start here, so that none is in the way of 0 to 4
LARGEST_MESSAGE = 1 << 16
INSIDE = Path(__file__).with_name("inside")
PARTS = ("kernel", "program", "walls", "namespaces", "zygote")  # each after what it imports
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)  # threads that a library starts when it is loaded would be lost by the fork
BOOT = """
import marshal, sys
file = open(4, "rb", closefd=False)
for name, code in marshal.load(file):
    part = sys.modules[name] = type(sys)(name)
    exec(code, part.__dict__)
part.main(marshal.load(file))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockup:
    """What is to be put in force, the same for every execution of a sandbox.

    :ivar profile: `box`, `box-shared`, `reduced` or `none`.
    :ivar uid: Whom to become; None keeps the user.
    :ivar folder: Where a box mounts the folder of a run; elsewhere the base of all folders.
    :ivar groups: Where each zygote gets a cgroup of its own; None where no subtree is ours.
    :ivar allow: What programs may do beyond computing; then what is readable may be run, too.
    :ivar packages: A folder of packages beside the standard library; empty for none.
    """

    profile: str
    uid: int | None
    bpf: bytes
    readable: tuple[str, ...]
    folder: str
    slots: int
    preload: tuple[str, ...]
    allow: tuple[str, ...] = ()
    hash_seed: int = 0
    packages: str = ""
    groups: Groups | None = None

    @property
    def is_box(self) -> bool:
        """Whether the program's folder is made inside, and nobody outside sees it."""
        return self.profile in {"box", "box-shared"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a zygote has and its children cannot change: hash seed, packages, what is allowed."""

    hash_seed: int = 0
    packages: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Support:
    """Compiled files of the harness's own, for a zygote to keep loaded."""

    name: bytes
    code: bytes


class ZygoteLost(InfrastructureError):
    """The zygote is no more; what it ran has no result."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a zygote says: a word, its values, and descriptors that came along."""

    word: str
    values: tuple[object, ...]
    descriptors: tuple[int, ...] = ()


class Zygote:
    """A warm process that runs one program at a time."""

    def __init__(self, pid: int, control: socket.socket) -> None:
        self.pid, self.control = pid, control
        self.began = time.monotonic()
        self.runs, self.first_kb, self.now_kb = 0, 0, 0
        self.is_lost = False
        self.kind = Kind()
        self.slot: Slot | None = None
        self._support: set[bytes] = set()
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(control.fileno(), self._on_message)

    @property
    def is_due(self) -> bool:
        """Whether it has served long enough, or has grown."""
        return (
            self.is_lost
            or self.runs >= MOST_RUNS
            or time.monotonic() - self.began > MOST_AGE_S
            or self.now_kb - self.first_kb > MOST_GROWTH_KB
        )

    def order(
        self,
        settings: Mapping[str, object],
        descriptors: list[int],
        support: Support | None = None,
    ) -> None:
        """Ask for one execution; what supports it is sent along the first time.

        :raises ZygoteLost: When nobody is there to take it.
        """
        self.runs += 1
        words = dict(settings)
        if support is not None and support.name not in self._support:
            words["support_code"] = support.code
            self._support.add(support.name)
        words["support"] = None if support is None else support.name
        try:
            socket.send_fds(self.control, [marshal.dumps(words)], descriptors)
        except OSError as error:
            self.is_lost = True
            raise ZygoteLost("the zygote takes no order") from error

    async def message(self) -> Message:
        """Wait for what it says next.

        :raises ZygoteLost: When it will say nothing any more.
        """
        return self._believed(await self._messages.get())

    def message_now(self, within_s: float) -> Message:
        """Wait without the loop, for the moment in which a task is being cancelled."""
        if self._messages.empty():
            self.control.settimeout(within_s)
            self._on_message()
            self.control.setblocking(False)  # noqa: FBT003
        return self._believed(self._messages.get_nowait())

    def retire(self) -> None:
        """End it, and with it whatever it runs."""
        self.is_lost = True
        if self.control.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self.control.fileno())
        self.control.close()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
        os.waitpid(self.pid, 0)
        if self.slot is not None:
            self.slot.remove()

    async def end(self) -> None:
        """Let an idle one leave by itself, so that the time it used is accounted to us."""
        self.control.shutdown(socket.SHUT_WR)
        await asyncio.to_thread(self._wait_a_moment)
        self.retire()

    def _wait_a_moment(self) -> None:
        pidfd = os.pidfd_open(self.pid)
        select.select([pidfd], [], [], LEAVE_LIMIT_S)
        os.close(pidfd)

    def _believed(self, message: Message | None) -> Message:
        if message is None:
            self.is_lost = True
            self._messages.put_nowait(None)
            raise ZygoteLost("the zygote ended")
        return message

    def _on_message(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self.control, LARGEST_MESSAGE, 4)
        except BlockingIOError:
            return
        except OSError:  # reset, or no answer in time
            data, descriptors = b"", []
        if not data:
            if self.control.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(self.control.fileno())
            self._messages.put_nowait(None)
            return
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # noqa: FBT003
        word, *values = marshal.loads(data)  # noqa: S302 - our own code wrote it
        self._messages.put_nowait(Message(str(word), tuple(values), tuple(descriptors)))


async def boot(lockup: Lockup) -> Zygote:
    """Start a zygote and wait until it is locked up and loaded.

    :raises ZygoteLost: With what it, or the kernel, says against it.
    """
    zygote = spawn(lockup)
    try:
        if lockup.groups is not None:
            put_into_a_group(zygote, lockup.groups)
        async with asyncio.timeout(BOOT_LIMIT_S):
            said = await zygote.message()
    except TimeoutError:
        zygote.retire()
        raise ZygoteLost("the zygote was not ready in time") from None
    except BaseException:
        zygote.retire()
        raise
    if said.word != "ready":
        zygote.retire()
        raise ZygoteLost(str(said.values[0]))
    if zygote.slot is not None and not zygote.slot.holds(zygote.pid):
        zygote.retire()
        raise ZygoteLost("the zygote is not in its cgroup")
    zygote.first_kb = zygote.now_kb = kilobytes(said.values[0])
    return zygote


def put_into_a_group(zygote: Zygote, groups: Groups) -> None:
    """Bound a zygote and all that it will start.

    :raises ZygoteLost: When the kernel refuses.
    """
    try:
        zygote.slot = groups.new_slot()
        zygote.slot.take(zygote.pid)
    except OSError as error:
        raise ZygoteLost(f"cgroup: {error.strerror or error}") from error


def spawn(lockup: Lockup) -> Zygote:
    """Start a bare interpreter with the code of `inside/` and its settings.

    :raises ZygoteLost: When no process can be had.
    """
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    opened = [its.detach()]
    try:
        reading, writing = os.pipe()
        os.close(reading)  # the zygote's own output goes nowhere; children get their own
        opened.append(writing)
        opened += [memory_file(b""), memory_file(compiled_parts() + settings_of(lockup))]
        control, output, empty, code = opened
        child_side = {0: empty, 1: output, 2: output, 3: control, 4: code}
        pid = spawn_with(child_side, bare_environment(lockup))
    except OSError as error:
        ours.close()
        raise ZygoteLost(f"the interpreter cannot be started: {error.strerror}") from error
    finally:
        for descriptor in opened:
            os.close(descriptor)
    ours.setblocking(False)  # noqa: FBT003
    return Zygote(pid, ours)


def spawn_with(child_side: Mapping[int, int], environment: dict[str, str]) -> int:
    """Spawn with these descriptors under their fixed numbers, and no others of ours."""
    sources: dict[int, int] = {}
    python = base_interpreter()
    try:
        for number, fd in child_side.items():
            sources[number] = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, ABOVE_FIXED_FDS)
        return os.posix_spawn(
            python,
            [python, "-s", "-P", "-S", "-B", "-c", BOOT],
            environment,
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


def bare_environment(lockup: Lockup) -> dict[str, str]:
    """Give what the interpreter needs before the zygote sets the programs' environment.

    Not `-I`: that would ignore PYTHONHASHSEED, and sets of strings would differ between runs.
    """
    library_path = os.environ.get("LD_LIBRARY_PATH")  # some interpreters need it to start
    extra = {"LD_LIBRARY_PATH": library_path} if library_path else {}
    if lockup.packages:
        extra |= ONE_THREAD
    return {"LANG": "C.UTF-8", "PYTHONHASHSEED": str(lockup.hash_seed), "TZ": "UTC", **extra}


def settings_of(lockup: Lockup) -> bytes:
    """Plain values for the zygote."""
    return marshal.dumps(
        {
            "profile": lockup.profile,
            "uid": lockup.uid,
            "bpf": lockup.bpf,
            "readable": lockup.readable,
            "folder": lockup.folder,
            "preload": lockup.preload,
            "allow": lockup.allow,
            "hash_seed": lockup.hash_seed,
            "packages": lockup.packages,
            "has_cgroup": lockup.groups is not None,
            "parent": os.getpid(),
        }
    )


@cache
def compiled_parts() -> bytes:
    """Compile the code of `inside/` once, for the same interpreter that will run it."""
    package = f"{__package__}.inside"
    return marshal.dumps(
        [
            (f"{package}.{part}", compile((INSIDE / f"{part}.py").read_text("utf-8"), part, "exec"))
            for part in PARTS
        ]
    )


def memory_file(content: bytes) -> int:
    """Make a read-only descriptor of bytes that lie in no folder."""
    writing = os.memfd_create("input", os.MFD_CLOEXEC)
    try:
        with open(writing, "wb", closefd=False) as file:
            file.write(content)
        return os.open(f"/proc/self/fd/{writing}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writing)


def kilobytes(value: object) -> int:
    """Read a count that a zygote sent."""
    return value if isinstance(value, int) else 0
