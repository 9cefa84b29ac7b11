"""Puts the zygote of a box into namespaces of its own, on a root with nothing of the user's.

As root the zygote becomes nobody first, and nobody cannot walk to an interpreter below a closed
home (`/root/.pyenv`). The current folder can: it is followed into the new mount namespace, so the
library is bound from `.` where its path is closed.
"""

import os
import sys

from sygra_eval.sandbox.inside.kernel import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    NEW_CGROUP,
    NEW_IPC,
    NEW_MOUNTS,
    NEW_NET,
    NEW_PIDS,
    NEW_USER,
    NEW_UTS,
    PR_SET_DUMPABLE,
    make_read_only,
    mount,
    pivot_root_to,
    prctl,
    unshare,
)

INNER_ID = 1000
ROOT = "/tmp"  # noqa: S108 - only a place to mount on, seen by nobody else
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
SAFE = MS_NOSUID | MS_NODEV


def enter_user_namespace(uid: int | None, library: str) -> None:
    """Become nobody where the harness is root, then own a namespace as an ordinary user."""
    os.chdir(library)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    outer_uid, outer_gid = os.getuid(), os.getgid()
    prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 1)  # else the maps belong to root
    unshare(user=NEW_USER)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{INNER_ID} {outer_uid} 1\n")
    write("/proc/self/gid_map", f"{INNER_ID} {outer_gid} 1\n")


def enter_other_namespaces() -> None:
    """Leave files, processes, network, IPC and names of the host; a fork completes it."""
    unshare(mnt=NEW_MOUNTS, pid=NEW_PIDS, net=NEW_NET, ipc=NEW_IPC, uts=NEW_UTS, cgroup=NEW_CGROUP)


def build_root(readable: tuple[str, ...], folder: str, *, has_procfs: bool) -> None:
    """Stand on a root that holds the readable paths, four devices and the run's folder."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    sources = opened_sources(readable)
    devices = {path: os.open(path, os.O_PATH) for path in DEVICES}
    mount("tmpfs", ROOT, "tmpfs", SAFE, "size=1m,nr_inodes=256,mode=755")
    for path, handle in sources.items():
        bind(handle, path, is_folder=os.path.isdir(f"/proc/self/fd/{handle}"))  # noqa: PTH112
    for path in readable:
        link_where_the_host_links(path, sources)
    for path, handle in devices.items():
        bind(handle, path, is_folder=False)
    os.mkdir(ROOT + folder)  # noqa: PTH102
    if has_procfs:
        os.mkdir(f"{ROOT}/proc")  # noqa: PTH102
        mount("proc", f"{ROOT}/proc", "proc", SAFE | MS_NOEXEC)
    for handle in (*sources.values(), *devices.values()):
        os.close(handle)
    pivot_root_to(ROOT)
    for path in sources:
        make_read_only(path)
    mount("none", "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE)


def opened_sources(readable: tuple[str, ...]) -> dict[str, int]:
    """Open the real folders among the paths, outermost first, while the host's root is there."""
    sources: dict[str, int] = {}
    here = os.getcwd()  # noqa: PTH109
    for path in sorted({os.path.realpath(path) for path in readable}):
        is_covered = any(path.startswith(f"{outer}/") for outer in sources)
        if is_covered or path.startswith("/dev/"):
            continue
        try:
            sources[path] = os.open("." if path == here else path, os.O_PATH)
        except FileNotFoundError:
            continue
    return sources


def bind(handle: int, path: str, *, is_folder: bool) -> None:
    """Show what a descriptor stands for at the same path below the new root."""
    target = ROOT + path
    os.makedirs(target if is_folder else os.path.dirname(target), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120
    if not is_folder:
        write(target, "")
    mount(f"/proc/self/fd/{handle}", target, None, MS_BIND | MS_REC)


def link_where_the_host_links(path: str, sources: dict[str, int]) -> None:
    """Make `/lib` the link to `/usr/lib` that it is outside."""
    real = os.path.realpath(path)
    if path == real or real not in sources:
        return
    if not os.path.lexists(ROOT + path):
        os.makedirs(os.path.dirname(ROOT + path), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120
        os.symlink(real, ROOT + path)  # noqa: PTH211


def write(path: str, text: str) -> None:
    """Write a file in one call, as the kernel's own files want it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.write(handle, text.encode())
    except OSError as error:
        raise OSError(f"{path}: {error.strerror}") from None
    finally:
        os.close(handle)


def library_folder() -> str:
    """Where the interpreter keeps its library, as it was found before any change of root."""
    return os.path.dirname(os.path.realpath(os.path.dirname(sys.modules["os"].__file__ or "")))  # noqa: PTH120
