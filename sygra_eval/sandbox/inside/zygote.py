"""The warm process: locked up and loaded once, then one forked child per execution.

It takes one order at a time over its control socket, forks, hands out a descriptor of the child,
waits for the child's end and tells it. No text of any program is ever read here: the child reads
its own, so that nothing of one run is left in the memory of the next.

Descriptors at the start: 0 to 2 stand-ins of the program's kinds, 3 the control socket, 4 this
code, 5 and 6 stand-ins too. In a child 3 is the result pipe and 4 the status pipe, on which it says
what is in force; where it talks to another program, it reads from 5 and writes to 6.
"""

import array
import builtins
import gc
import importlib
import marshal
import os
import resource
import signal
import socket
import sys

from sygra_eval.sandbox.inside.kernel import (
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    NEW_IPC,
    NEW_MOUNTS,
    NEW_PIDS,
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
    checked,
    libc,
    mount,
    prctl,
    unmount,
    unshare,
)
from sygra_eval.sandbox.inside.namespaces import (
    build_root,
    enter_other_namespaces,
    enter_user_namespace,
    library_folder,
)
from sygra_eval.sandbox.inside.program import run_as_main
from sygra_eval.sandbox.inside.walls import (
    Handle,
    drop_identity,
    keep_the_standard_library_within_reach,
    lock_up,
    opened_handles,
    raise_oom_score,
    set_environment,
)

CONTROL_FD, RESULT_FD, STATUS_FD = 3, 3, 4
PEER_IN_FD, PEER_OUT_FD = 5, 6
MOST_DESCRIPTORS = 8  # three streams, status, files, result and two of the peer
SETUP_FAILED_EXIT = 97
LARGEST_ORDER = 1 << 16
OWN_MEMORY = "/proc/self/statm"
BOXES = ("box", "box-shared")


class Zygote:
    """What is settled once: where the walls will stand, and which descriptors a child keeps."""

    def __init__(self, settings: dict[str, object], control: socket.socket) -> None:
        self.settings, self.control = settings, control
        self.profile = str(settings["profile"])
        self.handles: list[Handle] = []
        self.support: dict[object, dict[str, dict[str, object]]] = {}
        self.first_free = PEER_OUT_FD + 1
        self.own_pids = self.memory = -1
        self.pid = os.getpid()


