"""JSON as bytes, by orjson where it is installed; both ways refuse the same input.

Refused: what is not strict UTF-8, a byte order mark, NaN and Infinity, nesting past the parser's
depth. `loads` raises ValueError for all of it, `dumps` ValueError or TypeError.
"""

import json
from typing import NoReturn

try:
    import orjson
except ImportError:  # it is an accelerator, not a dependency
    _loads, _dumps = None, None
else:
    _loads, _dumps = orjson.loads, orjson.dumps


def loads(raw: bytes) -> object:
    """Parse one JSON document."""
    if _loads is not None:
        parsed: object = _loads(raw)
        return parsed
    try:
        parsed = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return parsed


def dumps(value: object) -> bytes:
    """Write one JSON document."""
    if _dumps is not None:
        try:
            return _dumps(value)
        except TypeError:  # a lone surrogate or a huge integer, which JSON itself allows
            pass
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
