"""What the parser says of a piece of code, asked so that hostile code cannot hurt the asker."""

import ast
import warnings
from functools import lru_cache

LONGEST_SOURCE = 64 * 1024


@lru_cache(maxsize=256)
def tree_of(code: str) -> ast.Module | None:
    """Parse; None when it is no Python, too long, or too deep for the parser."""
    if len(code) > LONGEST_SOURCE:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `SyntaxWarning` and `DeprecationWarning` for escapes
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return None


def parses(code: str) -> bool:
    """Whether it is Python, with at least one statement in it."""
    tree = tree_of(code)
    return tree is not None and bool(tree.body)


def defined_names(code: str) -> frozenset[str]:
    """The names that a program binds at its top level, within `if` and `try` too."""
    tree = tree_of(code)
    return frozenset(names_in(tree.body)) if tree else frozenset()


def names_in(body: list[ast.stmt]) -> set[str]:
    """The names that these statements bind."""
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
    """The plain names that an assignment stores to."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]  # type: ignore[attr-defined]
    nodes = [node for target in targets for node in flat(target)]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def flat(target: ast.expr) -> list[ast.expr]:
    """The targets of an unpacking, in one row."""
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
