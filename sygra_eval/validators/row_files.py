"""Reads a row's tests as trees: what runs each of them, and what of the answer they use."""

import ast
from collections.abc import Sequence

from sygra_eval.validators.bare_names import BareNames
from sygra_eval.validators.row_tests import BadTests, TestItem
from sygra_eval.validators.syntax import names_in, parsed_afresh

STATEMENTS = "statements"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
ANSWERS = ("solution", "answer")
SHARED = {
    **dict.fromkeys(("mock", "patch", "Mock", "MagicMock", "monkeypatch", "mocker"), "patches"),
    **dict.fromkeys(("tmp_path", "tmpdir", "tempfile", "tmp_path_factory"), "files"),
    **dict.fromkeys(("inspect", "importlib", "getsource", "signature"), "looks into the answer"),
    **dict.fromkeys(("environ", "stdin", "chdir", "argv", "capfd"), "the state of the process"),
}
ASYNC_MARKS = ("asyncio", "anyio", "trio")


def tree_or_bad(statement: str, title: str) -> ast.Module:
    """Parse a test again, as a tree of our own.

    :raises BadTests: When it is no Python.
    """
    tree = parsed_afresh(statement)
    if not isinstance(tree, ast.Module):
        raise BadTests(f"{title} is not Python")
    return tree


def kind_of(tree: ast.Module) -> str:
    """Say what runs a test: statements run as they stand, files have named tests."""
    cases = [node for node in tree.body if isinstance(node, ast.ClassDef) and is_case(node)]
    functions = [n for n in tree.body if is_function(n) and n.name.startswith("test")]  # type: ignore[attr-defined]
    classes = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and node not in cases
    ]
    called = {
        node.value.func.id
        for node in tree.body
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
    }
    names = {node.name for node in functions}  # type: ignore[attr-defined]
    if not cases and not classes and names <= called:
        return "statements"
    read = names_read(tree)
    needs_pytest = bool(
        classes
        or "pytest" in read
        or any(n.args.args or n.args.kwonlyargs or n.decorator_list for n in functions)  # type: ignore[attr-defined]
        or {node.name for node in tree.body if is_function(node)}  # type: ignore[attr-defined]
        & {"setup_module", "setup_function", "teardown_module", "teardown_function"}
    )
    if needs_pytest or (cases and functions):
        return "pytest"
    return "unittest" if cases else "functions"


def only_defines(tree: ast.Module) -> bool:
    """Whether statements judge nothing by themselves."""
    definitions = (
        ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    )
    done = [node for node in tree.body if not isinstance(node, definitions)]
    judging = ast.Assert | ast.Call | ast.Raise
    return not any(isinstance(inner, judging) for node in done for inner in ast.walk(node))


def is_case(node: ast.ClassDef) -> bool:
    """Whether a class is one of unittest's."""
    bases = [
        base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        for base in node.bases
    ]
    return any(name.endswith("TestCase") for name in bases)


def is_function(node: ast.stmt) -> bool:
    """Whether a statement defines a function."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def refuse_async(tree: ast.Module, kind: str, title: str) -> None:
    """Refuse what needs a plugin of pytest's.

    :raises BadTests: When a test function is `async`, or marked so.
    """
    if kind not in ("pytest", "functions"):
        return
    for node in ast.walk(tree):
        is_async = isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test")
        is_marked = (
            isinstance(node, ast.Attribute)
            and node.attr in ASYNC_MARKS
            and isinstance(node.value, ast.Attribute)
        )
        if is_async or is_marked:
            raise BadTests(
                f"{title} has asynchronous tests, which need a plugin of pytest that is not"
                " there; call `asyncio.run(...)` in a plain test, or use"
                " `unittest.IsolatedAsyncioTestCase`"
            )


def bound_names(item: TestItem) -> set[str]:
    """Give the names that a test binds."""
    tree = parsed_afresh(item.statement)
    return names_in(tree.body) if isinstance(tree, ast.Module) else set()


def names_read(tree: ast.AST) -> set[str]:
    """Give all names and attributes that a test mentions, parameters and imports too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                names.add(name)
            case ast.Import(names=aliases):
                names |= {part for alias in aliases for part in alias.name.split(".")}
            case ast.ImportFrom(module=module, names=aliases):
                names |= {*(module or "").split("."), *(alias.name for alias in aliases)}
    return names


def with_answer(program: str, names: BareNames, bound: set[str]) -> str:
    """Let a test that imports nothing use the answer's names as if it stood below it."""
    tree = ast.parse(program)
    wanted = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound
    given: list[ast.stmt] = [names.imports[name] for name in sorted(wanted & names.imports.keys())]
    own = sorted(wanted & names.own)
    if own:
        given.append(ast.ImportFrom("solution", [ast.alias(name) for name in own], 0))
    if not given:
        return program
    place = 0
    for place, node in enumerate([*tree.body, ast.Pass()]):  # noqa: B007
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not is_text and not is_future:
            break
    tree.body[place:place] = given
    return ast.unparse(ast.fix_missing_locations(tree))


def why_together(
    trees: Sequence[ast.Module], kinds: Sequence[str], names: BareNames, answer: ast.Module | None
) -> str:
    """Say what in the tests only works in the answer's own process; empty when nothing does."""
    used = globals_used(answer) if answer is not None else set[str]()
    for tree, kind in zip(trees, kinds, strict=True):
        read = names_read(tree)
        for name, what in SHARED.items():
            if name in read:
                return f"{what} (`{name}`)"
        bound = names_in(tree.body)
        unclear = sorted(loaded(tree) & names.unclear - bound)
        if unclear:
            return f"`{unclear[0]}`, which the answer defines and the library too"
        own = bound - imported_from_answer(tree)
        rebound = sorted(own & used & stored(tree)) if kind == STATEMENTS else []
        if rebound:
            return f"`{rebound[0]}`, to which the tests give another meaning"
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="open" | "input" | "globals" | "exec" | "eval")):
                    return f"`{ast.unparse(node.func)}` in the tests"
    return ""


def globals_used(answer: ast.Module) -> set[str]:
    """Give the names that the answer binds at its top and reads within its functions."""
    functions = [node for node in ast.walk(answer) if isinstance(node, FUNCTIONS)]
    read = set[str]().union(*(loaded(function) for function in functions))
    return read & names_in(answer.body)


def loaded(tree: ast.AST) -> set[str]:
    """Give the plain names that are read."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in nodes if isinstance(node.ctx, ast.Load)}


def stored(tree: ast.AST) -> set[str]:
    """Give the plain names that are assigned."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in nodes if isinstance(node.ctx, ast.Store)}


def imported_from_answer(tree: ast.Module) -> set[str]:
    """Give the names that a test imports from the answer."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ANSWERS
        for alias in node.names
    }
