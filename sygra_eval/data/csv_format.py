"""Reads CSV and TSV record by record; every column is text."""

import csv
import io
from collections.abc import Iterator

from sygra_eval.data import text_formats
from sygra_eval.data.data_file import DataFile
from sygra_eval.data.found import Fault, Found
from sygra_eval.data.surrogates import is_text
from sygra_eval.data.text_formats import UP_TO_HERE
from sygra_eval.data.unpacking import Broken, opened

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
"""What others part fields by, in words."""


def read_csv(file: DataFile) -> Iterator[Found]:
    """Yield each record below the header."""
    csv.field_size_limit(text_formats.LONGEST_LINE)  # for the whole process; 128 KiB is no use
    line = 1
    try:
        # What is not UTF-8 becomes lone surrogates, so that it spoils its own record only.
        with opened(file.path, file.encoding) as stream:
            lines = _Lines(io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline=""))
            records = csv.reader(lines, strict=True, delimiter=delimiter_of(file))
            header: list[str] | None = None
            while True:
                line = lines.begin_record()
                try:
                    fields = next(records, None)
                except (csv.Error, _TooLong) as error:
                    yield line, Fault(f"broken CSV: {error}")
                    continue
                if fields is None:
                    return
                if not fields:
                    continue
                if header is not None:
                    yield line, _record(header, fields, file)
                    continue
                header = fields
                if wrong := _wrong_text(header, file):
                    yield line, Fault(f"of the header: {wrong}; nothing of the file was read")
                    return
    except Broken as error:
        yield line, Fault(f"{error}; {UP_TO_HERE}")


def csv_header(file: DataFile) -> list[str]:
    """Return the names of a file's columns; none when it is empty or its header is broken.

    :raises ValueError: When it is not in its encoding, or cannot be unpacked.
    """
    with opened(file.path, file.encoding) as stream:
        lines = _Lines(io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline=""))
        records = csv.reader(lines, strict=True, delimiter=delimiter_of(file))
        try:
            header = next((fields for fields in records if fields), [])
        except (csv.Error, _TooLong):
            return []
        except Broken as error:
            raise ValueError(str(error)) from error
    if wrong := _wrong_text(header, file):
        raise ValueError(f"of the header: {wrong}")
    return header


def delimiter_of(file: DataFile) -> str:
    """Return what stands between fields: what the suite says, else what the suffix does."""
    return file.delimiter or ("\t" if ".tsv" in file.path.name.lower() else ",")


def other_delimiter(file: DataFile, text: str, fields: int | None = None) -> str | None:
    """Return another delimiter that parts a text, into so many fields where that is known."""
    for delimiter in DELIMITERS:
        parts = text.count(delimiter) + 1
        if delimiter != delimiter_of(file) and parts > 1 and fields in (None, parts):
            return delimiter
    return None


class _TooLong(Exception):
    """A record is longer than we read."""


class _Lines:
    """The lines of a file, which are never longer than a record may be.

    A record may go over many lines, when a quote was opened and never closed.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._readline = text.readline
        self._number = 0
        self._left = text_formats.LONGEST_LINE

    def begin_record(self) -> int:
        """Return the number of the line that is next."""
        self._left = text_formats.LONGEST_LINE
        return self._number + 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._readline(self._left + 1)
        self._number += 1
        self._left -= len(line)
        if self._left < 0:
            while line and not line.endswith(("\n", "\r")):
                line = self._readline(text_formats.LONGEST_LINE)
            raise _TooLong(f"it is longer than {text_formats.LONGEST_LINE >> 20} MiB")
        if not line:
            raise StopIteration
        return line


def _record(header: list[str], fields: list[str], file: DataFile) -> dict[str, object] | Fault:
    columns: dict[str, object] = dict(zip(header, fields, strict=False))
    if len(fields) != len(header):
        reason = f"it has {len(fields)} fields where the header has {len(header)}"
        other = other_delimiter(file, fields[0], len(header)) if len(fields) == 1 else None
        hint = f"; {DELIMITERS[other]} would part it into as many" if other else ""
        return Fault(reason + hint, columns)
    wrong = _wrong_text(fields, file)
    return Fault(wrong, columns) if wrong else columns


def _wrong_text(fields: list[str], file: DataFile) -> str:
    text = "".join(fields)
    if not is_text(text):
        return f"it is not {file.encoding.upper()}"
    if "\0" in text:
        return "it holds a NUL byte, which no text file has; is it UTF-16? (`encoding: utf-16`)"
    return ""
