"""Private folders: one base per sandbox, one folder in it per execution, gone afterwards."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

PREFIX = "sygra-eval-"
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
MOST_ENTRIES = 1024  # as many as the box's own tmpfs has inodes


def make_base() -> tuple[Path, int]:
    """Make the folder that holds the executions' folders, and the descriptor that keeps it ours.

    The descriptor holds a lock for as long as this process lives; bases without one were left by
    a killed harness and are removed now. Nobody but us can list a base.
    """
    temp = walkable_temp()
    remove_stale(temp)
    fresh = Path(tempfile.mkdtemp(prefix="." + PREFIX, dir=temp))
    fresh.chmod(0o711)
    lock = os.open(fresh, FOLDER | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    base = temp / fresh.name.removeprefix(".")  # known by its name only once it is locked
    fresh.rename(base)
    return base, lock


def remove_stale(temp: Path) -> None:
    """Remove the bases of harnesses that are no more."""
    for base in temp.glob(f"{PREFIX}*"):
        with suppress(OSError):  # not ours, locked by a living one, or just gone
            if base.lstat().st_uid != os.geteuid():
                continue
            lock = os.open(base, FOLDER)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(base)
            finally:
                os.close(lock)


def walkable_temp() -> Path:
    """Find a temporary folder that any user can walk to; a program's HOME lies in it."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - only looked at
        path = Path(place).resolve()
        if all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents)):
            return path
    return Path(tempfile.gettempdir())


def refuse_paths(names: Iterable[str]) -> None:
    """Let a program's files lie in its own folder alone.

    :raises ValueError: For a name that leads elsewhere.
    """
    for name in names:
        if "/" in name or "\0" in name or name in {"", ".", ".."}:
            raise ValueError(f"`{name}` is not a plain file name")


def make_private(base: Path, files: Mapping[str, str], uid: int | None) -> Path:
    """Make one execution's folder with its files in it, owned by `uid`."""
    folder = Path(tempfile.mkdtemp(dir=base))
    made = [folder, *(folder / name for name in files)]
    for path, text in zip(made[1:], files.values(), strict=True):
        path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
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

    One descriptor walks down and up again, so that neither the stack nor the number of open
    descriptors grows with the depth.
    """
    folder.chmod(0o700)
    here = os.open(folder, FOLDER)
    try:
        way, pending = [], [emptied_of_files(here)]
        while pending:
            if pending[-1]:
                way.append(pending[-1].pop())
                os.chmod(way[-1], 0o700, dir_fd=here)
                here = moved_to(here, way[-1])
                pending.append(emptied_of_files(here))
                continue
            pending.pop()
            if way:
                here = moved_to(here, "..")
                os.rmdir(way.pop(), dir_fd=here)
    finally:
        os.close(here)
    folder.rmdir()


def moved_to(here: int, name: str) -> int:
    """Open another folder in place of an open one."""
    there = os.open(name, FOLDER, dir_fd=here)
    os.close(here)
    return there


def emptied_of_files(folder: int) -> list[str]:
    """Remove everything but folders, and name those."""
    folders = []
    for name in names_in(folder):
        if is_folder(name, folder):
            folders.append(name)
        else:
            os.unlink(name, dir_fd=folder)
    return folders


def names_in(folder: int) -> list[str]:
    """List an open folder."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def is_folder(name: str, parent: int) -> bool:
    """Whether an entry is a folder itself, and no link to one."""
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
