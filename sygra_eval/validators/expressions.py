"""Evaluates the expressions of a test over an allow-list; never `eval`.

Calls of the answer's functions go to the box. Whatever is not known here raises `NotPlain`.
"""

import ast
from collections.abc import Callable, Iterator, Sequence

from sygra_eval.validators.boxes import (
    UNKNOWN,
    Box,
    Cell,
    EntryPoint,
    Place,
    raised_by,
)
from sygra_eval.validators.plain_data import (
    BINARY,
    COMPARISONS,
    MATH,
    MATH_MODULE,
    TYPES,
    UNARY,
    Drawn,
    NotPlain,
    in_order,
    in_text,
    weight_of,
    written,
)
from sygra_eval.validators.typed_values import BadForm, refuse_collisions

PLANNED = 500_000  # parts of values looked at and nodes visited, for one test
DECIDED = 8 * PLANNED  # what was planned is walked again, with the answers in it
SINGLETONS = (None, True, False, Ellipsis, NotImplemented, *TYPES.values())
AS_PYTHON_RAISES = (
    TypeError, ValueError, ArithmeticError, LookupError, AttributeError
)  # fmt: skip


class Expressions:
    """Evaluates expressions; `Statements` adds the rest.

    :ivar entry_point: The function asked for, which no name of ours can hide.
    :ivar foreign: Names that other tests of the row bind; what they hold is not known here.
    """

    def __init__(self, box: Box, entry_point: str | None, foreign: frozenset[str]) -> None:
        self.box, self.entry_point, self.foreign = box, entry_point, foreign
        self.variables: dict[str, Cell] = {}
        self.turns: list[int] = []
        self.slots = 0
        self.spent = 0
        self.is_uncertain = False
        self.tries = 0

    def charge(self, cost: int) -> None:
        """Count work.

        :raises NotPlain: When a test takes too much.
        """
        self.spent += cost
        if self.spent > (PLANNED if self.box.is_planning else DECIDED):
            raise NotPlain("a test that takes too long")

    def weighed(self, value: object) -> object:
        """Charge for a value that was made."""
        self.charge(weight_of(value))
        return value

    def place_of(self, node: ast.AST) -> Place:
        """Name a node in this turn of its loops."""
        return id(node), tuple(self.turns)

    def value(self, node: ast.expr) -> object:
        """Evaluate one expression."""
        self.charge(1)
        match node:
            case ast.Constant(value=constant):
                return self.weighed(constant)
            case ast.Name(id=name):
                return self.read(node, name)
            case ast.List() | ast.Tuple() | ast.Set():
                return self.display(node)
            case ast.Dict():
                return self.mapping(node)
            case ast.UnaryOp(op=op, operand=operand):
                return self.apply(UNARY[type(op)], self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                values = [self.value(left), self.value(right)]
                return self.apply(BINARY[type(op)], *refuse_drawn(values))
            case ast.BoolOp():
                return self.bool_operation(node)
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp():
                return self.conditional(node)
            case ast.Subscript(value=owner, slice=index):
                return self.apply(lambda a, b: a[b], self.value(owner), self.index(index))
            case ast.Call():
                return self.call(node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.comprehension(node)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if self.is_math(name):
                return self.from_math(attribute)
            case ast.JoinedStr(values=parts):
                return self.text(parts)
        raise NotPlain(f"`{type(node).__name__}`")

    def read(self, node: ast.AST, name: str) -> object:
        """Read a variable, or a built-in type."""
        cell = self.variables.get(name)
        if cell is None:
            if name in TYPES and name != self.entry_point:
                return TYPES[name]
            raise NotPlain(f"the name `{name}`")
        if isinstance(cell.value, EntryPoint) or cell.value is MATH_MODULE:
            raise NotPlain(f"`{name}` as a value")
        if cell.is_shared:
            raise NotPlain(f"`{name}`, of which a part went into a call")
        if cell.slot is None:
            self.charge(weight_of(cell.value))
            return cell.value
        return self.box.show(self.place_of(node), cell.slot)

    def display(self, node: ast.List | ast.Tuple | ast.Set) -> object:
        """Make a list, tuple or set."""
        parts: list[object] = []
        is_known = True
        for element in node.elts:
            if isinstance(element, ast.Starred):
                more = self.value(element.value)
                is_known &= more is not UNKNOWN
                parts += [] if more is UNKNOWN else self.elements(more)
            else:
                parts.append(self.value(element))
        if not is_known or holds_unknown(parts):
            return UNKNOWN
        if isinstance(node, ast.Set):
            return self.hashed(set, parts)
        return self.weighed(parts if isinstance(node, ast.List) else tuple(parts))

    def mapping(self, node: ast.Dict) -> object:
        """Make a dict."""
        pairs: list[tuple[object, object]] = []
        for key, held in zip(node.keys, node.values, strict=True):
            if key is None:
                raise NotPlain("`**` in a dict")
            pairs.append((self.value(key), self.value(held)))
        if any(holds_unknown(pair) for pair in pairs):
            return UNKNOWN
        return self.hashed(dict, pairs, keys=[pair[0] for pair in pairs])

    def hashed(
        self, kind: Callable[..., object], parts: list[object] | list[tuple[object, object]],
        keys: list[object] | None = None,
    ) -> object:  # fmt: skip
        """Make a set or dict, unless its keys are chosen to collide."""

        def made() -> object:
            refuse_collisions(list(parts) if keys is None else keys)
            return kind(parts)

        try:
            return self.apply(made)
        except BadForm as error:
            raise NotPlain(str(error)) from error

    def index(self, node: ast.expr) -> object:
        """Evaluate what stands in brackets."""
        if not isinstance(node, ast.Slice):
            return self.value(node)
        ends = (node.lower, node.upper, node.step)
        bounds = [None if end is None else self.value(end) for end in ends]
        return UNKNOWN if holds_unknown(bounds) else slice(*bounds)

    def apply(self, function: Callable[..., object], *values: object) -> object:
        """Apply an operation to known values; what it raises is raised in the test."""
        if holds_unknown(values):
            return UNKNOWN
        try:
            got = function(*values)
        except AS_PYTHON_RAISES as error:
            raise raised_by(error) from error
        except (MemoryError, RecursionError) as error:
            raise NotPlain(type(error).__name__) from error
        return self.weighed(got)

    def bool_operation(self, node: ast.BoolOp) -> object:
        """`and`, `or`: no further than needed, but all ways while planning."""
        before, got, is_unknown = self.is_uncertain, None, False
        for operand in node.values:
            got = self.value(operand)
            if got is UNKNOWN:
                is_unknown = self.is_uncertain = True
            elif not is_unknown and bool(got) is isinstance(node.op, ast.Or):
                break
        self.settle(before)
        return UNKNOWN if is_unknown else got

    def settle(self, before: bool) -> None:  # noqa: FBT001 - what the flag was
        """End a part that may not be reached; within `try` a call in it may have ended all."""
        self.is_uncertain = before or (self.is_uncertain and self.tries > 0)

    def comparison(self, node: ast.Compare) -> object:
        """Evaluate `a < b < c`."""
        before, left = self.is_uncertain, self.value(node.left)
        result: object = True
        is_unknown = False
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.value(comparator)
            result = self.compared(op, left, right)
            if result is UNKNOWN:
                is_unknown = self.is_uncertain = True
            elif not is_unknown and not result:
                break
            left = right
        self.settle(before)
        return UNKNOWN if is_unknown else result

    def compared(self, op: ast.cmpop, left: object, right: object) -> object:
        """Compare two values; identity only where a value has one."""
        if isinstance(op, ast.Is | ast.IsNot):
            if not any(one is single for one in (left, right) for single in SINGLETONS):
                raise NotPlain("identity of values")
        elif not isinstance(op, ast.In | ast.NotIn):
            refuse_drawn([left, right])
        self.charge(1 if holds_unknown((left, right)) else weight_of(left) + weight_of(right))
        return self.apply(COMPARISONS[type(op)][1], left, right)

    def conditional(self, node: ast.IfExp) -> object:
        """Evaluate `a if c else b`."""
        condition = self.value(node.test)
        if condition is not UNKNOWN:
            return self.value(node.body if condition else node.orelse)
        before, self.is_uncertain = self.is_uncertain, True
        self.value(node.body)
        self.value(node.orelse)
        self.settle(before)
        return UNKNOWN

    def text(self, parts: Sequence[ast.expr]) -> object:
        """Make the text of an f-string without format specifications."""
        made: list[object] = []
        for part in parts:
            match part:
                case ast.FormattedValue(value=inner, conversion=-1 | 115, format_spec=None):
                    made.append(self.apply(in_text, self.value(inner)))
                case ast.FormattedValue(value=inner, conversion=114, format_spec=None):
                    made.append(self.apply(written, self.value(inner)))
                case ast.Constant(value=constant):
                    made.append(constant)
                case _:
                    raise NotPlain("a format specification")
        return self.apply(lambda *texts: "".join(texts), *made)

    # Loops inside expressions

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> object:
        """Evaluate a comprehension; its variables are its own."""
        before = dict(self.variables)
        heads = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        drawn = list(self.turned(node.generators, heads))
        self.variables = before
        if any(holds_unknown(parts) for parts in drawn):
            return UNKNOWN
        if isinstance(node, ast.DictComp):
            return self.hashed(dict, [(p[0], p[1]) for p in drawn], keys=[p[0] for p in drawn])
        elements = [parts[0] for parts in drawn]
        if isinstance(node, ast.SetComp):
            return self.hashed(set, elements)
        return self.weighed(elements if isinstance(node, ast.ListComp) else Drawn(elements))

    def turned(
        self, generators: Sequence[ast.comprehension], heads: Sequence[ast.expr]
    ) -> Iterator[list[object]]:
        """Yield the values of the heads for every turn."""
        if not generators:
            yield [self.value(head) for head in heads]
            return
        first, *rest = generators
        if first.is_async:
            raise NotPlain("`async for`")
        source = self.value(first.iter)
        if source is UNKNOWN:
            self.refuse_calls([*first.ifs, *heads, *(g.iter for g in rest)])
            yield [UNKNOWN]
            return
        for turn, element in enumerate(self.elements(source)):
            self.turns.append(turn)
            self.bind(first.target, element)
            conditions = [self.value(condition) for condition in first.ifs]
            if holds_unknown(conditions):
                raise NotPlain("a filter that asks the answer")
            if all(conditions):
                yield from self.turned(rest, heads)
            self.turns.pop()

    def elements(self, value: object) -> list[object]:
        """List what an iterable gives."""
        listed = self.apply(list, in_order(value))
        assert isinstance(listed, list)  # noqa: S101 - `list` makes nothing else
        return listed

    def bind(self, target: ast.expr, value: object) -> None:
        """Assign to a name, or to several."""
        match target:
            case ast.Name(id=name):
                if name == self.entry_point:
                    raise NotPlain(f"another meaning of `{name}`")
                self.variables[name] = Cell(value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                if any(isinstance(one, ast.Starred) for one in targets):
                    raise NotPlain("`*` in an assignment")
                parts = [UNKNOWN] * len(targets) if value is UNKNOWN else self.elements(value)
                if len(parts) != len(targets):
                    error = ValueError(f"expected {len(targets)} values, got {len(parts)}")
                    raise raised_by(error)
                for one, part in zip(targets, parts, strict=True):
                    self.bind(one, part)
            case _:
                raise NotPlain("an assignment into a value")

    def call(self, node: ast.Call) -> object:
        """Evaluate a call."""
        raise NotImplementedError

    def refuse_calls(self, nodes: Sequence[ast.AST]) -> None:
        """Refuse what cannot be planned in a loop of which the turns are not known."""
        raise NotImplementedError

    def is_math(self, name: str) -> bool:
        """Whether a name is the module `math`, imported by the test."""
        cell = self.variables.get(name)
        return cell is not None and cell.value is MATH_MODULE

    def from_math(self, name: str) -> object:
        """Give a constant or function of `math`."""
        if name not in MATH:
            raise NotPlain(f"`math.{name}`")
        return MATH[name]


def holds_unknown(values: object) -> bool:
    """Whether one of these values is unknown."""
    return any(value is UNKNOWN for value in values)  # type: ignore[attr-defined]


def refuse_drawn(values: list[object]) -> list[object]:
    """Refuse iterators where Python would compare or join other things."""
    if any(isinstance(value, Drawn) for value in values):
        raise NotPlain("an iterator as a value")
    return values


def mutable_parts(value: object) -> set[int]:
    """Name the objects within a value that could be changed."""
    found: set[int] = set()
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, list | set | dict):
            if id(part) in found:
                continue
            found.add(id(part))
        if isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list | tuple):
            left.extend(part)
    return found
