"""JSON in the two forms that a journal needs: canonical to be hashed, as given to be kept.

Hashed is the canonical form: keys sorted, nothing between tokens, UTF-8, floats by `repr`. Kept is
the same with keys in the order they were given, because that order is the order of the columns in
the data set. Text from a model may hold lone surrogates, which UTF-8 has no place for: such a
value is kept as bytes with `surrogatepass`, so that what is read back is what was written.

Reading is orjson's where it is installed, three times as fast. It makes floats of integers above
64 bits, so what holds that many digits in a row is left to the standard library.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sygra_eval.values import BadAnswer

_LONG = b"0" * 19  # as many digits as the largest integers of 64 bits have
_DIGITS = bytes(ord("0") if chr(byte) in "0123456789" else ord("x") for byte in range(256))


def canonical_json(value: object) -> bytes:
    """Return the one spelling of a value that hashes and keys are made of.

    :raises BadAnswer: When the value cannot be said in JSON (NaN, a cycle, a foreign object).
    """
    return _encode(_canonical, value).encode("utf-8", "surrogatepass")


def to_stored(value: object) -> str | bytes:
    """Return a value as it is kept in a table: text, or bytes where text cannot hold it.

    :raises BadAnswer: As in `canonical_json`.
    """
    text = _encode(_as_given, value)
    if text.isascii():
        return text
    data = text.encode("utf-8", "surrogatepass")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return text


def from_stored(stored: str | bytes) -> Any:
    """Return the value that `to_stored` was given."""
    loads = _accelerated()
    if loads is not None:
        try:
            data = stored if isinstance(stored, bytes) else stored.encode()
            if _LONG not in data.translate(_DIGITS):
                return loads(data)
        except ValueError:  # half a pair of surrogates; what is no JSON at all fails below too
            pass
    if isinstance(stored, bytes):
        stored = stored.decode("utf-8", "surrogatepass")
    return json.loads(stored)


@cache
def _accelerated() -> Callable[[bytes], Any] | None:
    """Return orjson's reader, imported when the first value is read: most commands read none."""
    try:
        import orjson
    except ImportError:  # it is an accelerator, not a dependency
        return None
    return orjson.loads


def _encode(encode: Callable[[object], str], value: object) -> str:
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        why = "it is inside itself, or too deep" if isinstance(error, RecursionError) else error
        raise BadAnswer(f"a value cannot be written to the journal as JSON: {why}") from error


def _as_dict(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def json_writer(
    *,
    sort_keys: bool = False,
    ensure_ascii: bool = True,
    allow_nan: bool = True,
    separators: tuple[str, str] = (", ", ": "),
) -> Callable[[object], str]:
    """Return what writes a value, letter by letter as `json.dumps` does, and other mappings too.

    `JSONEncoder` makes its encoder in C anew for each value, which takes as long as a small value
    does; where Python has one, it is made once. A cycle then ends in a RecursionError.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return json.JSONEncoder(
            ensure_ascii=ensure_ascii,
            allow_nan=allow_nan,
            sort_keys=sort_keys,
            separators=separators,
            default=_as_dict,
        ).encode
    quote = json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
    comma, colon = separators
    skips_keys = False
    write = make(None, _as_dict, quote, None, colon, comma, sort_keys, skips_keys, allow_nan)
    join = "".join

    def encode(value: object) -> str:
        return join(write(value, 0))

    return encode


_DENSE = (",", ":")
_canonical = json_writer(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=_DENSE)
_as_given = json_writer(ensure_ascii=False, allow_nan=False, separators=_DENSE)
