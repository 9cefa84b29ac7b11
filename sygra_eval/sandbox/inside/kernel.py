"""The calls to the kernel that the standard library of Python 3.11 does not offer."""

import ctypes
import os
import platform
import struct

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 22, 38, 47

NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEW_USER, NEW_PIDS, NEW_NET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_SETATTR, AT_RECURSIVE, AT_FDCWD = 442, 0x8000, -100
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def checked(code: int, what: str) -> int:
    """Pass a call's answer on, or raise what the kernel said."""
    if code < 0:
        number = ctypes.get_errno()
        raise OSError(f"{what}: {os.strerror(number)}")  # in words, as nobody reads the number
    return code


def prctl(what: str, option: int, value: int) -> None:
    """Set one attribute of this process."""
    checked(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), what)


def unshare(**flags: int) -> None:
    """Leave the namespaces that are named, for new ones."""
    for name, flag in flags.items():
        checked(libc.unshare(flag), f"unshare({name})")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Attach a file system or a folder, or change how it is attached."""
    what = f"mount {kind or source} on {target}"
    code = libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    checked(code, what)


def unmount(target: str) -> None:
    """Take a mount away, whoever still uses it."""
    checked(libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def make_read_only(target: str) -> None:
    """Forbid writing, set-user-id and device nodes on a mount and on all below it."""
    attributes = struct.pack("QQQQ", ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV, 0, 0, 0)
    code = libc.syscall(
        ctypes.c_long(MOUNT_SETATTR),
        ctypes.c_long(AT_FDCWD),
        target.encode(),
        ctypes.c_long(AT_RECURSIVE),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    checked(code, f"mount_setattr {target}")


def pivot_root_to(root: str) -> None:
    """Make a mounted folder the root, and let go of the old one."""
    number = PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"pivot_root: not known for {platform.machine()}")
    os.chdir(root)
    checked(libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    unmount(".")  # the old root lies on top of the new one until now
    os.chdir("/")
