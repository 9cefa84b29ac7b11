"""One file of rows, as readers are given it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """Where a file is, what its rows are called after, and how its text is to be read.

    :ivar name: How rows and messages name it.
    :ivar delimiter: Between the fields of CSV; None is what the suffix says.
    """

    path: Path
    name: str
    encoding: str = "utf-8"
    delimiter: str | None = None
