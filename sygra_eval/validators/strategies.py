"""Reads strategies, as `lists(integers(0, 9), max_size=5)`, by an allow-list."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

LONGEST = 4000
NAMES: Mapping[str, Callable[..., SearchStrategy[Any]]] = {
    name: getattr(st, name)
    for name in (
        *("integers", "floats", "booleans", "text", "characters", "binary", "none", "just"),
        *("sampled_from", "one_of", "lists", "tuples", "sets", "frozensets", "dictionaries"),
        *("fixed_dictionaries", "from_regex", "permutations"),
    )
}
MAPS: Mapping[str, Callable[[Any], Any]] = {
    "sorted": sorted,
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "str": str,
    "abs": abs,
    "dict": dict,
}


class BadStrategy(Exception):
    """A text that is no strategy; the message says where."""


def strategy_of(text: str) -> SearchStrategy[Any]:
    """Make a strategy of its text.

    :raises BadStrategy: When there is something in it that is not on the list.
    """
    if len(text) > LONGEST:
        raise BadStrategy(f"longer than {LONGEST} characters")
    try:
        made = made_of(ast.parse(text, mode="eval").body)
        if isinstance(made, SearchStrategy):
            made.validate()
            return made
    except (SyntaxError, InvalidArgument, TypeError, ValueError, RecursionError) as error:
        raise BadStrategy(f"{text[:80]!r}: {error}") from error
    raise BadStrategy(f"{text[:80]!r} is no strategy")


def made_of(node: ast.expr) -> object:
    """Make a strategy or a plain value of an expression."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in NAMES:
            given = {one.arg: made_of(one.value) for one in keywords if one.arg is not None}
            if len(given) == len(keywords):
                return NAMES[name](*map(made_of, args), **given)
        case ast.Call(
            func=ast.Attribute(value=inner, attr="map"), args=[ast.Name(id=name)], keywords=[]
        ) if name in MAPS:
            made = made_of(inner)
            if isinstance(made, SearchStrategy):
                return made.map(MAPS[name])
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            one, other = made_of(left), made_of(right)
            if isinstance(one, SearchStrategy) and isinstance(other, SearchStrategy):
                return one | other
        case ast.List(elts=elements):
            return [made_of(element) for element in elements]
        case ast.Tuple(elts=elements):
            return tuple(made_of(element) for element in elements)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {made_of(k): made_of(v) for k, v in zip(keys, values, strict=True) if k}
        case ast.Constant() | ast.UnaryOp():
            return ast.literal_eval(node)
    raise BadStrategy(f"not among what may be used: {ast.unparse(node)[:80]}")
