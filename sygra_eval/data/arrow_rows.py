"""Makes rows of JSON values of an Arrow record batch."""

import datetime
import decimal
import math
import uuid
from collections.abc import Iterator
from typing import Any

from sygra_eval.data.found import NOT_FINITE, Columns, Fault
from sygra_eval.data.images import data_url_of
from sygra_eval.data.light_arrow import loaded_pyarrow

pa_types = loaded_pyarrow().types

LONGEST_ROW = 64 * 1024 * 1024


class _Unfit(ValueError):
    """A value that JSON has no form for."""


def rows_of(batch: Any) -> Iterator[Columns | Fault]:
    """Yield each row of a batch, or why it gives none."""
    if batch.nbytes > LONGEST_ROW:
        for index in range(batch.num_rows):
            yield _row_of(batch.slice(index, 1))
        return
    try:
        rows = batch.to_pylist()
    except ValueError:  # one value that Python cannot hold: find out whose
        for index in range(batch.num_rows):
            yield _row_of(batch.slice(index, 1))
    else:
        others = [field.name for field in batch.schema if not _is_json(field.type)]
        for row in rows:
            yield _as_json(row, others)


def _row_of(single: Any) -> Columns | Fault:
    if single.nbytes > LONGEST_ROW:
        return Fault(f"the row is longer than {LONGEST_ROW >> 20} MiB")
    try:
        return _as_json(single.to_pylist()[0], single.schema.names)
    except UnicodeDecodeError:
        return Fault("it is not UTF-8")
    except ValueError as error:
        return Fault(f"it cannot be read: {error}")


def _is_json(kind: Any) -> bool:
    """Say whether each value of a type is one of JSON's as Python holds it."""
    if kind.num_fields:
        is_nest = pa_types.is_list(kind) or pa_types.is_struct(kind)
        return is_nest and all(_is_json(kind.field(at).type) for at in range(kind.num_fields))
    return any(
        is_one(kind)
        for is_one in (
            pa_types.is_string,
            pa_types.is_large_string,
            pa_types.is_integer,
            pa_types.is_boolean,
            pa_types.is_null,
        )
    )


def _as_json(row: dict[str, object], others: list[str]) -> Columns | Fault:
    """Make JSON's of the values in columns that hold others."""
    try:
        for name in others:
            value = row[name]
            if type(value) is float and math.isfinite(value):  # most of them
                continue
            row[name] = _json_value(value)
    except _Unfit as error:
        fitting = {name: value for name, value in row.items() if isinstance(value, (str, int))}
        return Fault(str(error), fitting)
    return row


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
