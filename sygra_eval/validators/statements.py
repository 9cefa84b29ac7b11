"""Runs the statements of a test over an allow-list; never `exec`."""

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from sygra_eval.validators.boxes import (
    UNKNOWN,
    Box,
    Cell,
    EntryPoint,
    ErrorValue,
    Raised,
    exception_named,
    names_of,
)
from sygra_eval.validators.calls import Calls
from sygra_eval.validators.catching import caught_by, is_caught, is_raises, raised_name
from sygra_eval.validators.plain_data import (
    BINARY,
    COMPARISONS,
    MATH,
    MATH_MODULE,
    NotPlain,
    written,
)

MOST_TURNS = 20_000
LONGEST = 400
IGNORED_MODULES = frozenset({"typing"})


class Break(Exception):
    """`break`, on its way to the loop."""


class Continue(Exception):
    """`continue`, on its way to the loop."""


class Statements(Calls):
    """Runs a whole test."""

    def __init__(self, box: Box, entry_point: str | None, foreign: frozenset[str]) -> None:
        super().__init__(box, entry_point, foreign)
        self.is_guarded = False  # within `if`, `try` or `with`: what is assigned there is a value
        self.check: ast.FunctionDef | None = None

    def run(self, test: ast.Module) -> None:
        """Run a test; it has passed when nothing is raised."""
        self.block(test.body)
        if self.check is not None and not any(is_call_of_check(node) for node in test.body):
            self.run_check(self.entry_point)

    def run_check(self, name: str | None) -> None:
        """Run the body of `check(candidate)`."""
        assert self.check is not None  # noqa: S101 - asked only where there is one
        if name is None:
            raise NotPlain("`check` without a function")
        outside, self.variables = self.variables, dict(self.variables)
        self.variables[self.check.args.args[0].arg] = Cell(EntryPoint(name))
        self.block(self.check.body)
        self.variables = outside

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Run statements in their order."""
        for statement in statements:
            self.charge(1)
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Run one statement."""
        match node:
            case ast.Assert(test=test, msg=message):
                self.assertion(test, message)
            case ast.Expr(value=ast.Call(func=ast.Name(id="check"), args=[ast.Name(id=name)])) if (
                self.check is not None
            ):
                self.turns.append(node.lineno)
                self.run_check(self.function_of(name))
                self.turns.pop()
            case ast.Expr(value=value):
                self.expression(value)
            case ast.Assign(targets=[target], value=value):
                self.assign(target, value)
            case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                self.assign(target, value)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                self.augment(node, name, target, op, value)
            case ast.If():
                self.if_statement(node)
            case ast.For():
                self.for_statement(node)
            case ast.Try():
                self.try_statement(node)
            case ast.With():
                self.with_statement(node)
            case ast.Raise():
                self.raise_statement(node)
            case ast.FunctionDef(name="check", decorator_list=[]) if len(node.args.args) == 1:
                self.check = node
            case ast.Import() | ast.ImportFrom():
                self.import_statement(node)
            case ast.Break() | ast.Continue():
                if self.is_uncertain:
                    raise NotPlain("a loop whose end is not known")
                raise Break if isinstance(node, ast.Break) else Continue
            case ast.Pass():
                pass
            case _:
                raise NotPlain(f"the statement `{type(node).__name__}`")

    def expression(self, node: ast.expr) -> None:
        """Evaluate an expression whose value nobody looks at."""
        match node:
            case ast.Call(func=ast.Name(id=name)) if name not in self.variables:
                wanted = self.function_of(name)
                if wanted is not None:
                    self.ask(node, wanted, "keep")
                    return
        self.value(node)

    def assertion(self, test: ast.expr, message: ast.expr | None) -> None:
        """Decide one assertion, and tell what was compared when it does not hold."""
        asked, word, expected = test, "true", None
        try:
            match test:
                case ast.Compare(left=left, ops=[op], comparators=[right]):
                    asked, word = left, COMPARISONS[type(op)][0]
                    got, expected = self.value(left), self.value(right)
                    holds = self.compared(op, got, expected)
                case _:
                    holds = got = self.value(test)
        except Raised as raised:
            raised.input = raised.input or self.shown(asked)
            raise
        if holds is UNKNOWN or holds:
            return
        failure = Raised(names_of(AssertionError), assertion_text(message))
        if not isinstance(test, ast.Constant):
            failure.input, failure.got = self.shown(asked), told(got)
            failure.expected = wanted(word, expected)
        raise failure

    def shown(self, node: ast.expr) -> str:
        """Give the text of an expression, with the entry point's own name."""
        names = {
            name: cell.value.name
            for name, cell in self.variables.items()
            if isinstance(cell.value, EntryPoint)
        }
        text = ast.unparse(node)
        if not names:
            return text
        copy = ast.parse(text, mode="eval")
        for inner in ast.walk(copy):
            if isinstance(inner, ast.Name):
                inner.id = names.get(inner.id, inner.id)
        return ast.unparse(copy)

    def assign(self, target: ast.expr, node: ast.expr) -> None:
        """Assign; what a call of the answer gives stays in the box, to be looked at when read."""
        match target, node:
            case ast.Name(id=name), ast.Name(id=source) if source in self.variables:
                if name == self.entry_point:
                    raise NotPlain(f"another meaning of `{name}`")
                if self.is_guarded:
                    raise NotPlain("a second name that may or may not be given")
                self.variables[name] = self.variables[source]
            case ast.Name(id=name), ast.Call(func=ast.Name(id=called)) if (
                not self.is_guarded and self.function_of(called) is not None
            ):
                slot = self.ask(node, self.function_of(called) or "", "keep")[1]
                self.bind(target, None)
                self.variables[name] = Cell(slot=slot)
            case _:
                self.bind(target, self.value(node))

    def augment(
        self, node: ast.stmt, name: str, target: ast.expr, op: ast.operator, value: ast.expr
    ) -> None:
        """`x += 1`, of what does not change in place."""
        before = self.read(node, name)
        is_in_place = self.box.is_planning and isinstance(before, list | set | dict)
        if is_in_place or type(op) not in BINARY:
            raise NotPlain("an assignment into a value")
        self.bind(target, self.apply(BINARY[type(op)], before, self.value(value)))

    # Ways that may not be taken

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Make values of what is assigned in here, as it may not be assigned at all."""
        before, self.is_guarded = self.is_guarded, True
        try:
            yield
        finally:
            self.is_guarded = before

    def explore(self, *ways: Sequence[ast.stmt]) -> None:
        """Plan all ways, of which one will be taken."""
        before, self.is_uncertain = self.is_uncertain, True
        for way in ways:
            try:
                self.block(way)
            except Raised:
                continue
        self.settle(before)

    def forget(self, node: ast.stmt) -> None:
        """After a way that may not be taken, what was assigned there is not known."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self.variables[inner.id] = Cell(UNKNOWN)

    def if_statement(self, node: ast.If) -> None:
        """`if`."""
        condition = self.value(node.test)
        with self.guarded():
            if condition is UNKNOWN:
                self.explore(node.body, node.orelse)
                self.forget(node)
            else:
                self.block(node.body if condition else node.orelse)

    def for_statement(self, node: ast.For) -> None:
        """`for`, over what is known."""
        source = self.value(node.iter)
        if source is UNKNOWN:
            self.refuse_calls([*node.body, *node.orelse])
            self.forget(node)
            return
        elements = self.elements(source)
        if len(elements) > MOST_TURNS:
            raise NotPlain("a loop of too many turns")
        depth = len(self.turns)
        for turn, element in enumerate(elements):
            del self.turns[depth:]
            self.turns.append(turn)
            self.bind(node.target, element)
            try:
                self.block(node.body)
            except Continue:
                continue
            except Break:
                break
        else:
            del self.turns[depth:]
            self.block(node.orelse)
        del self.turns[depth:]

    def try_statement(self, node: ast.Try) -> None:
        """`try`; while planning, the body up to its first call is certain and nothing else."""
        for handler in node.handlers:
            caught_by(handler.type)
        turns = len(self.turns)
        with self.guarded():
            if not self.box.is_planning:
                self.try_for_real(node, turns)
                return
            before = self.is_uncertain
            self.tries += 1
            try:
                self.block(node.body)
            except Raised:
                del self.turns[turns:]
            self.tries -= 1
            for handler in node.handlers:
                if handler.name:
                    self.variables[handler.name] = Cell(UNKNOWN)
            self.explore(node.orelse, *(handler.body for handler in node.handlers))
            self.is_uncertain = before or self.tries > 0
            self.forget(node)
        self.block(node.finalbody)

    def try_for_real(self, node: ast.Try, turns: int) -> None:
        """`try`, with the answers at hand."""
        try:
            self.block(node.body)
        except Raised as raised:
            del self.turns[turns:]
            for handler in node.handlers:
                if is_caught(raised, caught_by(handler.type)):
                    if handler.name:
                        self.variables[handler.name] = Cell(ErrorValue(raised.names, raised.text))
                    self.block(handler.body)
                    break
            else:
                raise
        else:
            self.block(node.orelse)
        self.block(node.finalbody)

    def with_statement(self, node: ast.With) -> None:
        """`with pytest.raises(E):`, and no other."""
        match node.items:
            case [ast.withitem(context_expr=ast.Call(args=[wanted], keywords=[]) as call,
                               optional_vars=None)] if is_raises(call.func):  # fmt: skip
                names = caught_by(wanted)
            case _:
                raise NotPlain("`with`")
        turns = len(self.turns)
        with self.guarded():
            before = self.is_uncertain
            self.tries += 1
            try:
                self.block(node.body)
            except Raised as raised:
                del self.turns[turns:]
                if not self.box.is_planning and not is_caught(raised, names):
                    raise
                is_raised = True
            else:
                is_raised = self.box.is_planning
            self.tries -= 1
            self.is_uncertain = before or (self.tries > 0 and self.box.is_planning)
            if self.box.is_planning:
                self.forget(node)
        if not is_raised:
            text = f"no {' or '.join(names or ('exception',))} was raised"
            raise Raised(names_of(AssertionError), f"AssertionError: {text}", text=text)

    def raise_statement(self, node: ast.Raise) -> NoReturn:
        """`raise` of a built-in exception."""
        name, args = raised_name(node.exc)
        values = [self.value(arg) for arg in args]
        known = [value for value in values if value is not UNKNOWN]
        text = str(known[0]) if len(known) == 1 else ""
        told_so = f"{name}: {text}".removesuffix(": ")[:LONGEST]
        raise Raised(names_of(exception_named(name)), told_so, text=text)

    def import_statement(self, node: ast.Import | ast.ImportFrom) -> None:
        """Import what is known here."""
        names = [(alias.name, alias.asname or alias.name) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            if node.module in IGNORED_MODULES:
                return
            if node.module != "math" or any(name not in MATH for name, _ in names):
                raise NotPlain(f"an import from `{node.module}`")
            for name, known_as in names:
                self.bind(ast.Name(known_as), MATH[name])
            return
        for name, known_as in names:
            if name == "math":
                self.bind(ast.Name(known_as), MATH_MODULE)
            elif name not in IGNORED_MODULES | {"pytest"}:
                raise NotPlain(f"an import of `{name}`")


def told(value: object) -> str:
    """Make a bounded `repr`."""
    return written(value)[:LONGEST]


def wanted(word: str, expected: object) -> str:
    """Say what an assertion asks for."""
    if word == "true":
        return "a true value"
    return told(expected) if word == "==" else f"{word} {told(expected)}"


def assertion_text(message: ast.expr | None) -> str:
    """Give the message of an assertion, where it is a plain text."""
    match message:
        case ast.Constant(value=str(text)):
            return f"AssertionError: {text}"[:LONGEST]
    return "AssertionError"


def is_call_of_check(node: ast.stmt) -> bool:
    """Whether a statement is `check(...)`."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="check"))):
            return True
    return False
