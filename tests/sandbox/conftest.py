import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from sygra_eval.sandbox import BoxProvider, ReducedProvider, peers, warm
from sygra_eval.values import Execution, ExecutionResult, Limits, Sandbox
from tests.sandbox.zygotes import PATIENCE_S, remember_others

RunCode = Callable[..., Awaitable[ExecutionResult]]
ORDINARY_UID = 1234
HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _calm_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time-out counts at once, however busy the machine: trying it again has its own tests.

    The one of a pair that is left alone has as long as it needs, where a test says nothing else.
    """
    monkeypatch.setattr(warm, "is_overloaded", lambda: False)
    monkeypatch.setattr(peers, "GRACE_S", PATIENCE_S)
    monkeypatch.setattr(peers, "MANNERS_S", PATIENCE_S)


@pytest.fixture(autouse=True)
def _only_our_own() -> None:
    """What is counted of zygotes are those that the test started."""
    remember_others()


@pytest.fixture(params=[BoxProvider, ReducedProvider], ids=lambda provider: provider.name)
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """A sandbox of each kind, closed again."""
    started = await request.param().start(slots=2)
    yield started
    await started.close()


@pytest.fixture
async def reduced() -> AsyncIterator[Sandbox]:
    """A sandbox of the provider `reduced`, closed again."""
    started = await ReducedProvider().start(slots=2)
    yield started
    await started.close()


@pytest.fixture
def run_code(sandbox: Sandbox) -> RunCode:
    """Runs one text as `answer.py` in each kind of sandbox."""

    async def run(
        code: str, *, stdin: str = "", wants_result: bool = False, **limits: float
    ) -> ExecutionResult:
        return await sandbox.run(
            Execution(
                files={"answer.py": code},
                entry="answer.py",
                stdin=stdin,
                limits=Limits(**limits),
                wants_result=wants_result,
            )
        )

    return run


@pytest.fixture(scope="session")
def script() -> Callable[..., dict[str, object]]:
    """Runs a script of this folder, as root or as an ordinary user; gives its line of JSON."""

    def run(name: str, *arguments: str, as_root: bool) -> dict[str, object]:
        command = [sys.executable, str(HERE / name), *arguments]
        if os.getuid() == 0 and not as_root:
            command[:0] = [sys.executable, str(HERE / "as_user.py"), str(ORDINARY_UID)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[1:])}
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
        assert ran.returncode == 0, ran.stderr
        told: dict[str, object] = json.loads(ran.stdout.splitlines()[-1])
        return told

    return run
