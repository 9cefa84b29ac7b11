"""What a reader finds at one place of a file: columns, or what is wrong there."""

from collections.abc import Mapping
from dataclasses import dataclass

Columns = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a place gives no row; its columns where they could be read all the same."""

    reason: str
    columns: Columns | None = None


Found = tuple[int, Columns | Fault]
"""The 1-based line (in JSON the item, in Parquet the row) and what is there."""

LONE_SURROGATE = "it holds a lone surrogate, which is no text"
NOT_FINITE = "it holds NaN or an infinite number, which JSON does not have"
