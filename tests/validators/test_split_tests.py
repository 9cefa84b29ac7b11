# ruff: noqa: E501 - a program and its test stand on one line
"""Split-test mode: unittest and pytest files, and asserts that cannot be taken apart."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sygra_eval.sandbox import ReducedProvider, packages
from sygra_eval.sandbox.packaged import with_packages
from sygra_eval.validators import UnitTestsConfig, split_mode, unit_tests
from sygra_eval.values import (
    Execution,
    ExecutionResult,
    ExecutionStatus,
    Sandbox,
    Stage,
    Status,
    TestCount,
    Trust,
)
from tests.validators.conftest import Keeping, judge_with

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


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_sandbox() -> AsyncIterator[Keeping]:
    """One sandbox for all tests here, as its processes take longer to start than to judge."""
    keeping = Keeping(await ReducedProvider().start(slots=2))
    yield keeping
    await keeping.close()


@pytest.fixture
def sandbox(one_sandbox: Keeping) -> Keeping:
    """The sandbox, which has not been asked for anything yet."""
    one_sandbox.asked.clear()
    return one_sandbox


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
    assert "def add(a, b): return 0" not in repr(tests)


async def test_a_wrong_answer_fails_with_the_named_test(judge_tests, file):
    verdict = await judge_tests("def add(a, b):\n    return a - b\n", visible=[file])

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE)
    assert verdict.reason.startswith("visible test 1 of 1 failed: ")
    assert "test_fixed" in verdict.reason
    assert "add(1, 2)" in verdict.reason
    assert verdict.evidence.failing.test.startswith(("def test_fixed", "@pytest.mark"))
    assert verdict.score < 1


CHECK = """
METADATA = {}

def check(candidate):
    from random import randint, choice
    import string
    for _ in range(100):
        text = "".join(choice(string.ascii_lowercase) for _ in range(randint(1, 20)))
        assert decoded(encoded(text)) == text
        assert candidate(text) == text[::-1]
"""
REVERSED = "def encoded(s):\n    return s[1:] + s[:1]\ndef decoded(s):\n    return s[-1:] + s[:-1]\ndef turned(s):\n    return {}\n"


async def test_a_check_that_cannot_be_taken_apart_is_called_with_the_entry_point(judge_tests):
    right = await judge_tests(REVERSED.format("s[::-1]"), visible=CHECK, entry_point="turned")
    wrong = await judge_tests(REVERSED.format("s"), visible=CHECK, entry_point="turned")

    assert (right.status, right.trust) == (Status.PASS, Trust.SEPARATE)
    assert wrong.status is Status.FAIL


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


async def test_an_answer_that_neither_reads_nor_writes_is_late(judge_tests):
    code = (
        "import os, json, time\nfd = 6\ndef add(a, b): pass\n"
        "import gc\nserver = next(o for o in gc.get_objects() if type(o).__name__ == 'Server')\n"
        "real = server.answer\ndef answer(message):\n"
        "    real(message)\n    if message[1] == 'call': time.sleep(60)\nserver.answer = answer\n"
    )
    tests = "def test_a():\n add(1, 2)\n add('x' * 500_000, 2)\n add('x' * 500_000, 2)"

    verdict = await judge_tests(code, visible=[tests])

    assert verdict.status is Status.FAIL
    assert verdict.reason.endswith("still running when its time was up")


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


@pytest.mark.parametrize("kind", ["pytest", "unittest"])
async def test_no_attack_on_the_verdict_succeeds_in_split_test_mode(judge_tests, kind):
    verdicts = await asyncio.gather(
        *(judge_tests(attack["code"], visible=[FILES[kind]]) for attack in ATTACKS)
    )

    assert len(verdicts) == 17
    for attack, verdict in zip(ATTACKS, verdicts, strict=True):
        told = attack["name"], verdict.reason
        assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE), told
        assert verdict.evidence.failing is not None, told


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
    "right for the first calls only": "calls = []\ndef add(a, b):\n calls.append(a)\n return a + b if len(calls) <= 103 else 0",
    "answering the first calls only": PIPES + "calls = []\ndef add(a, b):\n calls.append(a)\n if len(calls) > 9: os._exit(0)\n return a + b",
    "exit after the first calls": "calls = []\ndef add(a, b):\n calls.append(a)\n if len(calls) > 60: raise SystemExit(0)\n return a + b",
    "a thread that keeps answering": PIPES + "def spam():\n n = 0\n while True:\n  n += 1\n  os.write(end, json.dumps([n, 'value', n, '', []]).encode() + b'\\n')\nthreading.Thread(target=spam, daemon=True).start()\ndef add(a, b): time.sleep(0.01); return 0",
    "a thread that stays on": PIPES + "threading.Thread(target=time.sleep, args=(60,)).start()\ndef add(a, b): return 0",
    "a reader that does not read": PIPES + "big = []\ndef add(a, b):\n if not big: big.append(1); return a + b\n while True: os.write(end, b'x' * 65536)",
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


OWN_CHECKS = """
import math
from operator import truth as isclose
def add(a, b): return 0
def abs(x): return 0
def isinstance(a, b): return True
def all(x): return True
def gcd(*a): return 3
def approx(*a): return 0
class math:
    @staticmethod
    def isclose(*a, **k): return True
