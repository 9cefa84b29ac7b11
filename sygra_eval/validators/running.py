"""Running a judge's program in the sandbox, so that the host's faults stay the host's."""

import signal

from sygra_eval.values import Execution, ExecutionResult, ExecutionStatus, PairSandbox, Sandbox


class IsHostFault(Exception):
    """The execution says nothing about the candidate."""


async def run_judged(sandbox: Sandbox, execution: Execution) -> ExecutionResult:
    """Run, and once more where it was the host that failed.

    :raises IsHostFault: When it failed twice.
    """
    ran = await sandbox.run(execution)
    if is_host_fault(ran):
        ran = await sandbox.run(execution)
    if is_host_fault(ran):
        raise IsHostFault(told_of(ran))
    return ran


async def run_pair_judged(
    sandbox: PairSandbox, judge: Execution, candidate: Execution
) -> tuple[ExecutionResult, ExecutionResult]:
    """Run a pair, and once more where it was the host that failed.

    :raises IsHostFault: When it failed twice.
    """
    both = await sandbox.run_pair(judge, candidate)
    if any(is_host_fault(ran) for ran in both):
        both = await sandbox.run_pair(judge, candidate)
    for ran in both:
        if is_host_fault(ran):
            raise IsHostFault(told_of(ran))
    return both


def is_host_fault(ran: ExecutionResult) -> bool:
    """Not set up, or killed from outside: a program cannot send itself SIGKILL in a sandbox."""
    was_killed = ran.status is ExecutionStatus.SIGNAL and ran.signal == signal.SIGKILL
    return was_killed or ran.status is ExecutionStatus.SETUP_FAILED


def told_of(ran: ExecutionResult) -> str:
    """Say how an execution ended."""
    if is_host_fault(ran) and ran.status is ExecutionStatus.SIGNAL:
        return "the host killed the process (it may be short of memory)"
    return ran.reason
