"""Finds a journal's rows in the raw pages of its file, where SQLite can no longer lead to them.

A damaged page of a tree hides all that hangs below it. Its leaves are still in the file, so the
pages are read one by one, and every cell in them that decodes is a row which may be sound: the
checksum at its end says so, and nothing else is believed. Deleted rows may be found too; the
caller has to know for which tables that does no harm. The format is SQLite's, as described in
https://www.sqlite.org/fileformat2.html, sections 1.5, 1.6, 2.1 and 4.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.journal.store import Column, companions

PAGE_SIZE = 8192  # what our journals are made with
_FIRST_HEADER = 100  # bytes at the start of the file, before the first page's own header
_WAL_HEADER, _FRAME_HEADER = 32, 24
_INDEX_LEAF, _TABLE_LEAF = 0x0A, 0x0D
_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_MOST_BYTES = 1 << 30

Cells = tuple[Column | None, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One cell of a leaf.

    :ivar rowid: None where it is of a table that has none.
    """

    rowid: int | None
    cells: Cells


def rows_in_pages(path: Path) -> Iterator[Found]:
    """Yield every cell that decodes, in the file as it was folded up last and with its log."""
    with ExitStack() as stack:
        file = _mapped(path, stack)
        log = _mapped(companions(path)[0], stack)
        if file is None:
            return
        yield from _Image(file).found()
        if log is not None and (frames := _frames(log)):
            yield from _Image(file, log, frames).found(only=frames)


def _mapped(path: Path, stack: ExitStack) -> mmap.mmap | None:
    try:
        opened = stack.enter_context(path.open("rb"))
        return stack.enter_context(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):  # missing or empty
        return None


def _frames(log: mmap.mmap) -> dict[int, int]:
    """Return where the newest version of each page begins in the log."""
    salts, frames = log[16:24], {}
    for start in range(_WAL_HEADER, len(log) - PAGE_SIZE - _FRAME_HEADER + 1, _step()):
        if log[start + 8 : start + 16] == salts:  # else it is left from before the last fold
            (number,) = struct.unpack_from(">I", log, start)
            frames[number] = start + _FRAME_HEADER
    return frames


def _step() -> int:
    return PAGE_SIZE + _FRAME_HEADER


@dataclass(slots=True)
class _Image:
    """The pages, by their numbers from 1."""

    file: mmap.mmap
    log: mmap.mmap | None = None
    frames: Mapping[int, int] = field(default_factory=dict)

    def found(self, only: Mapping[int, int] | None = None) -> Iterator[Found]:
        """Yield the cells of all leaves, or of these pages."""
        for number in only or range(1, len(self.file) // PAGE_SIZE + 1):
            yield from self._leaf(self._page(number), _FIRST_HEADER if number == 1 else 0)

    def _page(self, number: int) -> bytes:
        if self.log is not None and number in self.frames:
            start = self.frames[number]
            return self.log[start : start + PAGE_SIZE]
        return self.file[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]

    def _leaf(self, page: bytes, header: int) -> Iterator[Found]:
        if len(page) < PAGE_SIZE or page[header] not in (_INDEX_LEAF, _TABLE_LEAF):
            return
        has_rowid = page[header] == _TABLE_LEAF
        (count,) = struct.unpack_from(">H", page, header + 3)
        for index in range(min(count, PAGE_SIZE // 4)):
            try:
                (start,) = struct.unpack_from(">H", page, header + 8 + 2 * index)
                yield self._cell(page, start, has_rowid=has_rowid)
            except (IndexError, ValueError, struct.error):  # no cell is there any more
                continue

    def _cell(self, page: bytes, start: int, *, has_rowid: bool) -> Found:
        size, at = _varint(page, start)
        rowid = None
        if has_rowid:
            rowid, at = _varint(page, at)
        return Found(rowid, _record(self._payload(page, at, size, has_rowid=has_rowid)))

    def _payload(self, page: bytes, at: int, size: int, *, has_rowid: bool) -> bytes:
        """Return a record's bytes: what is in the page, and what went to further pages."""
        if not 0 < size < _MOST_BYTES:
            raise ValueError("no record is so long")
        most = PAGE_SIZE - 35 if has_rowid else (PAGE_SIZE - 12) * 64 // 255 - 23
        if size <= most:
            return page[at : at + size]
        least = (PAGE_SIZE - 12) * 32 // 255 - 23
        here = least + (size - least) % (PAGE_SIZE - 4)
        here = here if here <= most else least
        parts, left = [page[at : at + here]], size - here
        (following,) = struct.unpack_from(">I", page, at + here)
        while left > 0:
            further = self._page(following)
            if following < 1 or len(further) < PAGE_SIZE:
                raise ValueError("it goes on where nothing is")
            parts.append(further[4 : 4 + min(left, PAGE_SIZE - 4)])
            left -= PAGE_SIZE - 4
            (following,) = struct.unpack_from(">I", further, 0)
        return b"".join(parts)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where the next thing begins."""
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    value = value << 8 | data[at + 8]
    return value - (1 << 64 if value >> 63 else 0), at + 9


def _record(payload: bytes) -> Cells:
    """Decode the columns of one record."""
    header_size, at = _varint(payload, 0)
    body, cells = header_size, []
    while at < header_size:
        kind, at = _varint(payload, at)
        cell, size = _value(payload, body, kind)
        cells.append(cell)
        body += size
    return tuple(cells)


def _value(payload: bytes, at: int, kind: int) -> tuple[Column | None, int]:
    """Return a column's value and its size in bytes."""
    if kind == 0:
        return None, 0
    if kind in (8, 9):
        return kind - 8, 0
    size = _INTEGER_SIZES.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    raw = payload[at : at + size]
    if len(raw) < size or kind in (10, 11):
        raise ValueError("the record ends too early")
    if kind in _INTEGER_SIZES:
        return int.from_bytes(raw, "big", signed=True), size
    if kind == 7:
        return struct.unpack(">d", raw)[0], size
    return (raw.decode() if kind % 2 else raw), size
