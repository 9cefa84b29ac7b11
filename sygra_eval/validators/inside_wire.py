"""What the two boxes of split-test mode say to each other; runs inside both.

One line of JSON a message. Values travel as `typed_values` has them, and beside these: values of
the standard library by what they are made of, built-in functions by name, and everything else by a
number under which the other side keeps it.
"""

from __future__ import annotations

import builtins
import collections
import importlib
import json
import os
import select
import sys
import time
from collections.abc import Callable

from sygra_eval.validators.typed_values import DECODERS, BadForm, Encoder, Opaque, decoded

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

    Json = list[Any]
else:
    Json = list

MOST_LINE = 16 << 20
CHUNK = 1 << 16
MOST_EXPONENT = 100_000
Refer = Callable[[object], Json]
BUILT_IN = {name: value for name, value in vars(builtins).items() if callable(value)}

# How values of the standard library are taken apart, and what puts them together again.
TAKEN_APART: dict[str, Callable[[Any], object]] = {
    "collections.Counter": dict,
    "collections.OrderedDict": lambda value: list(value.items()),
    "collections.defaultdict": lambda value: (value.default_factory, dict(value)),
    "collections.deque": lambda value: (list(value), value.maxlen),
    "builtins.bytearray": bytes,
    "datetime.date": lambda value: value.isoformat(),
    "datetime.datetime": lambda value: value.isoformat(),
    "datetime.time": lambda value: value.isoformat(),
    "datetime.timedelta": lambda value: (value.days, value.seconds, value.microseconds),
    "decimal.Decimal": str,
    "fractions.Fraction": lambda value: (value.numerator, value.denominator),
    "pathlib.PosixPath": str,
    "pathlib.PurePosixPath": str,
    "uuid.UUID": str,
    "types.SimpleNamespace": lambda value: dict(vars(value)),
}
ISO = ("datetime.date", "datetime.datetime", "datetime.time")
SPREAD = (
    "collections.defaultdict",
    "collections.deque",
    "datetime.timedelta",
    "fractions.Fraction",
)
NUMBERS = "biufc"


class BrokenLink(Exception):
    """The other side closed its pipe, or wrote what it should not."""


