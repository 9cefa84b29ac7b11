"""`differential`: a reference and an answer on the same inputs, compared out here."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sygra_eval.validators import DifferentialConfig, differential
from sygra_eval.validators.comparing import are_equal
from sygra_eval.validators.mutated_inputs import Input, more_inputs
from sygra_eval.values import (
    Candidate,
    Limits,
    Scope,
    Stage,
    Status,
    TestCount,
    Trust,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
)

RIGHT = "def add(a, b):\n    return a + b\n"
TESTS = ["assert add(1, 2) == 3", "assert add(0, 50) == 50", "assert add(-40, 1) == -39"]
NUMBERS = [[n, n + 1] for n in range(12)]


@pytest.fixture
def compare(sandbox) -> Callable[..., Awaitable[Verdict]]:
    """Judges code by `differential`; the row's columns by keyword."""

    async def judge(
        code: str | None,
        *,
        entry_point: str = "add",
        stage: Stage = Stage.FINAL,
        config: dict[str, object] | None = None,
        **columns: object,
    ) -> Verdict:
        columns = {"reference": RIGHT, "tests": TESTS, **columns}
        named = {"reference": "reference", "from": "tests", **(config or {})}
        spec = ValidatorSpec(
            name="differential",
            use="differential",
            is_required=True,
            config=DifferentialConfig.model_validate(named),
        )
        context = ValidatorContext(
            validator=spec,
            columns=columns,
            stage=stage,
            sandbox=sandbox,
            limits=Limits(wall_s=3, cpu_s=1, memory_mb=256, max_output_mb=1),
        )
        candidate = Candidate(
            text=code or "", code=code, extraction="no_code: none", entry_point=entry_point
        )
        return await differential(candidate, context)

    return judge


async def test_an_equal_answer_passes_on_two_hundred_inputs_made_from_the_tests(compare, sandbox):
    verdict = await compare("def add(x, y):\n    return y + x\n")

    assert (verdict.status, verdict.trust, verdict.score) == (Status.PASS, Trust.SEPARATE, 1.0)
    assert verdict.reason == ("equal to the reference on 200 inputs (0 of 200 inputs discarded)")
    assert verdict.evidence.tests == {"differential": TestCount(passed=200, total=200)}
    assert RIGHT not in repr([asked.files["answer.py"] for asked in sandbox.asked[1:]])


async def test_what_the_tests_accept_and_the_reference_does_not_fails_with_the_input(compare):
    verdict = await compare("def add(a, b):\n    return a + b if a != -7 else 0\n", inputs=[
        *NUMBERS, [-7, 1], [-7, 2]], config={"inputs": "inputs"})  # fmt: skip

    assert (verdict.status, verdict.score) == (Status.FAIL, pytest.approx(12 / 14))
    assert verdict.reason == "`add(-7, 1)` gave 0, the reference gives -6"
    failing = verdict.evidence.failing
    assert (failing.input, failing.expected, failing.got) == ("add(-7, 1)", "-6", "gave 0")


async def test_in_a_loop_it_skips_and_asks_nothing(compare, sandbox):
    verdict = await compare(RIGHT, stage=Stage.LOOP)

    assert (verdict.status, verdict.reason) == (
        Status.SKIP,
        "it runs on the kept candidate, after the loop",
    )
    assert sandbox.asked == []


async def test_inputs_on_which_the_reference_raises_or_hangs_are_discarded(compare):
    reference = (
        "def add(a, b):\n    if a == 3: raise ValueError\n    while a == 5: pass\n    return a + b"
    )

    verdict = await compare(
        "def add(a, b):\n    return 0 if a in (3, 5) else a + b\n",
        reference=reference,
        inputs=NUMBERS,
        config={"inputs": "inputs"},
    )

    assert verdict.reason == "equal to the reference on 10 inputs (2 of 12 inputs discarded)"


async def test_inputs_that_break_the_contract_are_discarded_in_the_box(compare):
    verdict = await compare(
        "def add(a, b):\n    return a + b if a > 1 else None\n",
        inputs=NUMBERS,
        contract="\n    assert isinstance(a, int) and a > 1, 'small'\n",
        config={"inputs": "inputs", "contract": "contract"},
    )

    assert verdict.reason == "equal to the reference on 10 inputs (2 of 12 inputs discarded)"


