# ruff: noqa: E501 - a program and its test stand on one line
"""Driver mode: what is asked in the box, what is decided out here, and what gets no verdict."""

import json
from pathlib import Path

import pytest

from sygra_eval.validators.split import splits_of
from sygra_eval.values import Stage, Status, Trust

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    json.loads(line)
    for line in (ROOT / "suites" / "data" / "code_questions.jsonl").read_text("utf-8").splitlines()
]
ATTACKS = [
    row
    for row in map(json.loads, (ROOT / "tests/sandbox/attacks.jsonl").read_text().splitlines())
    if row["kind"] == "verdict"
]
SECRET = 918273645546372819


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda row: row["id"])
async def test_every_shipped_test_is_split_and_the_reference_passes(judge_tests, question):
    visible, hidden = question["visible_tests"], question["hidden_tests"]

    verdict = await judge_tests(
        question["reference"],
        entry_point=question["entry_point"],
        visible=visible,
        hidden=hidden,
    )

    assert None not in splits_of(
        [*visible, *hidden], question["entry_point"], question["reference"]
    )
    assert (verdict.status, verdict.trust) == (Status.PASS, Trust.SEPARATE), verdict.reason


def test_there_are_17_attacks_on_the_verdict():
    assert len(ATTACKS) == 17


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda row: f"{row['id']} {row['name']}")
async def test_an_attack_on_the_verdict_fails_in_driver_mode(judge_tests, attack):
    verdict = await judge_tests(
        attack["code"], visible=attack["asserts"], hidden=["assert add(20, 3) == 23"]
    )

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE)
    assert verdict.evidence.failing is not None


@pytest.mark.parametrize(
    "test",
    [
        f"assert f(1) == {SECRET}",
        f"assert f(1) in ({SECRET}, {SECRET})",
        f"assert abs(f(1) - {SECRET}) < 1e-9",
        f"assert round(f(1), 2) == {SECRET}",
        f"assert f(1) == {SECRET} or f(2) == {SECRET}",
        f"given = [1]\nf(given)\nassert given == [{SECRET}]",
        f"want = {SECRET}\ndef check(candidate):\n    assert candidate(1) == want\n",
        f"for x, want in [(1, {SECRET}), (2, {SECRET})]:\n    assert f(x) == want",
        f"try:\n    f(1)\nexcept ValueError as e:\n    assert str(e) == '{SECRET}'",
    ],
)
async def test_an_expected_value_never_enters_the_box(judge_tests, sandbox, test):
    verdict = await judge_tests("def f(x): return 0", entry_point="f", visible=[test])

    assert verdict.trust is Trust.SEPARATE
    (asked,) = sandbox.asked
    assert str(SECRET) not in repr(asked)


async def test_a_row_with_a_test_that_needs_the_answer_beside_it_is_cooperative(judge_tests):
    tests = [
        "assert add(1, 2) == 3",
        "import inspect\nassert inspect.isfunction(add) and add(1, 1) == 2",
    ]

    right, wrong = [
        await judge_tests(f"def add(a, b): return {told}", visible=tests)
        for told in ("a + b", "a + b if (a, b) == (1, 2) else 7")
    ]

    assert (right.status, right.trust) == (Status.PASS, Trust.COOPERATIVE)
    assert right.reason == "2 of 2 visible tests passed"
    assert (wrong.status, wrong.score) == (Status.FAIL, 0.5)
    assert wrong.reason.startswith("visible test 2 of 2 failed")


async def test_in_a_loop_trust_is_that_of_the_visible_tests(judge_tests):
    verdict = await judge_tests(
        "def add(a, b): return a + b",
        stage=Stage.LOOP,
        visible=["assert add(1, 2) == 3"],
        hidden=["import operator\nassert operator.eq(add(1, 1), 2)"],
    )

    assert (verdict.status, verdict.trust) == (Status.PASS, Trust.SEPARATE)


