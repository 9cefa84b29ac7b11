"""Cases of standard input and output: the answer is a program, each case one run of it.

The input goes into the box; the output comes out and is compared out here, so no expected output
ever enters.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from sygra_eval.validators.outcomes import TestOutcomes
from sygra_eval.validators.running import run_judged, told_of
from sygra_eval.values import Execution, ExecutionResult, ExecutionStatus, Limits, Sandbox

Compare = Literal["exact", "trimmed", "tokens", "floats"]
COMMAND = ("python", "answer.py")
INPUTS, OUTPUTS = ("input", "stdin"), ("output", "stdout")
LONGEST_SHOWN = 200


class BadCases(Exception):
    """A column that looks like cases and is none; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a program reads and what it is to write.

    :ivar tolerance: How far two numbers may be apart, absolutely or as a share; for `floats`.
    """

    stdin: str
    expected: str
    compare: Compare = "trimmed"
    tolerance: float = 1e-6

    @property
    def shown_input(self) -> str:
        """Write what the program reads, on one line."""
        return shown(self.stdin)

    @property
    def statement(self) -> str:
        """Write the case as one line, which is no Python."""
        return f"given {shown(self.stdin)} print {shown(self.expected)}"


def cases_in(value: object, title: str, compare: Compare, tolerance: float) -> list[Case] | None:
    """Read the cases of a column; None when it holds something else.

    :raises BadCases: When some of it is cases and some is not.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    pairs = from_lists(value, title) if isinstance(value, Mapping) else from_list(value, title)
    if pairs is None:
        return None
    return [
        Case(stdin=given, expected=expected, compare=compare, tolerance=tolerance)
        for given, expected in pairs
    ]


def from_lists(value: Mapping[str, object], title: str) -> list[tuple[str, str]]:
    """Read `{"inputs": [...], "outputs": [...]}`."""
    if value.get("fn_name"):
        raise BadCases(
            f"{title} has cases for the function `{value['fn_name']}`, not for a program"
        )
    inputs, outputs = value.get("inputs"), value.get("outputs")
    if not isinstance(inputs, list | tuple) or not isinstance(outputs, list | tuple):
        raise BadCases(f"{title} is a mapping without the lists `inputs` and `outputs`")
    if len(inputs) != len(outputs):
        raise BadCases(f"{title} has {len(inputs)} inputs and {len(outputs)} outputs")
    return [
        (text_of(given, f"input {number} of {title}"), text_of(told, f"output {number} of {title}"))
        for number, (given, told) in enumerate(zip(inputs, outputs, strict=True), 1)
    ]


def from_list(value: object, title: str) -> list[tuple[str, str]] | None:
    """Read a list of `{input, output}`."""
    if not isinstance(value, list | tuple) or not any(isinstance(one, Mapping) for one in value):
        return None
    pairs = []
    for number, case in enumerate(value, 1):
        if not isinstance(case, Mapping):
            raise BadCases(f"case {number} of {title} is {type(case).__name__}, not a mapping")
        given = next((case[key] for key in INPUTS if case.get(key) is not None), "")
        told = next((case[key] for key in OUTPUTS if case.get(key) is not None), None)
        if told is None:
            raise BadCases(f"case {number} of {title} has no `output` (or `stdout`)")
        pairs.append(
            (
                text_of(given, f"the input of case {number}"),
                text_of(told, f"the output of case {number}"),
            )
        )
    return pairs


def text_of(value: object, title: str) -> str:
    """Take a text; a list of texts is lines."""
    if isinstance(value, list | tuple) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if not isinstance(value, str):
        raise BadCases(f"{title} is {type(value).__name__}, not a text")
    return value


async def ran_cases(
    cases: Sequence[Case], code: str, hash_seed: int, limits: Limits, sandbox: Sandbox
) -> tuple[TestOutcomes, ExecutionResult]:
    """Run the program for each case; after one that ran out of time the others have not passed.

    :raises IsHostFault: When the sandbox failed twice.
    """
    passed: set[int] = set()
    failed: dict[int, Mapping[str, str]] = {}
    decisive: ExecutionResult | None = None
    cpu_ms = 0.0
    for number, case in enumerate(cases):
        ran = await run_judged(sandbox, execution_of(code, case, hash_seed, limits))
        cpu_ms += ran.cpu_ms
        account = account_of(case, ran)
        if account is None:
            passed.add(number)
        else:
            failed[number] = account
        if decisive is None or (account is not None and len(failed) == 1):
            decisive = ran
        if ran.status is ExecutionStatus.TIMEOUT:
            break
    assert decisive is not None  # noqa: S101 - asked only where there are cases
    outcomes = TestOutcomes(passed=frozenset(passed), failed=failed)
    return outcomes, replace(decisive, cpu_ms=cpu_ms)


def execution_of(code: str, case: Case, hash_seed: int, limits: Limits) -> Execution:
    """One run of the program, of which all is kept that may have to be compared."""
    needed_kb = 2 * (len(case.expected.encode("utf-8", "surrogatepass")) // 1024 + 64)
    kept_kb = min(max(limits.kept_output_kb, needed_kb), limits.max_output_mb << 10)
    return Execution(
        files={"answer.py": code},
        entry="answer.py",
        stdin=case.stdin,
        limits=replace(limits, kept_output_kb=kept_kb),
        hash_seed=hash_seed,
    )


def account_of(case: Case, ran: ExecutionResult) -> Mapping[str, str] | None:
    """Say how a case went wrong; None when it did not."""
    account = {"input": shown(case.stdin), "where": ""}
    if ran.status is not ExecutionStatus.OK:
        return {**account, "error": told_of(ran)}
    if not ran.is_truncated and agree(ran.stdout, case):
        return None
    got, expected, line = first_difference(ran.stdout, case.expected)
    return {
        **account,
        "error": f"line {line} of the output differs",
        "got": got,
        "expected": expected,
    }


def agree(output: str, case: Case) -> bool:
    """Compare what was written with what was to be."""
    match case.compare:
        case "exact":
            return output == case.expected
        case "trimmed":
            return trimmed(output) == trimmed(case.expected)
        case "tokens":
            return output.split() == case.expected.split()
    pairs = zip_longest(output.split(), case.expected.split())
    return all(is_near(got, wanted, case.tolerance) for got, wanted in pairs)


def trimmed(text: str) -> list[str]:
    """Give the lines without white space at their ends, and no empty ones at the end."""
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def is_near(got: str | None, wanted: str | None, tolerance: float) -> bool:
    """Whether two words are the same, or numbers that are near one another."""
    if got is None or wanted is None or got == wanted:
        return got == wanted
    try:
        one, other = float(got), float(wanted)
    except ValueError:
        return False
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)


def first_difference(output: str, expected: str) -> tuple[str, str, int]:
    """Give the first lines that differ, and their number."""
    pairs = list(zip_longest(trimmed(output), trimmed(expected)))
    for number, (got, wanted) in enumerate(pairs, 1):
        if got != wanted:
            return line_shown(got), line_shown(wanted), number
    return shown(output), shown(expected), max(len(pairs), 1)


def line_shown(line: str | None) -> str:
    """Write one line, or that there is none."""
    return "nothing more" if line is None else shown(line)


def shown(text: str) -> str:
    """Write a text on one line, bounded."""
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…")
