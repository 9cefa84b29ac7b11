"""Finds the files that a folder or a pattern means, in a stable order, and none outside.

A pattern is as in a shell: `*`, `?` and `[...]` within a name, `**` for any folders. What stands
before the first of them is the folder; no `..` behind it and no link leads out of that.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import NoReturn

_MAGIC = re.compile(r"[*?\[]")


class OutsideFolder(Exception):
    """A pattern, or a link that it finds, leads out of its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A file that was found, and its path relative to the folder, with `/` in it."""

    path: Path
    name: str


def is_several(path: Path) -> bool:
    """Say whether a path means a folder or a pattern; what exists under that very name does not."""
    return path.is_dir() or (not path.exists() and _first_magic(path) is not None)


def folder_of(path: Path) -> Path:
    """Return the folder of a file, of a pattern, or the folder that it is itself."""
    if path.is_dir():
        return path
    magic = None if path.exists() else _first_magic(path)
    return path.parent if magic is None else Path(*path.parts[:magic])


def matches_of(path: Path) -> list[Match]:
    """Return the files that a folder or a pattern means, ordered by their names.

    :raises OutsideFolder: When it leads out of its folder.
    :raises OSError: When a folder cannot be read.
    """
    folder = folder_of(path)
    wanted = ("**",) if path.is_dir() else path.parts[len(folder.parts) :]
    if ".." in wanted:
        raise OutsideFolder(f"`..` behind `{folder.name}/` leads out of that folder")
    inside = folder.resolve()
    found = []
    for name in _files_in(folder):
        if not _is_match(tuple(name.split("/")), wanted):
            continue
        place = folder / name
        if not place.resolve().is_relative_to(inside):
            raise OutsideFolder(f"`{name}` is a link to a place outside of {folder}")
        if place.is_file():
            found.append(Match(path=place, name=name))
    return sorted(found, key=lambda match: match.name.split("/"))


def _first_magic(path: Path) -> int | None:
    return next((at for at, part in enumerate(path.parts) if _MAGIC.search(part)), None)


def _files_in(folder: Path) -> Iterator[str]:
    """Yield what is in a folder and below; a link to a folder is not gone through.

    :raises OSError: When a folder cannot be read, as its rows would be missing.
    """

    def fail(error: OSError) -> NoReturn:
        raise error

    for at, folders, files in os.walk(folder, onerror=fail, followlinks=False):
        links = [name for name in folders if Path(at, name).is_symlink()]
        for name in (*files, *links):
            yield Path(at, name).relative_to(folder).as_posix()


def _is_match(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    if not wanted:
        return not parts
    first, rest = wanted[0], wanted[1:]
    if first == "**":
        if not rest:
            return all(not part.startswith(".") for part in parts)
        is_here = _is_match(parts, rest)
        return is_here or (
            len(parts) > 1 and not parts[0].startswith(".") and _is_match(parts[1:], wanted)
        )
    if not parts or (parts[0].startswith(".") and not first.startswith(".")):
        return False
    return re.match(translate(first), parts[0]) is not None and _is_match(parts[1:], rest)
