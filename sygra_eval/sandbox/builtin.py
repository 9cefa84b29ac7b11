"""Registers the built-in sandboxes through the hook that a plugin would use."""

from sygra_eval.hookspecs import RegisterSandbox, hookimpl
from sygra_eval.sandbox.providers import NoneProvider, ReducedProvider


@hookimpl
def sygra_register_sandboxes(register: RegisterSandbox) -> None:
    """Add `reduced` and `none`."""
    register("reduced", ReducedProvider())
    register("none", NoneProvider())