class Pipe:
    """Whole lines in both directions, over the pair of pipes.

    :ivar patience_s: How long may still be waited, all in all.
    """

    def __init__(self, patience_s: float | None = None) -> None:
        self.patience_s = patience_s
        self.reading = int(os.environ.pop("SYGRA_EVAL_PEER_IN_FD"))
        self.writing = int(os.environ.pop("SYGRA_EVAL_PEER_OUT_FD"))
        self._read, self._write = os.read, os.write
        self._dumps, self._loads = json.dumps, json.loads
        self._rest = bytearray()
        if patience_s is not None:
            os.set_blocking(self.writing, False)

    def send(self, message: object) -> None:
        """Write one message."""
        line = self._dumps(message).encode() + b"\n"
        while line:
            self.wait([], [self.writing])
            try:
                line = line[self._write(self.writing, line) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise BrokenLink("closed") from error

    def receive(self) -> Json:
        """Read one message."""
        end = self._rest.find(b"\n")
        while end < 0:
            if len(self._rest) > MOST_LINE:
                raise BrokenLink("a line that does not end")
            self.wait([self.reading], [])
            try:
                chunk = self._read(self.reading, CHUNK)
            except OSError as error:
                raise BrokenLink("closed") from error
            if not chunk:
                raise BrokenLink("closed")
            seen = len(self._rest)
            self._rest += chunk
            end = self._rest.find(b"\n", seen)
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        try:
            message = self._loads(line)
        except (ValueError, RecursionError) as error:
            raise BrokenLink("no message") from error
        if not isinstance(message, list):
            raise BrokenLink("no message")
        return message

    def wait(self, reading: list[int], writing: list[int]) -> None:
        """Wait until the other side has written or read, where patience ends."""
        if self.patience_s is None:
            return
        began = time.monotonic()
        ready = select.select(reading, writing, [], max(self.patience_s, 0))
        self.patience_s -= time.monotonic() - began
        if not any(ready):
            raise BrokenLink("late")


class WireEncoder(Encoder):
    """Encodes one value; what is no data is referred to."""

    def __init__(self, refer: Refer, shared: set[int] | frozenset[int] = frozenset()) -> None:
        super().__init__(shared)
        self.refer = refer

    def new_form_of(self, value: object, depth: int) -> object:
        """Encode a part."""
        apart = taken_apart(value)
        if apart is None:
            return super().new_form_of(value, depth)
        kind, made_of = apart
        return {"@": [kind, super().new_form_of(made_of, depth + 1)]}

    def tagged(self, value: Any, kind: type, below: int) -> object:
        """Encode what JSON has no form for."""
        try:
            return super().tagged(value, kind, below)
        except Opaque:
            named = fields_of(kind)
            if named is not None:
                parts = [self.form_of(part, below) for part in value]
                return {"@": ["named", [kind.__name__, named, parts]]}
            return {"@": self.refer(value)}


def taken_apart(value: Any) -> tuple[str, object] | None:
    """Take a value of the standard library or of numpy apart."""
    kind = type(value)
    if kind.__module__ == "numpy":
        return numpy_apart(value)
    name = f"{kind.__module__}.{kind.__name__}"
    if name in TAKEN_APART and kind is known_type(name):
        return name, TAKEN_APART[name](value)
    if kind.__module__ == "builtins":
        name = getattr(value, "__name__", "")
        if isinstance(name, str) and name in BUILT_IN and BUILT_IN[name] is value:
            return "built-in", name
    return None


def known_type(name: str) -> object:
    """Find a type of the standard library, where it is loaded."""
    module, _, kind = name.rpartition(".")
    return getattr(sys.modules.get(module), kind, None)


def numpy_apart(value: object) -> tuple[str, object] | None:
    """Take an array or a number of numpy apart."""
    held: Any = value
    dtype = getattr(held, "dtype", None)
    if dtype is None or dtype.kind not in NUMBERS:
        return None
    is_array = type(held).__name__ == "ndarray"
    return "numpy", (dtype.str, tuple(held.shape) if is_array else None, held.tobytes())


def fields_of(kind: type) -> list[str] | None:
    """Give the fields of a named tuple's class that adds nothing to a tuple but names."""
    fields = vars(kind).get("_fields")
    is_plain = kind.__mro__ == (kind, tuple, object) and "__eq__" not in vars(kind)
    if not is_plain or type(fields) is not tuple:
        return None
    return [str(field) for field in fields]


def decoder_of(resolve: Callable[[str, Any], object]) -> Callable[[object], Any]:
    """Make a function that decodes; `resolve` finds what is referred to."""

    def put_together(held: Json, depth: int) -> object:
        kind, form = held
        assert isinstance(kind, str)  # noqa: S101 - hostile code may have written it
        if kind == "named":
            return named_tuple(form, depth)
        if kind == "built-in":
            return BUILT_IN[str(form)]
        if kind in TAKEN_APART or kind == "numpy":
            return made(kind, decoded(form, depth + 1))
        return resolve(kind, form)

    def guarded(held: Json, depth: int) -> object:
        try:
            return put_together(held, depth)
        except (AssertionError, ArithmeticError, AttributeError, ImportError) as error:
            raise BadForm(f"no value: {type(error).__name__}") from error

    DECODERS["@"] = guarded
    return decoded


def named_tuple(form: object, depth: int) -> object:
    """Make a named tuple again."""
    assert isinstance(form, list)  # noqa: S101 - hostile code may have written it
    name, fields, parts = form
    make: Any = collections.namedtuple
    kind = make(str(name), fields)
    return kind(*(decoded(part, depth + 1) for part in parts))


def made(kind: str, of: Any) -> object:
    """Put a value of the standard library or of numpy together."""
    if kind == "numpy":
        return numpy_made(*of)
    module, _, name = kind.rpartition(".")
    maker = getattr(importlib.import_module(module), name)
    if kind in ISO:
        maker = maker.fromisoformat
    elif kind == "types.SimpleNamespace":
        return maker(**of)
    return maker(*of) if kind in SPREAD else maker(of)


def numpy_made(dtype: str, shape: tuple[int, ...] | None, content: bytes) -> object:
    """Make an array or a number of numpy."""
    numpy = importlib.import_module("numpy")
    assert numpy.dtype(dtype).kind in NUMBERS  # noqa: S101 - hostile code may have written it
    flat = numpy.frombuffer(content, dtype=dtype)
    return flat[0] if shape is None else flat.reshape(shape).copy()
