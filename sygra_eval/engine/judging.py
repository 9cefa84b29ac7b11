"""Runs validators on one candidate; a verdict that a run reached once is not run again.

`judge` and `judge_candidate` belong to a run and its journal; `verdict_of` asks one validator, for
whoever has its parts.
"""

import hashlib
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, replace

from sygra_eval.engine.setting import Setting
from sygra_eval.plugins import Plugins
from sygra_eval.sandbox import scaled_limits
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    Candidate,
    Judgement,
    Limits,
    Sandbox,
    Stage,
    State,
    Status,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """What every validator is asked with, whatever the candidate."""

    plugins: Plugins
    sandbox: Sandbox | None
    timeout_s: float
    seed: int = 0


async def judge(
    setting: Setting, answer: str, *, row_id: str, columns: State, stage: Stage
) -> Judgement:
    """Take the code from an answer and collect one verdict per validator, in suite order."""
    specs = setting.suite.validators
    candidate = candidate_of(answer, entry_point_of(specs, columns), language_of(specs))
    return await judge_candidate(setting, candidate, row_id=row_id, columns=columns, stage=stage)


async def judge_candidate(
    setting: Setting, candidate: Candidate, *, row_id: str, columns: State, stage: Stage
) -> Judgement:
    """Collect one verdict per validator, in suite order."""
    suite = setting.suite
    court = Court(
        plugins=setting.plugins,
        sandbox=setting.sandbox,
        timeout_s=suite.sandbox.timeout_s,
        seed=suite.seed,
    )
    verdicts = []
    shared: dict[object, object] = {}
    for spec in suite.validators:
        key = _verdict_key(spec, stage, row_id, candidate.text)
        verdict = setting.journal.execution(key)
        if verdict is None:
            verdict = await verdict_of(spec, candidate, columns, stage, court, shared)
            if verdict.status is not Status.ERROR:  # what was ours to blame is tried again
                await setting.journal.commit_execution(key, row_id, verdict)
        verdicts.append(replace(verdict, validator=spec.name, is_required=spec.is_required))
    return Judgement(candidate=candidate, verdicts=tuple(verdicts))


def entry_point_of(validators: Iterable[ValidatorSpec], columns: State) -> str | None:
    """Return the name that the tests call: from the column that a validator names for it."""
    for spec in validators:
        column = getattr(spec.config, "entry_point", None)
        if isinstance(column, str) and isinstance(columns.get(column), str):
            return str(columns[column])
    name = columns.get("entry_point")
    return name if isinstance(name, str) else None


def language_of(validators: Iterable[ValidatorSpec]) -> str:
    """Return the language in which the suite's validators want an answer's code."""
    named = (getattr(spec.config, "code_language", None) for spec in validators)
    return next((name for name in named if isinstance(name, str)), "python")


def _verdict_key(spec: ValidatorSpec, stage: Stage, row_id: str, answer: str) -> bytes:
    """Suite and input are fixed within a journal, so these four name an execution."""
    parts = (row_id, spec.name, stage.value, answer)
    joined = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()


async def verdict_of(
    spec: ValidatorSpec,
    candidate: Candidate,
    columns: State,
    stage: Stage,
    court: Court,
    shared: MutableMapping[object, object] | None = None,
) -> Verdict:
    """Ask one validator; what goes wrong in it is a verdict that names the plugin.

    :param shared: What others found of this candidate in this stage.
    """
    registered = court.plugins.of("validators")[spec.use]
    if court.sandbox is None:
        return _error(spec, "no sandbox was started")
    seconds = court.timeout_s
    ctx = ValidatorContext(
        validator=spec,
        columns=columns,
        stage=stage,
        sandbox=court.sandbox,
        limits=scaled_limits(Limits(wall_s=seconds, cpu_s=min(seconds, Limits().cpu_s))),
        seed=court.seed,
        shared={} if shared is None else shared,
    )
    try:
        verdict = await registered.implementation(candidate, ctx)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to plugins
        return _error(spec, f"plugin {registered.plugin}: {type(error).__name__}: {error}")
    if not isinstance(verdict, Verdict):
        kind = type(verdict).__name__
        return _error(spec, f"plugin {registered.plugin} returned {kind}, not a Verdict")
    return verdict


def _error(spec: ValidatorSpec, reason: str) -> Verdict:
    return Verdict(
        validator=spec.name,
        status=Status.ERROR,
        reason=reason,
        is_required=spec.is_required,
    )
