"""Which data files a run folder has: one for each outcome, or shards in a folder of its name.

Without options they are `verified.jsonl`, `verified.parquet` and the like (design.md section 10).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.values import Outcome

_OUTCOMES = "|".join(outcome.value for outcome in Outcome)
_NAME = re.compile(rf"({_OUTCOMES})(/\1-[0-9]{{5,}}-of-[0-9]{{5,}})?\.(jsonl(\.gz|\.zst)?|parquet)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFiles:
    """How a suite wants its rows in files.

    :ivar shard_rows: So many rows a file; None for one file.
    :ivar compress: `gz` or `zst` for JSONL, empty for neither.
    """

    shard_rows: int | None = None
    compress: str = ""

    @property
    def to_load(self) -> str:
        """The Parquet files of the verified rows, as a data card names them."""
        name = Outcome.VERIFIED.value
        return f"{name}.parquet" if self.shard_rows is None else f"{name}/*.parquet"

    def jsonl(self, outcome: Outcome, rows: int) -> list[str]:
        """Return the names of the files that hold so many rows as lines."""
        packed = f".{self.compress}" if self.compress else ""
        return self._names(outcome, rows, f".jsonl{packed}")

    def parquet(self, rows: int) -> list[str]:
        """Return the names of the Parquet files of so many verified rows."""
        return self._names(Outcome.VERIFIED, rows, ".parquet")

    def _names(self, outcome: Outcome, rows: int, suffix: str) -> list[str]:
        if not rows:
            return []
        if self.shard_rows is None:
            return [f"{outcome.value}{suffix}"]
        shards = -(-rows // self.shard_rows)
        width = max(5, len(str(shards)))
        stem = f"{outcome.value}/{outcome.value}"
        return [f"{stem}-{place:0{width}}-of-{shards:0{width}}{suffix}" for place in range(shards)]


def data_files_of(document: Mapping[str, Any]) -> DataFiles:
    """Return how a suite's document wants its rows."""
    section = document.get("output_config") or {}
    return DataFiles(
        shard_rows=section.get("shard_rows"), compress=str(section.get("compress") or "")
    )


def is_data_file(name: str) -> bool:
    """Say whether a file of this name, which may have a folder in it, holds rows of a run."""
    return _NAME.fullmatch(name) is not None


def is_lines_of(outcome: Outcome, name: str) -> bool:
    """Say whether a file of this name holds rows of this outcome as JSONL."""
    parts = _NAME.fullmatch(name)
    return parts is not None and parts[1] == outcome.value and parts[3] != "parquet"


def data_files_in(folder: Path) -> Iterator[str]:
    """Yield the names of the data files that are in a run folder, in the order of their rows."""
    places = (folder, *(folder / outcome.value for outcome in Outcome))
    for place in places:
        if place.is_dir():
            found = (path.relative_to(folder).as_posix() for path in place.iterdir())
            yield from sorted(name for name in found if is_data_file(name))


def remove_others(folder: Path, kept: list[str]) -> None:
    """Remove data files of a former end of the run, which were cut otherwise."""
    for name in list(data_files_in(folder)):
        if name not in kept:
            (folder / name).unlink()
    for outcome in Outcome:
        with suppress(OSError):  # not there, or not empty
            (folder / outcome.value).rmdir()
