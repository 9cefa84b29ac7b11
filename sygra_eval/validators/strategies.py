"""Strategies: which inputs a function may be given, written as hypothesis writes them.

`parsed_strategy` reads `lists(integers(-20, 20), max_size=8)` over an allow-list, by walking its
tree and never by `eval`, and makes a form of it that names hypothesis' functions. A strategy is a
row's data and may be hostile: `generated_inputs.examples_of` has the form built, and values drawn
from it, in a bounded child. `strategy_hints` makes strategies of a function's annotations.
"""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from sygra_eval.validators.plain_data import BINARY, NotPlain
from sygra_eval.validators.strategy_names import (
    LARGEST_SIZE,
    LONGEST_PATTERN,
    MAPS,
    STRATEGIES,
    Kind,
    Named,
)
from sygra_eval.validators.syntax import parsed_afresh
from sygra_eval.validators.typed_values import Opaque, TooLarge, encoded
from sygra_eval.validators.words import shortened

LONGEST_TEXT = 2_000
DEEPEST = 12
MOST_ARGUMENTS = 20
MOST_ELEMENTS = 1_000
MOST_BITS = 1_000  # of a bound; a float holds it
NUMBER_OPERATIONS = (ast.Add, ast.Sub, ast.Mult, ast.Pow)
QUALIFIERS = frozenset({"st", "strategies"})

Json = dict[str, object]


