"""Lets validators look into what they need before the first row is paid for."""

from dataclasses import replace
from functools import partial

from sygra_eval.engine.asking import ask
from sygra_eval.engine.judging import Ask, completing
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.setting import Setting
from sygra_eval.plugins import Plugins
from sygra_eval.values import (
    InfrastructureError,
    Interrupted,
    PrepareContext,
    Prepared,
    ValidatorSpec,
)

WHEN = "prepare"


async def with_prepared(setting: Setting, tell: Tell) -> Setting:
    """Return the setting with what each validator found out; on resume the journal answers.

    Where a model does not answer, the run is given up: no row has been paid for, and a resume
    begins here again.
    """
    prepared: dict[str, Prepared | str] = {}
    for spec in setting.suite.validators:
        try:
            found = await prepared_by(
                spec, setting.plugins, setting.ask or partial(ask, setting), setting.suite.seed
            )
        except Interrupted:
            break
        except InfrastructureError as error:
            if setting.ask is not None:  # nobody is asked, so its verdicts say why there are none
                prepared[spec.name] = str(error)
                continue
            setting.stop.give_up(f"validator `{spec.name}` could not prepare: {error}")
            break
        if found is None:
            continue
        prepared[spec.name] = found
        for sentence in [found] if isinstance(found, str) else found.warnings:
            told = f"validator `{spec.name}`: {sentence}"
            setting.journal.event("warned", text=told)
            tell(told)
    return replace(setting, prepared=prepared)


async def prepared_by(
    spec: ValidatorSpec, plugins: Plugins, ask: Ask, seed: int
) -> Prepared | str | None:
    """Return what a validator found out, or the reason of its verdicts where it broke.

    :raises InfrastructureError: When what it asked was not answered.
    """
    registered = plugins.of("validators")[spec.use]
    if registered.prepare is None:
        return None
    complete = completing(ask, spec, when=WHEN)
    ctx = PrepareContext(validator=spec, complete=complete, seed=seed)
    try:
        found = await registered.prepare(ctx)
    except (InfrastructureError, Interrupted):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to plugins
        return f"plugin {registered.plugin}: {type(error).__name__}: {error}"
    if not isinstance(found, Prepared):
        kind = type(found).__name__
        return f"plugin {registered.plugin} prepared {kind}, not a `Prepared`"
    return found
