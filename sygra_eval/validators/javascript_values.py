"""JavaScript's plain data as JSON that keeps types, compared out here as Node compares it.

A form is `null`, a boolean, a text, or an object with one key: `n` number, `i` BigInt, `u`
undefined, `a` array, `o` object, `O` object without a prototype, `m` Map, `e` Set, `h` a hole in
an array. `inside_javascript.js` makes and reads the same forms. Those that come out of the box are
hostile, so all of them go through `checked` first.
"""

import json
import math
import re
from collections.abc import Sequence

MOST_NODES = 200_000
MOST_DEPTH = 60
MOST_DIGITS = 60_000
INTEGER = re.compile(rf"-?\d{{1,{MOST_DIGITS}}}", re.ASCII)
NUMBER = re.compile(
    r"-?(?:Infinity|\d{1,400}(?:\.\d{1,400})?(?:e[+-]?\d{1,4})?)|NaN",
    re.ASCII,
)
PLAIN_NUMBER = re.compile(r"[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
WITH_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)
WHITE_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
UNDEFINED: dict[str, object] = {"u": 0}
NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)

Form = object


class BadForm(Exception):
    """Something that is no form; it came from hostile code."""


def number(value: float) -> Form:
    """Make the form of a number."""
    return {"n": written_number(value)}


def written_number(value: float) -> str:
    """Write a number so that both sides read the same one."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e21:
        return "-0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
    return repr(value)


def read_number(text: str) -> float:
    """Read what `written_number`, or JavaScript, wrote."""
    return float(text.replace("Infinity", "inf"))


def form_of_json(value: object, depth: int = 0) -> Form:
    """Make the form of a value of the row.

    :raises BadForm: When it is not JSON.
    """
    if depth > MOST_DEPTH:
        raise BadForm("nested too deeply")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        try:
            return number(float(value))
        except OverflowError:
            return number(math.inf if value > 0 else -math.inf)
    if isinstance(value, list | tuple):
        return {"a": [form_of_json(part, depth + 1) for part in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"o": [[key, form_of_json(part, depth + 1)] for key, part in value.items()]}
    raise BadForm(f"a value of type {type(value).__name__}")


def checked(form: object) -> Form:
    """Take a form from the box, in the one way of writing it.

    :raises BadForm: When it is none.
    """
    return Checker().form(form, 0)


class Checker:
    """Reads one form and counts its parts."""

    def __init__(self) -> None:
        self.nodes = 0

    def form(self, form: object, depth: int) -> Form:
        """Read a part."""
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > MOST_DEPTH:
            raise BadForm("too large")
        if form is None or isinstance(form, bool | str):
            return form
        match form:
            case {"n": str(text), **rest} if not rest and NUMBER.fullmatch(text):
                return number(read_number(text))
            case {"i": str(text), **rest} if not rest and INTEGER.fullmatch(text):
                return {"i": text}
            case {"u": 0, **rest} if not rest:
                return {"u": 0}
            case {"h": 0, **rest} if not rest:
                return {"h": 0}
            case {"a": list(parts), **rest} if not rest:
                return {"a": [self.form(part, depth + 1) for part in parts]}
            case {"e": list(parts), **rest} if not rest:
                return {"e": [self.form(part, depth + 1) for part in parts]}
            case {"o": list(pairs), **rest} if not rest:
                return {"o": self.named(pairs, depth + 1)}
            case {"O": list(pairs), **rest} if not rest:
                return {"O": self.named(pairs, depth + 1)}
            case {"m": list(pairs), **rest} if not rest:
                return {"m": [self.pair(pair, depth + 1) for pair in pairs]}
        raise BadForm("no typed value")

    def named(self, pairs: list[object], depth: int) -> list[object]:
        """Read an object's own properties."""
        read = [self.pair(pair, depth) for pair in pairs]
        names = [pair[0] for pair in read]
        if not all(isinstance(name, str) for name in names) or len(set(map(str, names))) < len(
            names
        ):
            raise BadForm("no list of properties")
        return [*read]

    def pair(self, pair: object, depth: int) -> list[Form]:
        """Read a key with its value."""
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadForm("no pair")
        return [self.form(pair[0], depth), self.form(pair[1], depth)]


# Comparing


def is_same(left: Form, right: Form) -> bool:
    """Whether `assert.deepStrictEqual` holds; of primitives, whether `Object.is` does."""
    return canonical(left) == canonical(right)


