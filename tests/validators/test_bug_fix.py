"""A pair of a buggy and a fixed program: the tests see the bug, and the change is small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.validators.bug_fix import (
    FailsTestsConfig,
    SmallChangeConfig,
    changed_lines,
    fails_tests,
    small_change,
)
from sygra_eval.values import (
    ExecutionResult,
    ExecutionStatus,
    Limits,
    Stage,
    Status,
    Trust,
    ValidatorContext,
    ValidatorSpec,
)
from tests.validators.conftest import candidate

TESTS = ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]
RIGHT = "def add(a, b):\n    return a + b\n"
BUGGY = "def add(a, b):\n    return a - b\n"


@pytest.fixture
def judge(sandbox):
    """Judges the program in the column `buggy`."""

    async def judged(*, stage=Stage.FINAL, box=sandbox, tests=TESTS, limits=None, **columns):
        spec = ValidatorSpec(
            name="sees_it",
            use="fails_tests",
            is_required=True,
            config=FailsTestsConfig.model_validate({"code": "buggy", "from": "tests"}),
        )
        context = ValidatorContext(
            validator=spec,
            columns={"tests": tests, **columns},
            stage=stage,
            sandbox=box,
            limits=limits or Limits(),
        )
        return await fails_tests(candidate(RIGHT, "add"), context)

    return judged


async def test_a_program_that_fails_a_test_passes_and_the_evidence_is_the_test(judge):
    verdict = await judge(buggy=BUGGY)

    assert (verdict.status, verdict.score) == (Status.PASS, 1.0)
    assert verdict.reason.startswith("`buggy` fails, as it should: visible test 1 of 2 failed")
    assert verdict.evidence.failing.got == "-1"
    assert verdict.trust is Trust.SEPARATE


async def test_a_bug_that_no_test_sees_fails(judge):
    verdict = await judge(buggy=BUGGY, tests=TESTS[1:])

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason == ("`buggy` passes 1 of 1 visible tests, so none of them sees a bug")


async def test_a_program_that_hangs_has_failed_its_tests(judge):
    hangs = "def add(a, b):\n    while True:\n        pass\n"

    verdict = await judge(buggy=hangs, limits=Limits(wall_s=1.0, cpu_s=1.0))

    assert verdict.status is Status.PASS


@pytest.mark.parametrize(
    ("buggy", "why"),
    [("def add(a, b)\n    return a\n", "is no Python"), ("x = 1\n", "does not define `add`")],
)
async def test_what_no_test_is_needed_for_is_no_bug(judge, buggy, why):
    verdict = await judge(buggy=buggy)

    assert verdict.status is Status.FAIL
    assert verdict.reason == f"`buggy` {why}, which no test is needed for"


@pytest.mark.parametrize("buggy", [None, 5, "  \n"])
async def test_a_row_without_a_program_is_skipped(judge, buggy):
    verdict = await judge(buggy=buggy)

    assert (verdict.status, verdict.score) == (Status.SKIP, None)
    assert verdict.reason == "the row has no program in `buggy`"


async def test_within_a_loop_and_without_tests_nothing_is_judged(judge):
    assert (await judge(buggy=BUGGY, stage=Stage.LOOP)).status is Status.SKIP
    assert (await judge(buggy=BUGGY, tests=[])).status is Status.SKIP


async def test_a_sandbox_that_does_not_start_is_an_error_and_no_bug(judge, sandbox):
    class Broken:
        async def run(self, execution):
            return ExecutionResult(
                status=ExecutionStatus.SETUP_FAILED,
                reason="the sandbox is gone",
                exit_code=None,
                stdout="",
                stderr="",
                isolation="none",
                cpu_ms=0.0,
                wall_ms=0.0,
            )

    verdict = await judge(buggy=BUGGY, box=Broken())

    assert (verdict.status, verdict.score) == (Status.ERROR, None)
    assert "the sandbox is gone" in verdict.reason


def changed(before, after, **keys):
    spec = ValidatorSpec(
        name="small",
        use="small_change",
        is_required=True,
        config=SmallChangeConfig.model_validate({"before": "buggy", **keys}),
    )
    context = ValidatorContext(
        validator=spec, columns={"buggy": before}, stage=Stage.FINAL, sandbox=None
    )
    return small_change(candidate(after, "add"), context)


async def test_a_line_is_a_small_change_and_no_line_is_none():
    assert (await changed(BUGGY, RIGHT)).reason == "1 line changed"
    assert (await changed(BUGGY, BUGGY + "\n\n")).status is Status.FAIL
    assert (await changed(BUGGY, BUGGY)).reason == "nothing is changed in `buggy`"


async def test_another_program_is_no_small_change():
    other = (
        "import operator\n\n\ndef add(*numbers):\n    a, b = numbers\n    return operator.add(a, b)"
    )

    verdict = await changed(BUGGY, other, max_lines=2)

    assert verdict.status is Status.FAIL
    assert verdict.reason == "4 lines of `buggy` are changed, at most 2 allowed"


async def test_an_answer_without_code_fails_and_a_row_without_a_program_is_skipped():
    assert (await changed(BUGGY, None)).status is Status.FAIL
    assert (await changed(None, RIGHT)).status is Status.SKIP


async def test_ten_thousand_lines_are_no_pair():
    long = "\n".join(f"x = {n}" for n in range(10_000))

    verdict = await changed(long, long + "\ny = 1")

    assert (verdict.status, verdict.score) == (Status.ERROR, None)


LINES = st.lists(st.sampled_from("abcd"), max_size=12)


@given(LINES, LINES)
def test_the_count_is_none_for_the_same_and_never_more_than_all(old, new):
    count = changed_lines(old, new)

    assert (count == 0) == (old == new)
    assert count <= max(len(old), len(new)) * 2
    assert count >= abs(len(old) - len(new))
    assert changed_lines(old, old) == 0
