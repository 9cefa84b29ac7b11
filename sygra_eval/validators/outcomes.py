"""What the result pipe said of the tests; only the one right sequence of lines counts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sygra_eval.values import ExecutionResult, ExecutionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcomes:
    """Which tests passed, and what is known of each that did not.

    :ivar failed: By test: what the judge in the process told of it.
    :ivar stopped_at: The test that was running when the process ended; -1 while loading.
    :ivar stopped_input: The call that was running, where that is known.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    passed: frozenset[int] = frozenset()
    failed: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    load_failure: Mapping[str, str] | None = None
    stopped_at: int | None = None
    stopped_input: str = ""


def outcomes_of(ran: ExecutionResult, nonce: str, count: int) -> TestOutcomes:
    """Read the lines in their order; at the first that is not the next one, reading stops."""
    passed: set[int] = set()
    failed: dict[int, Mapping[str, str]] = {}
    lines = lines_of(ran.result or "", nonce)
    kind, _, account = next(lines, NOTHING)
    if kind == "unloaded":
        return TestOutcomes(load_failure=account)
    if kind != "loaded":
        return TestOutcomes(stopped_at=-1)
    for number in range(count):
        if next(lines, NOTHING)[:2] != ("start", number):
            return TestOutcomes(passed=frozenset(passed), failed=failed, stopped_at=number)
        kind, told, account = next(lines, NOTHING)
        if told != number or kind not in {"pass", "fail"}:
            return TestOutcomes(passed=frozenset(passed), failed=failed, stopped_at=number)
        if kind == "pass":
            passed.add(number)
        else:
            failed[number] = account
    is_whole = next(lines, NOTHING)[:2] == ("end", count) and next(lines, None) is None
    if not is_whole and ran.status is not ExecutionStatus.TIMEOUT:
        return TestOutcomes(failed=failed, stopped_at=0)  # somebody else wrote on the pipe
    return TestOutcomes(passed=frozenset(passed), failed=failed)


Line = tuple[str, int, Mapping[str, str]]
NOTHING: Line = ("", -1, {})


def lines_of(result: str, nonce: str) -> Iterator[Line]:
    """Yield the lines with the nonce and the right form, up to the first without."""
    for text in result.splitlines():
        try:
            told_nonce, kind, number, account = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            yield NOTHING
            return
        is_ours = told_nonce == nonce and isinstance(kind, str) and type(number) is int
        if not is_ours or not isinstance(account, dict):
            yield NOTHING
            return
        yield kind, number, {str(key): str(value) for key, value in account.items()}
