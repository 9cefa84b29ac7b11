"""What runs as process 1 of a container: takes orders, forks a child for each, relays in frames.

Orders come on standard input and frames go over standard output, both held by this process alone:
it cannot be traced or read by its children, and as process 1 it cannot be killed by them. A frame
is a letter, a length and that many bytes. `R` ready with facts, `S` what a child says of its walls,
`1` and `2` its output, `3` its result, `E` how it ended, `X` why nothing more will come. When
standard input ends the harness is gone, and so is this process, and with it the container.
"""

import gc
import importlib
import json
import os
import select
import shutil
import signal
import struct
import sys
import time

from sygra_eval.sandbox.inside.kernel import PR_SET_DUMPABLE, prctl
from sygra_eval.sandbox.inside.program import run_as_main
from sygra_eval.sandbox.inside.walls import lock_up, opened_handles, set_environment

RESULT_FD, STATUS_FD = 3, 4
ABOVE_FIXED_FDS = 64
SETUP_FAILED_EXIT = 97
CHUNK, MOST_DRAINED = 1 << 16, 17
STDIN = "/sygra-eval/.stdin"
HEAD = struct.Struct(">cI")


class Harness:
    """The two descriptors that lead out of the container."""

    def __init__(self) -> None:
        self.orders = moved_up(0)
        self.frames = moved_up(1)
        nothing = os.open("/dev/null", os.O_RDWR)
        for number in (0, 1, 2, RESULT_FD, STATUS_FD):
            os.dup2(nothing, number)
        if nothing > STATUS_FD:
            os.close(nothing)

    def tell(self, kind: bytes, data: bytes) -> None:
        """Write one frame."""
        frame = HEAD.pack(kind, len(data)) + data
        while frame:
            frame = frame[os.write(self.frames, frame) :]

    def order(self) -> dict[str, object]:
        """Wait for the next order, and leave when there will be none."""
        _, size = HEAD.unpack(self.exactly(HEAD.size))
        order: dict[str, object] = json.loads(self.exactly(size))
        return order

    def exactly(self, size: int) -> bytes:
        """Read so many bytes."""
        data = b""
        while len(data) < size:
            part = os.read(self.orders, size - len(data))
            if not part:
                os._exit(0)
            data += part
        return data


def moved_up(descriptor: int) -> int:
    """Keep a descriptor out of the way of the children's."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, ABOVE_FIXED_FDS)


def main(settings: dict[str, object]) -> None:
    """Prepare, say what this container is like, and serve."""
    prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0)
    harness = Harness()
    try:
        prepare_and_serve(settings, harness)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the harness has to know
        harness.tell(b"X", f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:400])
        os._exit(SETUP_FAILED_EXIT)


def prepare_and_serve(settings: dict[str, object], harness: Harness) -> None:
    """Load, tell the facts, and run one program after the other."""
    sys.path[:] = [path for path in sys.path if path]
    for name in settings["preload"]:  # type: ignore[attr-defined]
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.startswith("sygra_eval")]:
        del sys.modules[name]  # the program is alone with what the image has
    waking, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    gc.collect()
    gc.freeze()
    harness.tell(b"R", json.dumps(facts()).encode())
    while True:
        serve(harness, settings, harness.order(), waking)


def facts() -> dict[str, object]:
    """Look at what the engine really did: none of it is believed because it was asked for."""
    status = dict(
        line.rstrip("\n").split(":\t", 1)
        for line in open("/proc/self/status", encoding="ascii", errors="replace")  # noqa: PTH123, SIM115
        if ":\t" in line
    )
    interfaces = "/sys/class/net"
    return {
        "pid": os.getpid(),
        "uid": os.getuid(),
        "capabilities": [status.get("CapEff"), status.get("CapPrm"), status.get("CapBnd")],
        "no_new_privs": status.get("NoNewPrivs"),
        "interfaces": sorted(os.listdir(interfaces)) if os.path.isdir(interfaces) else [],  # noqa: PTH112, PTH208
        "can_write": [place for place in ("/", "/usr", "/etc", "/root") if is_writable(place)],
        "memory": first_line_of(
            "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"
        ),
        "tasks": first_line_of("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"),
        "version": sys.version.split()[0],
    }


def is_writable(place: str) -> bool:
    """Try to leave a file."""
    name = f"{place}/.sygra-eval-probe"
    try:
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
        os.unlink(name)  # noqa: PTH108
    except OSError:
        return False
    return True


def first_line_of(*places: str) -> str:
    """Read a file of the kernel's, from the first place that has it."""
    for place in places:
        try:
            with open(place, encoding="ascii") as file:  # noqa: PTH123
                return file.readline().strip()
        except OSError:
            continue
    return ""


