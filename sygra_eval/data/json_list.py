"""Reads a JSON file that is one list, item by item: no more of it is held than its longest item."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from sygra_eval.data import text_formats
from sygra_eval.data.data_file import DataFile
from sygra_eval.data.found import Fault, Found
from sygra_eval.data.surrogates import is_text
from sygra_eval.data.text_formats import UP_TO_HERE, parse_object
from sygra_eval.data.unpacking import Broken, opened

_CHUNK = 1 << 16
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_CUT_WORD = len("-Infinity")


def read_json(file: DataFile) -> Iterator[Found]:
    """Yield each item, numbered from 1."""
    with opened(file.path, file.encoding) as stream:
        text = _Text(stream)
        opening = text.peek()
        if opening != "[":
            if opening:
                yield 1, Fault("the file is not a list of objects; nothing of it was read")
            elif text.broken is not None:
                yield 1, Fault(f"{text.broken}; nothing of it was read")
            return
        yield from _items(text, file.encoding)


def begins_a_list(file: DataFile) -> bool:
    """Say whether a file begins as a list does, or is empty.

    :raises ValueError: When it cannot be unpacked.
    """
    with opened(file.path, file.encoding) as stream:
        text = _Text(stream)
        opening = text.peek()
        if text.broken is not None and not opening:
            raise ValueError(str(text.broken))
        return opening in ("[", "")


def _items(text: "_Text", encoding: str) -> Iterator[Found]:
    number = 0
    text.position += 1
    is_ended = text.peek() == "]"
    while not is_ended:
        number += 1
        end = _end_of_item(text, encoding)
        if isinstance(end, Fault):
            yield number, end
            return
        item = text.take(end)
        if len(item) > text_formats.LONGEST_LINE:
            yield number, Fault(f"the item is longer than {text_formats.LONGEST_LINE >> 20} MiB")
        else:
            yield number, parse_object(item.encode("utf-8", "surrogateescape"), encoding)
        follows = text.peek()
        is_ended = follows == "]"
        if not is_ended and follows != ",":
            why = text.broken or "broken JSON: the list does not end as one"
            yield number + 1, Fault(f"{why}; {UP_TO_HERE}")
            return
        if not is_ended:
            text.position += 1
            text.peek()
    text.position += 1
    if text.peek():
        why = "broken JSON: the list does not end as one: something follows it"
        yield number + 1, Fault(f"{why}; {UP_TO_HERE}")
    elif text.broken is not None:
        yield number + 1, Fault(f"{text.broken}; {UP_TO_HERE}")


def _end_of_item(text: "_Text", encoding: str) -> int | Fault:
    """Return where the item ends that begins here, reading on as far as that takes."""
    while True:
        try:
            _, end = _DECODER.raw_decode(text.text, text.position)
        except RecursionError:
            return Fault(f"broken JSON: nested too deeply; {UP_TO_HERE}")
        except ValueError as error:
            held = len(text.text) - text.position
            if held > text_formats.LONGEST_LINE:
                most = text_formats.LONGEST_LINE >> 20
                return Fault(f"the item is longer than {most} MiB; {UP_TO_HERE}")
            if not (_may_be_cut(error, text) and text.more()):
                return Fault(f"{text.broken or text.said(error, encoding)}; {UP_TO_HERE}")
        else:
            if end < len(text.text) or not text.more():  # a number may go on behind what is held
                return end


def _may_be_cut(error: ValueError, text: "_Text") -> bool:
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos > len(text.text) - 2 * _CUT_WORD


class _Text:
    """The text of a file from some place on; more of it is read when it is asked for.

    :ivar broken: Why no more of the file can be unpacked.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        # What is not UTF-8 becomes lone surrogates, so that it spoils its own item only.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._line, self._column = 0, 0  # of the first character that is held
        self._is_ended = False
        self.text, self.position = "", 0
        self.broken: Broken | None = None

    def peek(self) -> str:
        """Skip space and return the next character, none at the end."""
        while True:
            space = _SPACE.match(self.text, self.position)
            self.position = space.end() if space else self.position
            if self.position < len(self.text):
                return self.text[self.position]
            if not self.more():
                return ""

    def take(self, end: int) -> str:
        """Return the text up to a place, and stand behind it."""
        begin, self.position = self.position, end
        return self.text[begin:end]

    def more(self) -> bool:
        """Hold twice as much from here on; say whether there was any more."""
        if self._is_ended:
            return False
        passed = self.text[: self.position]
        if lines := passed.count("\n"):
            self._line, self._column = self._line + lines, len(passed) - passed.rindex("\n") - 1
        else:
            self._column += len(passed)
        held = self.text[self.position :]
        data = self._read(max(_CHUNK, len(held)))
        self.text = held + self._decoder.decode(data, final=self._is_ended)
        self.position = 0
        return len(self.text) > len(held)

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                more = self._stream.read1(size - len(data))  # type: ignore[attr-defined]
            except Broken as error:
                self.broken, more = error, b""
            if not more:
                self._is_ended = True
                break
            data += more
        return bytes(data)

    def said(self, error: ValueError, encoding: str) -> str:
        """Put into words where in the file a parser stopped, and why."""
        if not isinstance(error, json.JSONDecodeError):
            return f"broken JSON: {error}"
        line = self._line + error.lineno
        column = error.colno + (self._column if error.lineno == 1 else 0)
        where = f"line {line}, column {column}" if line > 1 else f"column {column}"
        if not is_text(self.text[error.pos : error.pos + 1]):
            return f"the file is not {encoding.upper()} at {where}"
        return f"broken JSON: {error.msg.removesuffix(' at')} at {where}"
