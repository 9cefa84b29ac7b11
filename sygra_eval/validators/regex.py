"""Validator `regex`: the answer matches a pattern, or does not.

The search runs in the sandbox, as some patterns take for ever on some texts and cannot be
interrupted in this process.
"""

import json
import re
import warnings
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.verdicts import in_one_line, says
from sygra_eval.values import (
    Candidate,
    Evidence,
    Execution,
    ExecutionResult,
    ExecutionStatus,
    FailingCase,
    Status,
    ValidatorContext,
    Verdict,
)

INSIDE = Path(__file__).with_name("inside_regex.py").read_text("utf-8")
COMMAND = ("python", "inside_regex.py")
LONGEST_PATTERN = 10_000


class RegexConfig(BaseModel):
    """Keys of `regex`.

    :ivar pattern: As Python's `re` takes it; options stand in it, as in `(?i)` or `(?ms)`.
    :ivar full: The whole answer has to match, not only a part of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: str = Field(max_length=LONGEST_PATTERN)
    must: Literal["match", "not_match"] = "match"
    full: bool = False

    @field_validator("pattern")
    @classmethod
    def compiles(cls, pattern: str) -> str:
        """Refuse what `re` cannot read."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `FutureWarning` for what may be a nested set
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return pattern


async def regex(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the answer matches, or with `must: not_match` when it does not."""
    config = ctx.validator.config
    assert isinstance(config, RegexConfig)  # noqa: S101 - registered with this model
    order = {"pattern": config.pattern, "text": candidate.text, "full": config.full}
    execution = Execution(
        files={"inside_regex.py": INSIDE},
        entry="inside_regex.py",
        stdin=json.dumps(order),
        limits=ctx.limits,
        wants_result=True,
    )
    try:
        ran = await run_judged(ctx.sandbox, execution)
    except IsHostFault as fault:
        return says(ctx, Status.ERROR, str(fault))
    if ran.result is None:
        return says(ctx, Status.ERROR, why_no_result(ran), evidence=evidence_of(ran, ctx))
    found: list[int] | None = json.loads(ran.result)
    shown = f"`{in_one_line(config.pattern)}`"
    whole = " as a whole" if config.full else ""
    if config.must == "match":
        if found is not None:
            reason = f"matches {shown}{whole}"
            return says(ctx, Status.PASS, reason, evidence=evidence_of(ran, ctx))
        case = FailingCase(test=f"matches {shown}{whole}", got=in_one_line(candidate.text))
        reason = f"does not match {shown}{whole}"
        return says(ctx, Status.FAIL, reason, evidence=evidence_of(ran, ctx, case))
    if found is None:
        reason = f"does not match {shown}{whole}, as it must not"
        return says(ctx, Status.PASS, reason, evidence=evidence_of(ran, ctx))
    begin, end = found
    case = FailingCase(
        test=f"does not match {shown}{whole}", got=in_one_line(candidate.text[begin:end])
    )
    reason = f"matches {shown}{whole} at character {begin + 1}, which it must not"
    return says(ctx, Status.FAIL, reason, evidence=evidence_of(ran, ctx, case))


def why_no_result(ran: ExecutionResult) -> str:
    """Say what became of a search that told nothing; the answer is not blamed for the pattern."""
    if ran.status is ExecutionStatus.TIMEOUT:
        return "the pattern took too long on this answer: rewrite it without nested repetition"
    return f"the search gave no result: {told_of(ran)}"


def evidence_of(
    ran: ExecutionResult, ctx: ValidatorContext, failing: FailingCase | None = None
) -> Evidence:
    """Say where the search ran, and what it failed on."""
    return Evidence(
        command=COMMAND,
        exit_code=ran.exit_code,
        isolation=ran.isolation,
        limit_s=ctx.limits.wall_s,
        failing=failing,
    )