def serve(
    harness: Harness, settings: dict[str, object], order: dict[str, object], waking: int
) -> None:
    """Run one program and tell how it ended."""
    folder = str(settings["folder"])
    os.mkdir(folder, 0o700)  # noqa: PTH102
    with open(STDIN, "wb") as file:  # noqa: PTH123
        file.write(str(order["stdin"]).encode("utf-8", "surrogatepass"))
    stdin = os.open(STDIN, os.O_RDONLY)
    os.unlink(STDIN)  # noqa: PTH108
    reading, writing = {}, {}
    for kind in (1, 2, RESULT_FD, STATUS_FD):
        reading[kind], writing[kind] = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reading[kind], False)
    pid = os.fork()
    if pid == 0:
        become_the_program(settings, order, stdin, writing)
    for descriptor in (stdin, *writing.values()):
        os.close(descriptor)
    run = Run(harness, order, pid, reading)
    run.watch(waking)
    end_all_others()
    run.drain()
    harness.tell(b"E", json.dumps(run.account()).encode())
    if not is_removed(folder):
        os._exit(0)  # what does not go is not left to the next program


def become_the_program(
    settings: dict[str, object], order: dict[str, object], stdin: int, writing: dict[int, int]
) -> None:
    """Put the inner walls in force, say so, and run the program; never returns."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(stdin, 0)
    for number, descriptor in writing.items():
        os.dup2(descriptor, number)
    try:
        os.setsid()
        os.chdir(str(settings["folder"]))
        for name, text in order["files"].items():  # type: ignore[attr-defined]
            with open(name, "wb") as file:  # noqa: PTH123
                file.write(text.encode("utf-8", "surrogatepass"))
        set_environment(str(settings["folder"]), settings["hash_seed"])
        if order["wants_result"]:
            os.environ["SYGRA_EVAL_RESULT_FD"] = str(RESULT_FD)
        else:
            os.close(RESULT_FD)
        order["folder"] = settings["folder"]
        in_force = lock_up(settings, order, opened_handles(settings), STATUS_FD + 1)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the program must not run
        os.write(STATUS_FD, f"failed {error}\n".encode())
        os._exit(SETUP_FAILED_EXIT)
    os.write(STATUS_FD, f"ready {in_force}\n".encode())
    os.close(STATUS_FD)
    gc.enable()
    run_as_main(str(order["entry"]), {})


class Run:
    """One running program: its pipes, its clock, its end."""

    def __init__(
        self, harness: Harness, order: dict[str, object], pid: int, pipes: dict[int, int]
    ) -> None:
        self.harness, self.pid, self.pipes = harness, pid, pipes
        self.wall_s = float(order["wall_s"])  # type: ignore[arg-type]
        self.most = {"output": int(order["most_output"]), "result": int(order["most_result"])}  # type: ignore[call-overload]
        self.total = {"output": 0, "result": 0}
        self.began = time.monotonic()
        self.killed_for, self.state, self.cpu_s = "", None, 0.0  # type: tuple[str, int | None, float]

    def watch(self, waking: int) -> None:
        """Relay until the program has ended."""
        while self.state is None:
            left_s = self.began + self.wall_s - time.monotonic()
            if left_s <= 0 and not self.killed_for:
                self.kill("timeout")
            listened = [*self.pipes.values(), waking, self.harness.orders]
            ready, _, _ = select.select(listened, [], [], max(left_s, 0.0) if left_s > 0 else 1.0)
            if waking in ready:
                os.read(waking, 4096)
            if self.harness.orders in ready and not os.read(self.harness.orders, 1):
                os._exit(0)
            for kind in [kind for kind, fd in self.pipes.items() if fd in ready]:
                self.relay(kind)
            self.reap()

    def relay(self, kind: int) -> bool:
        """Hand on what a pipe has; False when it has nothing now."""
        try:
            data = os.read(self.pipes[kind], CHUNK)
        except BlockingIOError:
            return False
        if not data:
            os.close(self.pipes.pop(kind))
            return False
        if kind == STATUS_FD:
            self.began = time.monotonic()  # the program's time, and not that of its walls
        group = "result" if kind == RESULT_FD else "output"
        self.total[group] += len(data)
        if self.total[group] > self.most[group]:
            self.kill("output_limit")
        else:
            self.harness.tell(b"S" if kind == STATUS_FD else b"%d" % kind, data)
        return True

    def reap(self) -> None:
        """Take the ends of processes; one of them may be the program's."""
        while True:
            try:
                pid, state, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.state, self.cpu_s = state, used.ru_utime + used.ru_stime

    def kill(self, why: str) -> None:
        """End the program; the first reason is kept."""
        self.killed_for = self.killed_for or why
        if self.state is None:
            os.kill(self.pid, signal.SIGKILL)  # not reaped yet, so the number is its own

    def drain(self) -> None:
        """Take what is left in the pipes without waiting."""
        for kind in list(self.pipes):
            for _ in range(MOST_DRAINED):
                if not self.relay(kind):
                    break
        for descriptor in self.pipes.values():
            os.close(descriptor)

    def account(self) -> dict[str, object]:
        """Tell how it ended."""
        return {"state": self.state, "cpu_s": self.cpu_s, "killed_for": self.killed_for}


def end_all_others() -> None:
    """Kill what a program left: nobody else is in this container."""
    if os.getpid() != 1:
        return  # no container, and the harness will refuse it
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def is_removed(folder: str) -> bool:
    """Remove a program's folder, whatever modes it left."""
    for place, _, _ in os.walk(folder):
        try:
            os.chmod(place, 0o700)  # noqa: PTH101
        except OSError:
            continue
    shutil.rmtree(folder, ignore_errors=True)
    return not os.path.exists(folder)  # noqa: PTH110
