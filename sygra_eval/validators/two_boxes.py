"""Runs tests apart from the answer where that can be done, and says why where it cannot."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sygra_eval.validators.outcomes import TestOutcomes
from sygra_eval.validators.row_tests import BadTests
from sygra_eval.validators.running import run_judged, run_pair_judged
from sygra_eval.validators.split_mode import TestRun, pair_of, together, told_by
from sygra_eval.values import (
    ExecutionResult,
    ExecutionStatus,
    Limits,
    PairSandbox,
    Sandbox,
    TestCount,
)

ITS_SHARE = 0.5  # of the tests' CPU time: an answer that used more kept them busy
LEFT_BEFORE_MS = 1000.0  # an answer that was gone by then is why its tests were ended
LATE = "still running when its time was up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How tests went, and the execution that stands for it."""

    outcomes: TestOutcomes
    ran: ExecutionResult
    named: Mapping[int, TestCount] = field(default_factory=dict)


async def ran_apart(
    run: TestRun, code: str, seed: int, hash_seed: int, limits: Limits, sandbox: Sandbox
) -> Ran | str:
    """Run the tests in one box and the answer in another; or say why that cannot be.

    :raises BadTests: When the tests judge nothing, whatever the answer is.
    :raises IsHostFault: When the sandbox failed twice.
    """
    if run.why_together:
        return run.why_together
    if not isinstance(sandbox, PairSandbox):
        return f"the sandbox `{sandbox.describe()}` runs no two programs that talk"
    nonce = secrets.token_hex(16)
    tests, answer = pair_of(run, code, nonce, seed, limits)
    answer = replace(answer, hash_seed=hash_seed)
    tested, answered = await run_pair_judged(sandbox, tests, answer)
    told = told_by(tested, run, nonce)
    if told.why_together:
        return told.why_together
    is_late = tested.status is ExecutionStatus.TIMEOUT and not told.is_whole
    was_waiting = answered.wall_ms > tested.wall_ms - LEFT_BEFORE_MS
    if is_late and was_waiting and answered.cpu_ms < ITS_SHARE * tested.cpu_ms:
        raise BadTests("the tests themselves do not end in time")
    has_stayed = told.is_whole and told.outcomes.stopped_at is None
    ran = as_one(tested, answered, is_whole=has_stayed)
    if told.is_late:
        ran = replace(ran, status=ExecutionStatus.TIMEOUT, reason=LATE, exit_code=None)
    return Ran(outcomes=told.outcomes, ran=ran, named=told.named)


async def ran_together(
    run: TestRun, code: str, seed: int, hash_seed: int, limits: Limits, sandbox: Sandbox
) -> Ran:
    """Run files of tests beside the answer, in its own process.

    :raises BadTests: When the tests judge nothing, whatever the answer is.
    :raises IsHostFault: When the sandbox failed twice.
    """
    nonce = secrets.token_hex(16)
    execution = replace(together(run, code, nonce, seed, limits), hash_seed=hash_seed)
    ran = await run_judged(sandbox, execution)
    told = told_by(ran, run, nonce)
    return Ran(outcomes=told.outcomes, ran=ran, named=told.named)


def as_one(
    tested: ExecutionResult, answered: ExecutionResult, *, is_whole: bool
) -> ExecutionResult:
    """Tell of two executions as of one: how the answer's ended, unless all outcomes arrived."""
    if is_whole and answered.status is ExecutionStatus.TIMEOUT:  # it stayed on after its tests
        answered = replace(answered, status=ExecutionStatus.OK, reason="ran to its end")
    is_answers_end = (
        answered.status is not ExecutionStatus.OK or tested.status is ExecutionStatus.OK
    )
    decisive = answered if is_answers_end else tested
    return replace(
        decisive,
        stdout=answered.stdout,
        stderr=answered.stderr,
        cpu_ms=tested.cpu_ms + answered.cpu_ms,
        wall_ms=max(tested.wall_ms, answered.wall_ms),
    )
