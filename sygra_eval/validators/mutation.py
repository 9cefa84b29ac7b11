"""Validator `mutation`: the row's tests notice small faults in the code that they accepted.

It measures the tests, not the answer: each mutant of the accepted candidate runs against the same
tests, and the share that fails them is the row's `mutation_score`. A mutant may mean the same as
the program that it was made of; nobody can tell in general, so 1.0 is not always to be had.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pydantic import Field

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.accepted import Accepted, accepted
from sygra_eval.validators.mutant_batch import KILLED, SLOWER, SURVIVED, TIMED_OUT, batch_of
from sygra_eval.validators.mutants import Mutant, mutants_of
from sygra_eval.validators.row_tests import BadTests
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.split import SplitTest, splits_of
from sygra_eval.validators.unit_tests import Outcome, outcome_of
from sygra_eval.validators.unit_tests_config import UnitTestsConfig
from sygra_eval.values import (
    Candidate,
    Evidence,
    ExecutionStatus,
    Limits,
    Status,
    ValidatorContext,
    Verdict,
)

MEASURE = "mutation_score"
ASKED = "mutation_min_score"  # for the row's grade; no column
SHOWN_SURVIVORS = 3
LEAST_CPU_S = 0.5  # alone, where the kernel counts in whole seconds anyway
STARVED = 3


class MutationConfig(UnitTestsConfig):
    """Keys of `mutation`: those of `unit_tests`, and two of its own.

    :ivar mutants: At most so many programs with one fault each.
    :ivar min_score: The least share of them that the tests have to notice; without it the share
        is measured and refuses nothing.
    """

    mutants: int = Field(default=12, ge=1, le=200)
    min_score: float | None = Field(default=None, ge=0, le=1)


async def mutation(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the tests notice enough of the mutants; the score is the share that they do."""
    config = ctx.validator.config
    assert isinstance(config, MutationConfig)  # noqa: S101 - registered with this model
    found = await accepted(candidate, config, ctx, "no mutants of what fails")
    if isinstance(found, Verdict):
        return found
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    mutants = mutants_of(
        found.code,
        config.mutants,
        ctx.seed,
        found.entry_point,
        is_whole_program=all(item.case is not None for item in found.items),
    )
    if not mutants:
        return verdict(status=Status.SKIP, reason="the code has nothing in it to change")
    try:
        fates = await fates_of(mutants, found, ctx)
    except IsHostFault as fault:
        return verdict(status=Status.ERROR, reason=str(fault))
    return judged(mutants, fates, found.first, config, ctx)


async def fates_of(
    mutants: Sequence[Mutant], found: Accepted, ctx: ValidatorContext
) -> tuple[str, ...]:
    """Run them, as many in one execution as that is sure of, the others by themselves."""
    splits = splits_of([item.statement for item in found.items], found.entry_point, found.code)
    batch = batch_of(found.code, splits, found.limits, ctx)
    fates: list[str] = []
    while len(fates) < len(mutants):
        waiting = mutants[len(fates) :]
        if batch is not None:
            sure = await batch.fates_of(waiting, ctx)
            batch = None if sure is None else batch
            fates += sure or []
        if len(fates) < len(mutants):
            fates.append(await fate_alone(mutants[len(fates)], found, splits, ctx))
    return tuple(fates)


async def fate_alone(
    mutant: Mutant, found: Accepted, splits: Sequence[SplitTest | None], ctx: ValidatorContext
) -> str:
    """Run one by itself, and once more where the machine was busy with something else."""
    limits = mutant_limits(found)

    async def ran() -> Outcome:
        return await outcome_of(
            mutant.code, found.items, found.entry_point, limits, ctx, splits=splits
        )

    try:
        outcome = await ran()
    except BadTests:  # they judge the candidate, so it is the fault that keeps them from it
        return TIMED_OUT
    if is_late(outcome) and outcome.ran.cpu_ms < STARVED * found.first.ran.cpu_ms:
        outcome = await ran()
    return fate_of(outcome)


def mutant_limits(found: Accepted) -> Limits:
    """Give a mutant some times the candidate's CPU time, so that endless loops cost little.

    CPU and not wall time, so that a busy machine changes no score.
    """
    took_s = found.first.ran.cpu_ms / 1e3
    cpu_s = max(LEAST_CPU_S * machine_factor(), SLOWER * took_s)
    return replace(found.limits, cpu_s=min(cpu_s, found.limits.cpu_s))


def is_late(outcome: Outcome) -> bool:
    """Whether its time was up."""
    return outcome.ran.status is ExecutionStatus.TIMEOUT


def fate_of(outcome: Outcome) -> str:
    """Say what became of a mutant."""
    if outcome.failing is None:
        return SURVIVED
    return TIMED_OUT if is_late(outcome) else KILLED


def judged(
    mutants: Sequence[Mutant],
    fates: Sequence[str],
    first: Outcome,
    config: MutationConfig,
    ctx: ValidatorContext,
) -> Verdict:
    """Make the verdict of what became of each mutant."""
    count = Counter(fates)
    noticed = count[KILLED] + count[TIMED_OUT]
    score = noticed / len(mutants)
    survivors = [m for m, fate in zip(mutants, fates, strict=True) if fate == SURVIVED]
    lines = [
        ", ".join(f"{count[fate]} {fate}" for fate in (KILLED, TIMED_OUT, SURVIVED)),
        *(f"survived: {mutant.told}" for mutant in survivors[:SHOWN_SURVIVORS]),
    ]
    told = f"{noticed} of {len(mutants)} mutants noticed"
    least = config.min_score
    is_weak = least is not None and score < least
    if is_weak:
        told = f"weak tests: {told}, a share of {least:g} is asked for"
    return Verdict(
        validator=ctx.validator.name,
        is_required=ctx.validator.is_required,
        status=Status.FAIL if is_weak else Status.PASS,
        score=score,
        reason=told,
        trust=first.trust,
        is_accepted_cooperative=True,  # it speaks of the tests; `unit_tests` speaks of the answer
        evidence=Evidence(
            command=first.command,
            output="\n".join(lines),
            isolation=first.ran.isolation,
            limit_s=first.limit_s,
            measures={MEASURE: score} | ({} if least is None else {ASKED: least}),
        ),
    )
