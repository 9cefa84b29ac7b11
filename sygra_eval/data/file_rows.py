"""The rows of local files, whatever names them: every place a row or a named bad row."""

import hashlib
import json
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sygra_eval.data.batches import in_batches
from sygra_eval.data.csv_format import DELIMITERS, other_delimiter
from sygra_eval.data.data_file import DataFile
from sygra_eval.data.forms import KNOWN, Form, form_of, is_text_form, seems_utf16
from sygra_eval.data.naming import Namer
from sygra_eval.data.unpacking import is_utf8
from sygra_eval.values import BadRow, Problem, Row, Severity, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """Reads the rows of one file in its order, in batches on a thread.

    :ivar given: How the suite names the file, under `key`.
    :ivar id_column: The column that names a row; without it a row is FILE:LINE.
    :ivar name: What rows are called after, where that is not the file's own name.
    """

    path: Path
    given: str
    key: str
    id_column: str | None
    name: str = ""
    encoding: str = "utf-8"
    delimiter: str | None = None

    def check(self) -> Iterable[Problem]:
        """Yield what the format and the head of a file that exists say before a row is read."""
        if form_of(self.path) is None:
            yield self.unknown_format()
            return
        try:
            names = self._columns()
        except (OSError, ValueError) as error:
            message = f"`{self.given}` cannot be read: {error}"
            yield Problem(code="file-unreadable", message=message, at=(self.key,))
            return
        if names is not None:
            yield from self._check_columns(names)
        if is_text_form(self.path) and self.path.stat().st_size == 0:
            message = f"`{self.given}` is empty"
            yield Problem(
                code="empty-file", message=message, at=(self.key,), severity=Severity.WARNING
            )

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file.

        :raises UsageError: When it cannot be read.
        """
        with _refusing_unreadable(self.path), self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each place of the file in order; reading and parsing leave the loop free.

        :raises UsageError: When the file cannot be read.
        """
        return rows_of_files([self])

    def read(self, namer: Namer, index: int) -> Generator[Row | BadRow, None, int]:
        """Yield each place of the file; the first has this index. Return the index behind them.

        :raises UsageError: When the file cannot be read.
        """
        form, file = self._form(), self._file()
        name, row_of = file.name, namer.name
        with _refusing_unreadable(self.path):
            for line, found in form.read(file):
                yield row_of(index, f"{name}:{line}", found)
                index += 1
        return index

    def unknown_format(self) -> Problem:
        """Return what is wrong with a suffix that nothing reads."""
        message = f"`{self.path.name}`: only files in {KNOWN} can be read"
        return Problem(code="unknown-format", message=message, at=(self.key,))

    def _form(self) -> Form:
        form = form_of(self.path)
        if form is None:
            raise UsageError(self.unknown_format().message)
        return form

    def _file(self) -> DataFile:
        return DataFile(
            path=self.path,
            name=self.name or self.path.name,
            encoding=self.encoding,
            delimiter=self.delimiter,
        )

    def _columns(self) -> list[str] | None:
        """Return the names that stand in the file's head, None where rows bring their own."""
        if is_text_form(self.path) and is_utf8(self.encoding) and seems_utf16(self.path):
            raise ValueError("it begins as UTF-16 does; say so with `encoding: utf-16`")
        return self._form().columns(self._file())

    def _check_columns(self, names: list[str]) -> Iterable[Problem]:
        for name in sorted({name for name in names if names.count(name) > 1}):
            message = f"`{self.given}` has more than one column `{name}`"
            yield Problem(code="duplicate-column", message=message, at=(self.key,))
        file, wanted = self._file(), self.id_column
        is_one = len(names) == 1 and is_text_form(self.path)
        other = other_delimiter(file, names[0]) if is_one else None
        if other is not None:
            message = (
                f"`{self.given}` has one column, `{names[0]}`: {DELIMITERS[other]} may part it"
            )
            fix = f"add `delimiter: {json.dumps(other)}`"
            severity = Severity.WARNING if wanted in (None, *names) else Severity.ERROR
            yield Problem(
                code="wrong-delimiter", message=message, at=(self.key,), fix=fix, severity=severity
            )
        elif wanted is not None and wanted not in names:
            known = ", ".join(f"`{name}`" for name in names) or "none"
            message = f"`{self.given}` has no column `{wanted}`; its columns: {known}"
            nearest = get_close_matches(wanted, names, n=1)
            fix = f"write `{nearest[0]}`" if nearest else ""
            yield Problem(code="unknown-column", message=message, at=("id",), fix=fix)


def rows_of_files(files: Sequence[FileRows]) -> AsyncGenerator[Row | BadRow, None]:
    """Yield the rows of files one after the other, numbered through.

    :raises UsageError: When one cannot be read.
    """
    return in_batches(_read_all(files))


def _read_all(files: Sequence[FileRows]) -> Generator[Row | BadRow, None, None]:
    namer = Namer(files[0].id_column) if files else Namer(None)
    index = 0
    for file in files:
        index = yield from file.read(namer, index)


@contextmanager
def _refusing_unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: the input cannot be read: {error}") from error
