"""Becomes an ordinary user and goes on with a command: `python as_user.py UID COMMAND…`.

The interpreter may lie below a home that is closed to others (`/root/.pyenv`), so that no ordinary
user can start it. In a mount namespace of its own that home is replaced by an open one that holds
nothing but the interpreter's folder.
"""

import ctypes
import os
import sys
from pathlib import Path

NEW_MOUNTS, BIND_REC, PRIVATE_REC = 0x20000, 4096 | 16384, 16384 | (1 << 18)
libc = ctypes.CDLL(None, use_errno=True)


def main(uid: int, command: list[str]) -> None:
    checked(libc.unshare(NEW_MOUNTS))
    mount("none", "/", None, PRIVATE_REC)
    open_the_way_to(Path(sys.base_prefix).resolve())
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.environ["HOME"] = "/nonexistent"
    os.execv(command[0], command)


def open_the_way_to(folder: Path) -> None:
    closed = [place for place in reversed(folder.parents) if not place.stat().st_mode & 1]
    if closed:
        handle = os.open(folder, os.O_PATH)
        mount("tmpfs", str(closed[0]), "tmpfs", 0, "mode=755")
        folder.mkdir(parents=True)
        mount(f"/proc/self/fd/{handle}", str(folder), None, BIND_REC)
        os.close(handle)


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    named = kind.encode() if kind else None
    flags_and_data = ctypes.c_ulong(flags), data.encode()
    checked(libc.mount(source.encode(), target.encode(), named, *flags_and_data))


def checked(code: int) -> None:
    if code < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
