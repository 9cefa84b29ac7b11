"""Rows that a program gives: kept in the run's folder as they come, and read from there.

One thread gives, with `put`, while another reads, with `GivenSource.rows`; what was given once is
there for every reader and for a resume, so that an iterator which can be read only once is enough.
A line of the file is a JSON object, or a list that says why a place gave no row; the last line says
that there are no more.
"""

import asyncio
import json
import os
import threading
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.data.found import Columns, Fault
from sygra_eval.data.naming import Namer
from sygra_eval.data.text_formats import parse_object
from sygra_eval.values import BadRow, InfrastructureError, Problem, Row, SourceSpec, UsageError

GIVEN = "given"
KEPT_FILE = "given.jsonl"
NOT_WHOLE = (
    "a program gave the rows, and not all of them were read before the run ended; give them again "
    "to go on: sygra_eval.resume(RUN, rows=...)"
)
_END = b'["end"]\n'
_BATCH = 256
_BATCH_BYTES = 4 * 2**20
_LOOK_AGAIN_S = 0.1


class GivenConfig(BaseModel):
    """Rows that a Python program hands over, as `sygra_eval.run(suite, rows=...)` does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = Field(
        default=None, description="The column that names a row; without it a row is rows:NUMBER."
    )


class GivingBroke(InfrastructureError):
    """What gives the rows raised, or ended too early; the run can be resumed."""


def kept_line(found: Columns | Fault) -> bytes:
    """Return the line that keeps a row, or why there is none."""
    if isinstance(found, Fault):
        return json.dumps(["bad_input", found.reason]).encode() + b"\n"
    return json.dumps(found, ensure_ascii=False, allow_nan=False).encode() + b"\n"


class GivenRows:
    """The rows of one run that were given so far, in memory until the run has its folder.

    :ivar id_column: The column that names a row; None leaves it to the suite.
    :ivar total: How many there will be, where that is known.
    :ivar count: How many there are; `taken` of them were read by whoever came furthest.
    :ivar is_whole: There will be no more.
    """

    def __init__(self, id_column: str | None = None) -> None:
        self.id_column = id_column
        self.total: int | None = None
        self.count = self.taken = 0
        self.is_whole = False
        self._is_enough = False
        self._broke = ""
        self._early: list[bytes] = []  # behind those in the file
        self._in_file = 0
        self._kept_bytes: tuple[int, int] | None = None  # of whole lines, and of all
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._changed = threading.Condition()

    @classmethod
    def kept_in(cls, folder: Path) -> "GivenRows":
        """Return what an earlier start of a run kept; a line that a kill has cut is left out.

        :raises UsageError: When the file cannot be read.
        """
        given = cls()
        given._path = folder / KEPT_FILE
        size = whole = 0
        try:
            with given._path.open("rb") as file:
                for line in file:
                    size += len(line)
                    if line == _END:
                        given.is_whole, given.total = True, given.count
                    elif line.endswith(b"\n"):
                        given.count += 1
                        whole = size
        except OSError as error:
            raise UsageError(
                f"{given._path}: the rows of the run cannot be read: {error}"
            ) from error
        given._in_file = given.count
        if not given.is_whole:
            given._broke, given._kept_bytes = NOT_WHOLE, (whole, size)
        return given

    @property
    def keys(self) -> dict[str, object]:
        """The keys that the suite's source has of it."""
        return {} if self.id_column is None else {"id": self.id_column}

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is waited for."""
        return self.is_done or self._is_enough

    @property
    def is_done(self) -> bool:
        """Whether nothing more can be given: all is there, or its owner broke."""
        return self.is_whole or bool(self._broke)

    @property
    def is_written(self) -> bool:
        """Whether what is given goes into the run's folder by now."""
        return self._file is not None

    @property
    def is_waited_for(self) -> bool:
        """Whether a reader has read all that there is."""
        return self.taken >= self.count

    def keep_in(self, folder: Path) -> None:
        """Write to the run's folder from now on, and what is there already at once."""
        with self._changed:
            if self._path == folder / KEPT_FILE:
                return  # of an earlier start, see `reopen`
            self._path = folder / KEPT_FILE
            self._file = self._path.open("xb")
            self._write_early()
        if self.is_whole:
            self.close()

    def kept_lines(self) -> Iterator[bytes]:
        """Yield the lines of the rows that an earlier start kept."""
        assert self._path is not None, "it was kept before"  # noqa: S101
        with self._path.open("rb") as file:
            yield from islice(file, self._in_file)

    def go_on(self) -> None:
        """Take more rows behind those that are kept; they come into the file with `reopen`."""
        self._broke = ""

    def reopen(self) -> None:
        """Write to the run's folder again, once the run's lock is ours.

        :raises UsageError: When somebody else wrote there meanwhile.
        """
        with self._changed:
            if self._path is None or self._file is not None or self._kept_bytes is None:
                return
            lines, end = self._kept_bytes
            if self._path.stat().st_size != end:
                raise UsageError(f"{self._path}: another process went on with this run; try again")
            self._kept_bytes = None
            self._file = self._path.open("r+b")
            self._file.truncate(lines)
            self._file.seek(lines)
            self._write_early()

    def _write_early(self) -> None:
        assert self._file is not None, "it has a file"  # noqa: S101
        self._file.writelines(self._early)
        if self.is_whole:
            self._file.write(_END)
        self._file.flush()
        self._early, self._in_file = [], self.count

    def put(self, lines: list[bytes]) -> None:
        """Keep some more."""
        with self._changed:
            if self._file is None:
                self._early += lines
            else:
                self._file.writelines(lines)
                self._file.flush()
                self._in_file += len(lines)
            self.count += len(lines)
            self._changed.notify_all()

    def end(self) -> None:
        """Say that there are no more."""
        with self._changed:
            self.is_whole, self.total = True, self.count
            if self._file is not None:
                self._file.write(_END)
            self._changed.notify_all()
        self.close()

    def break_off(self, why: str) -> None:
        """Say that there would be more, and why they do not come."""
        with self._changed:
            self._broke = why
            self._changed.notify_all()

    def enough(self) -> None:
        """End all readers where they are: a run that drains, or has met its target, needs none."""
        with self._changed:
            self._is_enough = True
            self._changed.notify_all()

    def close(self) -> None:
        """Have the disk take what was written; nothing more can be put into a file."""
        with self._changed:
            file, self._file = self._file, None
        if file is not None and not file.closed:
            with file:
                file.flush()
                os.fsync(file.fileno())

    def lines(self, reading: "_Reading") -> list[bytes] | None:
        """Return the next lines of a reading, none while none come, None at the end.

        :raises GivingBroke: At the end, where it is not the end of what there would be.
        """
        with self._changed:
            self.taken = max(self.taken, reading.at)
            if self._is_enough:
                return None
            if reading.at >= self.count and not self.is_ended:
                self._changed.wait(_LOOK_AGAIN_S)
            there, in_file, path = self.count, self._in_file, self._path
            after = reading.at - in_file
            lines = self._early[after : after + _BATCH] if after >= 0 else []
        if reading.at >= there:
            if self._broke:
                raise GivingBroke(self._broke)
            return None if self.is_ended else []
        if path is not None and reading.at < in_file:
            lines = reading.from_file(path, in_file)
        reading.at += len(lines)
        return lines


