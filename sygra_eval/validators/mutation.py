"""Validator `mutation`: the row's tests notice small faults in the code that they accepted.

It measures the tests, not the answer: each mutant of the accepted candidate runs against the same
tests, and the share that fails them is the row's `mutation_score`. A mutant may mean the same as
the program that it was made of; nobody can tell in general, so 1.0 is not always to be had.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from pydantic import Field

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.mutants import Mutant, mutants_of
from sygra_eval.validators.row_tests import BadTests, TestItem
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.split import splits_of
from sygra_eval.validators.unit_tests import (
    Outcome,
    items_for,
    limits_for,
    named_entry_point,
    outcome_of,
)
from sygra_eval.validators.unit_tests_config import UnitTestsConfig
from sygra_eval.validators.words import no_code
from sygra_eval.values import (
    Candidate,
    Evidence,
    ExecutionStatus,
    Limits,
    Stage,
    Status,
    ValidatorContext,
    Verdict,
)

MEASURE = "mutation_score"
ASKED = "mutation_min_score"  # for the row's grade; no column
SHOWN_SURVIVORS = 3
LEAST_CPU_S = 0.5
SLOWER = 10
STARVED = 3
AFTER_THE_LOOP = "judged on the accepted candidate, after the loop"


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
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    if ctx.stage is Stage.LOOP:
        return verdict(status=Status.SKIP, reason=AFTER_THE_LOOP)
    if candidate.code is None:
        return verdict(status=Status.SKIP, reason=no_code(candidate))
    entry_point = candidate.entry_point or named_entry_point(config, ctx)
    try:
        items = items_for(config, ctx, entry_point)
    except BadTests as error:
        return verdict(status=Status.ERROR, reason=str(error))
    if isinstance(items, str):
        return verdict(status=Status.SKIP, reason=items)
    limits = limits_for(config, ctx)
    try:
        first = await outcome_of(candidate.code, items, entry_point, limits, ctx)
        if first.failing is not None:
            return verdict(
                status=Status.SKIP, reason=f"no mutants of what fails: {first.failing[0]}"
            )
        mutants = mutants_of(candidate.code, config.mutants, ctx.seed, entry_point)
        if not mutants:
            return verdict(status=Status.SKIP, reason="the code has nothing in it to change")
        trial = Trial(candidate.code, items, entry_point, limits, first)
        fates = await trial.fates_of(mutants, ctx)
    except IsHostFault as fault:
        return verdict(status=Status.ERROR, reason=str(fault))
    return judged(mutants, fates, first, config, ctx)


@dataclass(frozen=True, slots=True)
class Trial:
    """What all mutants of a candidate are put through, and how the candidate itself went."""

    code: str
    items: Sequence[TestItem]
    entry_point: str | None
    limits: Limits
    first: Outcome

    async def fates_of(self, mutants: Sequence[Mutant], ctx: ValidatorContext) -> tuple[str, ...]:
        """Run them one after the other: each is `killed`, `timed out` or `survived`."""
        splits = splits_of([item.statement for item in self.items], self.entry_point, self.code)

        async def ran(mutant: Mutant, limits: Limits) -> Outcome:
            return await outcome_of(
                mutant.code, self.items, self.entry_point, limits, ctx, splits=splits
            )

        fates = []
        limits = self.mutant_limits()
        for mutant in mutants:
            outcome = await ran(mutant, limits)
            if is_late(outcome) and outcome.ran.cpu_ms < STARVED * self.first.ran.cpu_ms:
                outcome = await ran(mutant, limits)  # the machine was busy with something else
            fates.append(fate_of(outcome))
        return tuple(fates)

    def mutant_limits(self) -> Limits:
        """Give a mutant some times the candidate's CPU time, so that endless loops cost little.

        CPU and not wall time, so that a busy machine changes no score.
        """
        took_s = self.first.ran.cpu_ms / 1e3
        cpu_s = max(LEAST_CPU_S * machine_factor(), SLOWER * took_s)
        return replace(self.limits, cpu_s=min(cpu_s, self.limits.cpu_s))


def is_late(outcome: Outcome) -> bool:
    """Whether its time was up."""
    return outcome.ran.status is ExecutionStatus.TIMEOUT


def fate_of(outcome: Outcome) -> str:
    """Say what became of a mutant."""
    if outcome.failing is None:
        return "survived"
    return "timed out" if is_late(outcome) else "killed"


def judged(
    mutants: Sequence[Mutant],
    fates: Sequence[str],
    first: Outcome,
    config: MutationConfig,
    ctx: ValidatorContext,
) -> Verdict:
    """Make the verdict of what became of each mutant."""
    count = Counter(fates)
    noticed = count["killed"] + count["timed out"]
    score = noticed / len(mutants)
    survivors = [m for m, fate in zip(mutants, fates, strict=True) if fate == "survived"]
    lines = [
        f"{count['killed']} killed, {count['timed out']} timed out, {count['survived']} survived",
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
