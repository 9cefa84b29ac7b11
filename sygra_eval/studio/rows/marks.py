"""Marks that people put on rows, in `marks.jsonl` beside the journal.

A finished run is never written again, so marks have a file of their own, one JSON object a line,
appended and never changed: `{"at", "author", "row", "kind", "text"}`. What holds for a row is what
its lines come to: the last verdict, correction, label and note each; `undo` takes back the last
line of its row that was not taken back yet. Two who write at once lose nothing: a line is appended
whole under a lock. A line that a killed process left unfinished counts as not written.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from sygra_eval.journal import plain
from sygra_eval.studio.plain_files import open_plain
from sygra_eval.values import UsageError

MARKS: Final = "marks.jsonl"
MOST_TEXT = 1_000_000
_MOST_NAME = 200


class MarkKind(StrEnum):
    """What a person says of a row."""

    ACCEPT = "accept"
    REJECT = "reject"
    FIX = "fix"
    LABEL = "label"
    NOTE = "note"
    UNDO = "undo"


_VERDICTS: Final = frozenset({MarkKind.ACCEPT, MarkKind.REJECT, MarkKind.FIX})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One line.

    :ivar at: When, by the wall clock, as ISO 8601.
    :ivar text: The corrected answer, the label or the note; empty for the other kinds.
    """

    at: str
    author: str
    row: str
    kind: MarkKind
    text: str = ""

    def __post_init__(self) -> None:
        needs_text = self.kind in (MarkKind.FIX, MarkKind.LABEL, MarkKind.NOTE)
        if needs_text and not self.text.strip():
            raise UsageError(f"a mark `{self.kind}` needs a text")
        if self.text and not needs_text:
            raise UsageError(f"a mark `{self.kind}` has no text")
        if len(self.text) > MOST_TEXT:
            raise UsageError(f"a mark's text has at most {MOST_TEXT} characters")
        if not self.row or not self.author.strip() or len(self.author) > _MOST_NAME:
            raise UsageError("a mark names its row and its author")


@dataclass(slots=True)
class Marked:
    """What the lines of one row come to.

    :ivar lines: Those that hold, in order; what was undone is not among them.
    """

    lines: list[Mark] = field(default_factory=list)

    def take(self, mark: Mark) -> None:
        """Take the next line of the row."""
        if mark.kind is not MarkKind.UNDO:
            self.lines.append(mark)
        elif self.lines:
            self.lines.pop()

    def last(self, *kinds: MarkKind) -> Mark | None:
        """Return the line of such a kind that holds."""
        return next((one for one in reversed(self.lines) if one.kind in kinds), None)

    @property
    def shown(self) -> str | None:
        """Return how the row is listed: its verdict, else that it is labelled or has a note."""
        for kinds in (_VERDICTS, {MarkKind.LABEL}, {MarkKind.NOTE}):
            if (mark := self.last(*kinds)) is not None:
                return mark.kind.value
        return None


def marks_in(folder: Path) -> dict[str, Marked]:
    """Return what is marked in a run, by row; a row whose marks were all undone is there too."""
    found: dict[str, Marked] = {}
    for mark in _lines(folder / MARKS):
        found.setdefault(mark.row, Marked()).take(mark)
    return found


def add_mark(folder: Path, *, author: str, row: str, kind: MarkKind, text: str = "") -> Mark:
    """Append a line and have the disk take it.

    :raises UsageError: When it is no mark, or the file cannot be written.
    """
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    mark = Mark(at=at, author=plain(author.strip()), row=plain(row), kind=kind, text=plain(text))
    told = {"at": mark.at, "author": mark.author, "row": mark.row, "kind": mark.kind.value}
    if mark.text:
        told["text"] = mark.text
    line = json.dumps(told, ensure_ascii=False).encode() + b"\n"
    try:
        _append(folder / MARKS, line)
    except OSError as error:
        raise UsageError(f"the mark is not kept: {MARKS} cannot be written: {error}") from error
    return mark


def _append(path: Path, line: bytes) -> None:
    descriptor = open_plain(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        end = os.lseek(descriptor, 0, os.SEEK_END)
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            line = b"\n" + line  # what stands before was cut by a kill, and stays no mark
        try:
            _write_whole(descriptor, line)
            os.fsync(descriptor)  # on some disks it is here that there is no room
        except OSError:
            os.ftruncate(descriptor, end)  # what is said not to be kept is not kept
            raise
    finally:
        os.close(descriptor)


def _write_whole(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError("there is no room for it")


def _lines(path: Path) -> Iterator[Mark]:
    """Yield the lines that are marks, in order."""
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            data = file.read()
    except OSError:
        return
    for line in data.split(b"\n"):
        mark = _mark_of(line)
        if mark is not None:
            yield mark


def _mark_of(line: bytes) -> Mark | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, Mapping):
        return None
    names = {name: told.get(name, "") for name in ("at", "author", "row", "text")}
    if not all(isinstance(value, str) for value in names.values()):
        return None
    try:
        return Mark(kind=MarkKind(str(told.get("kind"))), **names)
    except (UsageError, ValueError):  # a later version may know more kinds
        return None
