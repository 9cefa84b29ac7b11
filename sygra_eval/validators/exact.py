"""Validator `exact`: the answer is one text that is known beforehand.

In a loop the expected text is kept from the evidence: a critic that saw it could dictate it.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from sygra_eval.validators.unit_tests_config import unknown_column
from sygra_eval.validators.verdicts import in_one_line, says
from sygra_eval.values import (
    Candidate,
    Evidence,
    FailingCase,
    Problem,
    Scope,
    Stage,
    Status,
    ValidatorContext,
    Verdict,
)

CONTEXT = 40


class ExpectedText(BaseModel):
    """A text that stands in the suite itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: str


class ExactConfig(BaseModel):
    """Keys of `exact`.

    :ivar to: `to: column`, or `to: {value: text}`.
    :ivar strip: Leave white space at both ends out of the comparison.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str | ExpectedText
    strip: bool = True
    ignore_case: bool = False

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a column that no row and no node provides."""
        if isinstance(self.to, str):
            yield from unknown_column(self.to, ("to",), scope)

    def compared(self, text: str) -> str:
        """Take out of a text what the comparison does not look at."""
        text = text.strip() if self.strip else text
        return text.casefold() if self.ignore_case else text


async def exact(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the answer equals the expected text, character by character."""
    config = ctx.validator.config
    assert isinstance(config, ExactConfig)  # noqa: S101 - registered with this model
    where = "the suite's `value`"
    expected: object
    if isinstance(config.to, ExpectedText):
        expected = config.to.value
    else:
        where, expected = f"`{config.to}`", ctx.columns.get(config.to)
    if expected is None:
        return says(ctx, Status.SKIP, f"the row has nothing in {where}")
    if not isinstance(expected, str):
        kind = type(expected).__name__
        return says(ctx, Status.ERROR, f"column {where} holds {kind}, not a text")
    got, wanted = config.compared(candidate.text), config.compared(expected)
    if got == wanted:
        return says(ctx, Status.PASS, f"equals {where}")
    case = FailingCase(test=f"equal to {where}", got=in_one_line(got))
    if ctx.stage is Stage.LOOP:
        return says(ctx, Status.FAIL, f"is not {where}", evidence=Evidence(failing=case))
    place = first_difference(got, wanted)
    begin = max(0, place - CONTEXT)
    case = FailingCase(
        test=case.test, expected=in_one_line(wanted[begin:]), got=in_one_line(got[begin:])
    )
    reason = f"is not {where}: character {place + 1} is the first that differs"
    return says(ctx, Status.FAIL, reason, evidence=Evidence(failing=case))


def first_difference(one: str, other: str) -> int:
    """Find the position at which two texts part; halving, as ten megabytes have many."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
