"""What a suite lets its executions do: whoever asks for more is told so, and runs nothing."""

from sygra_eval.values import (
    PROCESSES,
    Execution,
    ExecutionResult,
    ExecutionStatus,
    PairSandbox,
    Sandbox,
)

NEEDS_A_GRANT = frozenset({PROCESSES})
"""Running one other program is no further risk: the same walls and limits hold for it."""

HOW_TO_GRANT = (
    "the suite does not allow processes: write"
    " `sandbox: {allow: [processes], i_accept_no_cgroup: true}`"
)


class Granting:
    """A sandbox that hands on only what its suite allows."""

    def __init__(self, inner: Sandbox, allow: frozenset[str]) -> None:
        self.inner, self.allow = inner, allow

    def describe(self) -> str:
        """Name the isolation in force."""
        return self.inner.describe()

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run one program, unless it asks for more than is allowed."""
        return await self.inner.run(execution) if self.grants(execution) else self.refused()

    async def close(self) -> None:
        """End what still runs and remove what was left behind."""
        await self.inner.close()

    def grants(self, execution: Execution) -> bool:
        """Whether an execution asks for no more than is allowed."""
        return execution.allow & NEEDS_A_GRANT <= self.allow

    def refused(self) -> ExecutionResult:
        """Say that it was not run, and what to write."""
        return ExecutionResult(
            status=ExecutionStatus.SETUP_FAILED,
            reason=HOW_TO_GRANT,
            exit_code=None,
            stdout="",
            stderr="",
            isolation=self.describe().partition("(")[0],
            cpu_ms=0.0,
            wall_ms=0.0,
        )


class GrantingPairs(Granting):
    """The same over a sandbox that runs pairs."""

    inner: PairSandbox

    async def run_pair(
        self, judge: Execution, candidate: Execution
    ) -> tuple[ExecutionResult, ExecutionResult]:
        """Run two programs, unless one asks for more than is allowed."""
        if self.grants(judge) and self.grants(candidate):
            return await self.inner.run_pair(judge, candidate)
        return self.refused(), self.refused()


def granting(sandbox: Sandbox, allow: frozenset[str]) -> Sandbox:
    """Hold a sandbox to what its suite allows."""
    kind = GrantingPairs if isinstance(sandbox, PairSandbox) else Granting
    return kind(sandbox, allow)
