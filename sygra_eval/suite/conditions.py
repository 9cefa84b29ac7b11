"""Conditions over a record's variables, as `when:` and row filters use them: `score > 0.5`.

Start at `compile_condition`. The text is parsed with Python's grammar and turned into our own small
terms: comparisons, `and`, `or`, `not`, `in`, literals, names with dots, and the functions of
`FUNCTIONS`. Nothing of it is ever evaluated by Python, and a term reads variables alone, so that a
suite which is shown or checked runs no code.

A comparison that makes no sense, as of a text with a number, is an error of that record. A silent
False would send the record down the wrong edge, and nobody would learn of it.
"""

import ast
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from sygra_eval.suite.condition_terms import (
    CALLED,
    Term,
    UnfitForCondition,
    Variables,
    comparing,
    has_value,
    shown_value,
    truth,
    value_of,
)
from sygra_eval.suite.nearest import nearest
from sygra_eval.values import Problem, Scope, Severity

MOST_CHARACTERS = 2_000
MOST_TERMS = 256
MOST_DEPTH = 24
FUNCTIONS = {"is_set": 1, "len": 1, "lower": 1, "startswith": 2, "endswith": 2, "var": 1}
"""The functions by their number of arguments; `var("a name")` reads any variable by its name."""

_HINTS = {
    "->": 'write `var("alias->column")`',
    "&&": "write `and`",
    "||": "write `or`",
    "{": "write names without braces",
    "=": "`==` compares",
    "!": "write `not`",
    "#": "put the comment outside the condition",
}
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}