class pytest:
    class raises:
        def __init__(self, *a): pass
        def __enter__(self): return self
        def __exit__(self, *a): return True
class unittest:
    class TestCase: pass
AssertionError = ValueError
"""


@pytest.mark.parametrize("star", ["", "from solution import *\n"])
@pytest.mark.parametrize(
    "tests",
    [
        "assert abs(add(1, 2) - 3) < 1e-9 and operator",
        "def test_a():\n assert abs(add(1, 2) - 3) < 1e-9",
        "def test_a():\n assert isinstance(add(1, 2), str)",
        "def test_a():\n assert all(add(n, 1) == n + 1 for n in range(9))",
        "def test_a():\n assert math.isclose(add(1, 2), 3)",
        "def test_a():\n assert isclose(add(1, 2), 3)",
        "import unittest\nclass T(unittest.TestCase):\n def test_a(self): self.assertEqual(add(1, 2), 3)",
        "import pytest\ndef test_a():\n with pytest.raises(ValueError): add(1, 2)",
        "import pytest\ndef test_a():\n assert add(1, 2) == pytest.approx(3)",
    ],
)  # fmt: skip
async def test_an_answer_does_not_say_what_its_tests_compare_with(judge_tests, tests, star):
    if star and "import pytest" in tests:  # what comes last would count
        tests = tests.replace("def test_a", f"{star}def test_a", 1)
    else:
        tests = star + tests

    verdict = await judge_tests(OWN_CHECKS, visible=[f"import operator\n{tests}"])

    assert verdict.status is Status.FAIL, verdict.reason


async def test_an_exception_of_the_answers_is_not_the_built_in_one_of_its_name(judge_tests):
    tests = "import unittest\nclass T(unittest.TestCase):\n def test_a(self): self.assertRaises(KeyError, f)"
    own = "class KeyError(Exception): pass\ndef f(): raise KeyError('x')"
    renamed = "class X(Exception): pass\nX.__name__ = 'KeyError'\ndef f(): raise X('x')"

    for code in (own, renamed):
        assert (await judge_tests(code, visible=[tests], entry_point="f")).status is Status.FAIL


async def test_a_name_that_may_be_the_librarys_makes_a_row_cooperative(judge_tests):
    code = RIGHT + "def gcd(a, b): return 3\n"

    verdict = await judge_tests(code, visible=["def test_a():\n assert gcd(add(1, 2), 6) == 3"])

    assert (verdict.status, verdict.trust) == (Status.PASS, Trust.COOPERATIVE)
    assert "`gcd`, which the answer defines and the library too" in verdict.evidence.output


async def test_no_hack_gets_a_wrong_answer_accepted(judge_tests):
    verdicts = await asyncio.gather(
        *(judge_tests(code, visible=[UNITTEST]) for code in HACKS.values())
    )

    for hack, verdict in zip(HACKS, verdicts, strict=True):
        told = hack, verdict.reason
        assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE), told
        assert verdict.evidence.failing is not None, told
        assert "0x" not in verdict.reason.replace("0x…", ""), told


# What right answers may do

CALLBACKS = """
import operator
def test_functions_go_in():
    assert apply(lambda x: x * 2, [1, 2]) == [2, 4]
    assert apply(str, [1]) == ['1']
    assert apply(operator.neg, [1]) == [-1]
    seen = []
    apply(seen.append, [1, 2])
    assert seen == [1, 2]
def test_what_a_function_raises_comes_through():
    def broken(x): raise ValueError(f'no {x}')
    try:
        apply(broken, [1])
    except ValueError as error:
        assert str(error) == 'no 1'
    else:
        assert False
