"""Validator `stable`: the tests say the same of the candidate when they are run again.

The candidate runs three times: as `unit_tests` runs it, and twice more with another hash seed and
other random numbers each time, the last time with the tests in reverse.
"""

import ast
from collections.abc import Sequence
from functools import partial

from sygra_eval.validators.accepted import accepted
from sygra_eval.validators.row_tests import BadTests, TestItem
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.syntax import names_in, parsed_afresh
from sygra_eval.validators.unit_tests import Outcome, outcome_of
from sygra_eval.validators.unit_tests_config import UnitTestsConfig
from sygra_eval.values import (
    Candidate,
    Evidence,
    ExecutionStatus,
    Status,
    ValidatorContext,
    Verdict,
)

MEASURE = "stable_runs"  # by this the row's grade knows what was done; no column
ANOTHER_SEED = "another hash seed and random numbers"
TURNED = "another hash seed and the tests in reverse"


class StableConfig(UnitTestsConfig):
    """Keys of `stable`: those of `unit_tests`."""


async def stable(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when every run comes to the same; only a candidate that passes is run again."""
    config = ctx.validator.config
    assert isinstance(config, StableConfig)  # noqa: S101 - registered with this model
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    found = await accepted(candidate, config, ctx, "not run again, as it fails")
    if isinstance(found, Verdict):
        return found
    code, items, entry_point, limits = found.code, found.items, found.entry_point, found.limits
    can_turn = not lean_on_one_another(items)
    varied = (
        (ANOTHER_SEED, items, 1),
        (TURNED if can_turn else f"{ANOTHER_SEED} once more", items[:: -1 if can_turn else 1], 2),
    )
    differing, outcome, first = "", found.first, found.first
    try:
        for how, ordered, turn in varied:
            again = partial(
                outcome_of, code, ordered, entry_point, limits, ctx,
                seed=ctx.seed + turn, hash_seed=turn,
            )  # fmt: skip
            outcome = await again()
            if outcome.ran.status is ExecutionStatus.TIMEOUT:  # the machine may have been busy
                outcome = await again()
            if outcome.failing is not None:
                differing = f"with {how}: {outcome.failing[0]}"
                break
    except (BadTests, IsHostFault) as fault:
        return verdict(status=Status.ERROR, reason=str(fault))
    verdict = partial(
        verdict,
        trust=first.trust,
        is_accepted_cooperative=True,  # `unit_tests` speaks of the answer
        evidence=evidence_of(outcome, [how for how, *_ in varied], can_turn=can_turn),
    )
    if differing:
        reason = f"flaky: passed at first, then {differing}"
        return verdict(status=Status.FAIL, score=0.0, reason=reason)
    return verdict(status=Status.PASS, score=1.0, reason=f"the same in {len(varied) + 1} runs")


def evidence_of(outcome: Outcome, varied: Sequence[str], *, can_turn: bool) -> Evidence:
    """Say what was varied and what was not."""
    lines = [f"varied: {', '.join(varied)}"]
    if not can_turn:
        lines.append("not varied: the order of the tests, as one uses what another defines")
    return Evidence(
        command=outcome.command,
        exit_code=outcome.ran.exit_code,
        output="\n".join(lines),
        isolation=outcome.ran.isolation,
        limit_s=outcome.limit_s,
        failing=outcome.failing[1] if outcome.failing else None,
        measures={MEASURE: float(len(varied) + 1)},
    )


def lean_on_one_another(items: Sequence[TestItem]) -> bool:
    """Whether a test reads a name that another one binds, so that their order matters."""
    trees = [parsed_afresh(item.statement) for item in items]
    bound = [names_in(tree.body) if isinstance(tree, ast.Module) else set() for tree in trees]
    for number, tree in enumerate(trees):
        others = {name for own, names in enumerate(bound) if own != number for name in names}
        read = (
            {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            if isinstance(tree, ast.Module)
            else set()
        )
        if (read - bound[number]) & others:
            return True
    return False
