"""A sandbox in which every program also has the packages that the suite names."""

from dataclasses import replace

from sygra_eval.sandbox.packages import PackageMissing, asked_modules
from sygra_eval.values import (
    Execution,
    ExecutionResult,
    ExecutionStatus,
    PairSandbox,
    Sandbox,
    SandboxUnavailable,
)


class Packaged:
    """Hands executions on with the packages added, whoever asks for them."""

    def __init__(self, inner: Sandbox, packages: tuple[str, ...]) -> None:
        self.inner, self.packages = inner, packages

    def describe(self) -> str:
        """Name the isolation in force."""
        return self.inner.describe()

    async def run(self, execution: Execution) -> ExecutionResult:
        """Run one program with the packages."""
        return await self.inner.run(self.added_to(execution))

    async def close(self) -> None:
        """Close the sandbox."""
        await self.inner.close()

    def added_to(self, execution: Execution) -> Execution:
        """Give an execution the packages; one that names them itself keeps its own order."""
        both = dict.fromkeys((*execution.packages, *self.packages))
        return replace(execution, packages=tuple(both))


class PackagedPairs(Packaged):
    """The same over a sandbox that runs pairs."""

    inner: PairSandbox

    async def run_pair(
        self, judge: Execution, candidate: Execution
    ) -> tuple[ExecutionResult, ExecutionResult]:
        """Run two programs with the packages."""
        return await self.inner.run_pair(self.added_to(judge), self.added_to(candidate))


async def with_packages(sandbox: Sandbox, packages: tuple[str, ...]) -> Sandbox:
    """Prove that programs can import the packages, and hand out a sandbox where they can.

    :raises SandboxUnavailable: When a package is missing or cannot be imported inside.
    """
    if not packages:
        return sandbox
    try:
        modules = asked_modules(packages)
    except PackageMissing as error:
        raise SandboxUnavailable(f"`sandbox.packages`: {error}") from error
    kind = PackagedPairs if isinstance(sandbox, PairSandbox) else Packaged
    packaged = kind(sandbox, packages)
    program = "".join(f"import {module}\n" for module in modules)
    ran = await packaged.run(Execution(files={"probe.py": program}, entry="probe.py"))
    if ran.status is not ExecutionStatus.OK:
        raise SandboxUnavailable(
            f"`sandbox.packages`: {', '.join(packages)} cannot be imported in the sandbox"
            f" `{sandbox.describe()}`: {ran.reason}"
        )
    return packaged
