"""The rows in the file: compressed blocks that are opened on demand, and an index of all of them.

While rows come in, blocks are compressed into a spool beside memory. Which of them go into the file
is decided when all are there: every row that is not verified first, and of the verified ones as
many blocks, evenly spaced, as fit.
"""

import base64
import json
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self

from sygra_eval.report.html.stories import Told, line_of
from sygra_eval.values import Outcome, Status

ROWS_OF_A_BLOCK = 500
_BYTES_OF_A_BLOCK = 2_000_000  # before it is compressed
_NANO = 1e9
_IN_MEMORY = 4_000_000
_LEVEL = 3  # 6 takes twice as long for an eighth less
_REASON = 160  # characters of it in the index
MOST_LISTED = 200_000
"""Rows of the index; beyond these only rows that are not verified are listed."""


@dataclass(slots=True)
class _Block:
    start: int
    size: int
    rows: int
    is_verified: bool
    number: int = -1  # in the file; -1 where it was left out

    @property
    def written(self) -> int:
        return 4 * -(-self.size // 3)


@dataclass(slots=True)
class _Open:
    """A block that is being filled."""

    place: int
    packer: "zlib._Compress" = field(default_factory=lambda: zlib.compressobj(_LEVEL))
    parts: list[bytes] = field(default_factory=list)
    rows: int = 0
    taken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """How many rows the file holds of how many: `verified` and the others."""

    verified: tuple[int, int]
    others: tuple[int, int]
    listed: int

    @property
    def is_whole(self) -> bool:
        """All rows are there."""
        held = self.verified[0] == self.verified[1] and self.others[0] == self.others[1]
        return held and self.listed == self.verified[1] + self.others[1]


class Blocks:
    """Takes rows, then gives the blocks that fit, and the index."""

    def __init__(self, most_rows: int | None = None) -> None:
        self._of_a_block = min(ROWS_OF_A_BLOCK, most_rows or ROWS_OF_A_BLOCK)
        self._spool: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed with it
            max_size=_IN_MEMORY
        )
        self._blocks: list[_Block] = []
        self._open: dict[bool, _Open] = {}
        self._index = _Index()
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._spool.close()

    def take(self, told: Told) -> None:
        """Add a row."""
        is_verified = told.end.outcome is Outcome.VERIFIED
        block = self._open.get(is_verified)
        if block is None:
            block = self._open[is_verified] = _Open(place=len(self._blocks))
            self._blocks.append(_Block(start=0, size=0, rows=0, is_verified=is_verified))
        line = line_of(told)
        block.parts.append(block.packer.compress(line))
        self._index.take(told, block=block.place, place=block.rows)
        block.rows += 1
        block.taken += len(line)
        if block.rows >= self._of_a_block or block.taken >= _BYTES_OF_A_BLOCK:
            self._close(is_verified=is_verified)

    def fit(self, room: int, rows: int | None = None) -> Fitted:
        """Decide which blocks go into `room` bytes; no row can be added after that.

        :param rows: The most rows, to a block; None for all.
        """
        for is_verified in list(self._open):
            self._close(is_verified=is_verified)
        left = room
        for is_verified in (False, True):
            blocks = [one for one in self._blocks if one.is_verified is is_verified]
            if rows is not None:
                blocks = list(_first(blocks, rows))
                rows -= sum(block.rows for block in blocks)
            left -= self._choose(blocks, left)
        for number, block in enumerate(one for one in self._blocks if one.number >= 0):
            block.number = number
        return Fitted(
            verified=self._count(is_verified=True),
            others=self._count(is_verified=False),
            listed=len(self._index.ids),
        )

    def index(self, about: Mapping[str, object]) -> bytes:
        """Return the index with what else the page has to know, in base64."""
        data = dict(about) | self._index.as_json([block.number for block in self._blocks])
        packed = zlib.compress(json.dumps(data, separators=(",", ":")).encode("ascii"), 6)
        return base64.b64encode(packed)

    def chosen(self) -> Iterator[tuple[int, bytes]]:
        """Yield the blocks that fit: number, and content in base64."""
        for block in self._blocks:
            if block.number >= 0:
                self._spool.seek(block.start)
                yield block.number, base64.b64encode(self._spool.read(block.size))

    def _close(self, *, is_verified: bool) -> None:
        full = self._open.pop(is_verified)
        packed = b"".join((*full.parts, full.packer.flush()))
        block = self._blocks[full.place]
        block.start, block.size, block.rows = self._size, len(packed), full.rows
        self._spool.seek(self._size)
        self._spool.write(packed)
        self._size += len(packed)

    @staticmethod
    def _choose(blocks: list[_Block], room: int) -> int:
        """Mark the blocks that fit, evenly spaced where not all do; return their size."""
        whole = sum(block.written for block in blocks)
        share = min(1.0, max(0, room) / whole) if whole else 0.0
        taken, owed = 0, 0.0
        for block in blocks:
            owed += block.written * share
            if taken + block.written <= min(room, owed + 1e-6 * whole):
                block.number = 0
                taken += block.written
        return taken

    def _count(self, *, is_verified: bool) -> tuple[int, int]:
        blocks = [block for block in self._blocks if block.is_verified is is_verified]
        held = sum(block.rows for block in blocks if block.number >= 0)
        return held, sum(block.rows for block in blocks)


def _first(blocks: list[_Block], rows: int) -> Iterator[_Block]:
    for block in blocks:
        rows -= block.rows
        if rows < 0:
            return
        yield block


class _Names:
    """Words by number, each once."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}

    def number(self, word: str) -> int:
        return self.words.setdefault(word, len(self.words))


class _Index:
    """Columns of what the table of rows shows and filters by."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._numbers: dict[str, list[int | None]] = {
            name: [] for name in ("o", "t", "s", "v", "w", "r", "d", "k", "c", "b", "p")
        }
        self._names = {name: _Names() for name in ("o", "t", "s", "v", "w")}

    def take(self, told: Told, *, block: int, place: int) -> None:
        end = told.end
        if len(self.ids) >= MOST_LISTED and end.outcome is Outcome.VERIFIED:
            return
        loop, topic = end.loop, end.data.get("topic")
        fell = [one.validator for one in end.verdicts if one.status in (Status.FAIL, Status.ERROR)]
        names, columns = self._names, self._numbers
        self.ids.append(end.row_id)
        columns["o"].append(names["o"].number(end.outcome.value))
        columns["t"].append(names["t"].number(topic[:_REASON] if isinstance(topic, str) else ""))
        columns["s"].append(names["s"].number(loop.stop_reason.value if loop is not None else ""))
        columns["v"].append(names["v"].number("\n".join(fell)))
        columns["w"].append(names["w"].number(end.reason.partition("\n")[0][:_REASON]))
        columns["r"].append(loop.rounds if loop is not None else None)
        columns["d"].append(loop.samples if loop is not None else None)
        columns["k"].append(told.row.tokens)
        usd = told.row.cost_usd
        columns["c"].append(None if usd is None else round(usd * _NANO))
        columns["b"].append(block)
        columns["p"].append(place)

    def as_json(self, numbers: list[int]) -> dict[str, object]:
        """Return it with the numbers that the blocks have in the file."""
        columns = dict(self._numbers)
        columns["b"] = [numbers[block] for block in columns["b"] if block is not None]
        return {
            "ids": self.ids,
            "words": {name: list(found.words) for name, found in self._names.items()},
            **columns,
        }
