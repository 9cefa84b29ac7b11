from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sygra_eval.sandbox import ReducedProvider
from sygra_eval.values import Execution, ExecutionResult, Limits, Sandbox

RunCode = Callable[..., Awaitable[ExecutionResult]]


@pytest.fixture
async def reduced() -> AsyncIterator[Sandbox]:
    """A sandbox of the provider `reduced`, closed again."""
    sandbox = await ReducedProvider().start(slots=2)
    yield sandbox
    await sandbox.close()


@pytest.fixture
def run_code(reduced: Sandbox) -> RunCode:
    """Runs one text as `answer.py` under `reduced`."""

    async def run(
        code: str, *, stdin: str = "", wants_result: bool = False, **limits: float
    ) -> ExecutionResult:
        return await reduced.run(
            Execution(
                files={"answer.py": code},
                entry="answer.py",
                stdin=stdin,
                limits=Limits(**limits),
                wants_result=wants_result,
            )
        )

    return run
