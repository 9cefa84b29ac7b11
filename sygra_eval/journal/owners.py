"""Who holds a run folder, and whether that can be told from here.

A lock of the kernel ends with its process, but on a disk of the network a kernel may know only its
own: there the name in the file is all that one host can learn of another.
"""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MOUNTS = Path("/proc/self/mountinfo")
_OF_A_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "ceph", "lustre", "glusterfs", "afs")


def this_owner() -> dict[str, object]:
    """Return what we write into a lock's file."""
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "boot": _boot(),
        "start": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def named(owner: Mapping[str, object]) -> str:
    """Return an owner as a sentence names it.

    :raises KeyError: When it says too little.
    """
    return f"pid {owner['pid']} on {owner['host']} since {owner['start']}"


def is_of_this_host(owner: Mapping[str, object]) -> bool:
    """Say whether an owner's pid means something here; locks of older versions name no boot."""
    is_same_name = owner.get("host") == socket.gethostname()
    return is_same_name and owner.get("boot", _boot()) == _boot()


def how_to_free(owner: Mapping[str, object]) -> str:
    """Say what to do about an owner who holds the lock."""
    if is_of_this_host(owner):
        return "wait until it ends, or stop it and resume"
    if owner.get("host") == socket.gethostname():
        where = "it is another boot of a host of this name, or a container"
    else:
        where = f"it runs on another host, {owner.get('host')}"
    return f"{where}: wait until it ends or stop it there, and resume then"


def network_disk(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the kind of file system below a folder where it is one of the network."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real, kind, longest = str(folder.resolve()), "", -1
    for line in lines:
        place, _, rest = line.partition(" - ")
        fields = place.split()
        if len(fields) < 5 or not rest:
            continue
        mount = fields[4].replace("\\040", " ")
        is_below = real == mount or real.startswith(f"{mount.rstrip('/')}/")
        if is_below and len(mount) >= longest:  # the last of two at one place covers the other
            kind, longest = rest.split()[0], len(mount)
    return kind if kind.startswith(_OF_A_NETWORK) else None


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
