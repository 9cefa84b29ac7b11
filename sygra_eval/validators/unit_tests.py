"""Validator `unit_tests`: the answer's code passes the tests of its row.

Candidate and tests share one process, so the verdict's trust is `cooperative`: an outcome for
every test has to arrive on a pipe of its own, but code that sets out to read the judge's frames
can. In a loop the visible tests run; after it the visible and then the hidden ones.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.outcomes import TestOutcomes, outcomes_of
from sygra_eval.validators.row_tests import BadTests, TestItem, items_of
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.unit_tests_config import UnitTestsConfig
from sygra_eval.validators.words import no_code, shortened
from sygra_eval.values import (
    Candidate,
    Evidence,
    Execution,
    ExecutionResult,
    FailingCase,
    Limits,
    Stage,
    Status,
    TestCount,
    Trust,
    ValidatorContext,
    Verdict,
)

INSIDE = Path(__file__).with_name("inside_tests.py").read_text("utf-8")
COMMAND = ("python", "inside_tests.py", "answer.py")


async def unit_tests(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when every test of the stage passes; the score is the share that does."""
    config = ctx.validator.config
    assert isinstance(config, UnitTestsConfig)  # noqa: S101 - registered with this model
    verdict = partial(
        Verdict,
        validator=ctx.validator.name,
        is_required=ctx.validator.is_required,
        trust=Trust.COOPERATIVE,
    )
    entry_point = candidate.entry_point or named_entry_point(config, ctx)
    try:
        items = items_for(config, ctx, entry_point)
    except BadTests as error:
        return verdict(status=Status.ERROR, reason=str(error))
    if isinstance(items, str):
        return verdict(status=Status.SKIP, reason=items)
    if candidate.code is None:
        evidence = Evidence(tests=counts(items, frozenset()))
        return verdict(status=Status.FAIL, score=0.0, reason=no_code(candidate), evidence=evidence)
    limits = limits_for(config, ctx)
    nonce = secrets.token_hex(16)
    execution = execution_of(candidate.code, items, entry_point, nonce, ctx.seed, limits)
    try:
        ran = await run_judged(ctx.sandbox, execution)
    except IsHostFault as fault:
        return verdict(status=Status.ERROR, reason=str(fault))
    outcomes = outcomes_of(ran, nonce, len(items))
    failing = first_failing(items, outcomes, ran)
    tests = counts(items, outcomes.passed)
    evidence = Evidence(
        command=COMMAND,
        exit_code=ran.exit_code,
        output="" if failing is None else shortened(ran.stdout + ran.stderr, 2000),
        isolation=ran.isolation,
        limit_s=limits.wall_s,
        failing=failing[1] if failing else None,
        tests=tests,
    )
    if failing is None:
        reason = f"{told_counts(tests)} tests passed"
        return verdict(status=Status.PASS, score=1.0, reason=reason, evidence=evidence)
    score = len(outcomes.passed) / len(items)
    return verdict(status=Status.FAIL, score=score, reason=failing[0], evidence=evidence)


def named_entry_point(config: UnitTestsConfig, ctx: ValidatorContext) -> str | None:
    """Give the entry point that the row names."""
    named = ctx.columns.get(config.entry_point)
    return named if isinstance(named, str) and named.isidentifier() else None


def items_for(
    config: UnitTestsConfig, ctx: ValidatorContext, entry_point: str | None
) -> tuple[TestItem, ...] | str:
    """Give the tests of this stage, or why there is nothing to judge by."""
    columns = config.columns()
    if ctx.stage is Stage.LOOP:
        columns = {group: column for group, column in columns.items() if group == "visible"}
        if not columns:
            return "no visible tests are named; the hidden ones run after the loop"
    items: tuple[TestItem, ...] = ()
    for group, column in columns.items():
        found = items_of(group, column, ctx.columns, entry_point)
        if not found:
            return f"the row has no {group} tests in `{column}`"
        items += found
    return items


