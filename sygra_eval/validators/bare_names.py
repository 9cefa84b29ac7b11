"""Whose a name is that a test reads and does not import: the answer's, the library's, or nobody's.

Tests were often written to stand below the answer in one module. An answer must not decide by that
what `abs`, `math` or `isclose` mean in its tests: with an `abs` of its own it would judge itself.
"""

import ast
import builtins
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

BUILT_IN = frozenset(vars(builtins))
LIBRARY = sys.stdlib_module_names
COMPARING = (
    *("math", "cmath", "collections", "functools", "copy", "decimal", "fractions", "datetime"),
    *("dataclasses", "unittest"),
)
IMPORTED = (
    *COMPARING,
    *("operator", "itertools", "string", "statistics", "random", "re", "heapq", "bisect"),
    *("typing", "contextlib", "enum", "json"),
)
USUAL_NAMES = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "dt": "datetime"}
KEPT_FROM_STAR = ("test", "Test", "pytest", "setup", "teardown", "setUp", "tearDown", "load_tests")


@dataclass(frozen=True, slots=True)
class BareNames:
    """The names of an answer's top level, sorted by what tests may take them for.

    :ivar own: What the answer itself defines, and no test can mean otherwise.
    :ivar imports: What the answer imports, with the statement that tests get in its place.
    :ivar unclear: What the answer defines under a name that the library has too.
    """

    own: frozenset[str] = frozenset()
    imports: dict[str, ast.stmt] = field(default_factory=dict)
    unclear: frozenset[str] = frozenset()

    @property
    def by_star(self) -> tuple[str, ...]:
        """What `from solution import *` gives."""
        return tuple(sorted(n for n in self.own if not n.startswith(("_", *KEPT_FROM_STAR))))


def bare_names(answer: ast.Module | None, defined: frozenset[str], entry_point: str) -> BareNames:
    """Sort the names that an answer binds at its top level."""
    if answer is None:
        return BareNames()
    imports = plain_imports(answer)
    own, unclear = set[str](), set[str]()
    for name in defined - imports.keys():
        if name in BUILT_IN or name in LIBRARY or name in USUAL_NAMES or name == "pytest":
            continue
        (unclear if name in library_names() else own).add(name)
    if entry_point in defined:
        own.add(entry_point)
        unclear.discard(entry_point)
    return BareNames(frozenset(own), imports, frozenset(unclear))


def plain_imports(answer: ast.Module) -> dict[str, ast.stmt]:
    """Give the imports of the library under its own names; nothing else is what it looks like."""
    found: dict[str, ast.stmt] = {}
    for node in ast.walk(answer):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                if alias.asname is None or USUAL_NAMES.get(name) == alias.name:
                    found[name] = ast.Import([ast.alias(alias.name, alias.asname)])
        elif isinstance(node, ast.ImportFrom) and node.module in IMPORTED and not node.level:
            for alias in node.names:
                if alias.asname is None and alias.name != "*":
                    found[alias.name] = ast.ImportFrom(node.module, [ast.alias(alias.name)], 0)
    return {name: node for name, node in found.items() if name not in BUILT_IN}


@cache
def library_names() -> frozenset[str]:
    """Give the public names of the modules that tests compare with."""
    names = set[str]()
    for module in COMPARING:
        names |= {name for name in vars(import_module(module)) if not name.startswith("_")}
    return frozenset(names)
