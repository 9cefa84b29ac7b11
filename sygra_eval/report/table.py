"""One table of a report, as a value: cells are raw text, the views make them safe to look at."""

from dataclasses import dataclass
from enum import StrEnum


class Align(StrEnum):
    """How a column stands; numbers stand to the right."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the report.

    :ivar aligns: One for each column.
    :ivar notes: Sentences that belong below it.
    """

    title: str
    columns: tuple[str, ...]
    aligns: tuple[Align, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        widths = {len(self.columns), len(self.aligns), *map(len, self.rows)}
        if len(widths) != 1:
            raise ValueError(f"{self.title}: rows of {sorted(widths)} cells in one table")
