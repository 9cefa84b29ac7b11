"""Expressions of `-k` and `-m`, with pytest's grammar: names, `and`, `or`, `not`, parentheses.

They are parsed here and walked; nothing of them is ever run as code. Start at `expression`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sygra_eval.values import UsageError

MAX_LENGTH = 10_000
MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])|(?P<name>[\w:+\-.\[\]\\/=,%@#~$*]+)|(?P<text>"[^"]*"|'[^']*'))"""
)
_WORDS = ("and", "or", "not")

Holds = Callable[[str], bool]
"""Says of one name of an expression whether it holds."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What was asked for.

    :ivar text: As it was typed.
    """

    text: str
    _root: "_Part"

    def holds(self, says: Holds) -> bool:
        """Say whether it holds, where `says` decides on each name."""
        return _holds(self._root, says)

    def matches(self, names: Iterable[str]) -> bool:
        """Say whether it holds as `-k` means it: a name is a part of one of these, in any case."""
        lowered = [name.lower() for name in names]
        return self.holds(lambda part: any(part.lower() in name for name in lowered))

    def matches_whole(self, names: Iterable[str]) -> bool:
        """Say whether it holds as `-m` means it: a name is one of these."""
        known = frozenset(names)
        return self.holds(known.__contains__)


@dataclass(frozen=True, slots=True)
class _Part:
    """`kind` is a word of the grammar or `name`; a name has its text, the others their parts."""

    kind: str
    text: str = ""
    parts: tuple["_Part", ...] = ()


def expression(text: str, option: str) -> Expression:
    """Return a parsed expression.

    :param option: Which option it was given to, for messages.
    :raises UsageError: When it is none, with the column at which it stops being one.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"{option}: an expression has at most {MAX_LENGTH:,} characters")
    reader = _Reader(text, option, list(_tokens(text, option)))
    root = reader.either(0)
    reader.end()
    return Expression(text, root)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # a word of the grammar, a parenthesis, `name`, or empty for the end
    text: str
    column: int


def _tokens(text: str, option: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            why = "a quote is not closed" if text[at] in "'\"" else f"unexpected `{text[at]}`"
            raise _wrong(text, option, at, f"{why}; a name with such characters goes into quotes")
        at = found.end()
        start = found.start(found.lastgroup or 0)
        if found["mark"]:
            yield _Token(found["mark"], found["mark"], start)
        elif found["text"]:
            yield _Token("name", found["text"][1:-1], start)
        else:
            name = found["name"]
            yield _Token(name if name in _WORDS else "name", name, start)
    yield _Token("", "", len(text))


@dataclass(slots=True)
class _Reader:
    text: str
    option: str
    tokens: list[_Token]
    place: int = 0

    def either(self, depth: int) -> _Part:
        """Read what `or` joins; it binds least."""
        parts = [self.both(depth)]
        while self._takes("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else _Part("or", parts=tuple(parts))

    def both(self, depth: int) -> _Part:
        """Read what `and` joins."""
        parts = [self.one(depth)]
        while self._takes("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else _Part("and", parts=tuple(parts))

    def one(self, depth: int) -> _Part:
        """Read a name or what stands in parentheses, with each `not` before it."""
        is_negated = False
        while self._takes("not"):
            is_negated = not is_negated
        token = self.tokens[self.place]
        if self._takes("("):
            if depth == MAX_DEPTH:
                raise self._wrong(token, f"more than {MAX_DEPTH} parentheses in each other")
            part = self.either(depth + 1)
            if not self._takes(")"):
                raise self._expected('")"')
        elif self._takes("name"):
            part = _Part("name", text=token.text)
        else:
            raise self._expected('a name, "not" or "("')
        return _Part("not", parts=(part,)) if is_negated else part

    def end(self) -> None:
        """Refuse what is left behind the expression."""
        if self.tokens[self.place].kind:
            raise self._expected('"and", "or" or the end')

    def _takes(self, kind: str) -> bool:
        if self.tokens[self.place].kind != kind:
            return False
        self.place += 1
        return True

    def _expected(self, what: str) -> UsageError:
        token = self.tokens[self.place]
        found = f"found `{token.text}`" if token.kind else "it ends there"
        return self._wrong(token, f"expected {what}, and {found}")

    def _wrong(self, token: _Token, why: str) -> UsageError:
        return _wrong(self.text, self.option, token.column, why)


def _wrong(text: str, option: str, at: int, why: str) -> UsageError:
    return UsageError(f"{option} `{text}`: column {at + 1}: {why}")


def _holds(part: _Part, says: Holds) -> bool:
    match part.kind:
        case "name":
            return says(part.text)
        case "not":
            return not _holds(part.parts[0], says)
        case "and":
            return all(_holds(one, says) for one in part.parts)
        case _:
            return any(_holds(one, says) for one in part.parts)
