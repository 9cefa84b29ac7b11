"""Operations on plain data that a test may ask for, each with a bound on what it can cost.

A row's tests are hostile data as much as an answer is: nothing here runs their code. What is not in
these tables cannot be evaluated outside the box, and such a test is run the old way.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterable, Sequence

MOST_BITS = 100_000
MOST_PARTS = 200_000
MOST_DIGITS = 4300
WIDEST = 100_000  # an integer that becomes a length

Operation = Callable[..., object]


MATH_MODULE = object()
"""The value of the variable that `import math` makes."""


class NotPlain(Exception):
    """Something that is not done outside the box: the message says what."""


class Drawn(tuple[object, ...]):
    """What an iterator would give; no value that an answer may be called with."""

    __slots__ = ()


COMPARISONS: dict[type[ast.cmpop], tuple[str, Operation]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Is: ("is", operator.is_),
    ast.IsNot: ("is not", operator.is_not),
    ast.In: ("in", lambda got, held: got in held),
    ast.NotIn: ("not in", lambda got, held: got not in held),
}
UNARY: dict[type[ast.unaryop], Operation] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def weight_of(value: object, most: int = MOST_PARTS) -> int:
    """Count the parts of a value as a tree, so that shared parts count each time; stops at a bound.

    :raises NotPlain: When there are more.
    """
    total, left = 0, [value]
    while left:
        part = left.pop()
        total += 1
        if isinstance(part, str | bytes):
            total += len(part) // 32
        elif isinstance(part, bool):
            pass
        elif isinstance(part, int):
            total += part.bit_length() // 64
        elif isinstance(part, dict):
            left.extend(part)
            left.extend(part.values())
        elif isinstance(part, list | tuple | set | frozenset | range):
            if total + len(part) + len(left) > most:
                raise NotPlain("a value of too many parts")
            left.extend(part)
        if total + len(left) > most:
            raise NotPlain("a value of too many parts")
    return total


def added(left: object, right: object) -> object:
    """`+`."""
    return operator.add(left, right)


def multiplied(left: object, right: object) -> object:
    """`*`, with a bound on what it makes longer."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, int) and isinstance(other, str | bytes | list | tuple):
            if one > 0 and one * max(len(other), 1) > 10 * MOST_PARTS:
                raise NotPlain("a repetition that is too long")
            if isinstance(other, list | tuple) and one > 0:
                bounded(one * sum(weight_of(part) for part in other), MOST_PARTS)
    if isinstance(left, int) and isinstance(right, int):
        bounded(left.bit_length() + right.bit_length(), MOST_BITS)
    return operator.mul(left, right)


def raised_to(left: object, right: object) -> object:
    """`**`, of numbers whose result stays small."""
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        bounded(left.bit_length() * right, MOST_BITS)
    elif isinstance(right, int):
        bounded(right.bit_length(), 64)
    return operator.pow(left, right)


def shifted(left: object, right: object) -> object:
    """`<<`, of integers whose result stays small."""
    if isinstance(left, int) and isinstance(right, int):
        bounded(right, MOST_BITS)
    return operator.lshift(left, right)


def remainder(left: object, right: object) -> object:
    """`%` of numbers; formatting is not done."""
    if isinstance(left, str | bytes):
        raise NotPlain("formatting with %")
    return operator.mod(left, right)


def bounded(size: int, most: int) -> None:
    """Refuse what would become too large.

    :raises NotPlain: When it does.
    """
    if size > most:
        raise NotPlain("a value that is too large")


BINARY: dict[type[ast.operator], Operation] = {
    ast.Add: added,
    ast.Sub: operator.sub,
    ast.Mult: multiplied,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: remainder,
    ast.Pow: raised_to,
    ast.LShift: shifted,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}


def rounded(number: object, ndigits: object = None) -> object:
    """`round`."""
    if isinstance(ndigits, int):
        bounded(abs(ndigits), 1000)
    return round(number, ndigits)  # type: ignore[call-overload]


def power(base: object, exponent: object, modulo: object = None) -> object:
    """`pow`, of small numbers."""
    if modulo is None:
        return raised_to(base, exponent)
    for number in (base, exponent, modulo):
        bounded(number.bit_length() if isinstance(number, int) else 0, 2048)
    return pow(base, exponent, modulo)  # type: ignore[call-overload]


def drawing(function: Callable[..., Iterable[object]]) -> Operation:
    """Make a function that gives at once what an iterator would give."""
    return lambda *args, **named: Drawn(function(*map(in_order, args), **named))


def in_order(value: object) -> object:
    """Give a set's members in an order that is the same in every process.

    That of numbers is; that of texts depends on the process, so no test can rely on it.
    """
    if not isinstance(value, set | frozenset):
        return value
    if all(isinstance(member, int | float) for member in value):
        return list(value)
    return sorted(value, key=written)


