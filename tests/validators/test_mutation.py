import pytest
from pydantic import ValidationError

from sygra_eval.validators import mutation
from sygra_eval.validators.mutation import MutationConfig
from sygra_eval.values import ExecutionResult, ExecutionStatus, Stage, Status

LARGER = "def larger(a, b):\n    if a > b:\n        return a\n    return b\n"
STRONG = ["assert larger(1, 2) == 2", "assert larger(5, 3) == 5"]
WEAK = ["assert larger(1, 2) > 0"]


async def test_tests_that_notice_every_fault_but_the_equivalent_one_score_high(judge_strength):
    verdict = await judge_strength(
        LARGER, visible=STRONG[:1], hidden=STRONG[1:], entry_point="larger"
    )

    assert verdict.status is Status.PASS
    assert verdict.reason == "4 of 5 mutants noticed"
    assert verdict.score == 0.8
    assert verdict.evidence.measures == {"mutation_score": 0.8}
    assert verdict.evidence.output == (
        "4 killed, 0 timed out, 1 survived\nsurvived: line 2 (comparison): - if a > b: + if a >= b:"
    )
    assert verdict.evidence.isolation.startswith("reduced(")


async def test_weak_tests_are_measured_and_refused_only_where_a_score_is_asked_for(judge_strength):
    measured = await judge_strength(LARGER, visible=WEAK, entry_point="larger")
    refused = await judge_strength(
        LARGER, visible=WEAK, entry_point="larger", config={"min_score": 0.8}
    )

    assert (measured.status, refused.status) == (Status.PASS, Status.FAIL)
    assert measured.score == refused.score == 0.2
    assert refused.reason == "weak tests: 1 of 5 mutants noticed, a share of 0.8 is asked for"
    assert refused.evidence.measures == {"mutation_score": 0.2, "mutation_min_score": 0.8}
    assert refused.evidence.output.count("\nsurvived: ") == 3


async def test_a_score_that_is_just_reached_is_enough(judge_strength):
    verdict = await judge_strength(
        LARGER, visible=STRONG, entry_point="larger", config={"min_score": 0.8}
    )

    assert verdict.status is Status.PASS


async def test_a_mutant_that_never_ends_is_noticed(judge_strength):
    code = "def emptied(items):\n    while items:\n        items.pop()\n    return items\n"

    verdict = await judge_strength(
        code, visible=["assert emptied([1]) == []"], entry_point="emptied"
    )

    assert verdict.evidence.output == "2 killed, 1 timed out, 0 survived"
    assert verdict.score == 1.0


async def test_tests_in_the_candidates_process_are_measured_too(judge_strength):
    test = "import inspect\nassert larger(5, 3) == 5 and inspect.isfunction(larger)"

    verdict = await judge_strength(LARGER, visible=[test], entry_point="larger")

    assert verdict.status is Status.PASS
    assert verdict.trust.value == "cooperative"
    assert verdict.is_accepted_cooperative
    assert 0 < verdict.score < 1


async def test_it_runs_at_most_so_many(judge_strength, sandbox):
    verdict = await judge_strength(
        LARGER, visible=STRONG, entry_point="larger", config={"mutants": 2}
    )

    assert verdict.reason.endswith(" of 2 mutants noticed")


@pytest.mark.parametrize(
    ("code", "given", "reason"),
    [
        (LARGER, {"stage": Stage.LOOP}, "judged on the accepted candidate, after the loop"),
        (None, {}, "no_code: "),
        (LARGER, {"visible": []}, "the row has no visible tests in `visible`"),
        (LARGER, {"visible": ["assert larger(1, 2) == 1"]}, "no mutants of what fails: visible"),
        (
            "from operator import add as larger",
            {"visible": ["assert larger(1, 2) == 3"]},
            "the code",
        ),
    ],
)
async def test_where_there_is_nothing_to_measure_it_is_no_judgement(
    judge_strength, sandbox, code, given, reason
):
    verdict = await judge_strength(code, **{"visible": STRONG, "entry_point": "larger", **given})

    assert (verdict.status, verdict.score) == (Status.SKIP, None)
    assert verdict.reason.startswith(reason)
    assert len(sandbox.asked) <= 1


