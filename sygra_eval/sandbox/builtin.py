"""Registers the built-in sandboxes through the hook that a plugin would use."""

from sygra_eval.hookspecs import RegisterSandbox, hookimpl
from sygra_eval.sandbox.providers import (
    BoxProvider,
    BoxSharedProvider,
    NoneProvider,
    ReducedProvider,
)


@hookimpl
def sygra_register_sandboxes(register: RegisterSandbox) -> None:
    """Add `box`, `box-shared`, `reduced` and `none`."""
    register("box", BoxProvider())
    register("box-shared", BoxSharedProvider())
    register("reduced", ReducedProvider())
    register("none", NoneProvider())
