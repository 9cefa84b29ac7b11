"""Calls in a test: of the answer's functions, in the box; of Python's own, out here."""

import ast
import builtins
from collections.abc import Sequence

from sygra_eval.validators.boxes import (
    UNKNOWN,
    Argument,
    Asked,
    Cell,
    EntryPoint,
    ErrorValue,
    exception_named,
)
from sygra_eval.validators.expressions import Expressions, holds_unknown, mutable_parts
from sygra_eval.validators.plain_data import (
    DRAINING,
    FUNCTIONS,
    MATH,
    METHODS,
    TYPES,
    NotPlain,
    called_method,
    in_order,
)

NAMED_ARGUMENTS = frozenset(
    {"key", "reverse", "default", "ndigits", "start", "strict", "base", "rel_tol", "abs_tol"}
)
KEYS = frozenset({"abs", "len", "repr", *TYPES})


class Calls(Expressions):
    """Evaluates expressions with calls in them."""

    def function_of(self, name: str) -> str | None:
        """Give the name of the answer's function that a name stands for; None for our own.

        :raises NotPlain: When it is neither.
        """
        cell = self.variables.get(name)
        if cell is not None:
            return cell.value.name if isinstance(cell.value, EntryPoint) else None
        if name == self.entry_point:
            return name
        if name in self.foreign:
            raise NotPlain(f"`{name}`, which another test defines")
        return None if name in FUNCTIONS or name in {"isinstance", "type"} else answers_own(name)

    def call(self, node: ast.Call) -> object:
        """Call a function of the answer, a built-in, or a method of plain data."""
        match node.func:
            case ast.Name(id=name):
                wanted = self.function_of(name)
                if wanted is not None:
                    return self.ask(node, wanted, "value")[0]
                return self.built_in(node, name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if self.is_math(name):
                return self.with_arguments(node, self.from_math(attribute))
            case ast.Attribute(value=owner, attr=method) if not node.keywords:
                if not any(method in methods for methods in METHODS.values()):
                    raise NotPlain(f"the method `{method}`")
                args = [self.value(arg) for arg in node.args]
                return self.apply(
                    lambda held, *rest: called_method(held, method, rest), self.value(owner), *args
                )
        raise NotPlain("a call of something else than a name")

    def built_in(self, node: ast.Call, name: str) -> object:
        """Call a built-in function."""
        if name == "isinstance" and len(node.args) == 2:
            return self.is_instance(self.value(node.args[0]), node.args[1])
        if name == "type" and len(node.args) == 1 and not node.keywords:
            return self.apply(type, self.value(node.args[0]))
        if name in self.variables:
            held = self.variables[name].value
            return self.with_arguments(node, held if held in MATH.values() else None)
        if name in DRAINING and len(node.args) == 1:
            got = self.drained(node.args[0])
        else:
            return self.with_arguments(node, FUNCTIONS.get(name))
        if isinstance(got, ErrorValue):
            raise NotPlain("an exception as a value")
        named = self.named(node)
        if name in {"set", "frozenset"} and got is not UNKNOWN:
            return self.hashed(TYPES[name], self.elements(got))
        if name == "dict":
            raise NotPlain("`dict` of something")
        return self.apply(lambda value: FUNCTIONS[name](in_order(value), **named), got)

    def drained(self, node: ast.expr) -> object:
        """Evaluate an argument; an iterator that the answer gives is drawn in the box."""
        match node:
            case ast.Call(func=ast.Name(id=name)):
                wanted = self.function_of(name)
                if wanted is not None:
                    return self.ask(node, wanted, "drain")[0]
        return self.value(node)

    def with_arguments(self, node: ast.Call, function: object) -> object:
        """Call one of our functions."""
        if not callable(function):
            raise NotPlain("a call of something that is not known")
        args = [self.value(arg) for arg in node.args]
        if function is FUNCTIONS["str"] and len(args) == 1 and isinstance(args[0], ErrorValue):
            return args[0].text
        if any(isinstance(arg, ErrorValue) for arg in args):
            raise NotPlain("an exception as a value")
        named = self.named(node)
        return self.apply(lambda *values: function(*values, **named), *args)

    def named(self, node: ast.Call) -> dict[str, object]:
        """Evaluate the named arguments of one of our functions."""
        named: dict[str, object] = {}
        for keyword in node.keywords:
            if keyword.arg not in NAMED_ARGUMENTS:
                raise NotPlain(f"the argument `{keyword.arg}`")
            match keyword:
                case ast.keyword(arg="key", value=ast.Name(id=name)) if name in KEYS:
                    named["key"] = FUNCTIONS[name]
                case _:
                    named[keyword.arg] = self.value(keyword.value)
        if holds_unknown(named.values()) or callable(named.get("default")):
            raise NotPlain("a named argument that asks the answer")
        return named

    def is_instance(self, value: object, node: ast.expr) -> object:
        """`isinstance` of plain data or of a caught exception."""
        names = [one.id for one in ([*node.elts] if isinstance(node, ast.Tuple) else [node])
                 if isinstance(one, ast.Name)]  # fmt: skip
        if not names or (isinstance(node, ast.Tuple) and len(names) != len(node.elts)):
            raise NotPlain("`isinstance` of something else than built-in types")
        if isinstance(value, ErrorValue):
            return any(exception_named(name).__name__ in value.names for name in names)
        if any(name not in TYPES or name in self.variables for name in names):
            raise NotPlain("`isinstance` of something else than built-in types")
        return self.apply(lambda held: isinstance(held, tuple(TYPES[n] for n in names)), value)

    def ask(self, node: ast.Call, name: str, mode: str) -> tuple[object, int]:
        """Call a function of the answer: what it gave, and the slot that holds it."""
        args = [self.argument(arg) for arg in node.args]
        named: dict[str, Argument] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise NotPlain("`**` in a call")
            named[keyword.arg] = self.argument(keyword.value)
        self.slots += 1
        slot = self.slots
        asked = Asked(name, tuple(args), named, mode)
        got = self.box.call(self.place_of(node), slot, asked)
        if self.tries:
            self.is_uncertain = self.is_uncertain or self.box.is_planning
        return got, slot

    def argument(self, node: ast.expr) -> Argument:
        """Evaluate an argument; what the answer may change stays in the box, to be looked at."""
        match node:
            case ast.Name(id=name) if name in self.variables:
                cell = self.variables[name]
                value = self.read(node, name) if cell.slot is None else None
                if cell.slot is None and not mutable_parts(value):
                    return self.known(value)
                if self.is_uncertain:
                    raise NotPlain("a variable that may or may not be changed")
                if cell.slot is None:
                    self.box_in(cell, value)
                return Argument(slot=cell.slot)
            case ast.Call(func=ast.Name(id=name)):
                wanted = self.function_of(name)
                if wanted is not None:
                    return Argument(slot=self.ask(node, wanted, "keep")[1])
            case ast.Starred():
                raise NotPlain("`*` in a call")
        return self.known(self.value(node))

    def known(self, value: object) -> Argument:
        """Give a value to the answer; variables that share a part of it are not looked at again."""
        if value is UNKNOWN:
            raise NotPlain("an argument that is computed from an answer")
        self.share(value)
        return Argument(value)

    def box_in(self, cell: Cell, value: object) -> None:
        """Move a variable's object into the box."""
        cell.value = None
        self.share(value)
        self.slots += 1
        cell.slot = self.slots
        self.box.let(cell.slot, value)

    def share(self, value: object) -> None:
        """Mark the variables that hold a part of what goes into the box."""
        parts = mutable_parts(value)
        if not parts:
            return
        for cell in self.variables.values():
            if cell.slot is None and parts & mutable_parts(cell.value):
                cell.is_shared = True

    def refuse_calls(self, nodes: Sequence[ast.AST]) -> None:
        """Refuse calls of the answer, and looks into the box, where turns cannot be planned."""
        for node in nodes:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name):
                    cell = self.variables.get(inner.id)
                    is_boxed = cell is not None and cell.slot is not None
                    if is_boxed or (cell is None and inner.id == self.entry_point):
                        raise NotPlain("a loop over an answer that asks again")
                match inner:
                    case ast.Call(func=ast.Name(id=name)) if self.function_of(name) is not None:
                        raise NotPlain("a loop over an answer that asks again")


def answers_own(name: str) -> str:
    """Take a name for one of the answer's own, unless Python means something by it."""
    if hasattr(builtins, name):
        raise NotPlain(f"the built-in `{name}`")
    return name