class BadCondition(ValueError):
    """A text that is no condition.

    :ivar offset: Where in the text.
    :ivar piece: What stands there.
    """

    def __init__(self, message: str, *, offset: int = 0, piece: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.piece, self.fix = message, offset, piece, fix


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name in a condition: `critique.score` at an offset of its text.

    :ivar is_guarded: It is only asked whether it is set, or it is read where that was asked.
    """

    name: str
    offset: int
    is_guarded: bool = False

    @property
    def variable(self) -> str:
        """The name before the first dot."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a record's variables must be like.

    :ivar uses: The names in it, in order.
    :ivar sets_if_true: Variables that are set, by `is_set()`, wherever it holds; `sets_if_false`
        where it does not.
    """

    text: str
    uses: tuple[NameUse, ...]
    sets_if_true: frozenset[str] = frozenset()
    sets_if_false: frozenset[str] = frozenset()
    _term: Term = field(repr=False, compare=False)

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to another process as its text."""
        return compile_condition, (self.text,)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that it needs, each once, in order."""
        return tuple(dict.fromkeys(use.variable for use in self.uses))

    def holds(self, variables: Variables) -> bool:
        """Say whether it holds for a record.

        :raises UnfitForCondition: When a variable is missing, or of a kind that does not compare.
        """
        try:
            return truth(self._term(variables), self.text)
        except RecursionError:
            raise UnfitForCondition(f"`{self.text}`: the values are nested too deeply") from None

    def values(self, variables: Variables) -> str:
        """Return the values that it looks at, to tell why it holds or not."""
        shown = dict.fromkeys(use.name for use in self.uses)
        return ", ".join(f"`{name}` is {shown_value(name, variables)}" for name in shown)

    def problems(self, scope: Scope, at: tuple[str | int, ...] = ()) -> Iterator[Problem]:
        """Yield the names that nothing provides."""
        for use in self.uses:
            if use.name in scope.variables or use.variable in scope.variables:
                continue
            if use.variable in scope.unset:
                if not use.is_guarded:
                    yield Problem(
                        code="maybe-unset",
                        message=f"`{use.variable}` is not set on the path "
                        f"{scope.unset[use.variable]}",
                        at=at,
                        within=_pointing(self.text, use.offset, use.name),
                        fix=f"ask first: `is_set({use.variable}) and ...`",
                        severity=Severity.WARNING if scope.is_open else Severity.ERROR,
                    )
                continue
            near = _WORDS.get(use.name) or nearest(use.variable, scope.variables)
            rest = use.name.removeprefix(use.variable)
            known = ", ".join(f"`{name}`" for name in sorted(scope.variables))
            yield Problem(
                code="unknown-variable",
                message=f"no column or node provides `{use.variable}`",
                at=at,
                within=_pointing(self.text, use.offset, use.name),
                fix=f"write `{near}{rest}`" if near else known and f"known here: {known}",
                severity=Severity.WARNING if scope.is_open else Severity.ERROR,
            )


def compile_condition(text: str) -> Condition:
    """Return the condition that a text says.

    :raises BadCondition: When it is none.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadCondition(f"longer than {MOST_CHARACTERS} characters")
    if not text.strip():
        raise BadCondition("a condition is missing", fix="write one as `score > 0.5`")
    reader = _Reader(text)
    body = reader.body()
    term = reader.term(body)
    if_true, if_false = _ensured(body)
    return Condition(
        text=text.strip(),
        uses=tuple(reader.uses),
        sets_if_true=if_true,
        sets_if_false=if_false,
        _term=term,
    )


def condition_problem(error: BadCondition, text: str, at: tuple[str | int, ...] = ()) -> Problem:
    """Return what the suite's author is told of a text that is no condition."""
    return Problem(
        code="bad-condition",
        message=error.message,
        at=at,
        within=_pointing(text, error.offset, error.piece),
        fix=error.fix,
    )


def _pointing(text: str, offset: int, piece: str) -> str:
    """Return the shortest piece from an offset on that does not stand in the text before."""
    for end in range(offset + max(len(piece), 1), len(text) + 1):
        if text.find(text[offset:end]) == offset:
            return text[offset:end]
    return piece


class _Reader:
    """Turns a syntax tree into terms, and notes the names on the way."""

    def __init__(self, text: str) -> None:
        self.lead = len(text) - len(text.lstrip())
        self.text = text.strip().replace("\r", " ").replace("\n", " ")
        self.bytes = self.text.encode("utf-8", "surrogatepass")
        self.uses: list[NameUse] = []
        self.terms = 0
        self.guards: frozenset[str] = frozenset()

    def body(self) -> ast.expr:
        """Return the syntax tree, once nothing but it stands in the text."""
        body = self._parsed()
        rest = self.bytes[body.end_col_offset or 0 :].decode("utf-8", "replace")
        if rest.strip(" \t\f)"):  # what the grammar drops: a comment
            raise self._bad("a condition has no comments", len(self.text) - len(rest), "#")
        return body

    def term(self, body: ast.expr) -> Term:
        """Return what the tree says, or refuse the first piece of it that is not ours."""
        return self._term(body, 0)

    def _parsed(self) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd escapes, which are no error
                return ast.parse(self.text, mode="eval").body
        except SyntaxError as error:
            offset = min(max((error.offset or 1) - 1, 0), max(len(self.text) - 1, 0))
            raise self._bad("this is no condition", offset, self.text[offset:][:1]) from None
        except (ValueError, MemoryError, RecursionError):  # NUL, lone surrogates, nesting
            raise self._bad("this is no condition", 0, "") from None

    def _bad(self, message: str, offset: int, piece: str) -> BadCondition:
        token = next((t for t in _HINTS if self.text[offset:].startswith(t)), "")
        token = token or next((t for t in _HINTS if t in piece or t in self.text), "")
        if "==" in self.text and token == "=":
            token = ""
        fix = _HINTS.get(token, "") or (
            "write comparisons of names and values, joined by `and`, `or`, `not`"
        )
        return BadCondition(message, offset=self.lead + offset, piece=piece, fix=fix)

    def _refused(self, node: ast.expr) -> BadCondition:
        piece = self._source(node)
        return self._bad(f"`{piece}` is not part of a condition", self._offset(node), piece)

    def _offset(self, node: ast.expr) -> int:
        return len(self.bytes[: node.col_offset].decode("utf-8", "replace"))

    def _source(self, node: ast.expr) -> str:
        return self.bytes[node.col_offset : node.end_col_offset].decode("utf-8", "replace")

    def _term(self, node: ast.expr, depth: int) -> Term:
        self.terms += 1
        if self.terms > MOST_TERMS or depth > MOST_DEPTH:
            raise self._bad("the condition is too large", self._offset(node), "")
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as value):
                if isinstance(value, float) and not math.isfinite(value):
                    raise self._refused(node)
                return lambda _: value
            case ast.UnaryOp(
                op=ast.USub() | ast.UAdd() as sign,
                operand=ast.Constant(value=int() | float() as number),
            ) if not isinstance(number, bool):
                signed = -number if isinstance(sign, ast.USub) else number
                return lambda _: signed
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner, source = self._term(operand, depth + 1), self._source(operand)
                return lambda variables: not truth(inner(variables), source)
            case ast.BoolOp(op=joint, values=values):
                return self._joined(values, depth, is_or=isinstance(joint, ast.Or))
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.List(elts=items):
                return self._list(items, depth)
            case ast.Call():
                return self._call(node, depth)
        raise self._refused(node)

    def _joined(self, values: list[ast.expr], depth: int, *, is_or: bool) -> Term:
        parts, outer = [], self.guards
        for value in values:
            parts.append((self._term(value, depth + 1), self._source(value)))
            self.guards |= _ensured(value)[is_or]  # the next is read only where this was so
        self.guards = outer
        ends = any if is_or else all
        return lambda variables: ends(truth(part(variables), text) for part, text in parts)

    def _list(self, items: list[ast.expr], depth: int) -> Term:
        terms = [self._term(item, depth + 1) for item in items]
        return lambda variables: [term(variables) for term in terms]

    def _comparison(self, node: ast.Compare, depth: int) -> Term:
        first = self._term(node.left, depth + 1)
        source = self._source(node.left)
        steps = []
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn) and isinstance(right, ast.Tuple | ast.Set):
                term = self._list(right.elts, depth + 1)
            else:
                term = self._term(right, depth + 1)
            if isinstance(operator, ast.Is | ast.IsNot) and not _is_none(right):
                raise self._refused(node)
            compare = comparing(operator, source, self._source(right))
            steps.append((compare, term))
            source = self._source(right)

        def compared(variables: Variables) -> bool:
            left = first(variables)
            for compare, term in steps:
                right = term(variables)
                if not compare(left, right):
                    return False
                left = right
            return True

        return compared

    def _name(self, node: ast.Name | ast.Attribute) -> Term:
        name = _dotted(node)
        if name is None:
            raise self._refused(node)
        return self._variable(name, self._offset(node))

    def _variable(self, name: str, offset: int) -> Term:
        is_guarded = name.partition(".")[0] in self.guards
        self.uses.append(NameUse(name, offset, is_guarded))
        return lambda variables: value_of(name, variables)

    def _is_set(self, node: ast.Call) -> Term:
        name = _dotted(node.args[0])
        if name is None:
            raise self._refused(node)
        self.uses.append(NameUse(name, self._offset(node.args[0]), is_guarded=True))
        return lambda variables: has_value(name, variables)

    def _call(self, node: ast.Call, depth: int) -> Term:
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called not in FUNCTIONS:
            known = ", ".join(f"`{name}()`" for name in FUNCTIONS if name != "var")
            piece = self._source(node.func)
            raise BadCondition(
                f"`{piece}()` is no function of a condition",
                offset=self.lead + self._offset(node.func),
                piece=piece,
                fix=f"known here: {known}",
            )
        if node.keywords or len(node.args) != FUNCTIONS[called]:
            number = FUNCTIONS[called]
            raise BadCondition(
                f"`{called}()` takes {number} value{'s' if number > 1 else ''}",
                offset=self.lead + self._offset(node),
                piece=called,
                fix=f"write `{called}({', '.join(['name', 'value'][:number])})`",
            )
        if called == "is_set":
            return self._is_set(node)
        if called == "var":
            argument = node.args[0]
            if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                raise self._refused(node)
            return self._variable(argument.value, self._offset(argument) + 1)
        terms = [self._term(argument, depth + 1) for argument in node.args]
        sources = [self._source(argument) for argument in node.args]
        function = CALLED[called]
        return lambda variables: function([term(variables) for term in terms], sources)


def _dotted(node: ast.expr) -> str | None:
    """Return the name that is written with dots; None for anything else."""
    keys: list[str] = []
    while isinstance(node, ast.Attribute):
        keys.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(keys)]) if isinstance(node, ast.Name) else None


def _ensured(node: ast.expr) -> tuple[frozenset[str], frozenset[str]]:
    """Return the variables that are set where a condition holds, and where it does not."""
    match node:
        case ast.Call(func=ast.Name(id="is_set"), args=[argument]):
            name = _dotted(argument)
            return frozenset({name.partition(".")[0]} if name else ()), frozenset()
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            if_true, if_false = _ensured(operand)
            return if_false, if_true
        case ast.BoolOp(op=joint, values=values):
            first, *others = (_ensured(value) for value in values)
            is_and = isinstance(joint, ast.And)
            for other in others:
                first = (
                    first[0] | other[0] if is_and else first[0] & other[0],
                    first[1] & other[1] if is_and else first[1] | other[1],
                )
            return first
    return frozenset(), frozenset()


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
