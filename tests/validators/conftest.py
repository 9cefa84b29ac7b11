from collections.abc import AsyncIterator, Awaitable, Callable
from copy import copy
from pathlib import Path

import pytest
import pytest_asyncio

from sygra_eval.hookspecs import ValidatorImplementation
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.sandbox import ReducedProvider
from sygra_eval.validators import UnitTestsConfig, candidate_of, python_compiles, unit_tests
from sygra_eval.validators.mutation import MutationConfig, mutation
from sygra_eval.validators.stable import StableConfig, stable
from sygra_eval.values import (
    Candidate,
    Execution,
    ExecutionResult,
    Limits,
    PairSandbox,
    Sandbox,
    Stage,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
)

JudgeTests = Callable[..., Awaitable[Verdict]]
LIMITS = Limits(wall_s=3, cpu_s=1, memory_mb=256, max_output_mb=1)


class Keeping:
    """A sandbox that hands on to a real one, keeps what it was asked, and can fail to start."""

    def __init__(self, inner: PairSandbox) -> None:
        self.inner = inner
        self.asked: list[Execution] = []
        self.failures: list[ExecutionResult] = []

    def describe(self) -> str:
        return self.inner.describe()

    async def run(self, execution: Execution) -> ExecutionResult:
        self.asked.append(execution)
        return self.failures.pop() if self.failures else await self.inner.run(execution)

    async def run_pair(
        self, judge: Execution, candidate: Execution
    ) -> tuple[ExecutionResult, ExecutionResult]:
        self.asked += [judge, candidate]
        if self.failures:
            return self.failures.pop(), self.failures.pop()
        return await self.inner.run_pair(judge, candidate)

    async def close(self) -> None:
        await self.inner.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def warm_sandbox() -> AsyncIterator[PairSandbox]:
    """The real `reduced` sandbox, one for a file: its start costs more than a test does."""
    started = await ReducedProvider().start(slots=2)
    yield started
    await started.close()


@pytest.fixture
def sandbox(warm_sandbox: PairSandbox) -> Keeping:
    """That sandbox, and what this test asks of it."""
    return Keeping(copy(warm_sandbox))  # so that what a test replaces in it is its own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that share a sandbox in the loop in which it was started."""
    for item in items:
        if "warm_sandbox" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture
def judge_tests(sandbox: Keeping) -> JudgeTests:
    """Judges code by `unit_tests`; columns by keyword, `visible` and `hidden` are their names."""
    return judge_with(unit_tests, UnitTestsConfig, sandbox)


@pytest.fixture
def judge_strength(sandbox: Keeping) -> JudgeTests:
    """Judges tests by `mutation`; given as for `judge_tests`."""
    return judge_with(mutation, MutationConfig, sandbox)


@pytest.fixture
def judge_stable(sandbox: Keeping) -> JudgeTests:
    """Judges code by `stable`; given as for `judge_tests`."""
    return judge_with(stable, StableConfig, sandbox)


def judge_with(
    validator: ValidatorImplementation, keys: type[UnitTestsConfig], sandbox: Keeping
) -> JudgeTests:
    """Judge by a validator that takes tests from columns."""

    async def judge(
        code: str | None,
        *,
        stage: Stage = Stage.FINAL,
        entry_point: str | None = "add",
        config: dict[str, object] | None = None,
        **columns: object,
    ) -> Verdict:
        groups = {"from": {group: group for group in columns if group != "extra"}}
        named = config if config and "from" in config else {**groups, **(config or {})}
        spec = ValidatorSpec(
            name="tests",
            use="unit_tests",
            is_required=False,
            config=keys.model_validate(named),
        )
        context = ValidatorContext(
            validator=spec, columns=columns, stage=stage, sandbox=sandbox, limits=LIMITS
        )
        return await validator(candidate(code, entry_point), context)

    return judge


@pytest.fixture
def judge_compiles(sandbox: Keeping) -> JudgeTests:
    """Judges code by `python_compiles`."""

    async def judge(code: str | None, *, entry_point: str | None = "add") -> Verdict:
        spec = ValidatorSpec(name="compiles", use="python_compiles", is_required=True, config={})
        context = ValidatorContext(
            validator=spec, columns={}, stage=Stage.LOOP, sandbox=sandbox, limits=LIMITS
        )
        return await python_compiles(candidate(code, entry_point), context)

    return judge


def candidate(code: str | None, entry_point: str | None) -> Candidate:
    extraction = "1:single-fence" if code else "no_code: no Python code in the answer (rule 15)"
    return Candidate(
        text=code or "I cannot help.", code=code, extraction=extraction, entry_point=entry_point
    )


@pytest.fixture(scope="session")
def built_in() -> Plugins:
    """The validators as a suite finds them, without those of this project's own plugins."""
    return load_plugins(Path(__file__).parent, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"})


@pytest.fixture
def judge_in_sandbox(sandbox: Keeping, built_in: Plugins) -> JudgeTests:
    """Judges an answer by a validator's name; its keys in `config`, the row's columns by keyword.

    As the fixture `run_validator` does, but in a sandbox that a test can look into.
    """
    return judging_with(built_in, sandbox)


@pytest.fixture
def judge_answer(built_in: Plugins) -> JudgeTests:
    """Judges an answer by a validator that asks no sandbox for anything."""
    return judging_with(built_in, NoSandbox())


class NoSandbox:
    """Runs nothing, and so shows that nothing is run."""

    def describe(self) -> str:
        return "nothing runs here"

    async def run(self, execution: Execution) -> ExecutionResult:
        raise AssertionError(f"asked to run {execution.entry}")

    async def close(self) -> None:
        pass


def judging_with(plugins: Plugins, sandbox: Sandbox) -> JudgeTests:
    async def judge(
        name: str,
        answer: str,
        *,
        config: dict[str, object] | None = None,
        stage: Stage = Stage.FINAL,
        **columns: object,
    ) -> Verdict:
        registered = plugins.find("validators", name)
        keys = registered.config.model_validate(config or {}) if registered.config else config
        spec = ValidatorSpec(name=name, use=name, is_required=True, config=keys)
        context = ValidatorContext(
            validator=spec, columns=columns, stage=stage, sandbox=sandbox, limits=LIMITS
        )
        verdict: Verdict = await registered.implementation(candidate_of(answer, None), context)
        return verdict

    return judge
