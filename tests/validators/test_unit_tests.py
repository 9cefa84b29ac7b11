import json
from pathlib import Path

import pytest

from sygra_eval.values import ExecutionResult, ExecutionStatus, Stage, Status, TestCount, Trust

ADDS = ["assert add(1, 2) == 3", "assert add(0, 0) == 0", "assert add(-1, 1) == 0"]
RIGHT = "def add(a, b):\n    return a + b\n"
ATTACKS = Path(__file__).parents[1] / "sandbox" / "attacks.jsonl"
HACKS = [row for row in map(json.loads, ATTACKS.read_text().splitlines()) if "asserts" in row]


async def test_right_code_passes_all_tests_of_both_groups(judge_tests):
    verdict = await judge_tests(RIGHT, visible=ADDS[:1], hidden=ADDS[1:])

    assert (verdict.status, verdict.score) == (Status.PASS, 1.0)
    assert verdict.reason == "1 of 1 visible and 2 of 2 hidden tests passed"
    assert verdict.evidence.tests == {
        "visible": TestCount(passed=1, total=1),
        "hidden": TestCount(passed=2, total=2),
    }
    assert verdict.evidence.isolation.startswith("reduced(landlock")
    assert (verdict.trust, verdict.validator, verdict.is_required) == (
        Trust.SEPARATE,
        "tests",
        False,
    )


async def test_a_failing_test_shows_input_expected_and_got_and_the_others_still_count(judge_tests):
    verdict = await judge_tests("def add(a, b):\n    return a - b\n", visible=ADDS)

    assert (verdict.status, verdict.score) == (Status.FAIL, pytest.approx(1 / 3))
    assert verdict.reason == "visible test 1 of 3 failed: `add(1, 2)` gave -1, expected 3"
    failing = verdict.evidence.failing
    assert (failing.test, failing.input, failing.expected, failing.got) == (
        "assert add(1, 2) == 3",
        "add(1, 2)",
        "3",
        "-1",
    )


async def test_an_exception_shows_the_answers_own_line(judge_tests):
    verdict = await judge_tests("def add(a, b):\n    return [a][b]\n", visible=ADDS)

    assert verdict.evidence.failing.traceback == (
        "answer.py, line 2, in add: return [a][b]\nIndexError: list index out of range"
    )
    assert verdict.evidence.failing.input == "add(1, 2)"


async def test_in_a_loop_hidden_tests_do_not_exist(judge_tests, sandbox):
    verdict = await judge_tests(
        RIGHT, stage=Stage.LOOP, visible=ADDS[:1], hidden=["assert add(9, 9) == 0"]
    )

    assert verdict.reason == "1 of 1 visible tests passed"
    assert "add(9, 9)" not in repr(sandbox.asked)


async def test_hidden_tests_run_after_the_visible_ones_and_decide(judge_tests):
    hard_coded = "def add(a, b):\n    return {(1, 2): 3}.get((a, b), 42)\n"

    verdict = await judge_tests(hard_coded, visible=ADDS[:1], hidden=ADDS)

    assert verdict.reason == "hidden test 2 of 3 failed: `add(0, 0)` gave 42, expected 0"
    assert verdict.evidence.tests["hidden"] == TestCount(passed=1, total=3)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys\nsys.exit(0)", "the code fails when it is loaded: the code exits"),
        ("import os\nos._exit(0)", "the program ended before its tests did (exit code 0)"),
        ("import os\ndef add(a, b): os._exit(0)", "the program ended before its tests did"),
        ("def add(a, b): raise SystemExit(0)", "visible test 1 of 3 failed: `add(1, 2)`: the code"),
        ("1/0", "the code fails when it is loaded: ZeroDivisionError: division by zero"),
        ("x = '\ud800'", "the code fails when it is loaded: SyntaxError"),
        ("def add(a, b:", "the code fails when it is loaded: SyntaxError"),
        ("while True: pass", "the code does not finish loading: still running when its time"),
        ("def add(a, b):\n    while True: pass", ")`: still running when its time was up"),
        ("def add(a, b): return bytearray(1 << 40)", "MemoryError"),
        ("def add(a, b):\n    while True: print('x' * 9999)", "wrote more than it may"),
        ("import ctypes\ndef add(a, b): return ctypes.string_at(0)", "crashed with SIGSEGV"),
        ("def sub(a, b): return a + b", "NameError: name 'add' is not defined"),
        ("import os\nos.close(3)\ndef add(a, b): return a + b", "the program ended before"),
        ("import os\nos.write(3, b'[]\\n')\ndef add(a, b): return a + b", "does not finish"),
        ("class E:\n def __eq__(s, o): return True\ndef add(a, b): return E()", "class `E`, which"),
        ("class E:\n def __eq__(s, o): return 1\ndef add(a, b): return [E()]", "class `E`, which"),
        ("class E(int): pass\ndef add(a, b): return E(a + b)", "an object of the class `E`"),
    ],
)
async def test_code_that_does_not_do_it_fails_with_what_happened(judge_tests, code, reason):
    verdict = await judge_tests(code, visible=ADDS)

    assert verdict.status is Status.FAIL
    assert reason in verdict.reason
    assert verdict.evidence.failing is not None
    assert verdict.score == 0.0