async def test_a_sandbox_that_cannot_start_is_not_counted_as_a_kill(judge_strength, sandbox):
    broken = ExecutionResult(
        status=ExecutionStatus.SETUP_FAILED,
        reason="the sandbox could not be set up: no room",
        exit_code=None,
        stdout="",
        stderr="",
        isolation="reduced",
        cpu_ms=0.0,
        wall_ms=0.0,
    )
    sandbox.failures = [broken, broken]

    verdict = await judge_strength(LARGER, visible=STRONG, entry_point="larger")

    assert (verdict.status, verdict.score) == (Status.ERROR, None)


async def test_a_mutant_that_hardly_ran_before_its_time_was_up_is_asked_again(
    judge_strength, sandbox
):
    starved = ExecutionResult(
        status=ExecutionStatus.TIMEOUT,
        reason="still running when its time was up",
        exit_code=None,
        stdout="",
        stderr="",
        isolation="reduced",
        cpu_ms=1.0,
        wall_ms=500.0,
    )
    inner, asked = sandbox.inner.run, []

    async def busy(execution):  # every first attempt at a mutant finds the machine busy
        asked.append(execution)
        return starved if len(asked) % 2 == 0 else await inner(execution)

    sandbox.inner.run = busy

    verdict = await judge_strength(LARGER, visible=WEAK, entry_point="larger")

    assert verdict.score == 0.2


async def test_all_mutants_of_a_row_run_in_one_execution(judge_strength, sandbox):
    await judge_strength(LARGER, visible=STRONG, entry_point="larger")

    assert len(sandbox.asked) == 2


LEAVES_A_STEP = """
import math
def step(n):
    left = vars(math).setdefault("left", [])
    left.extend([n][1:])  # with `[0:]` it is wrong for every program that comes after
    return n + len(left) if n >= 0 else 0
"""
ENDS_AND_LOOPS = """
import os
def spent(n):
    if n > 100:
        os._exit(0)
    if n < 0:
        return sum(range(10**12))  # where no exception comes in
    while n > 0:
        try:
            n -= 1
        except BaseException:
            continue
    return n
"""
STARTS_A_THREAD = """
import threading, time
def later(n):
    if n > 0:
        return n
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return 0
"""


@pytest.mark.parametrize(
    ("name", "code", "tests"),
    [
        ("step", LEAVES_A_STEP, ["step(3) == 3", "step(0) == 0", "step(-1) == 0"]),
        ("spent", ENDS_AND_LOOPS, ["spent(1) == 0", "spent(2) == 0"]),
        ("later", STARTS_A_THREAD, ["later(1) == 1", "later(2) == 2"]),
    ],
)
async def test_what_a_mutant_does_to_the_process_says_nothing_of_those_after_it(
    judge_strength, sandbox, monkeypatch, name, code, tests
):
    given = {"visible": [f"assert {test}" for test in tests], "entry_point": name}

    together = await judge_strength(code, **given)
    executions = len(sandbox.asked)
    monkeypatch.setattr(mutation, "batch_of", lambda *_: None)
    alone = await judge_strength(code, **given)

    assert executions > 2
    assert together.evidence.output == alone.evidence.output
    assert "survived" in together.evidence.output


async def test_a_candidate_that_only_passes_alone_has_its_mutants_run_alone(
    judge_strength, sandbox
):
    code = "def larger(a, b, *, said=print):\n    return max(a, b) if said is print else said\n"
    code += "import sys\nif 'mutants' in sys.argv[0]:\n    larger = min\n"

    verdict = await judge_strength(code, visible=STRONG, entry_point="larger")

    assert verdict.status is Status.PASS
    assert len(sandbox.asked) > 2


@pytest.mark.parametrize(
    "keys",
    [{}, {"from": "a", "mutants": 0}, {"from": "a", "min_score": 1.5}, {"from": "a", "k": 1}],
)
def test_what_is_not_meant_is_refused(keys):
    with pytest.raises(ValidationError):
        MutationConfig.model_validate(keys)