def canonical(form: Form) -> str:
    """Write a form so that equal values have equal texts: properties and members sorted."""
    match form:
        case {"a": list(parts)}:
            return f"[{','.join(map(canonical, parts))}]"
        case {"e": list(parts)}:
            return f"Set({','.join(sorted(map(canonical, parts)))})"
        case {"m": list(pairs)}:
            return f"Map({','.join(sorted(map(canonical_pair, pairs)))})"
        case {"o": list(pairs)}:
            return f"{{{','.join(sorted(map(canonical_pair, pairs)))}}}"
        case {"O": list(pairs)}:
            return f"null{{{','.join(sorted(map(canonical_pair, pairs)))}}}"
    return json.dumps(form)


def canonical_pair(pair: Sequence[Form]) -> str:
    """Write a key with its value."""
    return f"{canonical(pair[0])}:{canonical(pair[1])}"


def is_primitive(form: Form) -> bool:
    """Whether two of the kind can be one value, and not only alike."""
    return not isinstance(form, dict) or form.keys() <= {"n", "i", "u"}


def is_loosely_same(left: Form, right: Form) -> bool:
    """Whether `assert.deepEqual` holds: as `==` for primitives, whatever the prototypes."""
    if is_primitive(left) and is_primitive(right):
        return is_loosely_equal(left, right)
    match left, right:
        case ({"a": list(ours)}, {"a": list(theirs)}):
            pairs = zip(ours, theirs, strict=False)
            return len(ours) == len(theirs) and all(is_loosely_same(a, b) for a, b in pairs)
        case (({"o": ours} | {"O": ours}), ({"o": theirs} | {"O": theirs})):
            first, second = dict(ours), dict(theirs)
            return first.keys() == second.keys() and all(
                is_loosely_same(first[name], second[name]) for name in first
            )
    return is_same(left, right)


def is_loosely_equal(left: Form, right: Form) -> bool:
    """Whether `==` holds of two primitives; NaN is itself, as `assert.equal` has it."""
    nothing = (None, UNDEFINED)
    if left in nothing or right in nothing:
        return left in nothing and right in nothing
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    first, second = as_number(left), as_number(right)
    if isinstance(left, dict) and left == right == {"n": "NaN"}:
        return True
    return first == second  # of numbers, where 0 is -0


def as_number(form: Form) -> float | int:
    """Make a number of a primitive, as JavaScript does."""
    match form:
        case {"n": str(text)}:
            return read_number(text)
        case {"i": str(text)} if len(text) < 4_000:
            return int(text)
        case bool():
            return int(form)
        case str():
            return number_in(form.strip(WHITE_SPACE))
        case None:
            return 0
    return math.nan


def number_in(text: str) -> float:
    """Read the number that a text is, as `Number(text)` does."""
    if not text:
        return 0.0
    if WITH_BASE.fullmatch(text):
        digits = int(text, 0)
        return float(digits) if digits.bit_length() < 1024 else math.inf
    return read_number(text) if PLAIN_NUMBER.fullmatch(text) else math.nan


def is_truthy(form: Form) -> bool:
    """Whether a value counts as true."""
    if form is None or isinstance(form, bool):
        return bool(form)
    if isinstance(form, str):
        return form != ""
    return form not in (UNDEFINED, {"n": "0"}, {"n": "-0"}, {"n": "NaN"}, {"i": "0"})


# Writing


def written(form: Form, most: int = 300) -> str:
    """Write a value as it would stand in a program, cut to a length."""
    text = "".join(pieces(form, most))
    return text if len(text) <= most else text[: most - 1] + "…"


def pieces(form: Form, most: int) -> list[str]:
    """Write the parts, no more than will be shown."""
    match form:
        case {"n": str(text)}:
            return [text]
        case {"i": str(text)}:
            return [f"{text}n"]
        case {"u": _}:
            return ["undefined"]
        case {"h": _}:
            return ["<hole>"]
        case {"a": list(parts)}:
            return listed("[", parts, "]", most)
        case {"e": list(parts)}:
            return listed("new Set([", parts, "])", most)
        case {"m": list(pairs)}:
            return listed("new Map([", [{"a": pair} for pair in pairs], "])", most)
        case {"o": list(pairs)} | {"O": list(pairs)}:
            shown: list[str] = []
            for key, value in pairs[:most]:
                name = key if isinstance(key, str) and NAME.fullmatch(key) else json.dumps(key)
                shown.append(f"{name}: {''.join(pieces(value, most))}")
            return ["{", ", ".join(shown), "}"]
        case str():
            return [json.dumps(form[:most], ensure_ascii=False)]
    return [json.dumps(form)]


def listed(opening: str, parts: Sequence[Form], closing: str, most: int) -> list[str]:
    """Write a list."""
    shown = ("".join(pieces(part, most)) for part in parts[:most])
    return [opening, ", ".join(shown), closing]
