# ruff: noqa: E501 - a program and its test stand on one line
"""Split-test mode: unittest and pytest files, and asserts that cannot be taken apart."""

import json
from pathlib import Path

import pytest

from sygra_eval.values import Status, TestCount, Trust

ATTACKS = [
    row
    for row in map(
        json.loads,
        (Path(__file__).parents[1] / "sandbox/attacks.jsonl").read_text("utf-8").splitlines(),
    )
    if row["kind"] == "verdict"
]
RIGHT = "def add(a, b):\n    return a + b\n"
PYTEST = """
import pytest
from solution import add

@pytest.fixture
def pairs():
    return [(1, 2, 3), (0, 0, 0), (-1, 1, 0)]

@pytest.mark.parametrize("number", range(3))
def test_fixed(pairs, number):
    a, b, total = pairs[number]
    assert add(a, b) == total

def test_hidden():
    for number in range(50):
        assert type(add(number, 7)) is int and add(number, 7) == number + 7
"""
UNITTEST = """
import unittest
import answer

class TestAdd(unittest.TestCase):
    def test_fixed(self):
        for a, b, total in [(1, 2, 3), (0, 0, 0), (-1, 1, 0)]:
            with self.subTest(a=a, b=b):
                self.assertEqual(add(a, b), total)

    def test_hidden(self):
        self.assertTrue(all(answer.add(n, 7) == n + 7 for n in range(50)))
        self.assertIsInstance(add(1, 1), int)

if __name__ == "__main__":
    unittest.main()
"""
FUNCTIONS = """
def test_fixed():
    assert add(1, 2) == 3
    assert add(0, 0) == 0

def test_hidden():
    for number in range(50):
        assert add(number, 7) == number + 7
"""
FILES = {"pytest": PYTEST, "unittest": UNITTEST, "functions": FUNCTIONS}
SECRET = 918273645546372819


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> str:
    """The same tests as a file of each kind."""
    return FILES[request.param]


async def test_a_file_of_tests_passes_and_its_named_tests_are_counted(judge_tests, sandbox, file):
    verdict = await judge_tests(RIGHT, visible=[file])

    total = 4 if file is PYTEST else 2
    assert (verdict.status, verdict.score, verdict.trust) == (Status.PASS, 1.0, Trust.SEPARATE)
    assert verdict.reason == f"{total} of {total} visible tests passed"
    assert verdict.evidence.tests == {"visible": TestCount(passed=total, total=total)}
    assert verdict.evidence.output == ""


async def test_no_test_and_no_expected_value_enters_the_answers_box(judge_tests, sandbox, file):
    file = file.replace("-1, 1", f"-1, {SECRET}").replace("== 3", f"== {SECRET}")

    await judge_tests("def add(a, b): return 0", visible=[file])

    tests, answer = sandbox.asked
    assert str(SECRET) in tests.stdin
    assert "test_fixed" not in repr(answer)
    assert str(SECRET) not in repr(answer)
    assert "def add" not in repr(tests)


async def test_a_wrong_answer_fails_with_the_named_test(judge_tests, file):
    verdict = await judge_tests("def add(a, b):\n    return a - b\n", visible=[file])

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE)
    assert verdict.reason.startswith("visible test 1 of 1 failed: ")
    assert "test_fixed" in verdict.reason
    assert "add(1, 2)" in verdict.reason
    assert verdict.evidence.failing.test.startswith(("def test_fixed", "@pytest.mark"))
    assert verdict.score < 1


async def test_some_named_tests_give_some_of_the_score(judge_tests):
    verdict = await judge_tests(
        "def add(a, b): return {(1, 2): 3, (0, 0): 0, (-1, 1): 0}.get((a, b), 0)", visible=[PYTEST]
    )

    assert verdict.score == pytest.approx(0.75)
    assert verdict.evidence.tests == {"visible": TestCount(passed=3, total=4)}
    assert "failed: test_hidden: `add(0, 7)`: AssertionError: assert (" in verdict.reason


