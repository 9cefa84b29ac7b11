"""Proves that models and sandbox work before anything is spent, and closes them in the end."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable

from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.spending import chosen, refuse_unpriced
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.summary import ExitCode
from sygra_eval.models import AnswerCache, Gateway, cache_folder
from sygra_eval.plugins import Plugins
from sygra_eval.sandbox import start_sandbox
from sygra_eval.suite import SandboxChoice, Suite
from sygra_eval.values import (
    ChatModel,
    Interrupted,
    PluginError,
    Sandbox,
    SygraEvalError,
    UsageError,
)

Tell = Callable[[str], None]
"""Shows one sentence to a person."""


class StoppedEarly(UsageError):
    """The run was asked to stop before its first row (exit code 2)."""

    exit_code = ExitCode.INTERRUPTED


@contextlib.asynccontextmanager
async def opened(
    suite: Suite, plugins: Plugins, options: RunOptions, tell: Tell, stop: StopSignal
) -> AsyncIterator[tuple[Gateway, Sandbox | None]]:
    """Open sandbox and models; a stop is obeyed at once, as no call is in flight yet.

    :raises UsageError: When one of them does not work, or the run was asked to stop.
    """
    for skipped in plugins.skipped:
        tell(skipped)
    for found in suite.diagnostics:
        tell(f"{found.where}: {found.message}")
    async with contextlib.AsyncExitStack() as stack:
        try:
            sandbox = None
            if suite.validators or suite.guardrails:
                starting = started_sandbox(suite.sandbox, plugins, options)
                sandbox = await stop.unless_draining(starting)
                stack.push_async_callback(sandbox.close)
            models, cache = models_of(suite, plugins), options.cache or suite.cache
            gateway = Gateway(
                models,
                specs=suite.models,
                sleep=stop.sleep,
                cache=None if cache == "off" else AnswerCache(cache_folder()),
                writes_cache=cache == "read-write",
            )
            refuse_unpriced(chosen(suite.budget, options.budget), gateway)
            stop.when_draining(lambda: gateway.interrupt(Interrupted(stop.cause)))
            stack.push_async_callback(gateway.close)
            await stop.unless_draining(gateway.open())
            stop.check()
        except Interrupted as interrupted:
            raise StoppedEarly(
                f"stopped by {interrupted} before the first row; nothing was spent"
            ) from None
        for warning in gateway.warnings:
            tell(warning)
        if suite.strict_model or options.strict_model:
            for name in models:
                if not gateway.can_tell_another(name):
                    tell(
                        f"{name}: its answers do not show which model gave them, so none is refused"
                    )
        yield gateway, sandbox


def warnings_before(setting: Setting) -> tuple[str, ...]:
    """Return the warnings that suite and models give before the first row."""
    found = (f"{one.where}: {one.message}" for one in setting.suite.diagnostics)
    return (*found, *setting.gateway.warnings)


def models_of(suite: Suite, plugins: Plugins) -> dict[str, ChatModel]:
    """Make the suite's models; none of them is open yet."""
    models: dict[str, ChatModel] = {}
    for name, spec in suite.models.items():
        registered = plugins.of("models")[spec.use]
        try:
            models[name] = registered.implementation(spec)
        except SygraEvalError:
            raise
        except Exception as error:
            raise PluginError(
                f"model `{name}` (type `{spec.use}` of plugin {registered.plugin}) cannot be made: "
                f"{type(error).__name__}: {error}"
            ) from error
    return models


async def started_sandbox(choice: SandboxChoice, plugins: Plugins, options: RunOptions) -> Sandbox:
    """Start the strongest sandbox that this host grants, as long as it is what is asked for.

    :raises SandboxUnavailable: When it grants less.
    """
    providers = {name: entry.implementation for name, entry in plugins.of("sandboxes").items()}
    is_none = choice.accepts_none or options.accepts_no_sandbox
    return await start_sandbox(
        providers,
        require=choice.require,
        isolation="none" if is_none else choice.isolation,
        image=None if is_none else choice.image,
        allow=choice.allow,
        packages=choice.packages,
        slots=execution_places(options.sharing),
    )


def execution_places(sharing: int = 1) -> int:
    """Return how many executions a sandbox runs at a time, where so many processes have one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    return max(2, cores) if sharing == 1 else max(1, -(-max(2, cores) // sharing))