def written(value: object) -> str:
    """Make a `repr` that is the same in every process."""
    kind = type(value)
    if kind in (set, frozenset) and value:
        text = "{" + ", ".join(map(written, in_order(value))) + "}"  # type: ignore[call-overload]
        return text if kind is set else f"frozenset({text})"
    if kind is list:
        return "[" + ", ".join(map(written, value)) + "]"  # type: ignore[call-overload]
    if kind is tuple:
        parts = [written(part) for part in value]  # type: ignore[attr-defined]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    if kind is dict:
        pairs = value.items()  # type: ignore[attr-defined]
        return "{" + ", ".join(f"{written(k)}: {written(v)}" for k, v in pairs) + "}"
    try:
        return repr(value)
    except ValueError:  # an integer of too many digits for Python to write
        return f"an {kind.__name__} of {MOST_DIGITS} digits or more"


def in_text(value: object = "", *more: object) -> str:
    """`str`, as it is in every process."""
    if more:
        raise NotPlain("`str` of bytes")
    return (
        written(value) if isinstance(value, list | tuple | dict | set | frozenset) else str(value)
    )


def counted(*bounds: int) -> range:
    """`range`, of a bounded length."""
    made = range(*bounds)
    bounded((made.stop - made.start) // made.step if made.step else 0, MOST_PARTS)
    return made


def summed(numbers: Iterable[complex], start: complex = 0) -> object:
    """`sum`, of numbers; of lists it takes quadratic time."""
    if not isinstance(start, int | float | complex):
        raise NotPlain("`sum` of something else than numbers")
    return sum(numbers, start)


def refuse_int(value: object) -> object:
    """Refuse a number that would be a length."""
    if isinstance(value, int):
        raise NotPlain("`bytes` of a number")
    return value


TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict)
}
FUNCTIONS: dict[str, Operation] = {
    **TYPES,
    "abs": abs,
    "all": all,
    "any": any,
    "bin": bin,
    "bytes": lambda *args: bytes(*(refuse_int(arg) for arg in args)),
    "chr": chr,
    "divmod": divmod,
    "enumerate": drawing(enumerate),
    "hex": hex,
    "len": len,
    "max": max,
    "min": min,
    "oct": oct,
    "ord": ord,
    "pow": power,
    "print": lambda *_, **__: None,
    "range": counted,
    "repr": written,
    "reversed": drawing(reversed),
    "round": rounded,
    "sorted": sorted,
    "str": in_text,
    "sum": summed,
    "zip": drawing(zip),
}
MATH: dict[str, object] = {
    name: getattr(math, name)
    for name in ("pi", "e", "tau", "inf", "nan", "isclose", "isnan", "isinf", "isfinite", "sqrt",
                 "floor", "ceil", "trunc", "fabs", "log", "log2", "log10", "exp", "sin", "cos",
                 "tan", "hypot", "isqrt", "copysign")
}  # fmt: skip
DRAINING = frozenset({"list", "tuple", "set", "frozenset", "sorted", "dict", "sum", "any", "all"})
"""Built-in functions that take what an iterator gives."""

TEXT_METHODS = """
capitalize casefold center count encode endswith find index isalnum isalpha isascii isdecimal
isdigit isidentifier islower isnumeric isspace istitle isupper join ljust lower lstrip partition
removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines
startswith strip swapcase title upper zfill
"""
SET_METHODS = """
copy difference intersection isdisjoint issubset issuperset symmetric_difference union
"""
METHODS: dict[type, frozenset[str]] = {
    str: frozenset(TEXT_METHODS.split()),
    bytes: frozenset({"count", "decode", "endswith", "find", "hex", "index", "startswith"}),
    list: frozenset({"copy", "count", "index"}),
    tuple: frozenset({"count", "index"}),
    dict: frozenset({"copy", "get", "items", "keys", "values"}),
    set: frozenset(SET_METHODS.split()),
    frozenset: frozenset(SET_METHODS.split()),
    int: frozenset({"bit_length", "bit_count"}),
    float: frozenset({"is_integer", "hex"}),
}  # fmt: skip
GROWING = frozenset({"join", "replace", "ljust", "rjust", "center", "zfill"})


def called_method(owner: object, name: str, args: Sequence[object]) -> object:
    """Call a method that changes nothing.

    :raises NotPlain: When it is not one of those, or could make something too large.
    """
    if not hasattr(owner, name):
        raise AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}")
    if name not in METHODS.get(type(owner), frozenset()):
        raise NotPlain(f"the method `{name}`")
    if isinstance(owner, str | bytes):
        longest = max((len(arg) for arg in args if isinstance(arg, str | bytes)), default=0)
        bounded(len(owner) * longest, 10**8)  # some searches take the product of both
    if name in GROWING and isinstance(owner, str):
        refuse_growth(owner, name, args)
    got = getattr(owner, name)(*(map(in_order, args) if name == "join" else args))
    return Drawn(got) if name in {"items", "keys", "values"} else got


def refuse_growth(text: str, name: str, args: Sequence[object]) -> None:
    """Refuse a call that could make a very long text."""
    if name == "join":
        joined = args[0] if args else ()
        parts = list(joined) if isinstance(joined, list | tuple | set | str) else []
        bounded(len(text) * len(parts), 10 * MOST_PARTS)
    elif name == "replace":
        longest = max((len(part) for part in args if isinstance(part, str)), default=0)
        bounded((len(text) + 1) * longest, 10 * MOST_PARTS)
    elif args and isinstance(args[0], int):
        bounded(args[0], WIDEST)