def test_functions_come_out():
    assert adder(2)(3) == 5
"""
CLASSES = """
import unittest
from solution import Stack, Node, Full, Colour, chain
class TestStack(unittest.TestCase):
    def setUp(self):
        self.stack = Stack(2)
    def test_it(self):
        self.stack.push(1)
        self.stack.push([2])
        self.assertEqual(len(self.stack), 2)
        self.assertEqual(self.stack.pop(), [2])
        self.assertEqual(list(self.stack), [1])
        self.assertTrue(self.stack)
        self.assertIsInstance(self.stack, Stack)
        self.assertEqual(repr(self.stack), 'Stack([1])')
        self.assertEqual(self.stack.size, 1)
        self.assertEqual(Stack.empty().size, 0)
        with self.assertRaises(AttributeError):
            self.stack.nothing
    def test_its_exception(self):
        self.stack.push(1); self.stack.push(2)
        with self.assertRaises(Full) as caught:
            self.stack.push(3)
        self.assertEqual(str(caught.exception), 'full at 2')
        self.assertEqual(caught.exception.size, 2)
        with self.assertRaises(ValueError):
            self.stack.push(3)
    def test_objects(self):
        first = Node(1, Node(2))
        self.assertIs(first.next, first.next)
        self.assertEqual(first.next.value, 2)
        self.assertIsNone(first.next.next)
        self.assertEqual(Node(1), Node(1))
        self.assertNotEqual(Node(1), Node(2))
        self.assertLess(Node(1), Node(2))
        self.assertEqual(chain([3, 4]).next.value, 4)
        self.assertIn(Node(1), [Node(0), Node(1)])
        first.value = 9
        self.assertEqual(first.value, 9)
    def test_an_enumeration(self):
        self.assertEqual(Colour.RED, Colour('red'))
        self.assertIs(Colour['RED'], Colour.RED)
        self.assertEqual([colour.value for colour in Colour], ['red', 'blue'])
"""
STACK = """
import enum, functools
from dataclasses import dataclass
class Full(ValueError):
    def __init__(self, size):
        super().__init__(f'full at {size}')
        self.size = size
class Colour(enum.Enum):
    RED = 'red'
    BLUE = 'blue'
class Stack:
    def __init__(self, most): self.most, self.held = most, []
    @classmethod
    def empty(cls): return cls(0)
    def push(self, value):
        if len(self.held) == self.most: raise Full(self.most)
        self.held.append(value)
    def pop(self): return self.held.pop()
    def __len__(self): return len(self.held)
    def __iter__(self): return iter(self.held)
    def __repr__(self): return f'Stack({self.held})'
    @property
    def size(self): return len(self.held)
@functools.total_ordering
class Node:
    def __init__(self, value, next=None): self.value, self.next = value, next
    def __eq__(self, other): return self.value == other.value
    def __lt__(self, other): return self.value < other.value
def chain(values):
    first = None
    for value in reversed(values): first = Node(value, first)
    return first
