"""Removes runs, and what killed ones left behind. Start at `remove_run` and `collect_garbage`.

A run folder holds paid answers, so nothing is removed on a guess: a folder that is no run of ours,
that a process works on, that a link leads to, or that holds files which no run writes, is refused.
"""

import os
import re
import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.engine.control import CONTROL_NAME
from sygra_eval.engine.data_files import is_data_file
from sygra_eval.engine.folder import MANIFEST
from sygra_eval.engine.measured import MEASURED_FILE
from sygra_eval.engine.recheck_files import read_manifest
from sygra_eval.journal import BLOBS, PARTS, RunLock, lock_owner, open_readonly
from sygra_eval.values import Outcome, SygraEvalError, UsageError

_JOURNAL = "journal.db"
_OURS = re.compile(
    r"report\.[A-Za-z0-9_.-]+|journal\.[a-z0-9.-]+(-wal|-shm|-journal)?|input-[^/]+|given\.jsonl"
    r"|README\.md|suite\.yaml|run\.log|marks\.jsonl|LOCK|estimate\.[a-z]+"
)
_FOLDERS = frozenset({BLOBS, PARTS, *(outcome.value for outcome in Outcome)})
_UNFINISHED = re.compile(r"\.?.+\.tmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A file that nothing needs."""

    path: Path
    size: int
    why: str


def remove_run(folder: Path) -> int:
    """Remove a run folder and all in it; return how many bytes that were.

    :raises UsageError: When it is no run of ours, goes on, or holds what no run writes.
    """
    _refuse_what_is_no_run(folder)
    with RunLock(folder):  # so that nobody resumes it meanwhile
        size = size_of(folder)
        shutil.rmtree(folder)
    return size


def refuse_removal(folder: Path) -> None:
    """Say before anybody is asked that a folder will not be removed.

    :raises UsageError: As `remove_run`.
    """
    _refuse_what_is_no_run(folder)
    if (owner := lock_owner(folder)) is not None:
        raise UsageError(f"{folder}: the run still goes on: {owner}")


def leftovers(folder: Path) -> Iterator[Leftover]:
    """Yield what a killed process left in a run folder and nothing needs. Hold the run's lock.

    The long texts beside the journal are looked at only where it is whole and the only one.
    """
    for place in (folder, folder / BLOBS, *(folder / outcome.value for outcome in Outcome)):
        for path in _plain_files(place):
            if _UNFINISHED.fullmatch(path.name):
                yield _leftover(path, "a file that was not finished")
    others = list(folder.glob("journal.*.db")) + list((folder / PARTS).glob("*.db"))
    if others or not (folder / BLOBS).is_dir():
        return
    with open_readonly(folder / _JOURNAL) as reader:
        named = reader.named_texts()
        if reader.damaged:
            return
    for path in _plain_files(folder / BLOBS):
        if re.fullmatch("[0-9a-f]{64}", path.name) and path.name not in named:
            yield _leftover(path, "a text that no row of the journal names")


def collect_garbage(out: Path, *, removes: bool) -> Iterator[tuple[Path, Leftover | str]]:
    """Yield, by run folder, what was removed, or why a folder was left alone.

    :param removes: False only looks.
    """
    for journal in sorted(out.absolute().glob(f"*/*/{_JOURNAL}")):
        folder = journal.parent
        if folder.is_symlink() or folder.parent.is_symlink():
            yield folder, "it is a link"
            continue
        try:
            with RunLock(folder):
                for found in list(leftovers(folder)):
                    if removes:
                        found.path.unlink()
                    yield folder, found
        except (SygraEvalError, OSError) as error:
            yield folder, str(error)


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder; what links lead to is not in it."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:  # gone meanwhile
                continue
    return total


def _refuse_what_is_no_run(folder: Path) -> None:
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link; name the folder that it leads to")
    if not (folder / _JOURNAL).is_file() or (folder / _JOURNAL).is_symlink():
        raise UsageError(f"{folder} is not a run: it has no {_JOURNAL}")
    with open_readonly(folder / _JOURNAL) as reader:
        reader.plan()
    manifest = read_manifest(folder)  # names the views that the suite asked for
    written = frozenset(manifest.files if manifest is not None else ())
    foreign = sorted(path.name for path in folder.iterdir() if not _is_ours(path, written))
    if foreign:
        named = ", ".join(foreign[:3]) + (" and more" if len(foreign) > 3 else "")
        raise UsageError(
            f"{folder} also holds what no run writes: {named}; move that away first, or remove "
            "the folder by hand"
        )


def _is_ours(path: Path, written: Container[str]) -> bool:
    if path.is_symlink():
        return False
    if path.is_dir():
        return path.name in _FOLDERS
    name = path.name
    return (
        is_data_file(name)
        or name in (MANIFEST, MEASURED_FILE, CONTROL_NAME)
        or name in written
        or _OURS.fullmatch(name) is not None
        or _UNFINISHED.fullmatch(name) is not None
    )


def _plain_files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink():
            yield path


def _leftover(path: Path, why: str) -> Leftover:
    return Leftover(path=path, size=path.lstat().st_size, why=why)
