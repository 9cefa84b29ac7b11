import pytest

from sygra_eval.values import Execution, ExecutionResult, ExecutionStatus, Stage, Status

ADDS = ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]
RIGHT = "def add(a, b):\n    return a + b\n"
# Tests that cannot be split run in one module, where what one test does is there for the next.
BESIDE = [f"import math\nassert math.prod([add(1, {n})]) == {n + 1}" for n in (1, 2)]


async def test_right_code_passes_and_the_evidence_says_what_was_varied(judge_stable, sandbox):
    verdict = await judge_stable(RIGHT, visible=ADDS[:1], hidden=ADDS[1:])

    assert (verdict.status, verdict.score) == (Status.PASS, 1.0)
    assert verdict.reason == "the same in 3 runs"
    assert verdict.evidence.output == (
        "varied: another hash seed and random numbers, another hash seed and the tests in reverse"
    )
    assert [execution.hash_seed for execution in sandbox.asked] == [0, 1, 2]
    assert len({execution.stdin for execution in sandbox.asked}) == 3


async def test_code_that_is_right_for_some_random_numbers_only_is_flaky(judge_stable):
    code = "import random\ndef add(a, b):\n    return a + b + (random.random() < 0.84)\n"

    verdict = await judge_stable(code, visible=ADDS[:1])

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason == (
        "flaky: passed at first, then with another hash seed and random numbers: "
        "visible test 1 of 1 failed: `add(1, 2)` gave 4, expected 3"
    )


FRUIT = ["apple", "banana", "cherry", "damson", "elderberry", "fig", "grape"]


async def test_code_that_leans_on_the_order_of_a_set_of_strings_is_flaky(judge_stable, sandbox):
    code = "def first(words):\n    return list(set(words))[0]\n"
    program = f"{code}print(first({FRUIT}))"
    seen = await sandbox.inner.run(Execution(files={"a.py": program}, entry="a.py"))

    verdict = await judge_stable(
        code, entry_point="first", visible=[f"assert first({FRUIT}) == {seen.stdout.strip()!r}"]
    )

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason.startswith("flaky: passed at first, then with another hash seed")


async def test_code_that_sorts_its_set_is_stable(judge_stable):
    code = "def first(words):\n    return sorted(set(words))[0]\n"

    verdict = await judge_stable(
        code, entry_point="first", visible=[f"assert first({FRUIT}) == 'apple'"]
    )

    assert verdict.status is Status.PASS


async def test_random_numbers_that_change_no_result_are_not_flaky(judge_stable):
    code = "import random\ndef add(a, b):\n    return sum(random.sample([a, b], 2))\n"

    assert (await judge_stable(code, visible=ADDS)).status is Status.PASS


async def test_code_that_remembers_the_tests_before_is_flaky(judge_stable):
    code = (
        "seen = []\ndef add(a, b):\n    seen.append(b)\n    return a + b if seen[0] == 1 else -1\n"
    )

    verdict = await judge_stable(code, visible=BESIDE)

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason.startswith(
        "flaky: passed at first, then with another hash seed and the tests in reverse: "
        "visible test 2 of 2 failed"
    )
    assert verdict.evidence.failing is not None


async def test_tests_that_use_what_another_defines_keep_their_order(judge_stable):
    tests = [
        "import math\ndef twice(x):\n    return math.prod([x, 2])",
        "assert twice(add(1, 1)) == 4",
    ]

    verdict = await judge_stable(RIGHT, visible=tests)

    assert verdict.status is Status.PASS
    assert verdict.evidence.output.endswith(
        "not varied: the order of the tests, as one uses what another defines"
    )


@pytest.mark.parametrize(
    ("code", "given", "reason"),
    [
        (RIGHT, {"stage": Stage.LOOP}, "judged on the accepted candidate, after the loop"),
        (None, {}, "no_code: "),
        (RIGHT, {"visible": []}, "the row has no visible tests in `visible`"),
        ("def add(a, b): return 3", {}, "not run again, as it fails: visible test 2 of 2"),
    ],
)
async def test_only_a_candidate_that_passes_is_run_again(
    judge_stable, sandbox, code, given, reason
):
    verdict = await judge_stable(code, **{"visible": ADDS, **given})

    assert (verdict.status, verdict.score) == (Status.SKIP, None)
    assert verdict.reason.startswith(reason)
    assert len(sandbox.asked) <= 1


async def test_a_busy_machine_makes_nothing_flaky(judge_stable, sandbox):
    inner, asked = sandbox.inner.run, []
    late = ExecutionResult(
        status=ExecutionStatus.TIMEOUT,
        reason="still running when its time was up",
        exit_code=None,
        stdout="",
        stderr="",
        isolation="reduced",
        cpu_ms=1.0,
        wall_ms=3000.0,
    )

    async def busy(execution):
        asked.append(execution)
        return late if len(asked) == 2 else await inner(execution)

    sandbox.inner.run = busy

    verdict = await judge_stable(RIGHT, visible=ADDS)

    assert verdict.status is Status.PASS
    assert len(asked) == 4