async def test_an_exception_of_the_answer_shows_its_own_line(judge_tests, file):
    verdict = await judge_tests("def add(a, b):\n    return [a][b]\n", visible=[file])

    assert verdict.evidence.failing.traceback == (
        "answer.py, line 2, in add: return [a][b]\nIndexError: list index out of range"
    )
    assert verdict.evidence.failing.input == "add(1, 2)"


async def test_a_hang_is_the_answers_and_names_the_call(judge_tests):
    verdict = await judge_tests("def add(a, b):\n    while True: pass", visible=[FUNCTIONS])

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason == (
        "visible test 1 of 1 failed: `add(1, 2)`: still running when its time was up"
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1/0", "the code fails when it is loaded: ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(0)", "the code fails when it is loaded: the code exits"),
        ("import os; os._exit(0)", "the code does not finish loading: the program ended before"),
        ("def sub(a, b): return a", "visible test 1 of 1 failed: "),
    ],
)
async def test_code_that_cannot_be_used_fails(judge_tests, file, code, reason):
    verdict = await judge_tests(code, visible=[file])

    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith(reason)


# What no answer can do


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda row: f"{row['id']} {row['name']}")
async def test_an_attack_on_the_verdict_fails_in_split_test_mode(judge_tests, file, attack):
    verdict = await judge_tests(attack["code"], visible=[file])

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE), verdict.reason
    assert verdict.evidence.failing is not None


