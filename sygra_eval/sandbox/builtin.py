"""Registers the built-in sandboxes through the hook that a plugin would use."""

from sygra_eval.hookspecs import RegisterSandbox, hookimpl
from sygra_eval.sandbox.containers import ContainerProvider
from sygra_eval.sandbox.providers import (
    BoxProvider,
    BoxSharedProvider,
    NoneProvider,
    ReducedProvider,
)


@hookimpl
def sygra_register_sandboxes(register: RegisterSandbox) -> None:
    """Add `box`, `box-shared` and `reduced`, and what only a suite can ask for."""
    register("box", BoxProvider())
    register("box-shared", BoxSharedProvider())
    register("reduced", ReducedProvider())
    register("docker", ContainerProvider("docker"))
    register("podman", ContainerProvider("podman"))
    register("none", NoneProvider())