async def test_being_right_for_the_first_calls_only_is_not_enough(judge_tests):
    code = "n = []\ndef add(a, b):\n n.append(1)\n return (a + b) * (len(n) < 4)"

    verdict = await judge_tests(code, visible=ADDS)

    assert verdict.status is Status.FAIL
    assert verdict.reason == (
        "visible test 1 of 3 failed: `add(1, 2)` gives another answer when asked again"
    )


async def test_a_hang_names_the_test_and_keeps_what_passed_before(judge_tests):
    code = "def add(a, b):\n    while (a, b) == (0, 0): pass\n    return a + b\n"

    verdict = await judge_tests(code, visible=ADDS)

    assert verdict.reason.startswith("visible test 2 of 3 failed: `add(0, 0)`: still running")
    assert verdict.evidence.tests["visible"].passed < 3


async def test_no_code_fails_with_the_answers_beginning(judge_tests):
    verdict = await judge_tests(None, visible=ADDS)

    assert verdict.status is Status.FAIL
    assert verdict.reason == (
        "no_code: no Python code in the answer (rule 15); the answer begins: I cannot help."
    )
    assert verdict.evidence.tests == {"visible": TestCount(passed=0, total=3)}


CHECK = """
def check(candidate):
    assert candidate(1, 2) == 3
    for n in range(3):
        assert candidate(n, 1) == n + 1, "n plus one"
"""


@pytest.mark.parametrize("program", [CHECK, f"{CHECK}\ncheck(add)"])
async def test_a_program_with_check_is_called_with_the_entry_point(judge_tests, program):
    wrong = "def add(a, b):\n    return 3 if (a, b) == (1, 2) else a + 2 * b\n"

    right, failing = [await judge_tests(code, visible=program) for code in (RIGHT, wrong)]

    assert right.status is Status.PASS
    assert failing.reason.endswith("gave 2, expected 1")


async def test_check_without_an_entry_point_is_an_error(judge_tests):
    verdict = await judge_tests(RIGHT, entry_point=None, visible=CHECK)

    assert (verdict.status, verdict.score) == (Status.ERROR, None)
    assert verdict.reason == (
        "test 1 of `visible` defines `check(candidate)`, but the row names no entry point"
    )


async def test_the_entry_point_may_come_from_a_column(judge_tests):
    config = {"from": "visible", "entry_point": "function"}

    verdict = await judge_tests(
        RIGHT, entry_point=None, config=config, visible=CHECK, function="add"
    )

    assert verdict.status is Status.PASS


RAISES = """
try:
    add(1, "a")
except TypeError:
    pass
else:
    assert False, "no TypeError"
"""
LEAVES_ALONE = """
given = [3, 1, 2]
assert ordered(given) == [1, 2, 3]
assert given == [3, 1, 2], "the list that was given has changed"
"""


async def test_tests_may_be_programs_that_expect_an_exception(judge_tests):
    lenient = "def add(a, b):\n    return f'{a}{b}'\n"

    right, failing = [await judge_tests(code, visible=[RAISES]) for code in (RIGHT, lenient)]

    assert right.status is Status.PASS
    assert failing.reason == "visible test 1 of 1 failed: AssertionError: no TypeError"


async def test_tests_may_look_at_what_became_of_the_arguments(judge_tests):
    copies = "def ordered(x):\n    return sorted(x)\n"
    mutates = "def ordered(x):\n    x.sort()\n    return x\n"

    right, failing = [
        await judge_tests(code, entry_point="ordered", visible=[LEAVES_ALONE])
        for code in (copies, mutates)
    ]

    assert right.status is Status.PASS
    assert (
        failing.reason == "visible test 1 of 1 failed: `given` gave [1, 2, 3], expected [3, 1, 2]"
    )


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("def f(): return 0.1 + 0.2", "assert abs(f() - 0.3) < 1e-9"),
        ("def f(): return [1]", "assert 1 in f() and f() is not None"),
        ("def f(): return ()", "assert not f()"),
        ("def f(): return 2", "assert 1 < f() < 3"),
        ("def f(): return 2", "assert (n := f()) == 2\nassert n == 2"),
        ("from collections import *\ndef f(): return Counter('aa')", "assert f() == {'a': 2}"),
        ("import dataclasses\n@dataclasses.dataclass\nclass P:\n x: int\ndef f(): return P(1)",
         "assert f() == P(1)"),
        ("import asyncio\nasync def f(): return 1", "import asyncio\nassert asyncio.run(f()) == 1"),
        ("def f(): yield 1", "import itertools\nassert list(itertools.islice(f(), 1)) == [1]"),
        ("import sys\ndef f(): return sys.stdin.read()", "assert f() == ''"),
        ("def f(): return 1\nif __name__ == '__main__': input('n? ')", "assert f() == 1"),
        ("class f:\n def __init__(s, v): s.v = v\n def __eq__(s, o): return s.v == o",
         "assert f(1) == 1"),
        ("def f(): return 1", "class T:\n x = 1\n assert x\n def t(s): assert f() == 1\nT().t()"),
        ("def f(n): return n and f(n - 1)", "assert f(900) == 0"),
    ],
)  # fmt: skip
async def test_right_programs_of_many_kinds_are_not_rejected(judge_tests, code, test):
    verdict = await judge_tests(code, entry_point="f", visible=[test])

    assert verdict.status is Status.PASS, verdict.reason


