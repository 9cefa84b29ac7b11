"""Reads Parquet batch by batch as rows of JSON values; pyarrow is imported when this is used."""

import datetime
import decimal
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sygra_eval.data.found import NOT_FINITE, Columns, Fault, Found
from sygra_eval.data.images import data_url_of

_BATCH = 1024
_BATCH_OF_BYTES = 16  # where a column may hold images of megabytes


class _Unfit(ValueError):
    """A value that JSON has no form for."""


def read_parquet(path: Path) -> Iterator[Found]:
    """Yield each row, numbered from 1."""
    from pyarrow import ArrowException, parquet

    number = 0
    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            has_bytes = any("binary" in str(field.type) for field in file.schema_arrow)
            size = _BATCH_OF_BYTES if has_bytes else _BATCH
            for batch in file.iter_batches(batch_size=size):
                for found in _rows_of(batch):
                    number += 1
                    yield number, found
    except (ArrowException, OSError) as error:
        yield number + 1, Fault(f"broken Parquet: {error}; the file was read up to here")


def parquet_columns(path: Path) -> list[str]:
    """Return the names of a file's columns.

    :raises ValueError: When it is no Parquet file.
    """
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            names: list[str] = file.schema_arrow.names
            return names
    except (ArrowException, OSError) as error:
        raise ValueError(str(error)) from error


def _rows_of(batch: Any) -> Iterator[Columns | Fault]:
    try:
        rows = batch.to_pylist()
    except ValueError:  # one value that Python cannot hold: find out whose
        for index in range(batch.num_rows):
            yield _row_of(batch.slice(index, 1))
    else:
        for row in rows:
            yield _as_json(row)


def _row_of(single: Any) -> Columns | Fault:
    try:
        return _as_json(single.to_pylist()[0])
    except UnicodeDecodeError:
        return Fault("it is not UTF-8")
    except ValueError as error:
        return Fault(f"it cannot be read: {error}")


def _as_json(row: dict[str, object]) -> Columns | Fault:
    try:
        return {name: _json_value(value) for name, value in row.items()}
    except _Unfit as error:
        fitting = {name: value for name, value in row.items() if isinstance(value, (str, int))}
        return Fault(str(error), fitting)


def _json_value(value: object) -> object:
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            if not math.isfinite(value):
                raise _Unfit(NOT_FINITE)
            return value
        case list() | tuple():
            return [_json_value(item) for item in value]
        case dict():
            return {str(key): _json_value(item) for key, item in value.items()}
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID():
            return str(value)
        case bytes() if url := data_url_of(value):
            return url
        case _:
            raise _Unfit(f"it holds a value of type {type(value).__name__}, which JSON has not")