def main(settings: dict[str, object]) -> None:
    """Prepare, say so, and serve until the harness lets go of the socket."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=CONTROL_FD)
    zygote = Zygote(settings, control)
    try:
        prepare(zygote)
    except BaseException as error:  # noqa: BLE001 - whatever it is, nothing must run here
        tell(control, "failed", str(error))
        os._exit(SETUP_FAILED_EXIT)
    tell(control, "ready", resident_kb(zygote.memory))
    while True:
        room = socket.CMSG_SPACE(MOST_DESCRIPTORS * 4)
        order, _, _, _ = message = control.recvmsg(LARGEST_ORDER, room)
        if not order:
            os._exit(0)
        serve(zygote, marshal.loads(order), descriptors_in(message[1]))  # noqa: S302


def prepare(zygote: Zygote) -> None:
    """Load, lock up what can be locked once, and freeze the memory that children will share."""
    settings = zygote.settings
    os.setsid()
    os.closerange(STATUS_FD + 1, 1 << 20)  # by close_range(2); libraries leak descriptors
    for stand_in in (PEER_IN_FD, PEER_OUT_FD):
        os.dup2(0, stand_in)
    raise_oom_score()
    library = library_folder()
    if settings["packages"]:
        sys.path.append(str(settings["packages"]))
    if zygote.profile not in BOXES:
        keep_the_standard_library_within_reach()
        zygote.first_free = highest_open() + 1
    for name in settings["preload"]:  # type: ignore[attr-defined]
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.startswith("sygra_eval")]:
        del sys.modules[name]  # the program is alone with the standard library
    set_environment(str(settings["folder"]), settings["hash_seed"])
    uid = settings["uid"]
    assert uid is None or isinstance(uid, int)  # noqa: S101 - for the type checker
    if zygote.profile in BOXES:
        enter_box(zygote, uid, library)
    elif zygote.profile != "none":
        zygote.handles = opened_handles(settings)
        drop_identity(uid)
    if zygote.profile not in BOXES:
        zygote.memory = os.open(OWN_MEMORY, os.O_RDONLY)
        die_with_the_parent(settings["parent"])
    prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0)
    zygote.pid = os.getpid()
    gc.collect()
    gc.freeze()
    gc.disable()


def enter_box(zygote: Zygote, uid: int | None, library: str) -> None:
    """Go on as process 1 of a box; the process that was started only waits for it."""
    settings = zygote.settings
    enter_user_namespace(uid, library)
    die_with_the_parent(settings["parent"])
    enter_other_namespaces()
    inner = os.fork()
    if inner:
        zygote.control.close()
        _, state = os.waitpid(inner, 0)
        os._exit(0 if state == 0 else SETUP_FAILED_EXIT)
    prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, signal.SIGKILL)
    zygote.memory = os.open(OWN_MEMORY, os.O_RDONLY)  # while there is a procfs
    is_own = zygote.profile == "box"
    readable = settings["readable"]
    assert isinstance(readable, tuple)  # noqa: S101 - for the type checker; marshal made it
    build_root(readable, str(settings["folder"]), has_procfs=is_own)
    if is_own:
        zygote.own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY)
    zygote.handles = opened_handles(settings)


def die_with_the_parent(parent: object) -> None:
    """Ask the kernel to end this process with its parent; a change of user forgets it."""
    prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise OSError("the parent ended before its child was ready")


def serve(zygote: Zygote, order: dict[str, object], given: list[int]) -> None:
    """Run one program in a child and tell how it ended."""
    try:
        keep_support(zygote, order)
        pid = forked(zygote, order)
    except Exception as error:  # noqa: BLE001 - the kernel refuses, or support does not load
        for descriptor in given:
            os.close(descriptor)
        tell(zygote.control, "refused", str(error))
        return
    if pid == 0:
        become_the_program(zygote, order, given)
    handle = os.pidfd_open(pid)
    for descriptor in given:
        os.close(descriptor)
    socket.send_fds(zygote.control, [marshal.dumps(("born",))], [handle])
    if zygote.profile == "none":  # only without walls can it have had children
        os.waitid(os.P_PIDFD, handle, os.WEXITED | os.WNOWAIT)
        end_its_group(pid)
    _, state, used = os.wait4(pid, 0)
    os.close(handle)
    if zygote.profile == "box-shared":
        unmount(str(order["folder"]))
    tell(zygote.control, "ended", state, used.ru_utime + used.ru_stime, resident_kb(zygote.memory))


def keep_support(zygote: Zygote, order: dict[str, object]) -> None:
    """Load the harness's own modules that come with an order, for this child and all after it."""
    code = order.get("support_code")
    if not isinstance(code, bytes):
        if order["support"] is not None and order["support"] not in zygote.support:
            raise OSError("the support of this run did not load before")
        return
    ready: dict[str, dict[str, object]] = {}
    for file, part in marshal.loads(code):  # noqa: S302 - the harness wrote it
        names = {"__name__": file, "__builtins__": builtins, "READY": ready}
        exec(part, names)  # noqa: S102
        ready[file] = names
    zygote.support[order["support"]] = ready
    gc.freeze()


def forked(zygote: Zygote, order: dict[str, object]) -> int:
    """Fork, in a box as process 1 of a namespace that dies with it."""
    if zygote.profile == "box":
        checked(libc.setns(zygote.own_pids, NEW_PIDS), "setns(pid)")  # undoes the last unshare
        unshare(pid=NEW_PIDS)
    if zygote.profile != "box-shared":
        return os.fork()
    mount_folder(order)
    try:
        return os.fork()
    except OSError:
        unmount(str(order["folder"]))
        raise


