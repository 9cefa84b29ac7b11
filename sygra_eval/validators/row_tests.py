"""The tests of a row: read from its columns, checked, and rewritten to show what they compared.

Tests are the suite's data and are parsed on the host, but never run there.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sygra_eval.validators.stdio_cases import BadCases, Case, Compare, cases_in
from sygra_eval.validators.syntax import parsed_afresh, tree_of_test

OPERATORS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
MOST_LEVELS = 100  # a shorter text cannot be nested more deeply than can be written
BOUND_TO_THEIR_SCOPE = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


class BadTests(Exception):
    """A test column that cannot be used; the message names column and test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestItem:
    """One test: what the suite says and the program that is run for it.

    :ivar entry_point: What `check(candidate)` is called with.
    :ivar case: What a program reads and is to write, where that is the test.
    :ivar shown: What stands for the input in words, of a test that is no Python.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    group: str
    number: int
    total: int
    statement: str
    entry_point: str | None = None
    case: Case | None = None
    shown: str | None = None

    @property
    def title(self) -> str:
        """Name it in a sentence."""
        return f"{self.group} test {self.number} of {self.total}"

    @property
    def program(self) -> str:
        """The program that is run for it, where it cannot be split."""
        return rewritten(self.statement, self.entry_point)[0]

    @property
    def input(self) -> str:
        """The expression under test, where the test is one assertion."""
        if self.shown is not None:
            return self.shown
        if self.case is not None:
            return self.case.shown_input
        return rewritten(self.statement, self.entry_point)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignItem(TestItem):
    """A test in another language, which nobody reads as Python.

    :ivar shown: The input under test, where there is one.
    """

    shown: str = ""

    @property
    def program(self) -> str:
        """The text itself."""
        return self.statement

    @property
    def input(self) -> str:
        """The input under test."""
        return self.shown


def items_of(
    group: str,
    column: str,
    columns: Mapping[str, object],
    entry_point: str | None,
    *,
    compare: Compare = "trimmed",
    tolerance: float = 0.0,
) -> tuple[TestItem, ...]:
    """Read one column; an empty or absent one gives none.

    :raises BadTests: When it is neither a list of Python texts nor of cases.
    """
    try:
        cases = cases_in(columns.get(column), f"`{column}`", compare, tolerance)
    except BadCases as error:
        raise BadTests(str(error)) from error
    if cases is not None:
        return tuple(
            TestItem(
                group=group,
                number=number,
                total=len(cases),
                statement=case.statement,
                case=case,
            )
            for number, case in enumerate(cases, 1)
        )
    statements = statements_of(column, columns.get(column))
    items = []
    for number, statement in enumerate(statements, 1):
        refuse_unusable(statement, f"test {number} of `{column}`", entry_point)
        items.append(
            TestItem(
                group=group,
                number=number,
                total=len(statements),
                statement=statement,
                entry_point=entry_point,
            )
        )
    return tuple(items)


def statements_of(column: str, value: object) -> list[str]:
    """Take a column's value as a list of texts.

    :raises BadTests: When it is something else.
    """
    listed = [value] if isinstance(value, str) else value
    if listed is None:
        return []
    if not isinstance(listed, list | tuple):
        raise BadTests(f"column `{column}` holds {type(value).__name__}, not a text or a list")
    for number, statement in enumerate(listed, 1):
        if not isinstance(statement, str):
            raise BadTests(f"test {number} of `{column}` is {type(statement).__name__}, not a text")
    return [statement for statement in listed if statement.strip()]


def refuse_unusable(statement: str, title: str, entry_point: str | None) -> None:
    """Refuse what cannot be run as a test.

    :raises BadTests: When it is no Python, or asks for an entry point that is not named.
    """
    tree = tree_of_test(statement)
    if tree is None:
        raise BadTests(f"{title} is not Python")
    if defines_check(tree) and entry_point is None:
        raise BadTests(f"{title} defines `check(candidate)`, but the row names no entry point")
    if len(statement) > MOST_LEVELS:
        try:
            rewritten(statement, entry_point)
        except RecursionError as error:
            raise BadTests(f"{title} is nested too deeply") from error


@lru_cache(maxsize=64)
def rewritten(statement: str, entry_point: str | None) -> tuple[str, str]:
    """Rewrite one test so that a failing assertion tells what it compared; give its input too.

    A text that defines `check(candidate)` is called with the entry point, unless it does so.
    """
    tree = parsed_afresh(statement)
    assert isinstance(tree, ast.Module)  # noqa: S101 - looked at before
    has_check = defines_check(tree)
    calls_itself = any(is_call_of_check(node) for node in tree.body)
    rewriting = ShowComparisons(entry_point if has_check else None)
    program = ast.unparse(ast.fix_missing_locations(rewriting.visit(tree)))
    if has_check and not calls_itself:
        program += f"\ncheck({entry_point})"
    return program, rewriting.inputs[0] if len(rewriting.inputs) == 1 else ""


def source_of(statement: str, name: str) -> str:
    """Give the source of one named test of a file, the whole text where it is not found."""
    tree = parsed_afresh(statement) if name else None
    wanted = re.split(r"[.:]+", name.partition("[")[0])[-1]
    for node in ast.walk(tree) if isinstance(tree, ast.Module) else ():
        if isinstance(node, ast.FunctionDef) and node.name == wanted:
            return ast.unparse(node)
    return statement


def defines_check(tree: ast.Module) -> bool:
    """Whether a test is a function `check(candidate)`."""
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "check" and node.args.args
        for node in tree.body
    )


def is_call_of_check(node: ast.stmt) -> bool:
    """Whether a statement is `check(...)`."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="check"))):
            return True
    return False


class ShowComparisons(ast.NodeTransformer):
    """Turns `assert f(x) == y` into a call that keeps both values.

    Each side becomes a function, so that the answer's caller does not hold the expected value.
    """

    def __init__(self, candidate_is: str | None) -> None:
        self.candidate_is = candidate_is
        self.inputs: list[str] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Rewrite methods only: a function in a class body does not see the body's names."""
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        node.body = [
            self.visit(child) if isinstance(child, functions) else child for child in node.body
        ]
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        """Rewrite one assertion, if its sides can be functions."""
        test = node.test
        if isinstance(test, ast.Constant) or not can_move(test):
            return node
        match test:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                word = OPERATORS[type(operator)]
            case _:
                word, left, right = "true", test, ast.Constant(None)
        self.inputs.append(self.shown(left))
        shown = ast.Constant(self.inputs[-1])
        arguments = [ast.Constant(word), shown, delayed(left), delayed(right)]
        node.test = ast.Call(ast.Name("__sygra_check__", ast.Load()), arguments, [])
        return node

    def shown(self, side: ast.expr) -> str:
        """Give the text of a side, with the entry point's name for `candidate`."""
        if self.candidate_is is None:
            return ast.unparse(side)
        copy = ast.parse(ast.unparse(side), mode="eval")
        for node in ast.walk(copy):
            if isinstance(node, ast.Name) and node.id == "candidate":
                node.id = self.candidate_is
        return ast.unparse(copy)


def can_move(test: ast.expr) -> bool:
    """Whether an expression means the same inside a function of its own."""
    nodes = list(ast.walk(test))
    has_super = any(isinstance(node, ast.Name) and node.id == "super" for node in nodes)
    return not has_super and not any(isinstance(node, BOUND_TO_THEIR_SCOPE) for node in nodes)


def delayed(side: ast.expr) -> ast.Lambda:
    """Make a function of no argument that computes a side."""
    nothing = ast.arguments(
        posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    return ast.Lambda(nothing, side)