@dataclass(slots=True)
class _Reading:
    """How far one reader has come, `in_file` of it in the file."""

    at: int = 0
    in_file: int = 0
    file: BinaryIO | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def from_file(self, path: Path, there: int) -> list[bytes]:
        """Return the next lines of the file, up to those that are there."""
        if self.file is None:
            self.file = path.open("rb")
        for _ in islice(self.file, self.at - self.in_file):
            pass  # read from memory before it was there
        self.in_file = self.at
        lines, size = [], 0
        for line in islice(self.file, min(_BATCH, there - self.at)):
            lines.append(line)
            size += len(line)
            if size > _BATCH_BYTES:
                break
        self.in_file += len(lines)
        return lines

    def close(self) -> None:
        """Close the file; a thread that still reads has its turn first."""
        with self.turn:
            if self.file is not None:
                self.file.close()


class GivenSource:
    """Reads what was given, as the source of a suite.

    :cvar first_row_s: A program may take its time; who gave up would lose what it gave.
    """

    first_row_s = 86_400.0

    def __init__(self, spec: SourceSpec, given: GivenRows | None = None) -> None:
        self._id_column = GivenConfig.model_validate(spec.config).id
        if given is None and spec.kept_in is not None and (spec.kept_in / KEPT_FILE).is_file():
            kept = spec.shared.get(KEPT_FILE) or GivenRows.kept_in(spec.kept_in)
            given = cast("GivenRows", spec.shared.setdefault(KEPT_FILE, kept))
        self._given = given

    @property
    def total(self) -> int | None:
        """How many rows there are; None where nobody knows."""
        return None if self._given is None else self._given.total

    def check(self) -> Iterable[Problem]:
        """Yield that there is no program to give the rows, where there is none."""
        if self._given is None:
            yield Problem(
                code="rows-not-given",
                message="a Python program gives this suite its rows, and none does here",
                at=("type",),
                fix="run it with `sygra_eval.run(suite, rows=...)`, or name another source",
            )

    def fingerprint(self) -> str:
        """Return the same for all: what was given is kept in the run's own folder."""
        return GIVEN

    async def keep_in(self, folder: Path) -> None:
        """Keep what is given in a run's folder from now on."""
        if self._given is not None:
            self._given.keep_in(folder)

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each row in the order in which it was given, waiting for those to come.

        :raises GivingBroke: When there would be more, and they do not come.
        """
        if self._given is None:
            raise UsageError("a Python program gives this suite its rows, and none does here")
        given, reading = self._given, _Reading()
        namer = Namer(self._id_column)

        def some() -> list[Row | BadRow] | None:
            with reading.turn:
                at = reading.at
                lines = given.lines(reading)
                if lines is None:
                    return None
                return [
                    namer.name(index, f"rows:{index + 1}", _found(line))
                    for index, line in enumerate(lines, start=at)
                ]

        try:
            while (rows := await asyncio.to_thread(some)) is not None:
                for row in rows:
                    yield row
        finally:
            reading.close()


def _found(line: bytes) -> Columns | Fault:
    if line.startswith(b"["):
        return Fault(str(json.loads(line)[1]))
    return parse_object(line.rstrip(b"\n"))
