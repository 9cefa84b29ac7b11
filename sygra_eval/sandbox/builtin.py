"""Registers the built-in sandboxes through the hook that a plugin would use."""

from collections.abc import Callable

from sygra_eval.hookspecs import hookimpl
from sygra_eval.sandbox.providers import NoneProvider, ReducedProvider
from sygra_eval.values import SandboxProvider


@hookimpl
def sygra_register_sandboxes(register: Callable[[str, SandboxProvider], None]) -> None:
    """Add `reduced` and `none`."""
    register("reduced", ReducedProvider())
    register("none", NoneProvider())
