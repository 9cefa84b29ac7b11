"""The opening of validators that look at a candidate once it is accepted: `mutation`, `stable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sygra_eval.validators.row_tests import BadTests, TestItem
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.unit_tests import (
    Outcome,
    items_for,
    limits_for,
    named_entry_point,
    outcome_at_first,
)
from sygra_eval.validators.unit_tests_config import UnitTestsConfig
from sygra_eval.validators.words import no_code
from sygra_eval.values import Candidate, Limits, Stage, Status, ValidatorContext, Verdict

AFTER_THE_LOOP = "judged on the accepted candidate, after the loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A candidate that passes its tests, and what it passes them with."""

    code: str
    items: Sequence[TestItem]
    entry_point: str | None
    limits: Limits
    first: Outcome


async def accepted(
    candidate: Candidate, config: UnitTestsConfig, ctx: ValidatorContext, otherwise: str
) -> Accepted | Verdict:
    """Run the tests, or take what `unit_tests` found; a verdict where there is nothing to look at.

    :param otherwise: What is said of a candidate that fails, before the test that it fails.
    """
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    if ctx.stage is Stage.LOOP:
        return verdict(status=Status.SKIP, reason=AFTER_THE_LOOP)
    if candidate.code is None:
        return verdict(status=Status.SKIP, reason=no_code(candidate))
    code, entry_point = candidate.code, candidate.entry_point or named_entry_point(config, ctx)
    try:
        items = items_for(config, ctx, entry_point)
        if isinstance(items, str):
            return verdict(status=Status.SKIP, reason=items)
        limits = limits_for(config, ctx)
        first = await outcome_at_first(code, items, entry_point, limits, ctx)
    except (BadTests, IsHostFault) as error:
        return verdict(status=Status.ERROR, reason=str(error))
    if first.failing is not None:
        return verdict(status=Status.SKIP, reason=f"{otherwise}: {first.failing[0]}")
    return Accepted(code=code, items=items, entry_point=entry_point, limits=limits, first=first)
