"""Reads JSONL line by line; what is wrong in one line ends there."""

import json
from collections.abc import Iterator
from typing import NoReturn, Protocol

from sygra_eval.data.data_file import DataFile
from sygra_eval.data.found import LONE_SURROGATE, NOT_FINITE, Fault, Found
from sygra_eval.data.surrogates import is_text
from sygra_eval.data.unpacking import Broken, is_utf8, opened

LONGEST_LINE = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
UP_TO_HERE = "the file was read up to here"


class _NotFinite(ValueError):
    """A number that JSON does not have."""


def read_jsonl(file: DataFile) -> Iterator[Found]:
    """Yield each line that is not blank."""
    with opened(file.path, file.encoding) as lines:
        yield from jsonl_places(lines, file.encoding)


class Lines(Protocol):
    """An open file, or what reads like one."""

    def readline(self, most: int, /) -> bytes:
        """Return the next line with its end, at most so many bytes of it; nothing at the end."""
        ...


def jsonl_places(file: Lines, encoding: str = "utf-8") -> Iterator[Found]:
    """Yield each line of an open file that is not blank.

    :param encoding: What the file was in, before it was made UTF-8.
    """
    number = 0
    readline, longest = file.readline, LONGEST_LINE + 1
    try:
        while line := readline(longest):
            number += 1
            if number == 1:
                line = line.removeprefix(_BOM)
            if len(line) == longest and not line.endswith(b"\n"):
                yield number, Fault(f"the line is longer than {LONGEST_LINE >> 20} MiB")
                _skip_line(file)
            elif line and not line.isspace():
                yield number, parse_object(line.rstrip(b"\r\n"), encoding)
    except Broken as error:
        yield number + 1, Fault(f"{error}; {UP_TO_HERE}")


def parse_object(data: bytes, encoding: str = "utf-8") -> dict[str, object] | Fault:
    """Return the object that a line holds, or why there is none.

    :param encoding: What the file was in, before it was made UTF-8.
    """
    try:
        text = data.decode()
        value, end = _STRICT.raw_decode(text)  # `decode` does so too, and looks for space twice
    except (ValueError, RecursionError):
        return _parse_with_care(data, encoding)
    if type(value) is not dict or end != len(text) or b"\\ud" in data or b"\\uD" in data:
        return _parse_with_care(data, encoding)
    found: dict[str, object] = value
    return found


def _parse_with_care(data: bytes, encoding: str) -> dict[str, object] | Fault:
    """Parse what has space around it or surrogates in it, and say what is wrong with the rest."""
    try:
        value = _STRICT.decode(data.decode())
    except UnicodeDecodeError as error:
        if not is_utf8(encoding):
            return Fault(f"it is not {encoding.upper()}")
        return Fault(f"it is not UTF-8 at byte {error.start + 1}")
    except _NotFinite:
        return Fault(NOT_FINITE, _LENIENT.decode(data.decode()))
    except (ValueError, RecursionError) as error:
        nul = "; it holds a NUL byte" if b"\0" in data else ""
        return Fault(f"broken JSON: {_said(error)}{nul}")
    if not isinstance(value, dict):
        return Fault(f"it is {_kind(value)}, not an object")
    if not is_text(json.dumps(value, ensure_ascii=False)):
        return Fault(LONE_SURROGATE, value)
    return value


def _skip_line(file: Lines) -> None:
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


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
