"""Validator `unit_tests`: the answer's code passes the tests of its row.

Tests that can be split are: their calls run in the box and are decided out here (`driver`), where
no answer can reach. The others share the candidate's process, and the verdict's trust is then
`cooperative`: code that sets out to read the judge's frames can. In a loop the visible tests run;
after it the visible and then the hidden ones.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.driver import COMMAND as DRIVEN
from sygra_eval.validators.driver import answered, drive_of
from sygra_eval.validators.driver import execution_of as driven
from sygra_eval.validators.driver import outcomes_of as driver_outcomes
from sygra_eval.validators.outcomes import TestOutcomes, outcomes_of
from sygra_eval.validators.ready_made import ready_made
from sygra_eval.validators.row_tests import BadTests, TestItem, items_of, source_of
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.split import SplitTest, splits_of
from sygra_eval.validators.split_mode import COMMAND as APART
from sygra_eval.validators.split_mode import plan_of
from sygra_eval.validators.stdio_cases import COMMAND as RUN
from sygra_eval.validators.stdio_cases import ran_cases
from sygra_eval.validators.two_boxes import Ran, ran_apart, ran_together
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

COMMAND = ("python", "inside_tests.py", "answer.py")
MOST_CASES = 3  # failing tests that evidence tells of


async def unit_tests(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when every test of the stage passes; the score is the share that does."""
    config = ctx.validator.config
    assert isinstance(config, UnitTestsConfig)  # noqa: S101 - registered with this model
    verdict = partial(
        Verdict,
        validator=ctx.validator.name,
        is_required=ctx.validator.is_required,
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
    try:
        limits = limits_for(config, ctx)
        outcome = await outcome_at_first(candidate.code, items, entry_point, limits, ctx)
    except (IsHostFault, BadTests) as fault:
        return verdict(status=Status.ERROR, reason=str(fault))
    tests = counts(items, outcome.passed, outcome.named)
    failing = outcome.failing
    verdict = partial(
        verdict,
        trust=outcome.trust,
        is_accepted_cooperative=config.accept_cooperative,
        evidence=Evidence(
            command=outcome.command,
            exit_code=outcome.ran.exit_code,
            output=output_of(outcome),
            isolation=outcome.ran.isolation,
            limit_s=outcome.limit_s,
            failing=failing[1] if failing else None,
            further=outcome.further,
            tests=tests,
        ),
    )
    if failing is None:
        assert len(outcome.passed) == len(items)  # noqa: S101 - nothing passes without its tests
        reason = f"{told_counts(tests)} tests passed"
        return verdict(status=Status.PASS, score=1.0, reason=reason)
    share = sum(c.passed for c in tests.values()) / sum(c.total for c in tests.values())
    return verdict(status=Status.FAIL, score=share, reason=failing[0])


def output_of(outcome: "Outcome") -> str:
    """Say why tests ran in the candidate's process, and what it printed where one failed."""
    together = f"beside the answer, because of {outcome.together}\n" if outcome.together else ""
    return together + ("" if outcome.failing is None else shortened(outcome.output, 2000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the tests went: those that passed, and the first that did not.

    :ivar named: For each that is a file: how many of its named tests passed.
    :ivar together: Why tests had to run in the candidate's process; empty when none had to.
    """

    passed: frozenset[int]
    failing: tuple[str, FailingCase] | None
    trust: Trust
    ran: ExecutionResult
    command: tuple[str, ...]
    limit_s: float
    further: tuple[FailingCase, ...] = ()
    named: Mapping[int, TestCount] = field(default_factory=dict)
    together: str = ""

    @property
    def output(self) -> str:
        """What the program printed."""
        return self.ran.stdout + self.ran.stderr


async def outcome_at_first(
    code: str,
    items: tuple[TestItem, ...],
    entry_point: str | None,
    limits: Limits,
    ctx: ValidatorContext,
) -> Outcome:
    """Run the tests, unless another validator has just done so with all the same."""
    key = (code, items, entry_point, limits, ctx.seed)
    known = ctx.shared.get(key)
    if isinstance(known, Outcome):
        return known
    outcome = await outcome_of(code, items, entry_point, limits, ctx)
    ctx.shared[key] = outcome
    return outcome


async def outcome_of(
    code: str,
    items: Sequence[TestItem],
    entry_point: str | None,
    limits: Limits,
    ctx: ValidatorContext,
    *,
    splits: Sequence[SplitTest | None] | None = None,
    seed: int | None = None,
    hash_seed: int = 0,
) -> Outcome:
    """Run the tests: all that can be in driver mode, the others beside the candidate.

    :param splits: The tests as `split` made them, where they run on several programs.
    :param seed: Another than the run's, for the order of inputs and for `random`.
    :param hash_seed: Another for the order of sets of strings.
    """
    seed = ctx.seed if seed is None else seed
    if splits is None:
        splits = splits_of([item.statement for item in items], entry_point, code)
    parts = []
    cases = {number: item.case for number, item in enumerate(items) if item.case is not None}
    split = {n: test for n, test in enumerate(splits) if test is not None and n not in cases}
    if cases:
        told, ran = await ran_cases(tuple(cases.values()), code, hash_seed, limits, ctx.sandbox)
        parts.append(part_of(items, tuple(cases), told, ran, RUN))
    if split:
        drive = drive_of(tuple(split.values()), secrets.token_hex(16), seed)
        execution = replace(driven(code, drive, limits), hash_seed=hash_seed)
        ran = await run_judged(ctx.sandbox, execution)
        told = driver_outcomes(drive, answered(drive, ran))
        parts.append(part_of(items, tuple(split), told, ran, DRIVEN))
    rest = tuple(n for n in range(len(items)) if n not in split and n not in cases)
    together = ""
    if rest:
        chosen = [items[number] for number in rest]
        others = [items[number] for number in split]
        run = plan_of(chosen, code, entry_point, others)
        came = await ran_apart(run, code, seed, hash_seed, limits, ctx.sandbox)
        if isinstance(came, str):
            together = came
            if run.needs_runner:
                came = await ran_together(run, code, seed, hash_seed, limits, ctx.sandbox)
            else:
                nonce = secrets.token_hex(16)
                execution = execution_of(code, chosen, entry_point, nonce, seed, limits)
                ran = await run_judged(ctx.sandbox, replace(execution, hash_seed=hash_seed))
                came = Ran(outcomes=outcomes_of(ran, nonce, len(rest)), ran=ran)
        command = COMMAND if together and not run.needs_runner else APART
        part = part_of(items, rest, came.outcomes, came.ran, command)
        parts.append(replace(part, named={rest[own]: count for own, count in came.named.items()}))
    decisive = min(parts, key=lambda part: part.first)
    return Outcome(
        passed=frozenset().union(*(part.passed for part in parts)),
        failing=decisive.failing,
        named={number: count for part in parts for number, count in part.named.items()},
        trust=Trust.COOPERATIVE if together else Trust.SEPARATE,
        together=together,
        ran=decisive.ran,
        command=decisive.command,
        limit_s=limits.wall_s,
        further=further_cases(parts, decisive),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The tests of one execution.

    :ivar first: The number of the first that failed; beyond all numbers when none did.
    """

    first: int
    passed: frozenset[int]
    failing: tuple[str, FailingCase] | None
    ran: ExecutionResult
    command: tuple[str, ...]
    cases: tuple[tuple[int, FailingCase], ...] = ()
    named: Mapping[int, TestCount] = field(default_factory=dict)


def further_cases(parts: Sequence[Part], decisive: Part) -> tuple[FailingCase, ...]:
    """Give the failing tests after the first one, in the order of the row."""
    if decisive.failing is None:
        return ()
    cases = sorted((case for part in parts for case in part.cases), key=lambda case: case[0])
    return tuple(case for _, case in cases if case != decisive.failing[1])[: MOST_CASES - 1]


def part_of(
    items: Sequence[TestItem],
    numbers: Sequence[int],
    outcomes: TestOutcomes,
    ran: ExecutionResult,
    command: tuple[str, ...],
) -> Part:
    """Give the outcomes of one execution the numbers that its tests have in the row."""
    passed = frozenset(numbers[own] for own in outcomes.passed)
    failing = first_failing([items[number] for number in numbers], outcomes, ran)
    first = next((number for number in numbers if number not in passed), len(items))
    if failing is not None and first == len(items):
        first = numbers[0]
    cases = tuple(
        (numbers[own], case_of(items[numbers[own]], outcomes.failed[own]))
        for own in sorted(outcomes.failed)[:MOST_CASES]
    )
    return Part(first=first, passed=passed, failing=failing, ran=ran, command=command, cases=cases)


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
        found = items_of(
            group,
            column,
            ctx.columns,
            entry_point,
            compare=config.compare,
            tolerance=config.tolerance,
        )
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
        files={"answer.py": code},
        support=ready_made("inside_tests"),
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
            account = outcomes.failed[number]
            case = case_of(item, account)
            told = in_words(case)
            if "name" in account:
                told = f"{shortened(account['name'], 100)}: {told}"
            if "wavers" in account:
                told = f"it passes the first time only; then {told}"
            return f"{item.title} failed: {told}", case
    missing = [number for number in range(len(items)) if number not in outcomes.passed]
    stopped_at = outcomes.stopped_at if outcomes.stopped_at in missing else min(missing, default=-1)
    if stopped_at is None or stopped_at < 0:
        return None
    item = items[stopped_at]
    case = stopped_case(item, how_it_stopped(ran), outcomes.stopped_input)
    return f"{item.title} failed: {in_words(case)}", case


def case_of(item: TestItem, account: dict[str, str] | object) -> FailingCase:
    """Make a case of what the judge in the process told."""
    assert isinstance(account, dict)  # noqa: S101 - `lines_of` makes nothing else
    told = {key: shortened(value) for key, value in account.items()}
    trace = [told.get("where", ""), told.get("error", "")]
    return FailingCase(
        test=shortened(source_of(item.statement, account.get("name", ""))),
        input=told.get("input", ""),
        expected=told.get("expected", ""),
        got=told.get("got", ""),
        traceback="\n".join(line for line in trace if line),
    )


def stopped_case(item: TestItem, told: str, running: str = "") -> FailingCase:
    """Make a case of which only the end is known."""
    shown = shortened(running or item.input)
    return FailingCase(test=shortened(item.statement), input=shown, traceback=told)


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


def counts(
    items: Sequence[TestItem],
    passed: frozenset[int],
    named: Mapping[int, TestCount] = MappingProxyType({}),
) -> dict[str, TestCount]:
    """How many passed, by group; of a file, how many of its named tests."""
    groups: dict[str, TestCount] = {}
    for number, item in enumerate(items):
        own = named.get(number, TestCount(passed=number in passed, total=1))
        so_far = groups.get(item.group, TestCount(passed=0, total=0))
        groups[item.group] = TestCount(
            passed=so_far.passed + own.passed, total=so_far.total + own.total
        )
    return groups


def told_counts(tests: dict[str, TestCount]) -> str:
    """`2 of 2 visible and 6 of 6 hidden`."""
    return " and ".join(f"{c.passed} of {c.total} {group}" for group, c in tests.items())