@pytest.mark.parametrize(
    ("columns", "status", "reason"),
    [
        ({"reference": None}, Status.SKIP, "the row has no reference in `reference`"),
        ({"reference": "def add(a, b): raise ValueError"}, Status.SKIP,
         "the reference returns on 0 of 200 inputs, fewer than 10"),
        ({"reference": "1/0"}, Status.ERROR,
         "the reference fails when it is loaded: ZeroDivisionError: division by zero"),
        ({"tests": []}, Status.SKIP, "the reference returns on 0 of 0 inputs, fewer than 10"),
        ({"tests": 3}, Status.ERROR, "column `tests` holds int, not a text or a list"),
        ({"inputs": 3, "config": {"inputs": "inputs"}}, Status.ERROR,
         "column `inputs` is no list of argument lists"),
        ({"contract": "assert (", "config": {"contract": "contract"}}, Status.ERROR,
         "column `contract` holds no assertions on the parameters"),
        ({"entry_point": "not a name"}, Status.SKIP, "the row names no entry point"),
    ],
)  # fmt: skip
async def test_what_says_nothing_of_the_answer_is_no_verdict_on_it(
    compare, columns, status, reason
):
    verdict = await compare(RIGHT, **columns)

    assert (verdict.status, verdict.score, verdict.reason) == (status, None, reason)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, "no_code: none"),
        ("1/0", "did not return: ZeroDivisionError: division by zero"),
        ("import os; os._exit(0)", "did not return: "),
        ("def add(a, b):\n    while True: pass", "did not return: still running"),
        ("def add(a, b): raise KeyError(a)", "raised KeyError"),
        ("def add(a, b):\n class E(int): pass\n return E(a + b)", "an object of the class `E`"),
        ("n = []\ndef add(a, b):\n n.append(1)\n return a + b + len(n) // 201", "asked again"),
    ],
)
async def test_an_answer_that_does_not_do_it_fails_with_what_happened(compare, code, reason):
    verdict = await compare(code)

    assert verdict.status is Status.FAIL
    assert reason in verdict.reason


async def test_a_verdict_is_the_same_when_it_is_given_again(compare):
    first, second = [await compare("def add(a, b):\n    return abs(a + b)\n") for _ in range(2)]

    assert first == second
    assert first.status is Status.FAIL


@pytest.mark.parametrize(
    ("got", "expected", "keys", "is_equal"),
    [
        (1, True, {}, True),
        (1, True, {"types": "exact"}, False),
        ([1, 2.0], [1, 2], {}, True),
        ([1, 2.0], [1, 2], {"types": "exact"}, False),
        ((1,), [1], {}, False),
        (float("nan"), float("nan"), {}, True),
        (0.1 + 0.2, 0.3, {}, False),
        ({"a": [0.1 + 0.2]}, {"a": [0.3]}, {"tolerance": 1e-9}, True),
        (1, 2, {"tolerance": 5}, False),
        (10**400, 1.0, {"tolerance": 5}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {}, True),
        (None, 0, {}, False),
    ],
)
def test_values_are_equal_by_type_and_tolerance(got, expected, keys, is_equal):
    assert are_equal(got, expected, **{"types": "python", **keys}) is is_equal


