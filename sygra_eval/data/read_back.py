"""Reads data files back as rows, and says whether both formats hold the same ones.

The files may be a stranger's: what cannot be read is `Broken`, whatever the reader raised.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.data.text_formats import LONGEST_LINE
from sygra_eval.data.unpacking import Broken, opened

_ROWS_AT_ONCE = 64


def stored_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a JSONL file, packed or not.

    :raises Broken: When it cannot be read, or a line is longer than any row of ours.
    """
    try:
        with opened(path) as lines:
            while line := lines.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise Broken(f"{path.name}: a line is longer than {LONGEST_LINE >> 20} MiB")
                yield line
    except OSError as error:
        raise Broken(f"{path.name}: {error.strerror}") from error


def row_of_line(line: bytes) -> dict[str, Any] | None:
    """Return the row that a line holds; None where it holds none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def stored_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data file: JSONL, packed or not, or Parquet.

    :raises Broken: When it cannot be read, or a line holds no row.
    """
    if path.suffix == ".parquet":
        yield from _parquet_rows(path)
        return
    for number, line in enumerate(stored_lines(path), start=1):
        row = row_of_line(line)
        if row is None:
            raise Broken(f"{path.name}:{number}: the line holds no row")
        yield row


def columns_that_differ(stored: Mapping[str, object], row: Mapping[str, object]) -> list[str]:
    """Return the columns in which a row of a Parquet file is not the row that was written.

    Parquet has one type for a column: what is missing is null there, and a column without a common
    type holds JSON text.
    """
    names = dict.fromkeys((*row, *stored))
    return [name for name in names if not _is_stored_as(stored.get(name), row.get(name))]


def _is_stored_as(stored: object, value: object) -> bool:
    match value:
        case None:
            return stored is None
        case dict() if isinstance(stored, dict):
            return not columns_that_differ(stored, value)
        case list() if isinstance(stored, list):
            return len(stored) == len(value) and all(map(_is_stored_as, stored, value))
        case bool() if isinstance(stored, bool):
            return stored is value
        case int() | float() if isinstance(stored, int | float) and not isinstance(stored, bool):
            return stored == (float(value) if isinstance(stored, float) else value)
        case str() if stored == value:
            return True
    return isinstance(stored, str) and stored == json.dumps(value, ensure_ascii=False)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Broken(f"{path.name}: it cannot be read as Parquet: {error}") from error