"""
RIGHT_ONES = {
    "functions of the tests": (
        "def apply(f, xs): return [f(x) for x in xs]\ndef adder(n): return lambda x: x + n",
        CALLBACKS,
    ),
    "classes": (STACK, CLASSES),
    "changes in place": (
        "def f(x, y):\n x.append([3]); x[0].append(1); y['a'] = {1}; y.pop('b'); return x",
        "def test_f():\n inner = [0]\n x, y = [inner, 2], {'b': 1}\n assert f(x, y) is x\n assert x == [[0, 1], 2, [3]] and y == {'a': {1}}\n assert inner == [0, 1]",
    ),
    "iterators": (
        "def f():\n n = 0\n while True:\n  yield n\n  n += 1\ndef g(xs): return sum(xs)\ndef h(): yield 1; raise KeyError('end')",
        "import itertools, inspect_not as i\n".replace("import itertools, inspect_not as i\n", "import itertools\n")
        + "def test_f():\n assert list(itertools.islice(f(), 300)) == list(range(300))\n it = f()\n assert (next(it), next(it)) == (0, 1)\n assert g(x for x in [1, 2]) == 3\ndef test_h():\n it = h()\n assert next(it) == 1\n try:\n  next(it)\n except KeyError as e:\n  assert e.args == ('end',)\n else:\n  assert False",
    ),
    "values of the standard library": (
        "import collections, datetime, decimal, fractions, pathlib, uuid\nP = collections.namedtuple('P', 'x y')\ndef f(x): return x\ndef p(): return P(1, 2)\ndef d(): return datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)",
        "import collections, datetime, decimal, fractions, pathlib, uuid\ndef test_f():\n for v in (datetime.date(2020, 1, 2), datetime.timedelta(1, 2), decimal.Decimal('1.10'), fractions.Fraction(1, 3), collections.Counter('aab'), collections.deque([1], 3), collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), pathlib.PurePosixPath('/x'), uuid.UUID(int=5), bytearray(b'x'), int, [{(1, 2): {3}}], 1j, b'x', 2**90, None, range(3)):\n  assert f(v) == v and type(f(v)) is type(v), v\ndef test_p():\n assert p() == (1, 2) and p().x == 1 and p()._asdict() == {'x': 1, 'y': 2}\ndef test_d():\n assert d().isoformat() == '2020-01-02T00:00:00+00:00'",
    ),
    "what is printed": (
        "def hello(name): print('hello', name)",
        "import io, contextlib\ndef test_hello():\n out = io.StringIO()\n with contextlib.redirect_stdout(out):\n  hello('you')\n assert out.getvalue() == 'hello you\\n'",
    ),
    "what is printed, by pytest": (
        "def hello(name): print('hello', name)",
        "import pytest\ndef test_hello(capsys):\n hello('you')\n assert capsys.readouterr().out == 'hello you\\n'",
    ),
    "coroutines": (
        "import asyncio\nasync def f(x):\n await asyncio.sleep(0)\n if x < 0: raise ValueError('negative')\n return x + 1",
        "import asyncio, unittest\nclass TestF(unittest.IsolatedAsyncioTestCase):\n async def test_f(self):\n  self.assertEqual(await f(1), 2)\n  with self.assertRaises(ValueError):\n   await f(-1)\nclass TestG(unittest.TestCase):\n def test_g(self): self.assertEqual(asyncio.run(f(1)), 2)",
    ),
    "constants and keywords": (
        "LIMIT = 3\ndef f(a, *rest, key=None, **more): return [a, rest, key, more]",
        "import solution\nfrom solution import *\ndef test_f():\n assert LIMIT == solution.LIMIT == 3\n assert f(1, 2, key=3, x=4) == [1, (2,), 3, {'x': 4}]",
    ),
    "random numbers": (
        "import random\ndef f(): return random.random()",
        "def test_f():\n assert f() != f()\n assert 0 <= f() < 1",
    ),
    "a docstring": (
        "def f(x):\n 'Give x.'\n return x",
        "import unittest\nclass TestF(unittest.TestCase):\n def test_f(self):\n  self.assertEqual((f.__doc__, f.__name__), ('Give x.', 'f'))\n  self.assertTrue(callable(f))\n  self.assertRaises(TypeError, f)\n  self.assertEqual(list(map(f, [1])), [1])\n  self.assertAlmostEqual(f(0.1 + 0.2), 0.3)\n  self.assertIsNone(f(None))",
    ),
    "threads of the tests": (
        "def f(x): return x + 1",
        "import concurrent.futures\ndef test_f():\n with concurrent.futures.ThreadPoolExecutor(4) as pool:\n  assert list(pool.map(f, range(50))) == list(range(1, 51))",
    ),
    "pytest's own comparisons": (
        "def f(x): return x / 3\ndef g(): raise LookupError('not here')",
        "import pytest\n@pytest.fixture(autouse=True)\ndef ready(): yield\ndef test_f():\n assert f(1) == pytest.approx(0.3333, abs=1e-3)\n assert f(3) == 1\ndef test_g():\n with pytest.raises(LookupError, match='not'):\n  g()\nclass TestOld:\n def setup_method(self): self.n = 6\n def test_n(self): assert f(self.n) == 2",
    ),
    "names that are built-in ones": (
        "def sum(a): return -1\ndef f(a): return -2",
        "from solution import sum\ndef test_f():\n assert sum([1]) == -1 and f(3) == -2 and max([1, 2]) == 2",
    ),
    "names that the answer imports": (
        "import math\nfrom collections import Counter\nimport numpy_is_not_here\n".replace("import numpy_is_not_here\n", "")
        + "def f(x): return math.pi * x\ndef helper(x): return 2 * x",
        "def test_f():\n assert math.isclose(f(2), helper(math.pi))\n assert Counter('aa') == {'a': 2}",
    ),
    "everything by a star": (
        "def f(x): return x\ndef _g(x): return x\ndef test_me(): raise ValueError\nclass C:\n def m(self): return 5",
        "from solution import *\nimport solution\ndef test_f():\n assert f(1) == 1 and C().m() == 5 and solution._g(3) == 3",
    ),
    "a name that both have": (
        "result = 7\ndef f(x): return x",
        "import operator\nresult = operator.add(f(1), 1)\nassert result == 2",
    ),
    "statements": (
        "def add(a, b): return a + b",
        "import operator\ndef twice(x): return x * 2\nassert twice(add(1, 1)) == 4\nfor n in range(3): assert operator.eq(add(n, 1), n + 1)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", RIGHT_ONES)
async def test_right_answers_pass_apart_from_their_tests(judge_tests, kind):
    code, tests = RIGHT_ONES[kind]

    verdict = await judge_tests(code, entry_point="f", visible=[tests])

    assert (verdict.status, verdict.trust) == (Status.PASS, Trust.SEPARATE), (
        verdict.reason,
        verdict.evidence,
    )


# What is neither the answer's merit nor its fault


@pytest.mark.parametrize(
    ("tests", "reason"),
    [
        ("import pytest\n@pytest.fixture\ndef x(): return 1", "no tests: nothing was collected"),
        ("import unittest\nclass T(unittest.TestCase): pass", "no tests: nothing was collected"),
        (
            "import pytest\n@pytest.mark.skip\ndef test_a(): assert add(1, 2) == 3",
            "no tests: all 1 are skipped",
        ),
        (
            "import unittest\nclass T(unittest.TestCase):\n @unittest.skip('x')\n def test_a(self): pass",
            "no tests: all 1 are skipped",
        ),
        (
            "import nosuchmodule\ndef test_a(): assert add(1, 2) == 3",
            "the tests cannot be loaded: ModuleNotFoundError: No module named 'nosuchmodule'",
        ),
        (
            "import pytest, nosuchmodule\ndef test_a(): assert add(1, 2) == 3",
            "the tests cannot be loaded: ModuleNotFoundError: No module named 'nosuchmodule'",
        ),
        (
            "import pytest\ndef test_a(nosuch): assert add(1, 2) == 3",
            "the tests need what is not there: fixture 'nosuch' not found",
        ),
        ("async def test_a(): assert add(1, 2) == 3", "has asynchronous tests, which need"),
        (
            "import pytest\n@pytest.mark.asyncio\nasync def test_a(): pass",
            "has asynchronous tests, which need",
        ),
    ],
)
async def test_tests_that_judge_nothing_are_our_error(judge_tests, tests, reason):
    for code in (RIGHT, "def add(a, b): return 0"):
        verdict = await judge_tests(code, visible=[tests])

        assert (verdict.status, verdict.score) == (Status.ERROR, None)
        assert reason in verdict.reason


async def test_tests_that_do_not_end_are_our_error(judge_tests, monkeypatch):
    monkeypatch.setattr(split_mode, "TESTERS_OWN_S", 0.3)
    tests = "def test_a():\n while True: pass"

    verdict = await judge_tests(RIGHT, visible=[tests], config={"from": "visible", "timeout": 0.3})

    assert verdict.status is Status.ERROR
    assert "the tests themselves do not end in time" in verdict.reason


@pytest.mark.parametrize(
    "tests",
    [
        "import pytest\n@pytest.mark.xfail\ndef test_a(): assert add(1, 2) == 4\ndef test_b(): assert add(1, 2) == 3",
        "import pytest\n@pytest.mark.xfail\ndef test_a(): assert add(1, 2) == 3\ndef test_b(): assert add(1, 2) == 3",
        "import pytest\ndef test_a():\n assert add(1, 2) == 3\n pytest.skip('x')\ndef test_b(): assert add(1, 2) == 3",
        "import unittest\nclass T(unittest.TestCase):\n @unittest.expectedFailure\n def test_a(self): self.assertEqual(add(1, 2), 4)\n def test_b(self): self.assertEqual(add(1, 2), 3)",
        "import unittest\nclass T(unittest.TestCase):\n def test_a(self): self.skipTest('x')\n def test_b(self): self.assertEqual(add(1, 2), 3)",
        "import unittest\nclass T(unittest.TestCase):\n def tearDown(self): assert add(1, 2) == 4\n def test_b(self): self.assertEqual(add(1, 2), 3)",
        "import pytest\n@pytest.fixture\ndef x():\n yield\n assert add(1, 2) == 4\ndef test_b(x): assert add(1, 2) == 3",
    ],
)  # fmt: skip
async def test_a_named_test_that_does_not_pass_passes_no_row(judge_tests, tests):
    verdict = await judge_tests(RIGHT, visible=[tests])

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE)
    assert verdict.score < 1


async def test_an_answer_cannot_make_its_tests_an_error(judge_tests):
    tests = "import pytest\n@pytest.mark.parametrize('a', add(1, 2))\ndef test_a(a): assert a == 3"

    verdict = await judge_tests("def add(a, b): return []", visible=[tests])

    assert verdict.status is Status.FAIL


async def test_tests_that_swallow_everything_do_not_hide_that_the_answer_has_gone(judge_tests):
    tests = "def test_a():\n try:\n  add(1, 2)\n except BaseException:\n  pass"

    gone = await judge_tests("import os\ndef add(a, b): os._exit(0)", visible=[tests])
    odd = await judge_tests("def add(a, b): return [[0] * 1000] * 1000", visible=[tests])
    raised = await judge_tests("def add(a, b): 1/0", visible=[tests])

    assert gone.status is odd.status is Status.FAIL
    assert "too large to compare" in odd.reason
    assert raised.status is Status.PASS


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        ("from unittest import mock\ndef test_a():\n with mock.patch('solution.add', return_value=9):\n  assert solution_add() == 9\ndef solution_add():\n import solution\n return solution.add(1, 2)", "patches"),
        ("import pytest\ndef test_a(tmp_path):\n (tmp_path / 'x').write_text('1')\n assert add(int((tmp_path / 'x').read_text()), 2) == 3", "files"),
        ("class Big(int): pass\ndef test_a(): assert add(Big(1), 2) == 3", "an argument of the class `Big`"),
        ("def test_a(): assert Vec(1) + 1 == Vec(2)", "an operator on an object of the answer's"),
        ("def test_a():\n class Sub(Vec): pass\n assert Sub(1).x == 1", "a class that is made of one"),
        ("import solution\ndef test_a():\n solution.ADDED = 5\n assert solution.add5(1) == 6", "a change to the answer's module"),
    ],
)  # fmt: skip
async def test_tests_that_need_the_answer_beside_them_are_cooperative_and_say_why(
    judge_tests, tests, why
):
    code = RIGHT + (
        "ADDED = 1\ndef add5(a): return a + ADDED\n"
        "class Vec:\n"
        "    def __init__(self, x): self.x = x\n"
        "    def __add__(self, other): return Vec(self.x + other)\n"
        "    def __eq__(self, other): return self.x == other.x\n"
    )

    right = await judge_tests(code, visible=[tests])
    wrong = await judge_tests(code.replace("+", "-"), visible=[tests.replace("== 9", "== 8")])

    assert (right.status, right.trust) == (Status.PASS, Trust.COOPERATIVE), right.reason
    assert why in right.evidence.output
    assert wrong.trust is Trust.COOPERATIVE


class Single:
    """A stranger's sandbox, which cannot run two programs that talk."""

    def __init__(self, inner: Sandbox) -> None:
        self.inner = inner

    def describe(self) -> str:
        return "simple"

    async def run(self, execution: Execution) -> ExecutionResult:
        return await self.inner.run(execution)

    async def close(self) -> None:
        pass


