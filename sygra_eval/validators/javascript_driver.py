"""Runs an answer's JavaScript in the sandbox and decides its tests out here.

A program of two lines puts Node in its own place; from then on nothing of ours but
`inside_javascript.js` is in that process. Each call goes in twice, in an order drawn from the
seed, and both answers must be the same.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sygra_eval.sandbox import program_at
from sygra_eval.validators.driver import (
    ASKED_AGAIN,
    Answered,
    Drive,
    Json,
    answered,
    differs,
    drive_of_units,
)
from sygra_eval.validators.javascript_statements import (
    ALIKE,
    CLOSE,
    LOOSE,
    LOOSELY_ALIKE,
    NAN,
    QUIET,
    SAME,
    THROWS,
    TRUE,
    Assertion,
    Call,
    Check,
)
from sygra_eval.validators.javascript_values import (
    BadForm,
    Form,
    as_number,
    checked,
    is_loosely_equal,
    is_loosely_same,
    is_primitive,
    is_same,
    is_truthy,
    read_number,
    written,
)
from sygra_eval.validators.outcomes import TestOutcomes
from sygra_eval.validators.split import Unit
from sygra_eval.values import PROGRAMS, Execution, ExecutionResult, Limits

INSIDE = Path(__file__).with_name("inside_javascript.js").read_text("utf-8")
DRIVER, ANSWER, ENTRY = "inside_javascript.js", "answer.js", "run_node.py"
COMMAND = ("node", DRIVER, ANSWER)
ADDRESS_MB = 2048  # Node reserves 0.7 GiB when it starts; measured with node 20, it needs 0.8
BESIDE_THE_HEAP_MB = 128
SMALLEST_HEAP_MB = 64
RUN_NODE = """
import os
os.environ["OPENSSL_CONF"] = "/dev/null"  # else Node does not start where it may not read its own
os.execv({node!r}, {arguments!r})
"""


def execution_of(order: Mapping[str, object], code: str, limits: Limits, seed: int) -> Execution:
    """One Node for the candidate and all that is asked of it."""
    heap_mb = max(limits.memory_mb - BESIDE_THE_HEAP_MB, SMALLEST_HEAP_MB)
    arguments = [
        "node",
        f"--max-old-space-size={heap_mb}",
        f"--random-seed={seed % (1 << 31) or 1}",
        "--v8-pool-size=0",
        "--no-warnings",
        "--unhandled-rejections=strict",
        DRIVER,
    ]
    program = RUN_NODE.format(node=program_at("node") or "/usr/bin/node", arguments=arguments)
    return Execution(
        files={ENTRY: program, DRIVER: INSIDE, ANSWER: code},
        entry=ENTRY,
        stdin=json.dumps(order),
        limits=replace(limits, address_mb=max(ADDRESS_MB, limits.memory_mb)),
        wants_result=True,
        allow=frozenset({PROGRAMS}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JsDrive:
    """One execution in driver mode: tests, each a few assertions, and the order of their calls."""

    tests: tuple[tuple[Assertion, ...], ...]
    calls: tuple[tuple[Call, ...], ...]
    drive: Drive


def drive_of(tests: Sequence[tuple[Assertion, ...]], nonce: str, seed: int) -> JsDrive:
    """Lay down the order of all calls of all tests."""
    calls = tuple(tuple(calls_of(test)) for test in tests)
    units = [unit_of(call) for own in calls for call in own]
    return JsDrive(tests=tuple(tests), calls=calls, drive=drive_of_units(units, nonce, seed))


def calls_of(test: Sequence[Assertion]) -> Iterator[Call]:
    """Yield the calls of a test in their order."""
    for assertion in test:
        for term in (assertion.check.left, assertion.check.right):
            if isinstance(term, Call):
                yield term


def unit_of(call: Call) -> Unit:
    """Make a step of a call; it runs on fresh arguments."""
    step: Json = [call.name, list(call.args), call.is_awaited]
    return Unit(steps=(step,), places=((0, ()),), text=str(call))


def order_of(drive: JsDrive) -> dict[str, object]:
    """Tell the box what to call; no expected value is in it."""
    names = sorted({call.name for own in drive.calls for call in own})
    return {
        "nonce": drive.drive.nonce,
        "names": names,
        "units": [unit.steps for unit in drive.drive.units],
        "order": drive.drive.order,
    }


def started(ran: ExecutionResult, nonce: str) -> tuple[str, ExecutionResult]:
    """Take the line off that Node wrote before the answer was loaded: its version, or nothing."""
    line, _, rest = (ran.result or "").partition("\n")
    try:
        told_nonce, kind, _, (version,) = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return "", ran
    if (told_nonce, kind) != (nonce, "started") or not isinstance(version, str):
        return "", ran
    return version[:40], replace(ran, result=rest)


def outcomes_of(drive: JsDrive, ran: ExecutionResult) -> TestOutcomes:
    """Decide every test; none passes unless all answers came and nothing else did."""
    came = answered(drive.drive, ran)
    if came.load_failure is not None or came.stopped_at == -1:
        return TestOutcomes(load_failure=came.load_failure, stopped_at=came.stopped_at)
    passed, failed = set[int](), dict[int, Mapping[str, str]]()
    stopped_test, stopped_input = None, ""
    first = 0
    for number, (test, calls) in enumerate(zip(drive.tests, drive.calls, strict=True)):
        mine = range(first, first + len(calls))
        first += len(calls)
        if came.stopped_at in mine and came.stopped_at is not None:
            stopped_test, stopped_input = number, drive.drive.units[came.stopped_at].text
            continue
        told = decided(test, mine, came)
        if told is None:
            passed.add(number)
        elif told:
            failed[number] = told
    if came.stopped_at is None and not came.is_whole:
        return TestOutcomes(failed=failed, stopped_at=0)  # somebody else wrote on the pipe
    return TestOutcomes(
        passed=frozenset(passed),
        failed=failed,
        stopped_at=stopped_test,
        stopped_input=stopped_input,
    )


def decided(
    test: Sequence[Assertion], numbers: Sequence[int], came: Answered
) -> dict[str, str] | None:
    """Tell why a test failed; None when it passed, empty when answers are missing."""
    answers = iter([(number, came.answers.get(number, ())) for number in numbers])
    for assertion in test:
        check = assertion.check
        shown: list[Json] = []
        for term in (check.left, check.right):
            if not isinstance(term, Call):
                shown.append(["value", term])
                continue
            _, times = next(answers)
            if not times:
                return {}
            if differs(times):
                return {"error": f"`{term}` {ASKED_AGAIN}", "where": "", "input": ""}
            answer = times[0][0]
            shown.append(answer if isinstance(answer, list) else [])
        failure = Deciding(check, shown).failure()
        if failure is not None:
            return failure
    return None


class Deciding:
    """One check, with what its terms gave."""

    def __init__(self, check: Check, shown: list[Json]) -> None:
        self.check, self.shown = check, shown

    def failure(self) -> dict[str, str] | None:
        """Tell why it does not hold, or None."""
        try:
            if self.check.kind in {THROWS, QUIET}:
                return self.throwing()
            values = [self.value(number) for number in (0, 1)]
            if holds(self.check, *values):
                return None
        except Failed as failed:
            return failed.account
        except (BadForm, RecursionError) as error:
            return {"error": f"what the answer gave cannot be compared: {error}", "where": ""}
        left_is_call = isinstance(self.check.left, Call)
        got, other = values if left_is_call else reversed(values)
        return {
            "error": "the check does not hold",
            "where": "",
            "input": self.shown_input(),
            "got": written(got),
            "expected": wanted(self.check, other),
        }

    def shown_input(self) -> str:
        """Write the call, or the first of two."""
        call = self.check.left if isinstance(self.check.left, Call) else self.check.right
        return str(call) if isinstance(call, Call) else written(call)

    def throwing(self) -> dict[str, str] | None:
        """Decide `throws` and `doesNotThrow`."""
        match self.shown[0]:
            case ["raise", list(names), str(text), str(told), str(where)]:
                if self.check.kind == QUIET:
                    return {"error": told, "where": where, "input": self.shown_input()}
                is_named = not self.check.error or self.check.error in names
                is_worded = self.check.message is None or self.check.message == text
                if is_named and is_worded:
                    return None
                return self.account(told or "something else", self.expected_error())
            case ["missing", _]:
                self.value(0)
        if self.check.kind == QUIET:
            return None
        return self.account("no error", self.expected_error())

    def expected_error(self) -> str:
        """Say what should have been thrown."""
        words = self.check.error.removeprefix(".") or "an error"
        return words if self.check.message is None else f"{words}: {self.check.message}"

    def account(self, got: str, expected: str) -> dict[str, str]:
        """Tell what came and what should have come."""
        return {
            "error": "the check does not hold",
            "where": "",
            "input": self.shown_input(),
            "got": got,
            "expected": expected,
        }

    def value(self, number: int) -> Form:
        """Read what a term gave; all of it comes from hostile code.

        :raises Failed: When it is no value.
        """
        term = (self.check.left, self.check.right)[number]
        if not isinstance(term, Call):
            return term
        match self.shown[number]:
            case ["value", form]:
                return checked(form)
            case ["raise", _, str(), str(told), str(where)]:
                raise Failed({"error": told, "where": where, "input": str(term)})
            case ["missing", _]:
                raise Failed({"error": f"`{term.name}` is not defined as a function", "where": ""})
            case ["opaque", str(kind)]:
                told = f"the answer gave {kind[:100]}, which is no plain data"
                raise Failed({"error": told, "where": "", "input": str(term)})
            case ["large", str()]:
                told = "the answer gave a value too large to compare"
                raise Failed({"error": told, "where": "", "input": str(term)})
        raise Failed({"error": "the answer gave nothing that can be read", "where": ""})


class Failed(Exception):
    """A check that cannot hold, with its account."""

    def __init__(self, account: dict[str, str]) -> None:
        super().__init__(account["error"])
        self.account = account


def holds(check: Check, left: Form, right: Form) -> bool:
    """Whether a check holds of two values."""
    return is_held(check.kind, left, right) is not check.is_negated


def is_held(kind: str, left: Form, right: Form) -> bool:
    """Compare as Node does."""
    are_primitive = is_primitive(left) and is_primitive(right)
    match kind:
        case _ if kind == SAME:
            return are_primitive and is_same(left, right)
        case _ if kind == ALIKE:
            return is_same(left, right)
        case _ if kind == LOOSE:
            return are_primitive and is_loosely_equal(left, right)
        case _ if kind == LOOSELY_ALIKE:
            return is_loosely_same(left, right)
        case _ if kind == TRUE:
            return is_truthy(left)
        case _ if kind == NAN:
            return left == {"n": "NaN"}
        case "===":
            return are_primitive and is_strictly_equal(left, right)
        case "==":
            is_nan = {"n": "NaN"} in (left, right)
            return are_primitive and not is_nan and is_loosely_equal(left, right)
    if kind.startswith(CLOSE):
        distance = abs(as_number(left) - as_number(right))
        return are_primitive and distance < read_number(kind.partition(":")[2])
    return are_primitive and is_ordered(kind, left, right)


def is_strictly_equal(left: Form, right: Form) -> bool:
    """`===` of primitives: of numbers 0 is -0, and NaN is nothing."""
    match left, right:
        case {"n": str(first)}, {"n": str(second)}:
            return read_number(first) == read_number(second)
    return is_same(left, right)


def is_ordered(operator: str, left: Form, right: Form) -> bool:
    """`<` and its kin: texts by their UTF-16 units, all else as numbers."""
    first: float | bytes
    second: float | bytes
    if isinstance(left, str) and isinstance(right, str):
        first, second = (text.encode("utf-16-be", "surrogatepass") for text in (left, right))
    else:
        first, second = as_number(left), as_number(right)
        if math.isnan(first) or math.isnan(second):
            return False
    if operator in {"<", "<="}:
        return first < second or (operator == "<=" and first == second)  # type: ignore[operator]
    return first > second or (operator == ">=" and first == second)  # type: ignore[operator]


def wanted(check: Check, other: Form) -> str:
    """Say what a check asks for."""
    no = "not " if check.is_negated else ""
    if check.kind in {TRUE, NAN}:
        return no + ("a true value" if check.kind == TRUE else "NaN")
    if check.kind.startswith(CLOSE):
        return f"{no}within {check.kind.partition(':')[2]} of {written(other)}"
    is_equality = check.kind in {SAME, ALIKE, LOOSE, LOOSELY_ALIKE, "===", "=="}
    return no + written(other) if is_equality else f"{no}{check.kind} {written(other)}"
