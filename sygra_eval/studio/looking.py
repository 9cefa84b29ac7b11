"""Looks through a folder for files that may be suites: the nearest first, for a bounded time.

Studio may be opened on a folder that holds far more than suites, as `/tmp` or a home. What was not
looked at is told, so that nobody takes the list for all that there is.
"""

import os
import stat
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sygra_eval.studio.workspace import SUITE_SUFFIXES, is_text

MOST_DEPTH: Final = 4
MOST_FOLDERS: Final = 2_000
MOST_ENTRIES: Final = 40_000
MOST_FILES: Final = 2_000
MOST_BYTES: Final = 4 * 1024 * 1024
_NO_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "taped"})
_OF_AN_ENVIRONMENT: Final = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found.

    :ivar files: YAML files, those of a folder by name, and nearer folders before deeper ones.
    :ivar left_out: Why there may be more; empty where all was looked at.
    """

    files: tuple[Path, ...]
    left_out: str = ""


def look_through(root: Path, reports: Path) -> Looked:
    """Return the YAML files below a folder, up to `MOST_DEPTH` deep; no link is followed."""
    files: list[Path] = []
    waiting, looked, entries = deque([(str(root), 0)]), 0, 0
    while waiting:
        if looked == MOST_FOLDERS or entries > MOST_ENTRIES or len(files) > MOST_FILES:
            break
        folder, depth = waiting.popleft()
        inside = _inside(folder, MOST_ENTRIES - entries)
        looked, entries = looked + 1, entries + len(inside)
        for entry in inside:
            if entry.name.startswith(".") or entry.is_symlink() or not is_text(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                is_skipped = entry.name in _NO_FOLDERS or entry.path == str(reports)
                if depth < MOST_DEPTH and not is_skipped:
                    waiting.append((entry.path, depth + 1))
            elif entry.name.endswith(SUITE_SUFFIXES) and _is_plain(entry):
                files.append(Path(entry.path))
    is_all = not waiting and entries <= MOST_ENTRIES and len(files) <= MOST_FILES
    return Looked(tuple(files[:MOST_FILES]), "" if is_all else _told(looked, len(waiting)))


def _inside(folder: str, most: int) -> list[os.DirEntry[str]]:
    """Return what a folder holds; nothing of one that is gone, closed to us, or Python's own."""
    try:
        with os.scandir(folder) as entries:
            inside = sorted(islice(entries, most + 1), key=lambda entry: entry.name)
    except OSError:
        return []
    return [] if any(entry.name == _OF_AN_ENVIRONMENT for entry in inside) else inside


def _told(looked: int, waiting: int) -> str:
    more = f", and {waiting:,} or more were not" if waiting else ""
    return (
        f"This folder holds very much: the nearest {looked:,} of its folders were looked through"
        f"{more}. Open Studio on the folder that holds your suites."
    )


def _is_plain(entry: os.DirEntry[str]) -> bool:
    """Say whether a file can be opened and read: a pipe would wait for its other end."""
    try:
        told = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(told.st_mode) and told.st_size <= MOST_BYTES
