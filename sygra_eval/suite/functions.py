"""Functions that a suite names by a dotted path, found among the plugins that are loaded.

A suite is data: its word alone imports nothing. What it names has to be defined in a plugin that
somebody trusted, so a name that a plugin happens to import, as `system` of `os`, is not there.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import cast

from sygra_eval.plugins import BUILT_INS, Plugins
from sygra_eval.suite.entries import TypedEntry
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.values import UsageError


class NoFunction(UsageError):
    """A function that a suite names is not there; `fix` says what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def function_of(plugins: Plugins, path: str) -> Callable[..., object]:
    """Return a function by `module:function` or `module.function`.

    The module is called as the plugin is: `clean` for `plugins/clean.py`.

    :raises NoFunction: When no loaded plugin defines it.
    """
    module_name, _, name = path.rpartition(":" if ":" in path else ".")
    plugin, _, inner = module_name.partition(".")
    if module_name in plugins.origins:
        plugin, inner = module_name, ""
    module = plugins.pluggy.get_plugin(plugin) if plugin in plugins.origins else None
    if plugin in BUILT_INS or not isinstance(module, ModuleType):
        known = [one for one in plugins.origins if one not in BUILT_INS]
        fix = "; ".join(plugins.skipped) or did_you_mean(plugin, known)
        raise NoFunction(
            f"no loaded plugin is called `{plugin}`",
            fix or f"put `plugins/{plugin}.py` beside the suite, or name it with `-p`",
        )
    if inner:
        module = _inner(module, inner, path)
    function = vars(module).get(name)
    if callable(function) and getattr(function, "__module__", None) == module.__name__:
        return cast("Callable[..., object]", function)
    defined = [
        one
        for one, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    raise NoFunction(f"`{module_name}` defines no function `{name}`", did_you_mean(name, defined))


def check_functions(entry: TypedEntry, plugins: Plugins) -> None:
    """Report what a node's config names in `functions()`, by key, and no plugin defines."""
    declare = getattr(entry.config, "functions", None)
    for key, path in declare().items() if callable(declare) else ():
        try:
            function_of(plugins, path)
        except NoFunction as missing:
            entry.document.report(
                code="unknown-function", message=str(missing), at=(*entry.at, key), fix=missing.fix
            )


def _inner(module: ModuleType, inner: str, path: str) -> ModuleType:
    """Return a module inside a plugin that is a package."""
    if not hasattr(module, "__path__"):
        raise NoFunction(f"`{path}`: that plugin is no package", "name its function itself")
    try:
        return importlib.import_module(f"{module.__name__}.{inner}")
    except Exception as error:  # the boundary to plugins
        raise NoFunction(
            f"`{path}` cannot be imported: {type(error).__name__}: {error}", "mend the plugin"
        ) from error
