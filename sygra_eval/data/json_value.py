"""The JSON forms of values that databases have and JSON has not."""

import datetime
import decimal
import math
import uuid

from sygra_eval.data.found import Columns, Fault
from sygra_eval.data.images import data_url_of
from sygra_eval.data.surrogates import is_text


class Unfit(ValueError):
    """A value that JSON has no form for."""


def json_columns(columns: Columns) -> Columns | Fault:
    """Return a row whose values JSON has; a fault names the column that has none.

    Times become ISO 8601, decimals and UUIDs text, and bytes of a known image its `data:` URL.
    """
    made: dict[str, object] = {}
    for name, value in columns.items():
        try:
            made[name] = json_value(value)
        except Unfit as error:
            fitting = {key: held for key, held in columns.items() if isinstance(held, str | int)}
            return Fault(f"in its column `{name}` {error}", fitting)
    return made


def json_value(value: object) -> object:
    """Return the JSON form of a value.

    :raises Unfit: When there is none.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            if not is_text(value):
                raise Unfit("is text that is not UTF-8")
            return value
        case float():
            if not math.isfinite(value):
                raise Unfit("is NaN or an infinite number, which JSON does not have")
            return value
        case list() | tuple():
            return [json_value(item) for item in value]
        case dict():
            return {str(key): json_value(item) for key, item in value.items()}
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            if url := data_url_of(bytes(value)):
                return url
            raise Unfit(f"are {len(value):,} bytes that are no image, and JSON has no bytes")
        case _:
            raise Unfit(f"is a value of type {type(value).__name__}, which JSON has not")