ARGUMENTS = st.lists(
    st.tuples(
        st.integers(-50, 50),
        st.text("ab1 ", max_size=6),
        st.lists(st.floats(-9, 9), max_size=4),
        st.dictionaries(st.sampled_from("xyz"), st.booleans(), max_size=3),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)  # a busy machine is no failure
@given(ARGUMENTS, st.integers(0, 9))
def test_made_inputs_stay_within_what_the_examples_show(examples, seed):
    made = more_inputs([Input(args) for args in examples], 40, seed)

    numbers, texts, lists, mappings = zip(*(one.args for one in made), strict=True)
    assert (
        min(e[0] for e in examples) <= min(numbers) <= max(numbers) <= max(e[0] for e in examples)
    )
    assert set("".join(texts)) <= set("".join(e[1] for e in examples))
    assert max(map(len, texts)) <= max(len(e[1]) for e in examples)
    assert max(map(len, lists)) <= max(len(e[2]) for e in examples)
    assert all(isinstance(number, float) for numbers in lists for number in numbers)
    assert {key for one in mappings for key in one} <= {key for e in examples for key in e[3]}
    assert len({one.key() for one in made}) == len(made)
    assert made == more_inputs([Input(args) for args in examples], 40, seed)


@pytest.mark.parametrize(
    "keys", [{}, {"reference": "r", "most_inputs": 0}, {"reference": "r", "typos": 1}]
)
def test_what_is_not_meant_is_refused(keys):
    with pytest.raises(ValidationError):
        DifferentialConfig.model_validate(keys)


def test_without_inputs_and_tests_it_is_a_problem_with_a_fix():
    config = DifferentialConfig.model_validate({"reference": "referense"})

    problems = list(config.problems(Scope(variables=frozenset({"reference"}))))

    assert [problem.code for problem in problems] == ["unknown-column", "no-inputs"]
    assert problems[0].fix == "write `reference`"
    assert "`from`" in problems[1].fix


async def test_an_answer_that_is_slow_on_many_inputs_is_not_taken_for_one_that_hangs(
    compare, sandbox
):
    slow = "import time\ndef add(a, b):\n    time.sleep(0.02)\n    return a + b\n"

    verdict = await compare(slow)  # 200 calls, 4 s of the 3 s that one execution has

    assert verdict.status is Status.PASS, verdict.reason
    assert len(sandbox.asked) == 7  # the reference, all inputs, the one that was running, 4 parts


@pytest.mark.parametrize(
    "deed",
    [
        "return 'x' * 3_000_000",  # both times too much for the result pipe
        "print('x' * 2_000_000)",
        "import os; os.abort()",
        "import os; os._exit(0)",
        "return add(a, b)",
        "return [[]] * 10**6",
    ],
)
async def test_inputs_on_which_the_reference_dies_are_discarded_and_the_rest_goes_on(compare, deed):
    reference = f"def add(a, b):\n    if a in (3, 4, 9):\n        {deed}\n    return a + b\n"

    verdict = await compare(
        RIGHT,
        reference=reference,
        inputs=[[n, n + 1] for n in range(16)],
        config={"inputs": "inputs"},
    )

    assert verdict.reason == "equal to the reference on 13 inputs (3 of 16 inputs discarded)"


async def test_an_answer_is_asked_no_more_at_once_than_the_reference_could_give(compare):
    wordy = "def add(a, b):\n    return 'x' * 200_000 + str(a + b)\n"

    verdict = await compare(wordy, reference=wordy)  # 80 MB from two hundred inputs asked twice

    assert verdict.status is Status.PASS, verdict.reason
    assert verdict.evidence.tests["differential"].total == 200


async def test_a_reference_that_never_ends_is_given_up_after_a_few_time_limits(compare, sandbox):
    verdict = await compare(
        RIGHT,
        reference="def add(a, b):\n    while True: pass\n",
        inputs=NUMBERS,
        config={"inputs": "inputs", "timeout": 0.2},
    )

    assert len(sandbox.asked) <= 8
    assert (verdict.status, verdict.reason) == (
        Status.SKIP,
        "the reference returns on 0 of 12 inputs, fewer than 10",
    )


RAISING = """
def add(a, b):
    if a == 7: raise ValueError('seven')
    if a == 8: raise KeyError('eight')
    return a + b
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (RAISING, "equal to the reference on 11 inputs (1 of 12 inputs discarded)"),
        (
            "def add(a, b):\n    return float(chr(a) if a == 7 else a + b)\n",
            "equal to the reference on 11 inputs (1 of 12 inputs discarded)",
        ),
        (RIGHT, "`add(7, 8)` gave 15, the reference raises ValueError"),
        (
            RAISING.replace("ValueError('seven')", "TypeError"),
            "`add(7, 8)` raised TypeError, the reference raises ValueError",
        ),
        (
            RAISING.replace("return", "if a == 2: raise ValueError\n    return"),
            "`add(2, 3)` raised ValueError, the reference gives 5",
        ),
    ],
)
async def test_an_exception_that_the_question_asks_for_is_an_answer(compare, code, reason):
    verdict = await compare(
        code,
        reference=RAISING,
        inputs=NUMBERS,
        raises=["ValueError"],
        config={"inputs": "inputs", "raises": "raises"},
    )

    assert verdict.reason == reason


GROWING = "def grow(xs, n):\n    xs.append(n)\n    return len(xs)\n"


@pytest.mark.parametrize(
    ("code", "counts", "reason"),
    [
        (GROWING, True, "equal to the reference on 12 inputs (0 of 12 inputs discarded)"),
        (
            "def grow(xs, n):\n    return len(xs) + 1\n",
            True,
            "`grow([0], 1)` left its argument 1 as [0] and not as [0, 1], the reference gives 2",
        ),
        (
            "def grow(xs, n):\n    return len(xs) + 1\n",
            False,
            "equal to the reference on 12 inputs (0 of 12 inputs discarded)",
        ),
        (
            "def grow(xs, n):\n    xs.append(object())\n    return len(xs)\n",
            True,
            "`grow([0], 1)` left its argument 1 as an object that is no plain data and not as"
            " [0, 1], the reference gives 2",
        ),
    ],
)
async def test_what_becomes_of_the_arguments_counts_where_the_row_says_so(
    compare, code, counts, reason
):
    verdict = await compare(
        code,
        entry_point="grow",
        reference=GROWING,
        inputs=[[[n], n + 1] for n in range(12)],
        contract="assert not xs.clear()",  # what it does to its arguments is its own affair
        counts=counts,
        config={"inputs": "inputs", "contract": "contract", "arguments": "counts"},
    )

    assert verdict.reason == reason


async def test_inputs_are_drawn_from_the_rows_strategies_after_those_of_the_tests(compare):
    code = "def add(a, b):\n    return a + b if a != 77 or b is not None else 0\n"

    verdict = await compare(
        "def add(a, b):\n    return a + b if b >= -99 else 0\n",
        strategies=["integers(0, 9)", "integers(-100, -90)"],
        config={"strategies": "strategies"},
    )
    equal = await compare(
        code, strategies=["integers(0, 9)", "just(5)"], config={"strategies": "strategies"}
    )

    assert verdict.status is Status.FAIL
    assert verdict.evidence.failing.input.endswith(", -100)")
    assert equal.reason == "equal to the reference on 13 inputs (0 of 13 inputs discarded)"


@pytest.mark.parametrize(
    ("strategies", "reason"),
    [
        (["integers(0, 9)", "exec('1')"], "column `strategies`: "),
        (["integers(9, 0)", "integers()"], "column `strategies`: "),
        ("integers()", "column `strategies`: one text has to be `tuples(...)`"),
        (
            {"a": 1},
            "column `strategies`: strategies are texts in a list, or one text; this is dict",
        ),
    ],
)
async def test_a_column_that_holds_no_strategies_is_the_rows_error(compare, strategies, reason):
    verdict = await compare(
        RIGHT, strategies=strategies, config={"strategies": "strategies", "min_inputs": 1}
    )

    assert verdict.status is Status.ERROR
    assert reason in verdict.reason


@pytest.mark.parametrize(
    "wrong", ["a == [117]", "b == 'hidden'", "b == 'y' and len(b) == 1", "a == ['x']"]
)
async def test_every_value_that_a_strategy_lists_is_tried(compare, wrong):
    many = [*(f"seen {number}" for number in range(30)), "hidden"]

    verdict = await compare(
        f"def add(a, b):\n    return None if {wrong} else len(a) + len(b)\n",
        reference="def add(a, b):\n    return len(a) + len(b)\n",
        tests=[],
        strategies=[
            f"lists(integers(0, 9) | sampled_from({[*range(100, 130)]}), max_size=5) | just(['x'])",
            f"lists(sampled_from('xyz'), max_size=3).map(''.join) | sampled_from({many})",
        ],
        config={"strategies": "strategies"},
    )

    assert verdict.status is Status.FAIL, wrong
