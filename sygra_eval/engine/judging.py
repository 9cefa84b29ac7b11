"""Runs a suite's validators on one answer; a verdict that was reached once is not run again."""

import hashlib
from dataclasses import replace

from sygra_eval.engine.setting import Setting
from sygra_eval.sandbox import scaled_limits
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    Candidate,
    Judgement,
    Limits,
    Stage,
    State,
    Status,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
)


async def judge(
    setting: Setting, answer: str, *, row_id: str, columns: State, stage: Stage
) -> Judgement:
    """Take the code from an answer and collect one verdict per validator, in suite order."""
    candidate = candidate_of(answer, _entry_point(setting, columns))
    verdicts = []
    for spec in setting.suite.validators:
        key = _verdict_key(spec, stage, row_id, answer)
        verdict = setting.journal.execution(key)
        if verdict is None:
            verdict = await _ask(setting, spec, candidate, columns, stage)
            if verdict.status is not Status.ERROR:  # what was ours to blame is tried again
                await setting.journal.commit_execution(key, row_id, verdict)
        verdicts.append(replace(verdict, validator=spec.name, is_required=spec.is_required))
    return Judgement(candidate=candidate, verdicts=tuple(verdicts))


def _entry_point(setting: Setting, columns: State) -> str | None:
    """Return the name that the tests call: from the column that a validator names for it."""
    for spec in setting.suite.validators:
        column = getattr(spec.config, "entry_point", None)
        if isinstance(column, str) and isinstance(columns.get(column), str):
            return str(columns[column])
    name = columns.get("entry_point")
    return name if isinstance(name, str) else None


def _verdict_key(spec: ValidatorSpec, stage: Stage, row_id: str, answer: str) -> bytes:
    """Suite and input are fixed within a journal, so these four name an execution."""
    parts = (row_id, spec.name, stage.value, answer)
    joined = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()


async def _ask(
    setting: Setting, spec: ValidatorSpec, candidate: Candidate, columns: State, stage: Stage
) -> Verdict:
    registered = setting.plugins.of("validators")[spec.use]
    if setting.sandbox is None:
        return _error(spec, "no sandbox was started")
    seconds = setting.suite.sandbox.timeout_s
    ctx = ValidatorContext(
        validator=spec,
        columns=columns,
        stage=stage,
        sandbox=setting.sandbox,
        limits=scaled_limits(Limits(wall_s=seconds, cpu_s=min(seconds, Limits().cpu_s))),
        seed=setting.suite.seed,
    )
    try:
        verdict = await registered.implementation(candidate, ctx)
    except Exception as error:  # noqa: BLE001 - the boundary to plugins
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
