"""Makes rows of JSON values of an Arrow record batch; pyarrow is imported by those who read."""

import datetime
import decimal
import math
import uuid
from collections.abc import Iterator
from typing import Any

from sygra_eval.data.found import NOT_FINITE, Columns, Fault
from sygra_eval.data.images import data_url_of

LONGEST_ROW = 64 * 1024 * 1024
_PLAIN = (str, int, type(None))  # a truth value is an int


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
        for row in rows:
            yield _as_json(row)


def _row_of(single: Any) -> Columns | Fault:
    if single.nbytes > LONGEST_ROW:
        return Fault(f"the row is longer than {LONGEST_ROW >> 20} MiB")
    try:
        return _as_json(single.to_pylist()[0])
    except UnicodeDecodeError:
        return Fault("it is not UTF-8")
    except ValueError as error:
        return Fault(f"it cannot be read: {error}")


def _as_json(row: dict[str, object]) -> Columns | Fault:
    try:
        for name, value in row.items():
            if not isinstance(value, _PLAIN):
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
