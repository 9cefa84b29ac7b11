"""Validator `javascript_tests`: the answer's JavaScript passes the tests of its row.

As `unit_tests` does for Python: what can be split runs in driver mode, so that no expected value
enters the sandbox; the rest shares the answer's process and is called cooperative.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from sygra_eval.sandbox import program_at
from sygra_eval.validators.extract import extract_other
from sygra_eval.validators.javascript_driver import (
    COMMAND,
    drive_of,
    execution_of,
    order_of,
    outcomes_of,
    started,
)
from sygra_eval.validators.javascript_literals import RESERVED, NotSplit
from sygra_eval.validators.javascript_statements import (
    ALIKE,
    ERRORS,
    SAME,
    THROWS,
    Assertion,
    Call,
    Check,
    assertions_in,
)
from sygra_eval.validators.javascript_values import (
    NAME,
    BadForm,
    form_of_json,
    is_primitive,
    written,
)
from sygra_eval.validators.outcomes import outcomes_of as cooperative_outcomes
from sygra_eval.validators.row_tests import BadTests, ForeignItem, TestItem
from sygra_eval.validators.running import IsHostFault, run_judged, told_of
from sygra_eval.validators.unit_tests import (
    Part,
    counts,
    limits_for,
    named_entry_point,
    part_of,
    told_counts,
)
from sygra_eval.validators.unit_tests_config import UnitTestsConfig
from sygra_eval.validators.words import no_code, shortened
from sygra_eval.values import (
    Candidate,
    Evidence,
    ExecutionResult,
    Limits,
    Problem,
    Scope,
    Stage,
    Status,
    Trust,
    ValidatorContext,
    Verdict,
)

NO_NODE = "node is not installed where anybody may run it"
HOW_TO_GET_NODE = "install Node.js (Debian, Ubuntu: sudo apt-get install nodejs)"
FRAMEWORK = re.compile(r"(?<![\w$.])(?:expect|describe|it|test)\s*\(")
OUT_OF_MEMORY = re.compile(r"heap out of memory|Fatal process (?:OOM|out of memory)")
KEYS = frozenset({"call", "args", "expected", "throws", "await"})


class JavascriptTestsConfig(UnitTestsConfig):
    """Keys of `javascript_tests`: those of `unit_tests`."""

    code_language: ClassVar[str] = "javascript"

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report unknown columns, and a host without Node."""
        yield from super().problems(scope)
        if program_at("node") is None:
            yield Problem(code="missing-package", message=NO_NODE, fix=HOW_TO_GET_NODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsItem:
    """One test: how it is told of, and its assertions where it could be split."""

    told: TestItem
    assertions: tuple[Assertion, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsOutcome:
    """How all tests went: the execution that decides, and Node's version."""

    parts: tuple[Part, ...]
    is_cooperative: bool
    version: str

    @property
    def decisive(self) -> Part:
        """The execution with the first failure."""
        return min(self.parts, key=lambda part: part.first)


async def javascript_tests(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when every test of the stage passes; the score is the share that does."""
    config = ctx.validator.config
    assert isinstance(config, JavascriptTestsConfig)  # noqa: S101 - registered with this model
    verdict = partial(Verdict, validator=ctx.validator.name, is_required=ctx.validator.is_required)
    if program_at("node") is None:
        return verdict(status=Status.ERROR, reason=f"{NO_NODE}: {HOW_TO_GET_NODE}")
    entry_point = candidate.entry_point or named_entry_point(config, ctx)
    try:
        items = items_for(config, ctx, entry_point)
    except BadTests as error:
        return verdict(status=Status.ERROR, reason=str(error))
    if isinstance(items, str):
        return verdict(status=Status.SKIP, reason=items)
    told = [item.told for item in items]
    candidate = in_javascript(candidate, entry_point)
    if candidate.code is None:
        evidence = Evidence(tests=counts(told, frozenset()))
        return verdict(status=Status.FAIL, score=0.0, reason=no_code(candidate), evidence=evidence)
    limits = limits_for(config, ctx)
    try:
        outcome = await outcome_of(candidate.code, items, entry_point, limits, ctx)
    except IsHostFault as fault:
        return verdict(status=Status.ERROR, reason=str(fault))
    decisive = outcome.decisive
    failing = decisive.failing
    passed = frozenset[int]().union(*(part.passed for part in outcome.parts))
    output = f"node {outcome.version}\n"
    if failing is not None:
        output += decisive.ran.stdout + decisive.ran.stderr
    tests = counts(told, passed)
    verdict = partial(
        verdict,
        trust=Trust.COOPERATIVE if outcome.is_cooperative else Trust.SEPARATE,
        is_accepted_cooperative=config.accept_cooperative,
        evidence=Evidence(
            command=COMMAND,
            exit_code=decisive.ran.exit_code,
            output=shortened(output, 2000),
            isolation=decisive.ran.isolation,
            limit_s=limits.wall_s,
            failing=failing[1] if failing else None,
            tests=tests,
        ),
    )
    if failing is None:
        assert len(passed) == len(items)  # noqa: S101 - nothing passes without its tests
        reason = f"{told_counts(tests)} tests passed"
        return verdict(status=Status.PASS, score=1.0, reason=reason)
    return verdict(status=Status.FAIL, score=len(passed) / len(items), reason=failing[0])


def in_javascript(candidate: Candidate, entry_point: str | None) -> Candidate:
    """Take JavaScript from the answer, where something else was looked for in it."""
    language = JavascriptTestsConfig.code_language
    if candidate.language == language or candidate.extraction == "given as code":
        return candidate
    found = extract_other(candidate.text, language, entry_point)
    return Candidate(
        text=candidate.text,
        code=found.code,
        extraction=found.rule,
        warnings=found.warnings,
        entry_point=entry_point,
        language=language,
    )


async def outcome_of(
    code: str,
    items: Sequence[JsItem],
    entry_point: str | None,
    limits: Limits,
    ctx: ValidatorContext,
) -> JsOutcome:
    """Run all that can be in driver mode, the others beside the candidate."""
    told = [item.told for item in items]
    split = {n: item.assertions for n, item in enumerate(items) if item.assertions is not None}
    rest = tuple(number for number in range(len(items)) if number not in split)
    parts, version = [], ""
    if split:
        nonce = secrets.token_hex(16)
        drive = drive_of(tuple(split.values()), nonce, ctx.seed)
        execution = execution_of(order_of(drive), code, limits, ctx.seed)
        version, ran = believed(await run_judged(ctx.sandbox, execution), nonce)
        parts.append(part_of(told, tuple(split), outcomes_of(drive, ran), ran, COMMAND))
    if rest:
        nonce = secrets.token_hex(16)
        order = {
            "nonce": nonce,
            "names": [entry_point] if entry_point else [],
            "tests": [told[number].statement for number in rest],
        }
        execution = execution_of(order, code, limits, ctx.seed)
        version, ran = believed(await run_judged(ctx.sandbox, execution), nonce)
        outcomes = cooperative_outcomes(ran, nonce, len(rest))
        parts.append(part_of(told, rest, outcomes, ran, COMMAND))
    return JsOutcome(parts=tuple(parts), is_cooperative=bool(rest), version=version)


def believed(ran: ExecutionResult, nonce: str) -> tuple[str, ExecutionResult]:
    """Take Node's version; without it nothing of the answer has run, and that is our fault.

    :raises IsHostFault: When Node did not start.
    """
    version, rest = started(ran, nonce)
    if not version:
        raise IsHostFault(f"node does not start in the sandbox: {told_of(ran)}")
    if OUT_OF_MEMORY.search(rest.stderr):
        return version, replace(rest, reason="needed more memory than it may have")
    return version, rest


# The tests of a row


def items_for(
    config: UnitTestsConfig, ctx: ValidatorContext, entry_point: str | None
) -> tuple[JsItem, ...] | str:
    """Give the tests of this stage, or why there is nothing to judge by.

    :raises BadTests: When a column cannot be used.
    """
    columns = config.columns()
    if ctx.stage is Stage.LOOP:
        columns = {group: column for group, column in columns.items() if group == "visible"}
        if not columns:
            return "no visible tests are named; the hidden ones run after the loop"
    items: tuple[JsItem, ...] = ()
    for group, column in columns.items():
        found = items_of(group, column, ctx.columns.get(column), entry_point)
        if not found:
            return f"the row has no {group} tests in `{column}`"
        items += found
    return items


def items_of(group: str, column: str, value: object, entry_point: str | None) -> tuple[JsItem, ...]:
    """Read one column; an empty or absent one gives none."""
    listed = [value] if isinstance(value, str | Mapping) else value
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple):
        raise BadTests(f"column `{column}` holds {type(listed).__name__}, not a text or a list")
    read: list[tuple[str, tuple[Assertion, ...] | None]] = []
    for number, one in enumerate(listed, 1):
        title = f"test {number} of `{column}`"
        match one:
            case str() if one.strip():
                read += statements_of(one, title, entry_point)
            case str():
                continue
            case Mapping():
                assertion = assertion_of(one, title)
                read.append((assertion.text, (assertion,)))
            case _:
                raise BadTests(f"{title} is {type(one).__name__}, neither a text nor an object")
    return tuple(
        JsItem(
            told=ForeignItem(
                group=group,
                number=number,
                total=len(read),
                statement=text,
                shown=input_of(assertions),
            ),
            assertions=assertions,
        )
        for number, (text, assertions) in enumerate(read, 1)
    )


def statements_of(
    text: str, title: str, entry_point: str | None
) -> list[tuple[str, tuple[Assertion, ...] | None]]:
    """Read one text: a test for each assertion where all can be split, else one test."""
    try:
        assertions = assertions_in(text, entry_point)
    except NotSplit as why:
        if FRAMEWORK.search(text):
            hint = "there is no test framework in the sandbox; write assertions of `assert`"
            raise BadTests(f"{title} cannot be split ({why}), and {hint}") from why
        return [(text, None)]
    for assertion in assertions:
        refuse_what_never_holds(assertion, title)
        if not any(isinstance(t, Call) for t in (assertion.check.left, assertion.check.right)):
            raise BadTests(f"{title} calls nothing: `{shortened(assertion.text, 100)}`")
    return [(assertion.text, (assertion,)) for assertion in assertions]


def refuse_what_never_holds(assertion: Assertion, title: str) -> None:
    """Refuse `strictEqual` of an object that the test makes: no function can return that one.

    :raises BadTests: With what to write.
    """
    check = assertion.check
    made = [t for t in (check.left, check.right) if not isinstance(t, Call) and not is_primitive(t)]
    if made and not check.is_negated and check.kind in {SAME, "===", "equal", "=="}:
        raise BadTests(
            f"{title} never holds: {check.kind} compares objects by identity;"
            f" write `deepStrictEqual` in `{shortened(assertion.text, 100)}`"
        )


def assertion_of(test: Mapping[object, object], title: str) -> Assertion:
    """Read `{"call": "add", "args": [1, 2], "expected": 3}`.

    :raises BadTests: When it is not of that form.
    """
    unknown = sorted(str(key) for key in test.keys() - KEYS)
    if unknown:
        raise BadTests(f"{title} has the key `{unknown[0]}`; known: {', '.join(sorted(KEYS))}")
    name, args, throws = test.get("call"), test.get("args", []), test.get("throws")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in RESERVED:
        raise BadTests(f"{title} names no function: `call` has to be a name")
    if not isinstance(args, list | tuple):
        raise BadTests(f"{title}: `args` is no list")
    try:
        forms = tuple(form_of_json(arg) for arg in args)
        expected = form_of_json(test.get("expected"))
    except BadForm as why:
        raise BadTests(f"{title} holds {why}, which is no JSON") from why
    call = Call(name=name, args=forms, is_awaited=bool(test.get("await")))
    if ("expected" in test) == bool(throws):
        raise BadTests(f"{title} needs either `expected` or `throws`")
    if throws:
        named = throws if isinstance(throws, str) else ""
        error = named if not named or named in ERRORS else f".{named}"
        check = Check(kind=THROWS, left=call, error=error)
        return Assertion(text=f"{call} throws {named or 'an error'}", check=check)
    check = Check(kind=ALIKE, left=call, right=expected)
    return Assertion(text=f"{call} is {written(expected)}", check=check)


def input_of(assertions: tuple[Assertion, ...] | None) -> str:
    """Give the call of a test, where there is one."""
    if assertions is None:
        return ""
    check = assertions[0].check
    return str(check.left if isinstance(check.left, Call) else check.right)
