"""Text with `{name}` placeholders, as prompts use it.

Names and dots only, so a template can compute nothing; a brace is doubled to be itself. What a
placeholder is replaced by is never read as a template again: a row cannot write prompts.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from sygra_eval.suite.nearest import nearest
from sygra_eval.values import InfrastructureError, Length, Problem, Scope, Severity, sum_of

_NAME = r"[^\W\d]\w*(?:\.\w+)*"
_TOKEN = re.compile(rf"\{{\{{|\}}\}}|\{{(?P<name>{_NAME})\}}|\{{[^{{}}\n]*\}}|\{{|\}}")


class UnfitRow(InfrastructureError):
    """A record lacks what the suite counts on; it ends as `failed` (`bad_input`)."""


class UnknownVariable(UnfitRow):
    """A record has no value for a placeholder."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{name}`; dots index into mappings."""

    name: str

    @property
    def variable(self) -> str:
        """The name before the first dot, which a column or node must provide."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Template:
    """Parsed text: literal pieces and placeholders, and the stray braces found on the way.

    :ivar stray: Pieces that are neither a placeholder nor a doubled brace; they render as they
        stand, and `problems` names them.
    """

    text: str
    parts: tuple[str | Placeholder, ...]
    stray: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split `text` at its placeholders; never raises, see `problems`."""
        parts: list[str | Placeholder] = []
        stray: list[str] = []
        done = 0
        for token in _TOKEN.finditer(text):
            parts.append(text[done : token.start()])
            done = token.end()
            if token["name"]:
                parts.append(Placeholder(token["name"]))
            elif token[0] in ("{{", "}}"):
                parts.append(token[0][0])
            else:
                parts.append(token[0])
                stray.append(token[0])
        parts.append(text[done:])
        return cls(text, tuple(part for part in parts if part), tuple(dict.fromkeys(stray)))

    def names(self) -> tuple[str, ...]:
        """Return the variables that it needs, each once, in order."""
        return tuple(dict.fromkeys(placeholder.variable for placeholder in self.placeholders()))

    def placeholders(self) -> Iterator[Placeholder]:
        """Yield the placeholders in order."""
        return (part for part in self.parts if isinstance(part, Placeholder))

    def render(self, variables: Mapping[str, object]) -> str:
        """Fill the placeholders.

        :raises UnknownVariable: When a value is missing in this record.
        """
        return "".join(
            part if isinstance(part, str) else as_text(_value_of(part, variables))
            for part in self.parts
        )

    def length(self, variables: Mapping[str, object], longest: Mapping[str, Length]) -> Length:
        """Return how long it is at most when it is filled.

        :param longest: Of variables that are not there yet, how long they may be.
        :raises UnknownVariable: When a value is missing in this record.
        """
        return sum_of(
            *(
                len(part)
                if isinstance(part, str)
                else longest[part.variable]
                if part.variable in longest
                else len(as_text(_value_of(part, variables)))
                for part in self.parts
            )
        )

    def only_value(self, variables: Mapping[str, object]) -> object:
        """Return a lone placeholder's value as it is; anything else is filled to a text.

        :raises UnknownVariable: When a value is missing in this record.
        """
        match self.parts:
            case (Placeholder() as only,):
                return _value_of(only, variables)
        return self.render(variables)

    def problems(self, scope: Scope, at: tuple[str | int, ...] = ()) -> Iterator[Problem]:
        """Yield stray braces and names that nothing provides."""
        for piece in self.stray:
            if (problem := _unnameable(piece, scope, at)) is not None:
                yield problem
                continue
            yield Problem(
                code="bad-placeholder",
                message=f"`{piece}` is no placeholder: those are `{{name}}`, names and dots only",
                at=at,
                within=piece,
                fix=f"write `{escaped(piece)}` to mean the braces themselves",
            )
        for placeholder in dict.fromkeys(self.placeholders()):
            if (problem := _unknown(placeholder, scope, at)) is not None:
                yield problem


def as_text(value: object) -> str:
    """Return a value as prompts show it: text, numbers, lists of texts a line each, else JSON."""
    match value:
        case str():
            return value
        case bool():
            return json.dumps(value)
        case int() | float():
            return str(value)
        case [*items] if items and all(isinstance(item, str) for item in items):
            return "\n".join(map(str, items))
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def escaped(text: str) -> str:
    """Return a template that renders as `text`, whatever braces are in it."""
    return text.replace("{", "{{").replace("}", "}}")


