"""What the parser says of a piece of code, asked so that hostile code cannot hurt the asker."""

import ast
import warnings
from functools import lru_cache

LONGEST_SOURCE = 64 * 1024
MOST_CUTS = 6


def tree_of(code: str) -> ast.Module | None:
    """Parse; None when it is no Python, too long, or too deep for the parser."""
    parsed = parsed_or_line(code)
    return parsed if isinstance(parsed, ast.Module) else None


@lru_cache(maxsize=8)  # a few only: the tree of a hostile source is large
def parsed_or_line(code: str) -> ast.Module | int:
    """Parse, or tell the 1-based line at which that failed (1 where the parser does not say)."""
    return parsed_afresh(code)


@lru_cache(maxsize=1_024)  # the tests of the rows in flight
def tree_of_test(statement: str) -> ast.Module | None:
    """Parse a test, which is looked at many times; nobody may change the tree."""
    parsed = parsed_afresh(statement)
    return parsed if isinstance(parsed, ast.Module) else None


def parsed_afresh(code: str) -> ast.Module | int:
    """Parse into a tree that nobody else holds."""
    if len(code) > LONGEST_SOURCE:
        return 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `SyntaxWarning` and `DeprecationWarning` for escapes
        try:
            return ast.parse(code)
        except SyntaxError as error:
            return error.lineno or 1
        except (ValueError, RecursionError, MemoryError, OverflowError):
            return 1


def parsing_head(lines: list[str]) -> str | None:
    """Find the longest beginning that parses and ends before a statement at the margin.

    Each failure says where to cut next, so that a long text costs a handful of parses.
    """
    end = len(lines)
    for _ in range(MOST_CUTS):
        head = "\n".join(lines[:end]).rstrip() + "\n"
        parsed = parsed_or_line(head)
        if isinstance(parsed, ast.Module):
            return head if parsed.body else None
        end = statement_start(lines, min(parsed, end) - 1)
        if end <= 0:
            return None
    return None


def statement_start(lines: list[str], position: int) -> int:
    """Find the line at which the statement at the margin begins that reaches to a line."""
    while position > 0 and (not lines[position][:1].strip() or lines[position][0] in ")]}#"):
        position -= 1
    while position > 0 and lines[position - 1].startswith("@"):  # goes with its function
        position -= 1
    return position


def parses(code: str) -> bool:
    """Whether it is Python, with at least one statement in it."""
    tree = tree_of(code)
    return tree is not None and bool(tree.body)


def defined_names(code: str) -> frozenset[str]:
    """Give the names that a program binds at its top level, within `if` and `try` too."""
    tree = tree_of(code)
    return frozenset(names_in(tree.body)) if tree else frozenset()


def names_in(body: list[ast.stmt]) -> set[str]:
    """Give the names that these statements bind."""
    names: set[str] = set()
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(statement.name)
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name.split(".")[0] for alias in statement.names}
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                names |= stored_names(statement)
            case ast.If() | ast.Try() | ast.With():
                names |= names_in(statement.body)
                names |= names_in(getattr(statement, "orelse", []))
                for handler in getattr(statement, "handlers", []):
                    names |= names_in(handler.body)
    return names


def stored_names(statement: ast.stmt) -> set[str]:
    """Give the plain names that an assignment stores to."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]  # type: ignore[attr-defined]
    nodes = [node for target in targets for node in flat(target)]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def flat(target: ast.expr) -> list[ast.expr]:
    """Give the targets of an unpacking, in one row."""
    if isinstance(target, ast.Tuple | ast.List):
        return [node for element in target.elts for node in flat(element)]
    return [target.value if isinstance(target, ast.Starred) else target]


def used_names(code: str) -> frozenset[str]:
    """Every name that the code reads, anywhere in it."""
    tree = tree_of(code)
    if tree is None:
        return frozenset()
    nodes = ast.walk(tree)
    return frozenset(
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def is_only_checks(code: str) -> bool:
    """Whether a block shows how to use other code: nothing but calls, asserts and imports."""
    tree = tree_of(code)
    if tree is None:
        return False
    return all(
        isinstance(statement, ast.Expr | ast.Assert | ast.Import | ast.ImportFrom)
        for statement in tree.body
    )