async def test_a_sandbox_without_pairs_runs_them_in_one_process(sandbox):
    judge_tests = judge_with(unit_tests, UnitTestsConfig, Single(sandbox))

    right = await judge_tests(RIGHT, visible=[UNITTEST])
    wrong = await judge_tests("def add(a, b): return 0", visible=[UNITTEST])
    split = await judge_tests(RIGHT, visible=["assert add(1, 2) == 3"])

    assert (right.status, right.trust) == (Status.PASS, Trust.COOPERATIVE)
    assert "the sandbox `simple` runs no two programs that talk" in right.evidence.output
    assert (wrong.status, wrong.score) == (Status.FAIL, 0.0)
    assert split.trust is Trust.SEPARATE


async def test_without_pytest_the_verdict_says_how_to_get_it(monkeypatch):
    real = packages.metadata.distribution

    def distribution(name: str) -> object:
        if name == "pytest":
            raise packages.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(packages.metadata, "distribution", distribution)

    fresh = Keeping(await ReducedProvider().start(slots=1))
    verdict = await judge_with(unit_tests, UnitTestsConfig, fresh)(RIGHT, visible=[PYTEST])
    await fresh.close()

    assert verdict.status is Status.ERROR
    assert "package `pytest` is not installed; run `pip install pytest`" in verdict.reason