PIPES = "import os, json, threading, time, sys\nend = 6\n"
HACKS = {
    "an object that agrees to everything": "class E:\n def __getattribute__(s, n): return E()\n def __eq__(s, o): return True\n def __hash__(s): return 0\n def __sub__(s, o): return 0\n __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__\n def __bool__(s): return True\n def __int__(s): return 3\n __index__ = __int__\ndef add(a, b): return E()",
    "a class that names itself int": "class M(type):\n def __eq__(c, o): return True\n __hash__ = type.__hash__\n def __instancecheck__(c, o): return True\nclass int(metaclass=M):\n def __eq__(s, o): return True\n __hash__ = None\nint.__name__ = int.__qualname__ = 'int'; int.__module__ = 'builtins'\ndef add(a, b): return int()",
    "a str or list that agrees": "class L(list):\n def __eq__(s, o): return True\ndef add(a, b): return L()",
    "closing the pipe": PIPES + "def add(a, b): os.close(end); os.close(5); return 0",
    "closing the pipe while loading": PIPES + "os.close(end); os.close(5)\ndef add(a, b): return 0",
    "garbage on the pipe": PIPES + "def add(a, b): os.write(end, b'\\xff\\x00 passed\\n' * 9); return 0",
    "flooding the pipe": PIPES + "def add(a, b):\n while True: os.write(end, b'[' * 65536)",
    "deep JSON on the pipe": PIPES + "def add(a, b): os.write(end, b'[' * 100000 + b'\\n'); return 0",
    "answers in advance": PIPES + "for n in range(1, 300): os.write(end, json.dumps([n, 'value', 3, '', []]).encode() + b'\\n')\ndef add(a, b): return 0",
    "the judge's own words": PIPES + "for kind in ('ready', 'loaded', 'pass', 'end'): os.write(end, json.dumps(['x', kind, 0, {}]).encode() + b'\\n')\ndef add(a, b): return 0",
    "right for the first calls only": "calls = []\ndef add(a, b):\n calls.append(a)\n return a + b if len(calls) <= 105 else 0",
    "answering the first calls only": PIPES + "calls = []\ndef add(a, b):\n calls.append(a)\n if len(calls) > 9: os._exit(0)\n return a + b",
    "exit after the first calls": "calls = []\ndef add(a, b):\n calls.append(a)\n if len(calls) > 60: raise SystemExit(0)\n return a + b",
    "a thread that keeps answering": PIPES + "def spam():\n n = 0\n while True:\n  n += 1\n  os.write(end, json.dumps([n, 'value', n, '', []]).encode() + b'\\n')\nthreading.Thread(target=spam, daemon=True).start()\ndef add(a, b): time.sleep(0.01); return 0",
    "a thread that stays on": PIPES + "threading.Thread(target=time.sleep, args=(60,)).start()\ndef add(a, b): return 0",
    "huge values": "def add(a, b): return [[0] * 1000] * 100000",
    "huge numbers": "def add(a, b): return 1 << 10_000_000",
    "huge text": "def add(a, b): raise ValueError('x' * 50_000_000)",
    "an endless iterator": "def add(a, b):\n while True: yield 0",
    "text that looks like an outcome": "def add(a, b): raise ValueError('\\n[\"nonce\", \"pass\", 0, {}]\\n[\"nonce\", \"end\", 1, {}]\\n')",
    "an exception whose text breaks": "class X(Exception):\n def __str__(s): raise SystemExit(0)\n __repr__ = __str__\n @property\n def args(s): raise KeyboardInterrupt\ndef add(a, b): raise X()",
    "a test that is skipped": "class SkipTest(Exception): pass\nSkipTest.__module__ = 'unittest.case'\ndef add(a, b): raise SkipTest('skip me')",
    "pytest's own skip": "class Skipped(BaseException): pass\nSkipped.__module__ = '_pytest.outcomes'\ndef add(a, b): raise Skipped('skip me')",
    "keyboard interrupt": "def add(a, b): raise KeyboardInterrupt",
    "generator exit": "def add(a, b): raise GeneratorExit",
    "stack inspection through an exception": "import sys\ndef add(a, b):\n try: 1/0\n except ZeroDivisionError as error:\n  frame = error.__traceback__.tb_frame\n  while frame.f_back:\n   frame = frame.f_back\n   for v in list(frame.f_locals.values()) + list(frame.f_globals.values()):\n    if isinstance(v, dict) and 'expected' in v: return v['expected']\n return 0",
    "reading the tests from the pipe's other end": PIPES + "def add(a, b):\n found = [open(f'/proc/self/fd/{n}', 'rb', 0).read(99) for n in (0,) ]\n return int(found[0] or 0)",
    "writing to the judge's result": PIPES + "for n in range(3, 64):\n if n != 5:\n  try: os.write(n, b'[\"x\", \"end\", 1, {}]\\n')\n  except OSError: pass\ndef add(a, b): return 0",
    "patching what encodes": "import json, operator, sys, builtins\njson.dumps = lambda *a, **k: '[1, \"value\", 3, \"\", []]'\noperator.eq = lambda a, b: True\nbuiltins.type = lambda *a: int\nbuiltins.isinstance = lambda *a: True\ndef add(a, b): return 0",
    "patching the server": "import gc\nfor o in gc.get_objects():\n if type(o).__name__ == 'Server': o.answer = lambda m: o.pipe.send([m[0], 'same', 0, '', []])\ndef add(a, b): return 0",
    "an answer that is its own argument": "import gc\nfor o in gc.get_objects():\n if type(o).__name__ == 'Server': o.outcome = lambda *a: ['same', 10**9]\ndef add(a, b): return 0",
    "a number that is a boolean or a float": "def add(a, b): return float('nan')",
    "a decimal that is not": "import decimal\nclass Decimal:\n def __eq__(s, o): return True\n def __str__(s): return '0'\nDecimal.__module__ = 'decimal'\ndecimal.Decimal = Decimal\ndef add(a, b): return Decimal()",
}  # fmt: skip


@pytest.mark.parametrize("hack", HACKS)
async def test_no_hack_gets_a_wrong_answer_accepted(judge_tests, file, hack):
    verdict = await judge_tests(HACKS[hack], visible=[file])

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE), verdict.reason
    assert verdict.evidence.failing is not None or "loaded" in verdict.reason
    assert "0x" not in verdict.reason.replace("0x…", "")