def limits_for(config: UnitTestsConfig, ctx: ValidatorContext) -> Limits:
    """Give the run's limits, or the suite's own time limit on this machine."""
    if config.timeout is None:
        return ctx.limits
    time_s = config.timeout * machine_factor()
    return replace(ctx.limits, wall_s=time_s, cpu_s=time_s)


def execution_of(
    code: str,
    items: Sequence[TestItem],
    entry_point: str | None,
    nonce: str,
    seed: int,
    limits: Limits,
) -> Execution:
    """One process for the candidate and all its tests; the tests come on standard input."""
    order = {
        "nonce": nonce,
        "entry_point": entry_point,
        "seed": seed,
        "tests": [item.program for item in items],
    }
    return Execution(
        files={"answer.py": code, "inside_tests.py": INSIDE},
        entry="inside_tests.py",
        stdin=json.dumps(order),
        limits=limits,
        wants_result=True,
    )


def first_failing(
    items: Sequence[TestItem], outcomes: TestOutcomes, ran: ExecutionResult
) -> tuple[str, FailingCase] | None:
    """Find the first test that did not pass: a sentence and the case itself."""
    if outcomes.load_failure is not None:
        case = case_of(items[0], outcomes.load_failure)
        return f"the code fails when it is loaded: {last_line(case)}", case
    if outcomes.stopped_at == -1:
        told = how_it_stopped(ran)
        return f"the code does not finish loading: {told}", stopped_case(items[0], told)
    for number, item in enumerate(items):
        if number in outcomes.failed:
            case = case_of(item, outcomes.failed[number])
            return f"{item.title} failed: {in_words(case)}", case
        if number not in outcomes.passed:
            case = stopped_case(item, how_it_stopped(ran))
            return f"{item.title} failed: {in_words(case)}", case
    return None


def case_of(item: TestItem, account: dict[str, str] | object) -> FailingCase:
    """Make a case of what the judge in the process told."""
    assert isinstance(account, dict)  # noqa: S101 - `lines_of` makes nothing else
    told = {key: shortened(value) for key, value in account.items()}
    trace = [told.get("where", ""), told.get("error", "")]
    return FailingCase(
        test=shortened(item.statement),
        input=told.get("input", ""),
        expected=told.get("expected", ""),
        got=told.get("got", ""),
        traceback="\n".join(line for line in trace if line),
    )


def stopped_case(item: TestItem, told: str) -> FailingCase:
    """Make a case of which only the end is known."""
    return FailingCase(test=shortened(item.statement), input=shortened(item.input), traceback=told)


def how_it_stopped(ran: ExecutionResult) -> str:
    """Say why outcomes are missing; a program that ends by itself has not passed."""
    if ran.exit_code is not None and ran.status.value in {"ok", "exit"}:
        return f"the program ended before its tests did (exit code {ran.exit_code})"
    return told_of(ran)


def in_words(case: FailingCase) -> str:
    """One line: what was compared, else what was raised."""
    if case.got:
        return f"`{case.input}` gave {case.got}, expected {case.expected}"
    return f"`{case.input}`: {last_line(case)}" if case.input else last_line(case)


def last_line(case: FailingCase) -> str:
    """Give the exception, with the answer's own line where there is one."""
    *place, error = case.traceback.split("\n")
    return f"{error} ({place[-1]})" if place else error


def counts(items: Sequence[TestItem], passed: frozenset[int]) -> dict[str, TestCount]:
    """How many passed, by group."""
    groups = dict.fromkeys(item.group for item in items)
    return {
        group: TestCount(
            passed=sum(
                number in passed for number, item in enumerate(items) if item.group == group
            ),
            total=sum(item.group == group for item in items),
        )
        for group in groups
    }


def told_counts(tests: dict[str, TestCount]) -> str:
    """`2 of 2 visible and 6 of 6 hidden`."""
    return " and ".join(f"{c.passed} of {c.total} {group}" for group, c in tests.items())
