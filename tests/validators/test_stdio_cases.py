"""Tests that are pairs of standard input and output: the answer runs as a program."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.validators.stdio_cases import BadCases, Case, agree, cases_in
from sygra_eval.values import Execution, Stage, Status, TestCount, Trust

DOUBLES = "n = int(input())\nfor _ in range(n):\n    print(int(input()) * 2)\n"
CASES = [{"input": "2\n1\n5\n", "output": "2\n10\n"}, {"stdin": "1\n7", "stdout": "14"}]
LISTS = {"inputs": ["2\n1\n5\n", ["1", "7"]], "outputs": ["2\n10\n", ["14"]]}
SECRET = "918273645546372819"


@pytest.mark.parametrize("column", [CASES, LISTS, json.dumps(CASES), json.dumps(LISTS)])
async def test_a_program_passes_when_it_prints_what_is_expected(judge_tests, column):
    verdict = await judge_tests(DOUBLES, entry_point=None, visible=column)

    assert (verdict.status, verdict.score, verdict.trust) == (Status.PASS, 1.0, Trust.SEPARATE)
    assert verdict.reason == "2 of 2 visible tests passed"
    assert verdict.evidence.command == ("python", "answer.py")


async def test_a_case_that_fails_shows_input_expected_and_got(judge_tests):
    code = "n = int(input())\nfor _ in range(n): print(int(input()) + 1)\n"

    verdict = await judge_tests(code, entry_point=None, visible=CASES)

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason == (
        "visible test 1 of 2 failed: `'2\\n1\\n5\\n'` gave '6', expected '10'"
    )
    failing = verdict.evidence.failing
    assert (failing.input, failing.got, failing.expected) == ("'2\\n1\\n5\\n'", "'6'", "'10'")
    assert failing.traceback == "line 2 of the output differs"


async def test_no_expected_output_enters_the_box(judge_tests, sandbox):
    await judge_tests(DOUBLES, entry_point=None, visible=[{"input": "1\n2", "output": SECRET}])

    (asked,) = sandbox.asked
    assert (asked.stdin, asked.files, asked.entry) == ("1\n2", {"answer.py": DOUBLES}, "answer.py")
    assert SECRET not in repr(asked)


async def test_hidden_cases_run_after_the_loop_only(judge_tests, sandbox):
    table = "import sys\nprint({'2': '2\\n10', '1': '15'}[input()])"

    loop = await judge_tests(
        table, entry_point=None, visible=CASES[:1], hidden=CASES[1:], stage=Stage.LOOP
    )
    final = await judge_tests(table, entry_point=None, visible=CASES[:1], hidden=CASES[1:])

    assert loop.reason == "1 of 1 visible tests passed"
    assert final.reason == "hidden test 1 of 1 failed: `'1\\n7'` gave '15', expected '14'"
    assert final.evidence.tests == {
        "visible": TestCount(passed=1, total=1),
        "hidden": TestCount(passed=0, total=1),
    }


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print(2); print(10); 1/0", "`'2\\n1\\n5\\n'`: exit code 1: ZeroDivisionError"),
        ("import sys\nprint('2\\n10'); sys.exit(3)", "`'2\\n1\\n5\\n'`: exit code 3"),
        ("while True: pass", "`'2\\n1\\n5\\n'`: still running when its time was up"),
        ("import os\nos._exit(0)", "gave nothing more, expected '2'"),
        ("print('2\\n10\\nmore')", "gave 'more', expected nothing more"),
        ("def main(): print(2)", "gave nothing more, expected '2'"),
        ("print('x' * 3_000_000)", "wrote more than it may"),
        ("print('\\x1b[2J')", "gave '\\x1b[2J', expected '2'"),
    ],
)
async def test_a_program_that_does_not_do_it_fails_with_what_happened(judge_tests, code, reason):
    verdict = await judge_tests(code, entry_point=None, visible=CASES)

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE)
    assert reason in verdict.reason


async def test_after_a_hang_the_other_cases_are_not_waited_for(judge_tests, sandbox):
    verdict = await judge_tests("while True: pass", entry_point=None, visible=CASES * 20)

    assert verdict.evidence.tests == {"visible": TestCount(passed=0, total=40)}
    assert len(sandbox.asked) == 1


async def test_a_long_output_is_compared_as_a_whole(judge_tests):
    lines = "\n".join(f"line {number}" for number in range(20_000))
    code = "for n in range(20_000): print('line', n if n != 10_000 else 9)"

    right = await judge_tests(
        "for n in range(20_000): print('line', n)", visible=[{"input": "", "output": lines}]
    )
    wrong = await judge_tests(code, visible=[{"input": "", "output": lines}])

    assert right.status is Status.PASS, right.reason
    assert "gave 'line 9', expected 'line 10000'" in wrong.reason


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([{"input": "1"}], "case 1 of `visible` has no `output` (or `stdout`)"),
        ([{"input": 1, "output": "1"}], "the input of case 1 is int, not a text"),
        ([{"output": "1"}, "assert True"], "case 2 of `visible` is str, not a mapping"),
        ({"inputs": ["1"], "outputs": []}, "`visible` has 1 inputs and 0 outputs"),
        ({"cases": []}, "`visible` is a mapping without the lists `inputs` and `outputs`"),
        ({"fn_name": "f", "inputs": [], "outputs": []}, "cases for the function `f`"),
    ],
)
async def test_malformed_cases_are_our_error_and_named(judge_tests, column, reason):
    verdict = await judge_tests(DOUBLES, entry_point=None, visible=column)

    assert verdict.status is Status.ERROR
    assert reason in verdict.reason


async def test_no_cases_are_nothing_to_judge_by(judge_tests):
    empty = await judge_tests(DOUBLES, visible={"inputs": [], "outputs": []})

    assert (empty.status, empty.reason) == (
        Status.SKIP,
        "the row has no visible tests in `visible`",
    )


async def test_cases_have_a_strength_and_are_found_flaky(judge_strength, judge_stable, sandbox):
    code = "print(list({'apple', 'banana', 'cherry', 'damson', 'elderberry', 'fig', 'grape'}))"
    seen = await sandbox.inner.run(Execution(files={"a.py": code}, entry="a.py"))

    strength = await judge_strength(DOUBLES, entry_point=None, visible=CASES)
    stable = await judge_stable(DOUBLES, entry_point=None, visible=CASES)
    flaky = await judge_stable(
        code, entry_point=None, visible=[{"input": "", "output": seen.stdout}]
    )

    assert (strength.status, strength.score) == (Status.PASS, 1.0)
    assert (stable.status, stable.reason) == (Status.PASS, "the same in 3 runs")
    assert flaky.reason.startswith("flaky: passed at first, then with another hash seed")


@pytest.mark.parametrize(
    ("compare", "got", "expected", "is_right"),
    [
        ("exact", "1\n", "1\n", True),
        ("exact", "1", "1\n", False),
        ("trimmed", "1  \n2\n\n\n", "1\n2", True),
        ("trimmed", " 1", "1", False),
        ("trimmed", "1\n\n2", "1\n2", False),
        ("tokens", "1   2\n3", "1 2 3\n", True),
        ("tokens", "12 3", "1 23", False),
        ("tokens", "1.0", "1", False),
        ("floats", "0.3000001 x", "0.3 x", True),
        ("floats", "0.31", "0.3", False),
        ("floats", "1000000.5", "1000000.0", True),
        ("floats", "1 2", "1", False),
        ("floats", "1", "1 2", False),
        ("floats", "nan inf", "NaN Infinity", True),
        ("floats", "nan", "1", False),
        ("floats", "inf", "1e308", False),
        ("floats", "yes", "no", False),
    ],
)
def test_outputs_are_compared_as_asked(compare, got, expected, is_right):
    case = Case(stdin="", expected=expected, compare=compare, tolerance=1e-6)

    assert agree(got, case) is is_right


@given(st.text(), st.sampled_from(["exact", "trimmed", "tokens", "floats"]))
def test_every_output_agrees_with_itself(text, compare):
    assert agree(text, Case(stdin="", expected=text, compare=compare))


@given(st.text(), st.text(alphabet="ab1. \n"))
def test_trimmed_outputs_that_agree_have_the_same_words(got, expected):
    if agree(got, Case(stdin="", expected=expected)):
        assert got.split() == expected.split()


KEYS = st.sampled_from(["input", "output", "inputs", "outputs", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(VALUES)
def test_whatever_a_column_holds_it_is_cases_or_none_or_named(value):
    try:
        cases = cases_in(value, "`x`", "trimmed", 0)
    except BadCases as error:
        named = str(error)
        assert "`x`" in named or "case" in named
    else:
        assert cases is None or all(isinstance(case.expected, str) for case in cases)