@pytest.mark.parametrize("is_accepted", [True, False])
async def test_the_verdict_says_whether_the_suite_accepts_cooperation(judge_tests, is_accepted):
    config = {"from": "visible", "accept_cooperative": is_accepted}

    verdict = await judge_tests(
        "def add(a, b): return a + b",
        config=config,
        visible=["import inspect\nassert inspect.isfunction(add)"],
    )

    assert (verdict.status, verdict.trust) == (Status.PASS, Trust.COOPERATIVE)
    assert verdict.is_accepted_cooperative is is_accepted


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("def f(x): x.append(1); return x", "x = [0]\nf(x)\nassert x == [0, 1]"),
        ("def f(x): x.append(1); return x", "x = [0]\nr = f(x)\nassert (r, x) == ([0, 1], [0, 1])"),
        ("def f(x): return x[::-1]", "assert f(f('abc')) == 'abc'"),
        ("def e(x): return x + '!'\ndef f(x): return x[:-1]", "assert f(e('abc')) == 'abc'"),
        ("def f(n): yield from range(n)", "assert list(f(3)) == [0, 1, 2]"),
        ("def f(n): return map(str, range(n))", "assert sorted(f(3)) == ['0', '1', '2']"),
        ("def f(n): return {n, 2}", "assert f(1) == {1, 2} and len(f(1)) == 2"),
        ("def f(n): return float(n)", "assert isinstance(f(1), float)\nassert f(1) == 1"),
        ("def f(n): return 10 ** n", "assert f(30) == 10 ** 30"),
        ("def f(**named): return named", "assert f(a=1, b=[2]) == {'a': 1, 'b': [2]}"),
        ("def f(n):\n if n: raise IOError('gone')",
         "try:\n    f(1)\nexcept OSError as e:\n    assert 'gone' in str(e)\nelse:\n    assert False"),
        ("def f(n): raise KeyError(n)",
         "raised = False\ntry:\n    f(1)\nexcept LookupError:\n    raised = True\nassert raised"),
        ("def f(n): raise KeyError(n)", "import pytest\nwith pytest.raises(KeyError):\n    f(1)"),
        ("import random\ndef f(x): return random.sample(x, 3)", "assert sorted(f([3, 1, 2])) == [1, 2, 3]"),
        ("def f(x): return {'a': (1, 2.5)}", "assert f(0)['a'][1] == 2.5"),
        ("import math\ndef f(x): return math.sqrt(x)", "import math\nassert math.isclose(f(2) ** 2, 2)"),
        ("def f(x): return x % 2 == 0", "assert all(f(n) for n in range(0, 10, 2))"),
        ("def f(x): return [x]", "assert f(1) is not None\nassert type(f(1)) is list"),
    ],
)  # fmt: skip
async def test_right_programs_pass_outside_the_box(judge_tests, code, test):
    verdict = await judge_tests(code, entry_point="f", visible=[test])

    assert (verdict.status, verdict.trust) == (Status.PASS, Trust.SEPARATE), verdict.reason


@pytest.mark.parametrize(
    ("code", "test", "reason"),
    [
        ("def f(x): x.append(1)", "x = [0]\nf(x)\nassert x == [0]", "`x` gave [0, 1], expected [0]"),
        ("def f(x): return 1", "try:\n    f(1)\nexcept ValueError:\n    pass\nelse:\n"
         "    raise AssertionError('accepted')", "AssertionError: accepted"),
        ("def f(x): raise KeyError(x)", "try:\n    f(1)\nexcept ValueError:\n    pass", "KeyError"),
        ("def f(x): return 1", "import pytest\nwith pytest.raises(KeyError):\n    f(1)", "KeyError"),
        ("def f(x): return None", "assert f(1) < 3", "TypeError"),
        ("def f(x):\n l = []\n l.append(l)\n return l", "assert f(1) == []", "too large"),
        ("def f(x): return list(range(10 ** 6))", "assert f(1) == []", "too large"),
        ("def f(x): return {i * (2 ** 61 - 1) for i in range(99)}", "assert f(1) == {1}", "hash"),
        ("def f(x): return 1 << 10 ** 7", "assert f(1) == 1", "too large"),
        ("import threading, os\ndef f(x):\n"
         " for fd in range(3, 60):\n  try: os.write(fd, b'{}')\n  except OSError: pass\n return 1",
         "assert f(1) == 1", "ended before its tests did"),
    ],
)  # fmt: skip
async def test_wrong_or_hostile_answers_fail_outside_the_box(judge_tests, code, test, reason):
    verdict = await judge_tests(code, entry_point="f", visible=[test])

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE)
    assert reason in verdict.reason
