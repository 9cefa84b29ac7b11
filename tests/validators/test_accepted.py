import pytest

from sygra_eval.validators import UnitTestsConfig, unit_tests
from sygra_eval.validators.mutation import MutationConfig, mutation
from sygra_eval.validators.stable import StableConfig, stable
from sygra_eval.values import Candidate, Stage, Status, ValidatorContext, ValidatorSpec

CODE = "def add(a, b):\n    return a + b\n"
JUDGES = [(unit_tests, UnitTestsConfig), (stable, StableConfig), (mutation, MutationConfig)]


@pytest.fixture
def judged_by_all(sandbox):
    async def judge(code: str, *, is_shared: bool):
        columns = {"tests": ["assert add(1, 2) == 3", "assert add(0, 5) == 5"]}
        candidate = Candidate(text=code, code=code, extraction="1:single-fence", entry_point="add")
        shared: dict[object, object] = {}
        verdicts = []
        for validator, keys in JUDGES:
            config = keys.model_validate({"from": "tests"})
            spec = ValidatorSpec(name=validator.__name__, use="", is_required=True, config=config)
            context = ValidatorContext(
                validator=spec,
                columns=columns,
                stage=Stage.FINAL,
                sandbox=sandbox,
                shared=shared if is_shared else {},
            )
            verdicts.append(await validator(candidate, context))
        return verdicts

    return judge


async def test_validators_of_a_candidate_run_its_tests_once_and_say_the_same(
    judged_by_all, sandbox
):
    apart = await judged_by_all(CODE, is_shared=False)
    executions = len(sandbox.asked)

    together = await judged_by_all(CODE, is_shared=True)

    assert together == apart
    assert [verdict.status for verdict in together] == [Status.PASS] * 3
    assert (executions, len(sandbox.asked) - executions) == (6, 4)


async def test_of_a_candidate_that_fails_nobody_asks_twice(judged_by_all, sandbox):
    verdicts = await judged_by_all("def add(a, b):\n    return a - b\n", is_shared=True)

    assert [verdict.status for verdict in verdicts] == [Status.FAIL, Status.SKIP, Status.SKIP]
    assert len(sandbox.asked) == 1
