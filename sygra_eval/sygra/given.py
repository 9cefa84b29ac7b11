"""Python that a program hands over itself, by the path that a task would have for it.

A task's file names Python by dotted paths; a program has the class or function in its hand, which
may be in its main script or made on the way, where no import finds it.
"""

import sys
from typing import Any

GIVEN: dict[str, Any] = {}
"""By path; the last one of a path holds, as in a notebook whose cell was run again."""

_MADE_HERE = "<"
"""Stands in the path of what no import finds."""


def path_of(one: Any) -> str:
    """Return the path of a class, function or tool, and remember what it means here."""
    if isinstance(one, str):
        return one
    named = one if hasattr(one, "__qualname__") else type(one)
    module = str(getattr(one, "__module__", None) or named.__module__)
    name = str(getattr(one, "__name__", None) or named.__name__)
    if getattr(sys.modules.get(module), name, None) is not one:
        name = f"<{getattr(named, '__qualname__', name).replace('.', '_')}>"
    path = f"{module}.{name}"
    while _MADE_HERE in path and GIVEN.get(path, one) is not one:
        path += "_"  # two lambdas of one place, two objects of one class
    GIVEN[path] = one
    return path


def has_a_path(path: str) -> bool:
    """Say whether another process could import it: no lambda, nothing inside a function."""
    return _MADE_HERE not in path and not path.startswith("__main__.")
