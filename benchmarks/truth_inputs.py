"""Inputs for a question: those of its tests, changed a little and kept inside what it allows.

An input on which the reference raises says nothing and is left out when the reference is run.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from textwrap import indent
from typing import Any

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d")
_FEW = 3

Arguments = tuple[Any, ...]


UNCLEAR = frozenset({"code/int-or-default"})
"""Questions whose text does not settle what a changed input means: only their tests count."""


def inputs(question: Mapping[str, Any], random: Random, most: int) -> list[Arguments]:
    """Return the tests' own inputs, then changed ones."""
    examples = list(_examples(question))
    found = {repr(arguments): arguments for arguments in examples}
    if not examples or question["id"] in UNCLEAR:
        return list(found.values())
    change = _Change(examples, random)
    for _ in range(most * 20):
        if len(found) >= most:
            break
        arguments = change.some(random.choice(examples))
        if is_allowed(question, arguments):
            found.setdefault(repr(arguments), arguments)
    return list(found.values())


def is_allowed(question: Mapping[str, Any], arguments: Arguments) -> bool:
    """Say whether a question's contract, if it has one, holds for an input."""
    if not question["contract"]:
        return True
    contract = _contract(question["contract"], question["reference"], question["entry_point"])
    try:
        contract(*arguments)
    except (AssertionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False
    return True


@lru_cache
def _contract(text: str, reference: str, name: str) -> Callable[..., None]:
    """Make a function with the reference's parameters of a question's contract."""
    nodes = [node for node in ast.parse(reference).body if isinstance(node, ast.FunctionDef)]
    (parameters,) = [ast.unparse(node.args) for node in nodes if node.name == name]
    made: dict[str, Any] = {}
    program = f"def contract({parameters}):\n{indent(text, '    ')}"
    exec(program, made)  # noqa: S102 - a text of this project's own file
    found: Callable[..., None] = made["contract"]
    return found


def _examples(question: Mapping[str, Any]) -> Iterator[Arguments]:
    """Yield the arguments of the calls in the tests, where they are literals."""
    for statement in (*question["visible_tests"], *question["hidden_tests"]):
        for node in ast.walk(ast.parse(statement)):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name == question["entry_point"]:
                    try:
                        yield tuple(ast.literal_eval(argument) for argument in node.args)
                    except (ValueError, TypeError):
                        continue


class _Change:
    """Changes values within the types, signs and characters of the examples."""

    def __init__(self, examples: Iterable[Arguments], random: Random) -> None:
        self._random = random
        self._texts: list[str] = []
        self._numbers: list[int] = []
        for arguments in examples:
            self._collect(arguments)
        self._alphabet = sorted(set("".join(self._texts)) or {"a"})

    def _collect(self, value: Any) -> None:
        match value:
            case bool():
                pass
            case str():
                self._texts.append(value)
            case int():
                self._numbers.append(value)
            case dict():
                for pair in value.items():
                    self._collect(pair)
            case list() | tuple():
                for item in value:
                    self._collect(item)

    def some(self, arguments: Arguments) -> Arguments:
        """Change one to three arguments."""
        changed = list(arguments)
        for _ in range(self._random.randint(1, _FEW)):
            if changed:
                place = self._random.randrange(len(changed))
                changed[place] = self._value(changed[place])
        return tuple(changed)

    def _value(self, value: Any) -> Any:
        match value:
            case None | bool() | float():
                return value
            case int():
                return self._number(value)
            case str():
                return self._text(value)
            case list():
                return self._list(value)
            case tuple():
                return tuple(self._value(item) for item in value)
            case dict():
                return self._dict(value)
        return value

    def _number(self, value: int) -> int:
        near = value + self._random.choice((-2, -1, 1, 2, 3))
        changed = self._random.choice((near, near, self._random.choice(self._numbers)))
        return changed if changed > 0 or min(self._numbers) < changed or changed == 0 else value

    def _text(self, value: str) -> str:
        if _DATE.fullmatch(value):
            return self._date(value)
        if _TIME.fullmatch(value):
            return f"{self._random.randrange(24):02}:{self._random.choice((0, 15, 30, 59)):02}"
        place = self._random.randint(0, len(value))
        match self._random.randrange(4):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return value[:place] + self._random.choice(self._alphabet) + value[place:]
            case 2:
                other = self._random.choice(self._texts)
                return value[:place] + other[self._random.randint(0, len(other)) :]
        return self._random.choice(self._texts)

    def _date(self, value: str) -> str:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return value
        step = self._random.choice((-366, -31, -1, 1, 2, 28, 31, 365))
        return (day + timedelta(days=step)).isoformat()

    def _list(self, value: list[Any]) -> list[Any]:
        changed = list(value)
        if not changed:
            return changed
        place = self._random.randrange(len(changed))
        match self._random.randrange(4):
            case 0:
                del changed[place]
            case 1:
                changed.insert(place, self._value(changed[place]))
            case 2:
                changed[place] = self._value(changed[place])
            case 3:
                self._random.shuffle(changed)
        return changed

    def _dict(self, value: dict[Any, Any]) -> dict[Any, Any]:
        changed = dict(value)
        if not changed:
            return changed
        key = self._random.choice(list(changed))
        match self._random.randrange(3):
            case 0:
                del changed[key]
            case 1:
                changed[key] = self._value(changed[key])
            case 2:
                changed[self._value(key)] = changed[key]
        return changed
