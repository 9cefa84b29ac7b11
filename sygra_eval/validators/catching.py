"""Exceptions that a test names: in `except`, in `raise`, in `pytest.raises`."""

import ast

from sygra_eval.validators.boxes import Raised, exception_named
from sygra_eval.validators.plain_data import NotPlain


def caught_by(node: ast.expr | None) -> tuple[str, ...]:
    """Give the names of the exceptions that a handler is for; none means all."""
    match node:
        case None:
            return ()
        case ast.Name(id=name):
            exception_named(name)
            return (name,)
        case ast.Tuple(elts=[*elements]) if elements:
            return tuple(name for element in elements for name in caught_by(element))
    raise NotPlain("an exception that is not built in")


def is_caught(raised: Raised, names: tuple[str, ...]) -> bool:
    """Whether an exception is one of these; aliases as `IOError` are known."""
    return not names or any(exception_named(name).__name__ in raised.names for name in names)


def is_raises(node: ast.expr) -> bool:
    """Whether it is `pytest.raises`."""
    match node:
        case ast.Attribute(value=ast.Name(id="pytest"), attr="raises"):
            return True
    return False


def raised_name(node: ast.expr | None) -> tuple[str, list[ast.expr]]:
    """Give name and arguments of what is raised."""
    match node:
        case ast.Name(id=name):
            return name, []
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return name, args
    raise NotPlain("what is raised")