class BadStrategy(Exception):
    """A strategy that cannot be used; the message says what is wrong, where, and what is near."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """The inputs of a function: a strategy for each argument, or one for all of them.

    :ivar texts: What the row says.
    :ivar form: JSON for the child that draws.
    :ivar where: Begins messages about it, as ``column `strategies`: ``; may be empty.
    """

    texts: tuple[str, ...]
    form: str
    where: str = ""


def parsed_strategy(
    value: object, where: str = "", names: Mapping[str, int] | None = None
) -> Strategy:
    """Read a list with one text per argument, or one text that gives a tuple of all arguments.

    :param where: Names the place in messages, as ``column `strategies` ``.
    :param names: Integers that the text may use by name, as `n`.
    :raises BadStrategy: When it is none that can be used.
    """
    prefix = f"{where}: " if where else ""
    if isinstance(value, str):
        form = Reader(value, prefix, names or {}).read()
        if form["name"] != "tuples":
            raise BadStrategy(
                f"{prefix}one text has to be `tuples(...)` with a strategy for each argument; "
                f"write a list of texts for separate arguments"
            )
        return Strategy((value,), json.dumps({"all": form}), prefix)
    if not isinstance(value, list | tuple):
        kind = type(value).__name__
        raise BadStrategy(f"{prefix}strategies are texts in a list, or one text; this is {kind}")
    if len(value) > MOST_ARGUMENTS:
        raise BadStrategy(f"{prefix}{len(value)} strategies, more than {MOST_ARGUMENTS}")
    forms = []
    for number, text in enumerate(value, 1):
        title = f"{prefix}strategy {number}: "
        if not isinstance(text, str):
            raise BadStrategy(f"{title}this is {type(text).__name__}, not a text")
        forms.append(Reader(text, title, names or {}).read())
    return Strategy(tuple(value), json.dumps({"arguments": forms}), prefix)


@dataclass
class Reader:
    """Reads one text."""

    text: str
    title: str
    names: Mapping[str, int]
    offset: int = field(default=0, init=False)

    def read(self) -> Json:
        """Give the form of the whole text."""
        if len(self.text) > LONGEST_TEXT:
            raise BadStrategy(
                f"{self.title}{len(self.text)} characters, more than {LONGEST_TEXT}; "
                "make it shorter"
            )
        inner = self.text.strip()
        self.offset = len(self.text) - len(self.text.lstrip())
        tree = parsed_afresh(inner)
        match tree:
            case ast.Module(body=[ast.Expr(value=expression)]):
                return self.strategy(expression, 0)
        raise BadStrategy(
            f"{self.title}`{shortened(inner, 80)}` is no Python expression; "
            "write one strategy, as `lists(integers(), max_size=8)`"
        )

    def bad(self, node: ast.AST, message: str, near: str = "") -> BadStrategy:
        """Make the error for a place in the text."""
        line = getattr(node, "lineno", 1)
        lines = self.text.strip().splitlines()
        raw = lines[line - 1].encode() if line <= len(lines) else b""
        column = len(raw[: getattr(node, "col_offset", 0)].decode("utf-8", "replace"))
        column += 1 + (self.offset if line == 1 else 0)
        place = f"column {column}" if len(lines) == 1 else f"line {line}, column {column}"
        shown = shortened(" ".join(self.text.split()), 120)
        return BadStrategy(f"{self.title}{message} at {place} of `{shown}`" + near)

    def strategy(self, node: ast.expr, depth: int) -> Json:
        """Read a strategy."""
        if depth > DEEPEST:
            raise self.bad(node, f"strategies in each other, more than {DEEPEST} deep")
        match node:
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                either = [self.strategy(one, depth + 1) for one in (left, right)]
                return {"name": "one_of", "at": self.place(node), "args": {"*": either}}
            case ast.Call(func=ast.Attribute(value=inner, attr="map")) if not is_qualifier(inner):
                return self.mapped(node, inner, depth)
            case ast.Call(func=ast.Name(id=name)):
                return self.call(node, name, depth)
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if is_qualifier(inner):
                return self.call(node, name, depth)
            case ast.Call(func=ast.Attribute(attr=name)):
                raise self.bad(node, f"`.{name}` cannot be used; only `.map` can")
            case ast.Name(id=name) if name in STRATEGIES:
                raise self.bad(node, f"`{name}` is not called; write `{name}(...)`")
        raise self.bad(node, f"`{shortened(ast.unparse(node), 60)}` is no strategy")

    def place(self, node: ast.AST) -> str:
        """Say in words where a node stands, for errors that come later."""
        message = str(self.bad(node, "", ""))
        return message.removeprefix(self.title).strip()

    def mapped(self, node: ast.Call, inner: ast.expr, depth: int) -> Json:
        """Read `.map(sorted)` or `.map("".join)`."""
        of = self.strategy(inner, depth + 1)
        made: Json = {"name": "map", "at": self.place(node), "of": of}
        match node:
            case ast.Call(args=[ast.Name(id=name)], keywords=[]) if name in MAPS:
                return made | {"by": name}
            case ast.Call(
                args=[ast.Attribute(value=ast.Constant(value=str(between)), attr="join")],
                keywords=[],
            ):
                return made | {"by": "join", "between": between}
            case ast.Call(args=[ast.Name(id=name)], keywords=[]):
                raise self.bad(node.args[0], f"`{name}` cannot be mapped", near(name, MAPS))
        raise self.bad(node, f"`.map` takes one of {', '.join(sorted(MAPS))} or `''.join`,")

    def call(self, node: ast.Call, name: str, depth: int) -> Json:
        """Read the call of a strategy's function."""
        known = STRATEGIES.get(name)
        if known is None:
            raise self.bad(
                node, f"`{name}` is no strategy that can be used", near(name, STRATEGIES)
            )
        if len(node.args) + len(node.keywords) > MOST_ARGUMENTS:
            raise self.bad(node, f"`{name}` with more than {MOST_ARGUMENTS} arguments")
        starred = next((one for one in node.args if isinstance(one, ast.Starred)), None)
        if starred is not None:
            raise self.bad(starred, "`*` cannot be used")
        args: Json = {}
        if known.takes_any:
            args["*"] = self.several(name, node, depth)
        elif len(node.args) > len(known.positional):
            most = len(known.positional)
            raise self.bad(node, f"`{name}` takes {most} arguments without a name, not more,")
        else:
            for key, given in zip(known.positional, node.args, strict=False):
                args[key] = self.argument(known.keys[key], given, f"`{key}` of `{name}`", depth)
        for keyword in node.keywords:
            args |= self.keyword(name, known, keyword, args, depth)
        missing = next((key for key in known.required if key not in args), None)
        if missing is not None:
            raise self.bad(node, f"`{name}` needs `{missing}`")
        return {"name": name, "at": self.place(node), "args": args}

    def several(self, name: str, node: ast.Call, depth: int) -> list[Json]:
        """Read the strategies of `tuples` and `one_of`."""
        match node.args:
            case [ast.List(elts=given)] if name == "one_of":
                inner = given
            case given:
                inner = given
        if name == "one_of" and not inner:
            raise self.bad(node, "`one_of` of nothing")
        return [self.strategy(one, depth + 1) for one in inner[:MOST_ARGUMENTS]]

    def keyword(
        self, name: str, known: Named, keyword: ast.keyword, before: Json, depth: int
    ) -> Json:
        """Read an argument with a name."""
        key = keyword.arg
        if key is None:
            raise self.bad(keyword.value, "`**` cannot be used")
        if key not in known.keys:
            told = f"`{name}` takes no argument `{key}`"
            raise self.bad(keyword, told, near(key, known.keys))
        if key in before:
            raise self.bad(keyword, f"`{key}` of `{name}` is given twice")
        return {key: self.argument(known.keys[key], keyword.value, f"`{key}` of `{name}`", depth)}

    def argument(self, kind: Kind, node: ast.expr, what: str, depth: int) -> object:
        """Read an argument of a kind."""
        match kind, node:
            case Kind.STRATEGY, _:
                return self.strategy(node, depth + 1)
            case Kind.ALPHABET, ast.Call():
                return {"strategy": self.strategy(node, depth + 1)}
            case Kind.MAPPING, ast.Dict(keys=keys, values=values) if None not in keys:
                return [
                    [self.encoded(key, self.literal(key)), self.strategy(held, depth + 1)]
                    for key, held in zip(keys, values, strict=True)
                    if key is not None
                ]
        value = self.literal(node, depth)
        problem = problem_with(kind, value)
        if problem:
            raise self.bad(node, f"{what} is {problem}")
        return {"value": self.encoded(node, value)}

    def encoded(self, node: ast.expr, value: object) -> object:
        """Make a value's JSON form."""
        try:
            return encoded(value)
        except (Opaque, TooLarge) as error:
            raise self.bad(node, f"a value that cannot be used ({error})") from error

    def literal(self, node: ast.expr, depth: int = 0) -> object:
        """Read plain data."""
        try:
            return self.plain(node, depth)
        except (NotPlain, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            told = f"`{shortened(ast.unparse(node), 60)}` is no value that can be used"
            raise self.bad(node, f"{told} ({error})") from error

    def plain(self, node: ast.expr, depth: int) -> object:
        """Evaluate constants, displays of them, and a little arithmetic of integers.

        :raises NotPlain: When it is something else.
        """
        if depth > 2 * DEEPEST:
            raise NotPlain("nested too deeply")
        below = depth + 1
        match node:
            case ast.Constant(value=value) if value is not Ellipsis:
                return value
            case ast.Name(id=name) if name in self.names:
                return self.names[name]
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                number = self.number(operand, below)
                return -number if isinstance(sign, ast.USub) else number
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, NUMBER_OPERATIONS):
                got = BINARY[type(op)](self.number(left, below), self.number(right, below))
                return within_bits(got)
            case ast.List(elts=elements):
                return [self.plain(one, below) for one in elements]
            case ast.Tuple(elts=elements):
                return tuple(self.plain(one, below) for one in elements)
            case ast.Set(elts=elements):
                return {self.plain(one, below) for one in elements}
            case ast.Dict(keys=keys, values=values) if None not in keys:
                pairs = zip(keys, values, strict=True)
                return {self.plain(k, below): self.plain(v, below) for k, v in pairs if k}
            case ast.Call(func=ast.Name(id="range"), args=bounds, keywords=[]):
                made = range(*(whole(self.number(bound, below)) for bound in bounds))
                if len(made) > MOST_ELEMENTS:
                    raise NotPlain(f"more than {MOST_ELEMENTS} elements")
                return list(made)
            case ast.Name(id=name):
                raise NotPlain(f"the name `{name}` is not known here")
        raise NotPlain("write it out")

    def number(self, node: ast.expr, depth: int) -> int | float:
        """Evaluate a number."""
        value = self.plain(node, depth)
        if not isinstance(value, int | float):
            raise NotPlain(f"{type(value).__name__} is no number")
        return value


