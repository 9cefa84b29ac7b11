"""Which Parquet type holds a column of JSON values, and the values as that type.

Parquet wants one type for a column; JSON does not. A column whose values have no common type, or
one that Parquet cannot store, is kept as JSON text; so nothing is lost and every reader can load
the file. pyarrow is imported by those who use this.
"""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sygra_eval.data.light_arrow import loaded_pyarrow
from sygra_eval.data.surrogates import without_surrogates

pa = loaded_pyarrow()

TEXT = None
"""In place of a type: the column is kept as JSON text."""

_UNFIT = (pa.ArrowException, OverflowError, TypeError)


class DoesNotFit(Exception):
    """A value that the type found for its column cannot hold after all."""


def type_of(values: Sequence[object]) -> Any:
    """Return the Arrow type that holds these values, `TEXT` when there is none."""
    found = found_array(values)
    return TEXT if found is None else found.type


def found_array(values: Sequence[object]) -> Any:
    """Return the values as an array of the type that they share, None when there is none."""
    try:
        made = _array(values, None)
    except _UNFIT:
        return None
    return None if _any_hides(values, made.type) else made


def common_type(one: Any, other: Any) -> Any:
    """Return the type that holds the values of both, `TEXT` when there is none."""
    if one is TEXT or other is TEXT:
        return TEXT
    schemas = [pa.schema([("it", kind)]) for kind in (one, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return TEXT


def storable(kind: Any) -> Any:
    """Return the type as Parquet can store it: nothing but nulls is text, as is an empty object."""
    if kind is TEXT or pa.types.is_struct(kind):
        fields = [] if kind is TEXT else [(field.name, storable(field.type)) for field in kind]
        if not fields or any(inner is TEXT for _, inner in fields):
            return TEXT
        return pa.struct(fields)
    if pa.types.is_list(kind):
        inner = storable(kind.value_type)
        return TEXT if inner is TEXT else pa.list_(inner)
    return pa.string() if pa.types.is_null(kind) else kind


def array(values: Sequence[object], kind: Any) -> Any:
    """Return the values as an Arrow array of a type, or as JSON text.

    :raises DoesNotFit: When a value has no place in that type.
    """
    if kind is TEXT:
        texts = [None if value is None else as_json(value) for value in values]
        return pa.array(texts, type=pa.string())
    try:
        made = _array(values, kind)
    except _UNFIT as error:
        raise DoesNotFit from error
    if _any_hides(values, kind):
        raise DoesNotFit
    return made


def as_json(value: object) -> str:
    """Return JSON text that UTF-8 can hold."""
    return without_surrogates(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _array(values: Sequence[object], kind: Any) -> Any:
    try:
        return pa.array(values, type=kind)
    except UnicodeEncodeError:
        return pa.array([_clean(value) for value in values], type=kind)


def _clean(value: object) -> object:
    match value:
        case str():
            return without_surrogates(value)
        case list():
            return [_clean(item) for item in value]
        case dict():
            return {without_surrogates(key): _clean(item) for key, item in value.items()}
        case _:
            return value


def _hides_truth(value: object, kind: Any) -> bool:
    """Say whether Arrow would take a truth value for a number: `True` among floats is 1.0."""
    if pa.types.is_floating(kind):
        return isinstance(value, bool)
    if pa.types.is_list(kind) and isinstance(value, list):
        return _any_hides(value, kind.value_type)
    if pa.types.is_struct(kind) and isinstance(value, dict):
        return any(_hides_truth(value.get(name), of) for name, of in _with_floats(kind))
    return False


@lru_cache(maxsize=256)  # asked of every value, and there are few kinds
def _with_floats(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a struct that are worth looking at."""
    return tuple((field.name, field.type) for field in kind if _holds_floats(field.type))


def _any_hides(values: Iterable[object], kind: Any) -> bool:
    return _holds_floats(kind) and any(_hides_truth(value, kind) for value in values)


@lru_cache(maxsize=256)
def _holds_floats(kind: Any) -> bool:
    """Say whether it is worth while to look at each value."""
    if pa.types.is_list(kind):
        return _holds_floats(kind.value_type)
    if pa.types.is_struct(kind):
        return any(_holds_floats(field.type) for field in kind)
    return bool(pa.types.is_floating(kind))
