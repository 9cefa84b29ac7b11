"""Calls the Python of a task: by its signature, and never guessing after an error (P9).

Classes come with and without `self`, static or not; which arguments a function takes is its own
affair.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sygra_eval.sygra.naming import function_at

_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


class TaskError(Exception):
    """A task's own Python did something that no record can go on with."""


def places(function: Callable[..., Any]) -> float:
    """Return how many arguments a function can be given by place."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return float("inf")
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return float("inf")
    return sum(one.kind in _POSITIONAL for one in parameters)


def pre_process(path: str) -> Callable[[Any], Any]:
    """Return what runs before a prompt is rendered."""
    found = function_at(path)
    apply = _bound(found) if inspect.isclass(found) else found

    def run(state: Any) -> Any:
        after = apply(state)
        if not isinstance(after, Mapping):
            raise TaskError(f"`{path}` returned {_kind(after)}, the state is needed")
        return after

    return run


def post_process(path: str) -> Callable[[Any, Any, Any], Any]:
    """Return what runs on a reply: a class gets it wrapped, a function as it is."""
    found = function_at(path)
    is_class = inspect.isclass(found)
    apply = _bound(found) if is_class else found
    takes_state = places(apply) >= 2

    def run(wrapped: Any, message: Any, state: Any) -> Any:
        reply = wrapped if is_class else message
        after = apply(reply, state) if takes_state else apply(reply)
        if not isinstance(after, Mapping):
            raise TaskError(f"`{path}` returned {_kind(after)}, a mapping by variable is needed")
        return dict(after)

    return run


def condition(path: str) -> Callable[[Any], Any]:
    """Return what says where a record goes: `apply` is called on the class."""
    return _on_class(path, 1)


def node_function(path: str) -> Callable[[Any, Any], Any]:
    """Return the function of a lambda node."""
    return _on_class(path, 2)


def _on_class(path: str, arguments: int) -> Callable[..., Any]:
    found = function_at(path)
    if not inspect.isclass(found):
        return _callable(found, path)
    apply = _callable(getattr(found, "apply", None), path)
    is_method = inspect.isfunction(inspect.getattr_static(found, "apply"))
    if is_method and places(apply) == arguments + 1:
        return partial(apply, None) if inspect.isabstract(found) else _bound(found)
    return apply


def _bound(found: Any) -> Callable[..., Any]:
    made: Callable[..., Any] = found().apply
    return made


def _callable(found: Any, path: str) -> Callable[..., Any]:
    if not callable(found):
        raise TaskError(f"`{path}` cannot be called, and has no `apply`")
    made: Callable[..., Any] = found
    return made


def of_several(path: str) -> Callable[[Any], Any]:
    """Return what puts the replies of several models together."""
    found = function_at(path)
    return _bound(found) if inspect.isclass(found) else _callable(found, path)


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
