"""Private folders: one base per sandbox, one folder in it per execution, gone afterwards."""

import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MOST_ENTRIES = 1024  # as many as the box's own tmpfs has inodes


def make_base() -> Path:
    """Make the folder that holds the executions' folders; nobody can list it but us."""
    base = Path(tempfile.mkdtemp(prefix="sygra-eval-", dir=walkable_temp()))
    base.chmod(0o711)
    return base


def walkable_temp() -> str:
    """The first temporary folder that any user can walk to; a program's HOME lies in it."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - only looked at
        path = Path(place).resolve()
        if all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents)):
            return str(path)
    return tempfile.gettempdir()


def make_private(base: Path, files: Mapping[str, str], uid: int | None) -> Path:
    """Make one execution's folder with its files in it, owned by `uid`."""
    folder = Path(tempfile.mkdtemp(dir=base))
    made = [folder]
    for name, text in files.items():
        if Path(name).name != name or name in {"", ".", ".."}:
            raise ValueError(f"`{name}` is not a plain file name")
        made.append(folder / name)
        made[-1].write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    if uid is not None:
        for path in made:
            os.chown(path, uid, uid)
    return folder


def is_overfull(folder: Path, most_mb: int) -> bool:
    """Whether a program keeps more in its folder than it may, in bytes or in entries."""
    size, entries = 0, 0
    pending = [folder]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as found:  # it may vanish meanwhile
            for entry in found:
                entries += 1
                size += entry.stat(follow_symlinks=False).st_blocks * 512
                if entries > MOST_ENTRIES or size > most_mb << 20:
                    return True
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
    return False


def remove_tree(folder: Path) -> None:
    """Remove a hostile tree: of any depth, of mode 0, full of links; never follow one.

    Sub-folders are moved up before they are emptied, so that neither the stack nor the number of
    open descriptors grows with the depth.
    """
    folder.chmod(0o700)
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        while names := os.listdir(top):
            for name in names:
                remove_entry(name, top)
    finally:
        os.close(top)
    folder.rmdir()


def remove_entry(name: str, top: int) -> None:
    """Remove one entry of the top folder; what lies two levels down moves one level up."""
    if not is_folder(name, top):
        os.unlink(name, dir_fd=top)
        return
    os.chmod(name, 0o700, dir_fd=top)
    below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        for child in os.listdir(below):
            if is_folder(child, below):
                os.chmod(child, 0o700, dir_fd=below)
                os.rename(child, secrets.token_hex(12), src_dir_fd=below, dst_dir_fd=top)
            else:
                os.unlink(child, dir_fd=below)
    finally:
        os.close(below)
    os.rmdir(name, dir_fd=top)


def is_folder(name: str, parent: int) -> bool:
    """Whether an entry is a folder itself, and no link to one."""
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