@pytest.mark.parametrize("columns", [{"visible": []}, {"visible": None}, {"visible": "  "}])
async def test_without_tests_there_is_nothing_to_judge_by(judge_tests, columns):
    verdict = await judge_tests(RIGHT, **columns)

    assert (verdict.status, verdict.reason) == (
        Status.SKIP,
        "the row has no visible tests in `visible`",
    )


async def test_a_row_without_its_hidden_tests_is_not_passed_on_the_visible_ones(judge_tests):
    verdict = await judge_tests(RIGHT, visible=ADDS, hidden=[])

    assert (verdict.status, verdict.reason) == (
        Status.SKIP,
        "the row has no hidden tests in `hidden`",
    )


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (["assert add(1, 2"], "test 1 of `visible` is not Python"),
        (["assert '\ud800'"], "test 1 of `visible` is not Python"),
        (
            ["assert add(1, 2) == " + "+".join("1" * 900)],
            "test 1 of `visible` is nested too deeply",
        ),
        ([ADDS[0], 3], "test 2 of `visible` is int, not a text"),
        ({"a": 1}, "`visible` is a mapping without the lists `inputs` and `outputs`"),
    ],
)
async def test_a_malformed_test_is_our_error_and_named(judge_tests, column, reason):
    verdict = await judge_tests(RIGHT, visible=column)

    assert (verdict.status, verdict.score, verdict.reason) == (Status.ERROR, None, reason)


NOT_SET_UP = ExecutionResult(
    status=ExecutionStatus.SETUP_FAILED,
    reason="the sandbox could not be set up: no memory",
    exit_code=None,
    stdout="",
    stderr="",
    isolation="reduced",
    cpu_ms=0.0,
    wall_ms=0.0,
)


async def test_a_sandbox_that_fails_once_is_asked_again(judge_tests, sandbox):
    sandbox.failures = [NOT_SET_UP]

    verdict = await judge_tests(RIGHT, visible=ADDS)

    assert (verdict.status, len(sandbox.asked)) == (Status.PASS, 2)


async def test_a_sandbox_that_fails_twice_is_an_error_and_never_a_fail(judge_tests, sandbox):
    sandbox.failures = [NOT_SET_UP, NOT_SET_UP]

    verdict = await judge_tests("1/0", visible=ADDS)

    assert (verdict.status, verdict.score) == (Status.ERROR, None)
    assert verdict.reason == "the sandbox could not be set up: no memory"


@pytest.mark.parametrize(
    "code",
    [
        RIGHT,
        "def add(a, b):\n    print({str(n) for n in range(9)}, object())\n    return object()\n",
        "def add(a, b):\n    import tempfile\n    return tempfile.mkdtemp() and 1/0\n",
        "import random\ndef add(a, b):\n    return random.random()\n",
        "def add(a, b):\n    while True: pass\n",
    ],
)
async def test_a_verdict_is_the_same_when_it_is_given_again(judge_tests, code):
    first, second = [await judge_tests(code, visible=ADDS, hidden=ADDS) for _ in range(2)]

    assert repr(first) == repr(second)


@pytest.mark.parametrize("hack", HACKS, ids=lambda hack: f"{hack['id']} {hack['name']}")
async def test_wrong_code_that_attacks_its_judge_does_not_pass(judge_tests, hack):
    hidden = ["assert add(123, 877) == 1000"]  # a table of the visible tests does not know it

    verdict = await judge_tests(hack["code"], visible=hack["asserts"], hidden=hidden)

    assert verdict.status is Status.FAIL


async def test_the_tests_lie_in_no_file_and_on_no_descriptor(judge_tests):
    code = (
        "import os\nseen = [open(n, errors='replace').read() for n in os.listdir('.')]\n"
        "for fd in range(64):\n"
        "    try: seen.append(os.pread(fd, 1 << 20, 0).decode())\n"
        "    except OSError: pass\n"
        "def add(a, b): return 1000 if any('8' '77' in text for text in seen) else 0\n"
    )

    verdict = await judge_tests(code, visible=["assert add(123, 877) == 1000"])

    assert verdict.status is Status.FAIL
    assert verdict.evidence.failing.got == "0"


async def test_tests_that_cannot_be_split_run_too_when_those_that_can_have_passed(judge_tests):
    beside = "import math\nassert math.prod([add(1, 2)]) == 4"

    verdict = await judge_tests(RIGHT, visible=ADDS, hidden=[beside])

    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("hidden test 1 of 1 failed")
    assert verdict.evidence.tests["hidden"] == TestCount(passed=0, total=1)
