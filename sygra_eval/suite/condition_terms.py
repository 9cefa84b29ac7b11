"""What the parts of a condition do with a record's values, see `conditions`."""

import ast
import json
import math
from collections.abc import Callable, Mapping

from sygra_eval.suite.template import UnfitRow

Variables = Mapping[str, object]
Term = Callable[[Variables], object]
_ORDERED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


class UnfitForCondition(UnfitRow):
    """A record's variables are missing or of a kind that the condition cannot compare."""


def value_of(name: str, variables: Variables) -> object:
    """Return a variable's value; dots index into mappings.

    :raises UnfitForCondition: When the record has none.
    """
    if name in variables:  # a column's own name may hold dots
        return variables[name]
    value: object = variables
    for key in name.split("."):
        if not (isinstance(value, Mapping) and key in value):
            raise UnfitForCondition(f"this record has no `{name}`")
        value = value[key]
    return value


def has_value(name: str, variables: Variables) -> bool:
    """Say whether a record has a value, be it null, under a name with dots."""
    try:
        value_of(name, variables)
    except UnfitForCondition:
        return False
    return True


def shown_value(name: str, variables: Variables) -> str:
    """Return what a variable holds, for the reason that a record ends with."""
    try:
        return told(value_of(name, variables))
    except UnfitForCondition:
        return "not set"


def told(value: object) -> str:
    """Return a value with its kind, cut: what a row's author looks for in the data."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > 200:
            return f"a number of {value.bit_length()} bits"
        case int() | float():
            return f"the number {str(value)[:40]}"
        case str():
            cut = value if len(value) <= 60 else value[:59] + "…"
            return f"the text {json.dumps(cut, ensure_ascii=False)}"
        case list() | tuple():
            return f"a list of {len(value)}"
        case Mapping():
            return f"a mapping of {len(value)}"
    return f"a {type(value).__name__}"


def kind_of(value: object) -> str:
    """Return what a value may be compared with; an int and a float are one kind, a bool is none."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case float() if math.isnan(value):
            return "NaN"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list() | tuple():
            return "list"
        case Mapping():
            return "mapping"
    return type(value).__name__


def truth(value: object, source: str) -> bool:
    """Return what is true or false; a text that reads `no` is neither.

    :raises UnfitForCondition: When it is anything else.
    """
    if isinstance(value, bool):
        return value
    raise UnfitForCondition(f"`{source}` is {told(value)}, true or false is needed")


def comparing(operator: ast.cmpop, left: str, right: str) -> Callable[[object, object], bool]:
    """Return how two values are compared; it raises `UnfitForCondition` where that has no sense."""
    match operator:
        case ast.Eq():
            return lambda a, b: _equal(a, b, left, right, "==")
        case ast.NotEq():
            return lambda a, b: not _equal(a, b, left, right, "!=")
        case ast.Is():
            return lambda a, _: a is None
        case ast.IsNot():
            return lambda a, _: a is not None
        case ast.In():
            return lambda a, b: _within(a, b, left, right)
        case ast.NotIn():
            return lambda a, b: not _within(a, b, left, right)
    sign = _ORDERED[type(operator)]
    return lambda a, b: _ordered(a, b, sign, left, right)


def _equal(a: object, b: object, left: str, right: str, sign: str) -> bool:
    if not _are_alike(a, b):
        raise UnfitForCondition(
            f"`{left} {sign} {right}` compares {told(a)} with {told(b)}, which never are equal"
        )
    return a == b


def _are_alike(a: object, b: object) -> bool:
    """Say whether two values may be equal; null may stand for any value that is not there."""
    return a is None or b is None or (kind_of(a) == kind_of(b) != "NaN")


def _ordered(a: object, b: object, sign: str, left: str, right: str) -> bool:
    are_numbers = kind_of(a) == kind_of(b) == "number"
    if not are_numbers and not (isinstance(a, str) and isinstance(b, str)):
        raise UnfitForCondition(
            f"`{left} {sign} {right}` compares {told(a)} with {told(b)}; only two numbers or "
            "two texts have an order"
        )
    x, y = (a, b) if are_numbers else (str(a), str(b))
    match sign:
        case "<":
            return bool(x < y)  # type: ignore[operator]
        case "<=":
            return bool(x <= y)  # type: ignore[operator]
        case ">":
            return bool(x > y)  # type: ignore[operator]
    return bool(x >= y)  # type: ignore[operator]


def _within(a: object, b: object, left: str, right: str) -> bool:
    match b:
        case str():
            if isinstance(a, str):
                return a in b
        case Mapping():
            if isinstance(a, str):
                return a in b
        case list() | tuple():
            if not b or any(_are_alike(a, item) for item in b):
                return any(_are_alike(a, item) and a == item for item in b)
            raise UnfitForCondition(
                f"`{left} in {right}` looks for {told(a)} where nothing is of that kind"
            )
    raise UnfitForCondition(f"`{left} in {right}` looks for {told(a)} in {told(b)}")


def _length(values: list[object], sources: list[str]) -> object:
    (value,) = values
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise UnfitForCondition(f"`len({sources[0]})`: `{sources[0]}` is {told(value)}, without length")


def _lower(values: list[object], sources: list[str]) -> object:
    return _text("lower", values, sources, 0).lower()


def _startswith(values: list[object], sources: list[str]) -> object:
    text = _text("startswith", values, sources, 0)
    return text.startswith(_text("startswith", values, sources, 1))


def _endswith(values: list[object], sources: list[str]) -> object:
    text = _text("endswith", values, sources, 0)
    return text.endswith(_text("endswith", values, sources, 1))


def _text(function: str, values: list[object], sources: list[str], place: int) -> str:
    value = values[place]
    if isinstance(value, str):
        return value
    raise UnfitForCondition(
        f"`{function}({', '.join(sources)})`: `{sources[place]}` is {told(value)}, a text is needed"
    )


CALLED: Mapping[str, Callable[[list[object], list[str]], object]] = {
    "len": _length,
    "lower": _lower,
    "startswith": _startswith,
    "endswith": _endswith,
}