def is_qualifier(node: ast.expr) -> bool:
    """Whether it is the `st` of `st.integers`."""
    return isinstance(node, ast.Name) and node.id in QUALIFIERS


def whole(value: float) -> int:
    """Take an integer."""
    if not isinstance(value, int):
        raise NotPlain("no integer")
    return value


def within_bits(value: object) -> object:
    """Refuse integers beyond what a bound may be."""
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise NotPlain("a number that is too large")
    return value


def near(name: str, known: Mapping[str, object] | frozenset[str]) -> str:
    """Name what was meant, or all that there is."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; write `{close[0]}`" if close else f"; known are {', '.join(sorted(known))}"


def problem_with(kind: Kind, value: object) -> str:
    """Say what is wrong with an argument; nothing when it is right."""
    shown = shortened(repr(value), 60)
    match kind:
        case Kind.WHOLE:
            is_fit = value is None or (type(value) is int and value.bit_length() <= MOST_BITS)
            return "" if is_fit else f"{shown}, not an integer"
        case Kind.NUMBER:
            is_fit = value is None or type(value) in (int, float)
            return "" if is_fit else f"{shown}, not a number"
        case Kind.SIZE:
            is_fit = value is None or (type(value) is int and 0 <= value <= LARGEST_SIZE)
            return "" if is_fit else f"{shown}, not an integer from 0 to {LARGEST_SIZE:,}"
        case Kind.TRUTH:
            return "" if isinstance(value, bool) else f"{shown}, not True or False"
        case Kind.ELEMENTS:
            is_fit = isinstance(value, list | tuple | str) and 0 < len(value) <= MOST_ELEMENTS
            return "" if is_fit else f"{shown}, not a list of 1 to {MOST_ELEMENTS:,} values"
        case Kind.TEXT | Kind.ALPHABET:
            return "" if isinstance(value, str) else f"{shown}, not a text"
        case Kind.PATTERN if isinstance(value, str):
            is_long = len(value) > LONGEST_PATTERN
            return f"longer than {LONGEST_PATTERN} characters" if is_long else ""
        case Kind.TEXTS:
            is_fit = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
            return "" if is_fit else f"{shown}, not a list of texts"
        case Kind.VALUE:
            return ""
    return f"{shown}, which it cannot be"
