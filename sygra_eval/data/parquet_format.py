"""Reads Parquet batch by batch as rows of JSON values; pyarrow is imported when this is used."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sygra_eval.data.data_file import DataFile
from sygra_eval.data.found import Fault, Found
from sygra_eval.data.light_arrow import loaded_pyarrow

_BATCH = 1024
_BATCH_BYTES = 8 * 1024 * 1024


def read_parquet(file: DataFile) -> Iterator[Found]:
    """Yield each row, numbered from 1."""
    ArrowException = loaded_pyarrow().ArrowException  # noqa: N806 - a class
    from pyarrow import parquet

    from sygra_eval.data.arrow_rows import rows_of

    number = 0
    try:
        # `pre_buffer` would hold whole row groups, which are as large as their writer liked.
        with parquet.ParquetFile(file.path, pre_buffer=False) as opened:
            for batch in opened.iter_batches(batch_size=_batch_size(opened.metadata)):
                for found in rows_of(batch):
                    number += 1
                    yield number, found
    except (ArrowException, OSError) as error:
        yield number + 1, Fault(f"broken Parquet: {error}; the file was read up to here")


def parquet_columns(path: Path) -> list[str]:
    """Return the names of a file's columns.

    :raises ValueError: When it is no Parquet file.
    """
    ArrowException = loaded_pyarrow().ArrowException  # noqa: N806 - a class
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            names: list[str] = file.schema_arrow.names
            return names
    except (ArrowException, OSError) as error:
        raise ValueError(str(error)) from error


def _batch_size(metadata: Any) -> int:
    """Return how many rows are decoded at once: few where they are long, as images are."""
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    longest = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=0)
    return max(1, min(_BATCH, _BATCH_BYTES // max(1, longest)))
