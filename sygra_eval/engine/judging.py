"""Runs validators on one candidate; a verdict that a run reached once is not run again.

`judge` and `judge_candidate` belong to a run and its journal; `verdict_of` asks one validator, for
whoever has its parts.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Protocol

from sygra_eval.engine.asking import ask
from sygra_eval.engine.breaking import MOST_S, Breaks
from sygra_eval.engine.cancelling import is_cancelled
from sygra_eval.engine.setting import Setting
from sygra_eval.journal import validator_path
from sygra_eval.plugins import Plugins
from sygra_eval.sandbox import machine_factor, scaled_limits
from sygra_eval.validators import candidate_of
from sygra_eval.values import (
    PREVIOUS_DRAFT,
    CallSite,
    Candidate,
    ChatResponse,
    Complete,
    InfrastructureError,
    Interrupted,
    Judgement,
    Limits,
    Message,
    OnLength,
    Prepared,
    Sandbox,
    Stage,
    State,
    Status,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
    no_models,
)

WORTH_WAITING_S = 0.005
"""A commit is shared with what others do in some milliseconds; what took less is not waited for."""


class Ask(Protocol):
    """Ask a model of the suite from a place in the run."""

    async def __call__(
        self,
        site: CallSite,
        messages: tuple[Message, ...],
        *,
        model: str,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> ChatResponse:
        """Return the answer, which is journalled by then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """What every validator is asked with, whatever the candidate.

    :ivar ask: How a validator reaches a model; None where no model is open.
    :ivar prepared: As in `Setting`, `breaks` too.
    """

    plugins: Plugins
    sandbox: Sandbox | None
    timeout_s: float
    seed: int = 0
    ask: Ask | None = None
    prepared: Mapping[str, Prepared | str] = field(default_factory=dict)
    breaks: Breaks = field(default_factory=Breaks)


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
        ask=setting.ask or partial(ask, setting),
        prepared=setting.prepared,
        breaks=setting.breaks,
    )
    verdicts = []
    shared: dict[object, object] = {}
    for spec in suite.validators:
        key = _verdict_key(spec, stage, row_id, candidate.text, columns)
        verdict = setting.journal.execution(key)
        if verdict is None:
            began = time.perf_counter()
            verdict = await verdict_of(
                spec, candidate, columns, stage, court, row_id=row_id, shared=shared
            )
            if verdict.status is Status.ERROR:  # what was ours to blame is tried again
                pass
            elif _is_cheap(verdict, time.perf_counter() - began):
                setting.journal.append_execution(key, row_id, verdict)
            else:
                await setting.journal.commit_execution(key, row_id, verdict)
            if setting.breaks.verdict:
                setting.stop.give_up(setting.breaks.verdict)
        if (verdict.validator, verdict.is_required) != (spec.name, spec.is_required):
            verdict = replace(verdict, validator=spec.name, is_required=spec.is_required)
        verdicts.append(verdict)
    return Judgement(candidate=candidate, verdicts=tuple(verdicts))


def _is_cheap(verdict: Verdict, took_s: float) -> bool:
    """Say whether a verdict is sooner come to again than waited for: the disk takes longer.

    It is on disk no later than what follows from it, as that is committed behind it.
    """
    return took_s < WORTH_WAITING_S and (verdict.evidence is None or not verdict.evidence.isolation)


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


def _verdict_key(
    spec: ValidatorSpec, stage: Stage, row_id: str, answer: str, columns: State
) -> bytes:
    """Suite and input are fixed within a journal, so these four name an execution.

    A verdict that depends on the draft before is one of both.
    """
    parts = [row_id, spec.name, stage.value, answer]
    if getattr(spec.config, "uses_previous", False) and PREVIOUS_DRAFT in columns:
        parts.append(str(columns[PREVIOUS_DRAFT]))
    joined = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def limits_within(timeout_s: float) -> Limits:
    """Return the limits of one execution that may take so long, scaled to this machine."""
    return _scaled(timeout_s, machine_factor())


@lru_cache(maxsize=64)  # asked for each verdict, and the factor seldom changes
def _scaled(timeout_s: float, factor: float) -> Limits:
    return scaled_limits(Limits(wall_s=timeout_s, cpu_s=min(timeout_s, Limits().cpu_s)), factor)


async def verdict_of(
    spec: ValidatorSpec,
    candidate: Candidate,
    columns: State,
    stage: Stage,
    court: Court,
    *,
    row_id: str = "",
    shared: MutableMapping[object, object] | None = None,
) -> Verdict:
    """Ask one validator; what goes wrong in it is a verdict that names the plugin.

    :param shared: What others found of this candidate in this stage.
    :raises Interrupted: When the run drains before the validator could ask a model.
    """
    registered = court.plugins.of("validators")[spec.use]
    prepared = court.prepared.get(spec.name, Prepared())
    if isinstance(prepared, str):
        return _error(spec, prepared)
    if court.sandbox is None:
        return _error(spec, "no sandbox was started")
    ctx = ValidatorContext(
        validator=spec,
        columns=columns,
        stage=stage,
        sandbox=court.sandbox,
        limits=limits_within(court.timeout_s),
        seed=court.seed,
        row_id=row_id,
        prepared=prepared.value,
        shared={} if shared is None else shared,
        complete=no_models
        if court.ask is None
        else completing(court.ask, spec, when=stage.value, row_id=row_id),
    )
    verdict, why = None, ""
    try:
        async with asyncio.timeout(MOST_S) as limit:
            verdict = await registered.implementation(candidate, ctx)
    except Interrupted:
        raise
    except InfrastructureError as error:  # a model that gave no answer
        return _error(spec, str(error))
    except (Exception, SystemExit, asyncio.CancelledError) as error:  # the boundary to plugins
        if is_cancelled():
            raise
        why = f"{type(error).__name__}: {error}"
        if isinstance(error, TimeoutError) and limit.expired():
            why = f"no verdict within {MOST_S:g} s"
        why = f"plugin {registered.plugin}: {why}"
    if not why and not isinstance(verdict, Verdict):
        why = f"plugin {registered.plugin} returned {type(verdict).__name__}, not a Verdict"
    court.breaks.note(spec.name, why)
    return verdict if isinstance(verdict, Verdict) else _error(spec, why)


def completing(ask: Ask, spec: ValidatorSpec, *, when: str, row_id: str = "") -> Complete:
    """Return how a validator asks; its calls belong to it and to the row, if there is one."""

    async def complete(
        messages: tuple[Message, ...],
        *,
        model: str,
        step: str = "",
        visit: int = 1,
        sample: int = 0,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> ChatResponse:
        path = validator_path(spec.name, when, step)
        site = CallSite(record=row_id, node=path, visit=visit, sample=sample)
        return await ask(site, messages, model=model, parameters=parameters, on_length=on_length)

    return complete


def _error(spec: ValidatorSpec, reason: str) -> Verdict:
    return Verdict(
        validator=spec.name,
        status=Status.ERROR,
        reason=reason,
        is_required=spec.is_required,
    )
