"""Draws the rows that a run begins with when it is to be estimated first."""

import contextlib
import heapq
from dataclasses import dataclass
from hashlib import blake2b

from sygra_eval.engine.reading import limited
from sygra_eval.values import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some rows of the input.

    :ivar indices: Their places in the source.
    :ivar is_spread: They are drawn from all rows; else they are the first ones, as the input is
        too long to be counted.
    """

    indices: frozenset[int]
    is_spread: bool


async def sample_of(source: Source, limit: int | None, total: int | None, size: int) -> Sample:
    """Draw rows by the hash of their ids: the same each time, and by no order of the input."""
    if total is None:
        async with contextlib.aclosing(limited(source, min(size, limit or size))) as first:
            return Sample(indices=frozenset([row.index async for row in first]), is_spread=False)
    kept: list[tuple[int, int]] = []  # a heap whose first is the one with the greatest hash
    async with contextlib.aclosing(limited(source, limit)) as rows:
        async for row in rows:
            entry = (-_hash(row.id), row.index)
            if len(kept) < size:
                heapq.heappush(kept, entry)
            else:
                heapq.heappushpop(kept, entry)
    return Sample(indices=frozenset(index for _, index in kept), is_spread=True)


def _hash(row_id: str) -> int:
    digest = blake2b(row_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest)
