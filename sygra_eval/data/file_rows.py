"""The rows of one local file, whatever names it: every place a row or a named bad row."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from threading import Lock

from sygra_eval.data.found import Found
from sygra_eval.data.naming import Namer
from sygra_eval.data.parquet_format import parquet_columns, read_parquet
from sygra_eval.data.text_formats import csv_header, read_csv, read_json, read_jsonl
from sygra_eval.values import BadRow, Problem, Row, UsageError

READERS: Mapping[str, Callable[[Path], Iterator[Found]]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".jsonl.gz": read_jsonl,
    ".ndjson.gz": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".parquet": read_parquet,
}
_BATCH = 256
_BATCH_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """Reads the rows of one file in its order, in batches on a thread.

    :ivar given: How the suite names the file, under `key`.
    :ivar id_column: The column that names a row; without it a row is FILE:LINE.
    """

    path: Path
    given: str
    key: str
    id_column: str | None

    def check(self) -> Iterable[Problem]:
        """Yield what the format and the head of a file that exists say before a row is read."""
        if format_of(self.path) is None:
            yield self.unknown_format()
            return
        yield from self._check_columns()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file.

        :raises UsageError: When it cannot be read.
        """
        with self._refusing_unreadable(), self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each place of the file in order; reading and parsing leave the loop free.

        :raises UsageError: When the file cannot be read.
        """
        reading = self._read()
        turn = Lock()  # one who stops in the middle must not close what a thread still reads

        def batch() -> list[Row | BadRow]:
            with turn:
                return _some_of(reading)

        try:
            while rows := await asyncio.to_thread(batch):
                for row in rows:
                    yield row
        finally:
            with turn:
                reading.close()

    def unknown_format(self) -> Problem:
        """Return what is wrong with a suffix that nothing reads."""
        known = ", ".join(READERS)
        message = f"`{self.path.name}`: only files in {known} can be read"
        return Problem(code="unknown-format", message=message, at=(self.key,))

    def _read(self) -> Generator[Row | BadRow, None, None]:
        suffix = format_of(self.path)
        if suffix is None:
            raise UsageError(self.unknown_format().message)
        namer = Namer(self.path.name, self.id_column)
        with self._refusing_unreadable():
            for index, (line, columns) in enumerate(READERS[suffix](self.path)):
                yield namer.name(index, line, columns)

    @contextmanager
    def _refusing_unreadable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"{self.path}: the input cannot be read: {error}") from error

    def _check_columns(self) -> Iterable[Problem]:
        """Look at what a file says of its columns, where its format says anything."""
        try:
            names = self._columns()
        except (OSError, ValueError) as error:
            message = f"`{self.given}` cannot be read: {error}"
            yield Problem(code="file-unreadable", message=message, at=(self.key,))
            return
        if names is None:
            return
        for name in sorted({name for name in names if names.count(name) > 1}):
            message = f"`{self.given}` has more than one column `{name}`"
            yield Problem(code="duplicate-column", message=message, at=(self.key,))
        wanted = self.id_column
        if wanted is not None and wanted not in names:
            known = ", ".join(f"`{name}`" for name in names) or "none"
            message = f"`{self.given}` has no column `{wanted}`; its columns: {known}"
            nearest = get_close_matches(wanted, names, n=1)
            fix = f"write `{nearest[0]}`" if nearest else ""
            yield Problem(code="unknown-column", message=message, at=("id",), fix=fix)

    def _columns(self) -> list[str] | None:
        """Return the names that stand in the file's head, None where rows bring their own."""
        match self.path.suffix.lower():
            case ".csv":
                return csv_header(self.path)
            case ".parquet":
                return parquet_columns(self.path)
            case ".json":
                with self.path.open("rb") as file:
                    if file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (
                        b"[",
                        b"",
                    ):
                        raise ValueError("it is not a list of objects")
            case _:
                with self.path.open("rb"):
                    pass
        return None


def format_of(path: Path) -> str | None:
    """Return the suffix of a file that some reader reads."""
    name = path.name.lower()
    return next((suffix for suffix in READERS if name.endswith(suffix)), None)


def _some_of(reading: Iterator[Row | BadRow]) -> list[Row | BadRow]:
    """Take a few rows; long ones one by one, so that neither memory nor time grows with them."""
    rows: list[Row | BadRow] = []
    until = time.monotonic() + _BATCH_S
    for row in reading:
        rows.append(row)
        if len(rows) == _BATCH or time.monotonic() > until:
            break
    return rows
