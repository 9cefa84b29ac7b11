"""Validators of pairs of a buggy and a fixed program: `fails_tests` and `small_change`.

A repair teaches something when the tests see the bug and when the repair is not another program.
"""

from collections.abc import Iterable
from dataclasses import replace
from difflib import SequenceMatcher
from functools import partial
from itertools import takewhile

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.validators.row_tests import BadTests
from sygra_eval.validators.running import IsHostFault
from sygra_eval.validators.syntax import defined_names, tree_of
from sygra_eval.validators.unit_tests import (
    counts,
    items_for,
    limits_for,
    named_entry_point,
    outcome_at_first,
    output_of,
    told_counts,
)
from sygra_eval.validators.unit_tests_config import UnitTestsConfig, unknown_column
from sygra_eval.validators.verdicts import says
from sygra_eval.validators.words import no_code
from sygra_eval.values import (
    Candidate,
    Evidence,
    Problem,
    Scope,
    Stage,
    Status,
    ValidatorContext,
    Verdict,
)

MOST_LINES = 5_000
AFTER_THE_LOOP = "judged on the kept candidate, after the loop"


class FailsTestsConfig(UnitTestsConfig):
    """Keys of `fails_tests`: those of `unit_tests`, and `code`.

    :ivar code: The column that holds the buggy program.
    """

    code: str

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report columns that no row and no node provides."""
        yield from super().problems(scope)
        yield from unknown_column(self.code, ("code",), scope)


class SmallChangeConfig(BaseModel):
    """Keys of `small_change`.

    :ivar before: The column that holds the program before the change.
    :ivar max_lines: The most lines that may be another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: str
    max_lines: int = Field(default=5, ge=1, le=200)

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a column that no row and no node provides."""
        yield from unknown_column(self.before, ("before",), scope)


async def fails_tests(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when a program of the row fails its tests, as a buggy one has to."""
    config = ctx.validator.config
    assert isinstance(config, FailsTestsConfig)  # noqa: S101 - registered with this model
    told = partial(says, ctx)
    if ctx.stage is Stage.LOOP:
        return told(Status.SKIP, AFTER_THE_LOOP)
    code = ctx.columns.get(config.code)
    if not isinstance(code, str) or not code.strip():
        return told(Status.SKIP, f"the row has no program in `{config.code}`")
    entry_point = candidate.entry_point or named_entry_point(config, ctx)
    if (why := _no_program(code, entry_point)) is not None:
        return told(Status.FAIL, f"`{config.code}` {why}, which no test is needed for")
    try:
        items = items_for(config, ctx, entry_point)
        if isinstance(items, str):
            return told(Status.SKIP, items)
        limits = limits_for(config, ctx)
        outcome = await outcome_at_first(code, items, entry_point, limits, ctx)
    except (IsHostFault, BadTests) as fault:
        return told(Status.ERROR, str(fault))
    tests = counts(items, outcome.passed, outcome.named)
    evidence = Evidence(  # its `tests` stay empty: they count tests that the answer passes
        command=outcome.command,
        exit_code=outcome.ran.exit_code,
        output=output_of(outcome),
        isolation=outcome.ran.isolation,
        limit_s=outcome.limit_s,
        failing=outcome.failing[1] if outcome.failing else None,
    )
    if outcome.failing is None:
        status = Status.FAIL
        said = f"`{config.code}` passes {told_counts(tests)} tests, so none of them sees a bug"
    else:
        status, said = Status.PASS, f"`{config.code}` fails, as it should: {outcome.failing[0]}"
    verdict = told(status, said, evidence=evidence, trust=outcome.trust)
    return replace(verdict, is_accepted_cooperative=True)  # `unit_tests` speaks of the answer


async def small_change(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the candidate differs from a program of the row, in a few lines."""
    config = ctx.validator.config
    assert isinstance(config, SmallChangeConfig)  # noqa: S101 - registered with this model
    before = ctx.columns.get(config.before)
    if not isinstance(before, str) or not before.strip():
        return says(ctx, Status.SKIP, f"the row has no program in `{config.before}`")
    if candidate.code is None:
        return says(ctx, Status.FAIL, no_code(candidate))
    old, new = _lines(before), _lines(candidate.code)
    if max(len(old), len(new)) > MOST_LINES:
        said = f"programs of more than {MOST_LINES:,} lines are not compared"
        return says(ctx, Status.ERROR, said)
    changed = changed_lines(old, new)
    lines = f"{changed} line{'s' if changed != 1 else ''}"
    if changed == 0:
        return says(ctx, Status.FAIL, f"nothing is changed in `{config.before}`")
    if changed > config.max_lines:
        said = f"{lines} of `{config.before}` are changed, at most {config.max_lines} allowed"
        return says(ctx, Status.FAIL, said)
    return says(ctx, Status.PASS, f"{lines} changed")


def changed_lines(old: list[str], new: list[str]) -> int:
    """Count lines that are another: of each place that differs the side with more of them."""
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    old, new = old[head:], new[head:]
    ends = zip(reversed(old), reversed(new), strict=False)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    old, new = old[: len(old) - tail], new[: len(new) - tail]
    steps = SequenceMatcher(None, old, new).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in steps if tag != "equal")


def _lines(code: str) -> list[str]:
    """Return the lines without what no reader sees: spaces at their ends, blank lines."""
    return [line.rstrip() for line in code.splitlines() if line.strip()]


def _no_program(code: str, entry_point: str | None) -> str | None:
    if tree_of(code) is None:
        return "is no Python"
    if entry_point is not None and entry_point not in defined_names(code):
        return f"does not define `{entry_point}`"
    return None