async def test_a_sandbox_that_fails_twice_is_an_error_and_never_a_fail(judge_tests, sandbox):
    broken = ExecutionResult(
        status=ExecutionStatus.SETUP_FAILED,
        reason="the sandbox could not be set up: no processes left",
        exit_code=None,
        stdout="",
        stderr="",
        isolation="reduced",
        cpu_ms=0.0,
        wall_ms=0.0,
    )
    sandbox.failures = [broken] * 2
    once = await judge_tests(RIGHT, visible=[UNITTEST])
    sandbox.failures = [broken] * 4

    twice = await judge_tests(RIGHT, visible=[UNITTEST])

    assert once.status is Status.PASS
    assert (twice.status, twice.reason) == (Status.ERROR, broken.reason)


async def test_visible_and_hidden_files_are_judged_together_and_in_a_loop_apart(judge_tests):
    hidden = FUNCTIONS.replace("range(50)", "range(50, 99)")
    code = "def add(a, b): return a + b if a < 60 else 0"

    loop = await judge_tests(code, visible=[UNITTEST], hidden=[hidden], stage=Stage.LOOP)
    final = await judge_tests(code, visible=[UNITTEST], hidden=[hidden])

    assert loop.reason == "2 of 2 visible tests passed"
    assert final.reason == (
        "hidden test 1 of 1 failed: test_hidden: `add(number, 7)` gave 0, expected 67"
    )
    assert final.evidence.tests["hidden"] == TestCount(passed=1, total=2)