def become_the_program(zygote: Zygote, order: dict[str, object], given: list[int]) -> None:
    """Put every layer in force, say so, and run the program; never returns."""
    stdin, stdout, stderr, status, *rest = given
    for descriptor, number in ((stdin, 0), (stdout, 1), (stderr, 2), (status, STATUS_FD)):
        os.dup2(descriptor, number)
    try:
        settle_in(zygote, order, rest)
        in_force = lock_up(zygote.settings, order, zygote.handles, zygote.first_free)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the program must not run
        os.write(STATUS_FD, f"failed {error}\n".encode())
        os._exit(SETUP_FAILED_EXIT)
    os.write(STATUS_FD, f"ready {in_force}\n".encode())
    os.close(STATUS_FD)
    gc.enable()
    run_as_main(str(order["entry"]), zygote.support.get(order["support"], {}))


def settle_in(zygote: Zygote, order: dict[str, object], rest: list[int]) -> None:
    """Take the place where the program will run: its pipes, namespaces, folder, environment."""
    folder = str(order["folder"])
    files = read_files(rest.pop(0)) if order["has_files"] else {}
    if order["wants_result"]:
        os.dup2(rest.pop(0), RESULT_FD)
    else:
        os.close(RESULT_FD)
    for number in (PEER_IN_FD, PEER_OUT_FD):
        if order["has_peer"]:
            os.dup2(rest.pop(0), number)
        else:
            os.close(number)
    os.setsid()
    if zygote.profile == "box":
        unshare(mnt=NEW_MOUNTS, ipc=NEW_IPC)
        mount_folder(order)
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    else:
        die_with_the_parent(zygote.pid)
    os.chdir(folder)
    for name, content in files.items():
        write_file(name, content)
    set_environment(folder, zygote.settings["hash_seed"])
    if order["wants_result"]:
        os.environ["SYGRA_EVAL_RESULT_FD"] = str(RESULT_FD)
    if order["has_peer"]:
        os.environ["SYGRA_EVAL_PEER_IN_FD"] = str(PEER_IN_FD)
        os.environ["SYGRA_EVAL_PEER_OUT_FD"] = str(PEER_OUT_FD)


def mount_folder(order: dict[str, object]) -> None:
    """Give a run a folder that vanishes with its mount, and no more room than it may fill."""
    size = f"size={order['file_mb']}m,nr_inodes=1024,mode=700"
    mount("tmpfs", str(order["folder"]), "tmpfs", MS_NOSUID | MS_NODEV, size)


def read_files(descriptor: int) -> dict[str, bytes]:
    """Read the program's files from memory; without a file object, which costs copied pages."""
    size = os.fstat(descriptor).st_size
    files: dict[str, bytes] = marshal.loads(os.pread(descriptor, size, 0))  # noqa: S302 - the harness wrote it
    os.close(descriptor)
    return files


def write_file(name: str, content: bytes) -> None:
    """Write one of the program's files into its folder."""
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        while content:
            content = content[os.write(file, content) :]
    finally:
        os.close(file)


def end_its_group(pid: int) -> None:
    """Kill what a program left in its group; a zombie still keeps the group's number."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return


def descriptors_in(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    """Unpack the descriptors that came with an order."""
    given = array.array("i")
    for _, _, data in ancillary:
        given.frombytes(data)
    return list(given)


def tell(control: socket.socket, *words: str | float) -> None:
    """Send one message; a harness that is gone needs none."""
    try:
        control.send(marshal.dumps(words))
    except OSError:
        os._exit(0)


def resident_kb(memory: int) -> int:
    """How much memory this process has now, in KiB; `ru_maxrss` would begin with the harness's."""
    pages = int(os.pread(memory, 128, 0).split()[1])
    return pages * resource.getpagesize() // 1024


def highest_open() -> int:
    """Find the highest descriptor that is open."""
    probe = os.dup(0)
    os.close(probe)
    return probe - 1  # nothing was closed in between, so the lowest free one follows them all
