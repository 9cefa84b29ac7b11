"""Cuts a stream of rows into pieces that memory can hold, whatever one row weighs.

Where a cut falls depends on the rows alone, so files that are written piece by piece have the same
bytes each time.
"""

from collections.abc import Iterable, Iterator, Mapping

Record = Mapping[str, object]

ROW_GROUP = 4_096
GROUP_WEIGHT = 64 * 1024 * 1024
"""A row group ends with this many rows, or as soon as they weigh so much."""

_PIECE = 256
_PIECE_WEIGHT = 4 * 1024 * 1024


def groups(rows: Iterable[Record]) -> Iterator[Iterator[list[Record]]]:
    """Yield the rows of one row group after the other, each as pieces; take them in this order."""
    pieces = _Pieces(rows)
    while pieces.has_more:
        yield pieces.group()


def pieces(rows: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the rows a few at a time."""
    for group in groups(rows):
        yield from group


def head(rows: Iterator[Record]) -> list[Record]:
    """Take the first few rows."""
    taken: list[Record] = []
    weight = _PIECE_WEIGHT
    while len(taken) < _PIECE and weight > 0 and (row := next(rows, None)) is not None:
        taken.append(row)
        weight -= _weight_of(row)
    return taken


class _Pieces:
    def __init__(self, rows: Iterable[Record]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    @property
    def has_more(self) -> bool:
        return self._next is not None

    def group(self) -> Iterator[list[Record]]:
        left, weight = ROW_GROUP, GROUP_WEIGHT
        while self.has_more and left > 0 and weight > 0:
            piece, weighs = self._piece(left)
            left, weight = left - len(piece), weight - weighs
            yield piece

    def _piece(self, most: int) -> tuple[list[Record], int]:
        piece: list[Record] = []
        weighs = 0
        while self._next is not None and len(piece) < min(most, _PIECE) and weighs < _PIECE_WEIGHT:
            piece.append(self._next)
            weighs += _weight_of(self._next)
            self._next = next(self._rows, None)
        return piece, weighs


def _weight_of(row: Record) -> int:
    """Return some number of bytes: what is long in a row is its texts."""
    return sum(map(_weight, row.values()))


def _weight(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_weight, value.values()))
    if isinstance(value, list):
        return sum(map(_weight, value))
    return 8