async def test_the_same_verdict_comes_again(judge_tests, file):
    first, again = [
        await judge_tests("def add(a, b): return {a, b, object()}", visible=[file])
        for _ in range(2)
    ]

    assert first == again


async def test_a_files_strength_is_measured_too(judge_strength, file):
    verdict = await judge_strength(RIGHT, visible=[file])

    assert verdict.status is Status.PASS
    assert verdict.score == 1.0


async def test_a_file_finds_what_leans_on_the_order_of_a_set(judge_stable, sandbox):
    code = "def first(words):\n    return list(set(words))[0]\n"
    words = [f"w{number}" for number in range(20)]
    program = f"{code}print(first({words}))"
    seen = await sandbox.inner.run(Execution(files={"a.py": program}, entry="a.py"))
    tests = f"def test_a():\n    assert first({words}) == {seen.stdout.strip()!r}\n"

    verdict = await judge_stable(code, entry_point="first", visible=[tests])

    assert (verdict.status, verdict.trust) == (Status.FAIL, Trust.SEPARATE)
    assert verdict.reason.startswith("flaky: passed at first, then with another hash seed")


NUMPY = """
import unittest
import numpy as np
class TestMean(unittest.TestCase):
    def test_array(self):
        np.testing.assert_allclose(mean(np.array([[1, 2], [3, 4]])), [2, 3])
        self.assertEqual(mean([[1], [3]]).shape, (1,))
    def test_number(self):
        self.assertEqual(mean([1, 2, 3]), 2)
        self.assertIsInstance(mean([1]), np.floating)
"""


async def test_numbers_and_arrays_of_a_package_of_the_suites_are_judged_too(sandbox):
    with_numpy = await with_packages(sandbox.inner, ("numpy",))
    judge = judge_with(unit_tests, UnitTestsConfig, with_numpy)
    right = "import numpy as np\ndef mean(a): return np.array(a).mean(axis=0)"
    given = {"entry_point": "mean", "visible": [NUMPY], "hidden": ["assert mean([1, 2, 6]) == 3"]}

    passed = await judge(right, **given)
    failed = await judge(right.replace("mean(axis=0)", "sum(axis=0)"), **given)
    forged = await judge(
        "class float64:\n def __eq__(s, o): return True\n def item(s): return s\n"
        "float64.__module__ = 'numpy'\ndef mean(a): return float64()",
        **given,
    )

    assert (passed.status, passed.trust) == (Status.PASS, Trust.SEPARATE), passed.reason
    assert failed.status is forged.status is Status.FAIL