def _value_of(placeholder: Placeholder, variables: Mapping[str, object]) -> object:
    if placeholder.name in variables:  # a column's own name may hold dots
        return variables[placeholder.name]
    value: object = variables
    for key in placeholder.name.split("."):
        if not (isinstance(value, Mapping) and key in value):
            raise UnknownVariable(f"this record has no `{placeholder.name}`")
        value = value[key]
    return value


def _unknown(placeholder: Placeholder, scope: Scope, at: tuple[str | int, ...]) -> Problem | None:
    name, variable = placeholder.name, placeholder.variable
    if name in scope.variables:
        return None
    if variable in scope.variables:
        return _unknown_key(placeholder, scope, at)
    near, rest = nearest(variable, scope.variables), name.removeprefix(variable)
    if dotted := _column_with_dots(name, scope):
        near, rest = dotted, ""
    known = ", ".join(f"`{{{known}}}`" for known in sorted(scope.variables))
    return Problem(
        code="unknown-variable",
        message=f"no column or node provides `{variable}`",
        at=at,
        within=f"{{{name}}}",
        fix=f"write `{{{near}{rest}}}`" if near else known and f"known here: {known}",
        severity=Severity.WARNING if scope.is_open else Severity.ERROR,
    )


def _column_with_dots(name: str, scope: Scope) -> str:
    """Return the column with dots in its own name that is meant; such a name is written whole."""
    dotted = sorted(column for column in scope.variables if "." in column)
    below = [column for column in dotted if column.startswith(f"{name}.")]
    return below[0] if below else nearest(name, dotted)


def _unnameable(piece: str, scope: Scope, at: tuple[str | int, ...]) -> Problem | None:
    """Say of braces around a column's name why they are no placeholder all the same."""
    name = piece[1:-1]
    if not (piece.startswith("{") and piece.endswith("}") and name in scope.variables):
        return None
    plain = re.sub(r"\W+", "_", name).strip("_")
    plain = f"_{plain}" if plain[:1].isdigit() else plain
    return Problem(
        code="bad-placeholder",
        message=f"no prompt can name the column `{name}`:"
        " names begin with a letter and hold letters, digits, `_` and dots",
        at=at,
        within=piece,
        fix=f"rename the column, as to `{plain}`" if plain else "rename the column",
    )


def _unknown_key(
    placeholder: Placeholder, scope: Scope, at: tuple[str | int, ...]
) -> Problem | None:
    """Follow the dots into row 0; only a warning, as other rows may have the key."""
    if placeholder.variable in scope.mappings:
        return _unknown_label(placeholder, scope.mappings[placeholder.variable], at)
    value: object = scope.row
    walked: list[str] = []
    for key in placeholder.name.split("."):
        if not isinstance(value, Mapping):
            break
        if key not in value:
            if not walked:
                return None  # a node adds it; its shape is not known here
            near = nearest(key, map(str, value))
            fixed = ".".join([*walked, near]) if near else ""
            return Problem(
                code="unknown-variable",
                message=f"`{'.'.join(walked)}` has no key `{key}` in the first row",
                at=at,
                within=f"{{{placeholder.name}}}",
                fix=f"write `{{{fixed}}}`" if fixed else "",
                severity=Severity.WARNING,
            )
        walked.append(key)
        value = value[key]
    return None


def _unknown_label(
    placeholder: Placeholder, known: Mapping[str, bool], at: tuple[str | int, ...]
) -> Problem | None:
    """Look for the key behind the first dot among those that a node says its mapping has."""
    variable = placeholder.variable
    key = placeholder.name.removeprefix(variable).removeprefix(".")
    if not key or known.get(key):
        return None
    if key in known:
        return Problem(
            code="may-be-missing",
            message=f"`{variable}` has no `{key}` where that is skipped, and such a row fails",
            at=at,
            within=f"{{{placeholder.name}}}",
            fix=f"write `{{{variable}}}` for all that are there, or `on_fail: fail` at its node",
            severity=Severity.WARNING,
        )
    near = nearest(key, known)
    return Problem(
        code="unknown-variable",
        message=f"`{variable}` has no key `{key}`",
        at=at,
        within=f"{{{placeholder.name}}}",
        fix=f"write `{{{variable}.{near or next(iter(known))}}}`",
    )
