"""The source type `disk`: one local file, every place of it a row or a named bad row."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from threading import Lock

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.found import Found
from sygra_eval.data.naming import Namer
from sygra_eval.data.parquet_format import parquet_columns, read_parquet
from sygra_eval.data.text_formats import csv_header, read_csv, read_json, read_jsonl
from sygra_eval.values import BadRow, Problem, Row, SourceSpec, UsageError

READERS: Mapping[str, Callable[[Path], Iterator[Found]]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".parquet": read_parquet,
}
_BATCH = 256
_BATCH_S = 0.005


class DiskSource:
    """Reads the rows of one file in its order, in batches on a thread."""

    def __init__(self, spec: SourceSpec) -> None:
        self._config = DiskConfig.model_validate(spec.config)
        self._path = spec.folder / self._config.file_path

    def check(self) -> Iterable[Problem]:
        """Yield what can be known to be wrong before a row is read."""
        if self._path.suffix.lower() not in READERS:
            yield self._unknown_format()
        elif not self._path.is_file():
            yield self._not_found()
        else:
            yield from self._check_columns()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file.

        :raises UsageError: When it cannot be read.
        """
        with self._refusing_unreadable(), self._path.open("rb") as file:
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

    def _read(self) -> Generator[Row | BadRow, None, None]:
        reader = READERS.get(self._path.suffix.lower())
        if reader is None:
            raise UsageError(self._unknown_format().message)
        namer = Namer(self._path.name, self._config.id)
        with self._refusing_unreadable():
            for index, (line, columns) in enumerate(reader(self._path)):
                yield namer.name(index, line, columns)

    @contextmanager
    def _refusing_unreadable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"{self._path}: the input cannot be read: {error}") from error

    def _unknown_format(self) -> Problem:
        known = ", ".join(READERS)
        message = f"`{self._path.name}`: only files in {known} can be read"
        return Problem(code="unknown-format", message=message, at=("file_path",))

    def _not_found(self) -> Problem:
        given = Path(self._config.file_path)
        message, fix = f"there is no file `{given}` in {self._path.parent}", ""
        if self._path.is_dir():
            message = f"`{given}` is a folder, not a file"
        elif not self._path.parent.is_dir():
            message = f"there is no folder {self._path.parent}"
        else:
            names = [file.name for file in self._path.parent.iterdir() if file.is_file()]
            for nearest in get_close_matches(given.name, sorted(names), n=1):
                fix = f"write `{given.with_name(nearest)}`"
        return Problem(code="file-not-found", message=message, at=("file_path",), fix=fix)

    def _check_columns(self) -> Iterable[Problem]:
        """Look at what a file says of its columns, where its format says anything."""
        try:
            names = self._columns()
        except (OSError, ValueError) as error:
            message = f"`{self._config.file_path}` cannot be read: {error}"
            yield Problem(code="file-unreadable", message=message, at=("file_path",))
            return
        if names is None:
            return
        for name in sorted({name for name in names if names.count(name) > 1}):
            message = f"`{self._config.file_path}` has more than one column `{name}`"
            yield Problem(code="duplicate-column", message=message, at=("file_path",))
        wanted = self._config.id
        if wanted is not None and wanted not in names:
            known = ", ".join(f"`{name}`" for name in names) or "none"
            message = f"`{self._config.file_path}` has no column `{wanted}`; its columns: {known}"
            nearest = get_close_matches(wanted, names, n=1)
            fix = f"write `{nearest[0]}`" if nearest else ""
            yield Problem(code="unknown-column", message=message, at=("id",), fix=fix)

    def _columns(self) -> list[str] | None:
        """Return the names that stand in the file's head, None where rows bring their own."""
        match self._path.suffix.lower():
            case ".csv":
                return csv_header(self._path)
            case ".parquet":
                return parquet_columns(self._path)
            case ".json":
                with self._path.open("rb") as file:
                    if file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (
                        b"[",
                        b"",
                    ):
                        raise ValueError("it is not a list of objects")
            case _:
                with self._path.open("rb"):
                    pass
        return None


def _some_of(reading: Iterator[Row | BadRow]) -> list[Row | BadRow]:
    """Take a few rows; long ones one by one, so that neither memory nor time grows with them."""
    rows: list[Row | BadRow] = []
    until = time.monotonic() + _BATCH_S
    for row in reading:
        rows.append(row)
        if len(rows) == _BATCH or time.monotonic() > until:
            break
    return rows
