"""Reads JSONL, JSON and CSV place by place; what is wrong at one place ends there."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, cast

from sygra_eval.data.found import LONE_SURROGATE, NOT_FINITE, Fault, Found
from sygra_eval.data.surrogates import is_text

LONGEST_LINE = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_SPACE = " \t\r\n"


class _NotFinite(ValueError):
    """A number that JSON does not have."""


def read_jsonl(path: Path) -> Iterator[Found]:
    """Yield each line that is not blank; a file whose name ends in `.gz` is unpacked on the way."""
    with _unpacked(path) as file:
        yield from jsonl_places(file)


class Lines(Protocol):
    """An open file, or what reads like one."""

    def readline(self, most: int, /) -> bytes:
        """Return the next line with its end, at most so many bytes of it; nothing at the end."""
        ...


def jsonl_places(file: Lines) -> Iterator[Found]:
    """Yield each line of an open file that is not blank."""
    number = 0
    while line := _next_line(file):
        number += 1
        if isinstance(line, Fault):
            yield number, line
            return
        if number == 1:
            line = line.removeprefix(_BOM)
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            yield number, Fault(f"the line is longer than {LONGEST_LINE >> 20} MiB")
            _skip_line(file)
        elif line and not line.isspace():
            yield number, parse_object(line.rstrip(b"\r\n"))


def read_json(path: Path) -> Iterator[Found]:
    """Yield each item of a file that is one list, numbered from 1; it is held in memory whole."""
    try:
        text = path.read_bytes().removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        yield 1, Fault(f"the file is not UTF-8 at byte {error.start + 1}; nothing of it was read")
        return
    position = _skip_space(text, 0)
    if not text.startswith("[", position):
        if text[position:]:
            yield 1, Fault("the file is not a list of objects; nothing of it was read")
        return
    number, position = 0, _skip_space(text, position + 1)
    is_ended = text.startswith("]", position)
    while not is_ended:
        number += 1
        try:
            _, end = _LENIENT.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            yield number, Fault(f"broken JSON: {_said(error)}; the file was read up to here")
            return
        yield number, parse_object(text[position:end].encode())
        position = _skip_space(text, end)
        is_ended = text.startswith("]", position)
        if not is_ended and not text.startswith(",", position):
            break
        if not is_ended:
            position = _skip_space(text, position + 1)
    if not is_ended or _skip_space(text, position + 1) < len(text):
        yield number + 1, Fault("broken JSON: the list does not end as one; read up to here")


def read_csv(path: Path) -> Iterator[Found]:
    """Yield each record below the header; every column is text."""
    csv.field_size_limit(LONGEST_LINE)  # for the whole process; its default of 128 KiB is no use
    # What is not UTF-8 becomes lone surrogates, so that it spoils its own record only.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        records = csv.reader(file, strict=True)
        header: list[str] | None = None
        while True:
            line = records.line_num + 1
            try:
                fields = next(records, None)
            except csv.Error as error:
                yield line, Fault(f"broken CSV: {error}")
                continue
            if fields is None:
                return
            if not fields:
                continue
            if header is None:
                header = fields
            else:
                yield line, _record(header, fields)


def csv_header(path: Path) -> list[str]:
    """Return the names of a CSV file's columns; none when it is empty or its header is broken."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        try:
            return next((fields for fields in csv.reader(file, strict=True) if fields), [])
        except csv.Error:
            return []


def parse_object(data: bytes) -> dict[str, object] | Fault:
    """Return the object that a line holds, or why there is none."""
    try:
        value = _STRICT.decode(data.decode())
    except UnicodeDecodeError as error:
        return Fault(f"it is not UTF-8 at byte {error.start + 1}")
    except _NotFinite:
        return Fault(NOT_FINITE, _LENIENT.decode(data.decode()))
    except (ValueError, RecursionError) as error:
        return Fault(f"broken JSON: {_said(error)}")
    if not isinstance(value, dict):
        return Fault(f"it is {_kind(value)}, not an object")
    if b"\\u" in data and not is_text(json.dumps(value, ensure_ascii=False)):
        return Fault(LONE_SURROGATE, value)
    return value


def _record(header: list[str], fields: list[str]) -> dict[str, object] | Fault:
    columns: dict[str, object] = dict(zip(header, fields, strict=False))
    if len(fields) != len(header):
        return Fault(f"it has {len(fields)} fields where the header has {len(header)}", columns)
    return columns if is_text("".join(fields)) else Fault("it is not UTF-8", columns)


def _unpacked(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb")


def _next_line(file: Lines) -> bytes | Fault:
    """Return a line, or why a gzip file cannot be unpacked any further."""
    try:
        return file.readline(LONGEST_LINE + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        return Fault(f"broken gzip: {error}; the file was read up to here")


def _skip_line(file: Lines) -> None:
    while isinstance(rest := _next_line(file), bytes) and rest and not rest.endswith(b"\n"):
        pass


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def _said(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            line = f"line {error.lineno}, " if error.lineno > 1 else ""
            return f"{error.msg.removesuffix(' at')} at {line}column {error.colno}"
        case RecursionError():
            return "nested too deeply"
        case _:
            return str(error)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case _:
            return "a list"


def _refuse(constant: str) -> NoReturn:
    raise _NotFinite(constant)


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _NotFinite(text)
    return value


_STRICT = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
_LENIENT = json.JSONDecoder()
