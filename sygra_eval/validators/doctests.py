"""Validator `doctest`: the examples in the docstrings of the answer's code hold.

They are the answer's own examples and run in its own process, so the verdict's trust is
`cooperative`: it says that an answer agrees with itself, and not that it is right.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.outcomes import lines_of, outcomes_of
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.verdicts import in_one_line, quoted, says
from sygra_eval.validators.words import no_code
from sygra_eval.values import (
    Candidate,
    Evidence,
    Execution,
    ExecutionResult,
    FailingCase,
    Limits,
    Status,
    TestCount,
    Trust,
    ValidatorContext,
    Verdict,
)

INSIDE = Path(__file__).with_name("inside_doctests.py").read_text("utf-8")
COMMAND = ("python", "inside_doctests.py", "answer.py")
GROUP = "doctest"


class DoctestConfig(BaseModel):
    """Keys of `doctest`.

    :ivar timeout: Seconds for the code and all its examples, scaled to the machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: float | None = Field(default=None, gt=0)

    def limits(self, ctx: ValidatorContext) -> Limits:
        """Give the run's limits, or the suite's own time limit on this machine."""
        if self.timeout is None:
            return ctx.limits
        time_s = self.timeout * machine_factor()
        return replace(ctx.limits, wall_s=time_s, cpu_s=time_s)


async def doctest(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when every example prints what its docstring says; skip when there is none."""
    config = ctx.validator.config
    assert isinstance(config, DoctestConfig)  # noqa: S101 - registered with this model
    limits = config.limits(ctx)
    verdict = partial(says, ctx, trust=Trust.COOPERATIVE)
    if candidate.code is None:
        return verdict(Status.FAIL, no_code(candidate))
    nonce = secrets.token_hex(16)
    execution = Execution(
        files={"answer.py": candidate.code, "inside_doctests.py": INSIDE},
        entry="inside_doctests.py",
        stdin=nonce,
        limits=limits,
        wants_result=True,
    )
    try:
        ran = await run_judged(ctx.sandbox, execution)
    except IsHostFault as fault:
        return verdict(Status.ERROR, str(fault))
    counted, rest = first_line(ran, nonce)
    evidence = evidence_of(ran, limits)
    if counted is None:
        reason = f"the code cannot be read: {told_of(ran)}"
        return verdict(Status.FAIL, reason, evidence=replace(evidence, failing=case_of(reason)))
    count, unread = counted
    if unread:
        reason = f"the code cannot be read: {in_one_line(unread)}"
        return verdict(Status.FAIL, reason, evidence=replace(evidence, failing=case_of(reason)))
    if not count:
        return verdict(Status.SKIP, "no docstring has an example", evidence=evidence)
    outcomes = outcomes_of(rest, nonce, count)
    tests = {GROUP: TestCount(passed=len(outcomes.passed), total=count)}
    evidence = replace(evidence, tests=tests)
    if len(outcomes.passed) == count:
        return verdict(Status.PASS, f"{count} of {count} examples hold", evidence=evidence)
    if outcomes.load_failure is not None:
        error = in_one_line(outcomes.load_failure.get("error", ""))
        reason, case = f"the code fails when it is loaded: {error}", case_of(error)
    elif outcomes.stopped_at == -1:
        told = how_it_stopped(ran)
        reason, case = f"the code does not finish loading: {told}", case_of(told)
    else:
        number = min(set(range(count)) - outcomes.passed)
        case = case_of(how_it_stopped(ran), outcomes.failed.get(number))
        reason = f"example {number + 1} of {count} failed: {in_words(case)}"
    output = quoted(ran.stdout + ran.stderr, 2000)
    failed = verdict(Status.FAIL, reason, evidence=replace(evidence, failing=case, output=output))
    return replace(failed, score=len(outcomes.passed) / count)


def first_line(ran: ExecutionResult, nonce: str) -> tuple[tuple[int, str] | None, ExecutionResult]:
    """Take how many examples there are, or why that is not known, off what came."""
    text, _, rest = (ran.result or "").partition("\n")
    for kind, number, account in lines_of(text, nonce):
        if kind == "examples" and number >= 0:
            return (number, account.get("error", "")), replace(ran, result=rest)
    return None, ran


def case_of(told: str, account: Mapping[str, str] | None = None) -> FailingCase:
    """Make a case of what the judge in the process told, else of how it ended."""
    if account is None:
        return FailingCase(test="the examples of the docstrings", traceback=told)
    cut = {key: quoted(value) for key, value in account.items()}
    return FailingCase(
        test=f"example of {cut.get('test', '')}",
        input=cut.get("input", ""),
        expected=cut.get("expected", ""),
        got=cut.get("got", ""),
        traceback=cut.get("error", ""),
    )


def in_words(case: FailingCase) -> str:
    """One line: what was printed, else what was raised."""
    if case.traceback:
        asked = f"`{in_one_line(case.input)}`: " if case.input else ""
        return f"{asked}{in_one_line(case.traceback)}"
    got = in_one_line(case.got) or "nothing"
    return f"`{in_one_line(case.input)}` gave {got}, expected {in_one_line(case.expected)}"


def how_it_stopped(ran: ExecutionResult) -> str:
    """Say why outcomes are missing; a program that ends by itself has not passed."""
    if ran.exit_code is not None and ran.status.value in {"ok", "exit"}:
        return f"the program ended before its examples did (exit code {ran.exit_code})"
    return told_of(ran)


def evidence_of(ran: ExecutionResult, limits: Limits) -> Evidence:
    """Say where it ran and how that ended."""
    return Evidence(
        command=COMMAND,
        exit_code=ran.exit_code,
        isolation=ran.isolation,
        limit_s=limits.wall_s,
    )
