"""One finished row, and the rows of one outcome in a run's folder."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sygra_eval.data import opened, write_parquet
from sygra_eval.engine import data_files_in, is_lines_of
from sygra_eval.values import Outcome, RecordEnd, UsageError, Verdict

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRow:
    """A row that has its outcome.

    :ivar id: As the source names it.
    :ivar index: 0-based position in the input.
    :ivar outcome: `verified`, `rejected`, `failed` or `unjudged`; also a `str`.
    :ivar reason: Why, in words.
    :ivar columns: The row as it stands in the data file of its outcome.
    :ivar verdicts: What each validator said.
    """

    id: str
    index: int
    outcome: Outcome
    reason: str
    columns: Mapping[str, Any]
    verdicts: tuple[Verdict, ...] = ()

    @classmethod
    def of(cls, end: RecordEnd) -> "FinishedRow":
        """Return the row that a record ended as."""
        return cls(
            id=end.row_id,
            index=end.index,
            outcome=end.outcome,
            reason=end.reason,
            columns=end.data,
            verdicts=end.verdicts,
        )


@dataclass(frozen=True, slots=True)
class RowsOf:
    """The rows of one outcome, in the order of the input, read from the run's folder when used."""

    folder: Path
    outcome: Outcome
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each row of the data file; memory stays flat."""
        for path in self._files():
            with opened(path) as lines:
                for line in lines:
                    row: dict[str, Any] = json.loads(line)
                    yield row

    def __repr__(self) -> str:
        return f"<{self.count} {self.outcome.value} rows of {self.folder}>"

    def to_dataset(self) -> "datasets.Dataset":
        """Load the rows as an object of the library `datasets`, as `load_dataset(folder)` does.

        Rows that are not verified have no file that `load_dataset` reads; they take memory.

        :raises UsageError: When there are none: nothing can load an empty file.
        """
        self._refuse_none()
        from datasets import Dataset, load_dataset  # takes seconds

        if self.outcome is Outcome.VERIFIED:
            return load_dataset(str(self.folder), split="train")
        return Dataset.from_list(list(self))  # its reader of JSONL knows no zstd

    def to_pandas(self) -> Any:
        """Load the rows as a DataFrame; nested columns hold Python's lists and dicts.

        :raises ImportError: When pandas is not installed.
        """
        pandas: Any = import_module("pandas")  # it brings no types

        return pandas.DataFrame.from_records(list(self))

    def _files(self) -> list[Path]:
        """Return the files that hold the rows as lines, in their order."""
        names = data_files_in(self.folder) if self.count else ()
        return [self.folder / name for name in names if is_lines_of(self.outcome, name)]

    def _refuse_none(self) -> None:
        if not self.count:
            raise UsageError(f"no row of {self.folder} is {self.outcome.value}, nothing to load")


@dataclass(frozen=True, slots=True)
class AllRows:
    """The rows of all outcomes: the verified first, each with its `outcome`."""

    parts: tuple[RowsOf, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each row of the data files; memory stays flat.

        A source's own column of the name `outcome` stands for itself.
        """
        for part in self.parts:
            for row in part:
                yield {"outcome": part.outcome.value, **row}

    def __repr__(self) -> str:
        return f"<{len(self)} rows: {', '.join(f'{len(p)} {p.outcome.value}' for p in self.parts)}>"

    def to_dataset(self) -> "datasets.Dataset":
        """Load the rows as an object of the library `datasets`.

        A column is null where an outcome has none; one without a common type is JSON text.

        :raises UsageError: When there are none.
        """
        if not len(self):
            raise UsageError("the run has no rows, nothing to load")
        from datasets import Dataset  # takes seconds
        from pyarrow import parquet

        with TemporaryDirectory() as folder:
            path = Path(folder, "rows.parquet")
            write_parquet(path, lambda: self)
            return Dataset(parquet.read_table(path, memory_map=False))

    def to_pandas(self) -> Any:
        """Load the rows as a DataFrame; nested columns hold Python's lists and dicts.

        :raises ImportError: When pandas is not installed.
        """
        pandas: Any = import_module("pandas")  # it brings no types

        return pandas.DataFrame.from_records(list(self))
