"""Mends a value that does not validate, so that one mistake does not hide the next one.

What comes out is only looked at for further mistakes; a suite with a mended entry never runs.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, TypeVar

from pydantic import ValidationError

from sygra_eval.suite.complaints import places_of
from sygra_eval.suite.nearest import nearest

_Valid = TypeVar("_Valid")
_TRIES = 4  # each takes out what the one before brought to light


def mended(
    validate: Callable[[Any], _Valid], data: Mapping[str, Any], error: ValidationError
) -> _Valid | None:
    """Return what `data` validates to without its wrong parts; None when that does not help."""
    value: Any = deepcopy(dict(data))
    for _ in range(_TRIES):
        if not _mend(value, error):
            return None
        try:
            return validate(value)
        except ValidationError as next_error:
            error = next_error
    return None


def _mend(value: Any, error: ValidationError) -> bool:
    """Rename what is misspelt and take out what is wrong; False when nothing could be done."""
    missing, wrong = places_of(error, value)
    has_changed = False
    for *owner_at, key in reversed(wrong):  # from the end, so that indices stay right
        owner = value
        for step in owner_at:
            owner = owner[step]
        siblings = [str(at[-1]) for at in missing if at[:-1] == tuple(owner_at)]
        part = owner.pop(key)
        if right := nearest(str(key), siblings):
            owner[right] = part
        has_changed = True
    return has_changed
