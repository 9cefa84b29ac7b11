"""`properties`: what is said of a function is tried on inputs that nobody wrote down."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from sygra_eval.validators.properties import properties
from sygra_eval.validators.properties_config import PropertiesConfig
from sygra_eval.values import (
    PREVIOUS_DRAFT,
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

NUMBERS = ["lists(integers(-20, 20), max_size=8)"]
SORT = "def f(xs):\n    return sorted(xs)\n"
Try = Callable[..., Awaitable[Verdict]]


@pytest.fixture
def try_properties(sandbox) -> Try:
    """Judges code by `properties`; the keys by keyword, the row's columns in `row`."""

    async def judge(
        code: str | None,
        *wanted: object,
        stage: Stage = Stage.FINAL,
        row: dict[str, object] | None = None,
        limits: Limits | None = None,
        **keys: object,
    ) -> Verdict:
        keys = {"examples": 40, **({"properties": list(wanted)} if wanted else {}), **keys}
        if "from" not in keys:
            keys.setdefault("strategies", NUMBERS)
        spec = ValidatorSpec(
            name="properties",
            use="properties",
            is_required=True,
            config=PropertiesConfig.model_validate(keys),
        )
        context = ValidatorContext(
            validator=spec,
            columns=row or {},
            stage=stage,
            sandbox=sandbox,
            limits=limits or Limits(wall_s=5, cpu_s=2, memory_mb=256, max_output_mb=1),
        )
        candidate = Candidate(
            text=code or "", code=code, extraction="no_code: none", entry_point="f"
        )
        return await properties(candidate, context)

    return judge


async def test_properties_that_hold_pass_in_one_execution_of_a_hundred_inputs(
    try_properties, sandbox
):
    verdict = await try_properties(SORT, "sorted", "permutation", "no_crash", examples=100)

    assert (verdict.status, verdict.score, verdict.trust) == (Status.PASS, 1.0, Trust.SEPARATE)
    total = verdict.evidence.tests["properties"].total
    assert 90 <= total <= 100
    assert verdict.evidence.tests == {"properties": TestCount(passed=total, total=total)}
    assert verdict.reason.startswith(
        f"sorted, permutation, no_crash: no counterexample in {total} inputs ("
    )
    assert f"{total} inputs tried, seed 0, " in verdict.evidence.output
    assert len(sandbox.asked) == 1


@pytest.mark.parametrize(
    ("code", "wanted", "input_", "expected", "got"),
    [
        ("def f(xs):\n    return sorted(xs)[:6]", "permutation", "f([0, 0, 0, 0, 0, 0, 0])",
         "the parts of [0, 0, 0, 0, 0, 0, 0]", "[0, 0, 0, 0, 0, 0]"),
        ("def f(xs):\n    return xs if len(xs) > 2 else sorted(xs)", "sorted", "f([0, 0, -1])",
         "[-1, 0, 0]", "[0, 0, -1]"),
        ("def f(xs):\n    return [x + 1 for x in xs]", "idempotent", "f(f([0]))", "[1]", "[2]"),
        ("def f(xs):\n    return 1 // (13 not in xs)", "no_crash", "f([13])", "",
         "raised ZeroDivisionError: integer division or modulo by zero"),
        ("def f(xs):\n    return sum(xs[:4])", {"metamorphic": "f(x[::-1]) == f(x)"},
         "f([1, 0, 0, 0, 0][::-1]) == f([1, 0, 0, 0, 0])", "1", "0"),
        ("def f(xs):\n    return xs[1:]\ndef g(xs):\n    return xs",
         {"roundtrip": {"encode": "f", "decode": "g"}}, "g(f([0]))", "[0]", "[]"),
        ("def f(xs):\n    return (x for x in xs)", "sorted", "f([])", "",
         "gave an object of the class `generator`, which is no plain data"),
    ],
)  # fmt: skip
async def test_a_property_that_does_not_hold_is_told_by_a_small_input(
    try_properties, code, wanted, input_, expected, got
):
    verdict = await try_properties(code, wanted)

    assert verdict.status is Status.FAIL, verdict.reason
    assert 0 <= verdict.score < 1
    failing = verdict.evidence.failing
    assert (failing.input, failing.expected, failing.got) == (input_, expected, got)
    assert f"`{input_}`" in verdict.reason
    assert verdict.evidence.tests["properties"].passed < verdict.evidence.tests["properties"].total


async def test_an_answer_is_compared_with_the_reference_and_the_input_made_small(try_properties):
    wrong = "def f(xs):\n    return sorted(xs) if len(xs) < 4 else sorted(set(xs))\n"

    verdict = await try_properties(
        wrong, "equivalent_to_reference", reference="right", row={"right": SORT}
    )

    assert verdict.reason == (
        "equivalent_to_reference: `f([0, 0, 0, 0])` gave [0], the reference gives [0, 0, 0, 0]"
    )


async def test_what_becomes_of_the_arguments_is_compared_where_a_row_says_so(try_properties):
    keys = {"reference": "right", "arguments": "counts"}
    code = "def f(xs):\n    xs.sort()\n    return list(xs)\n"

    counts, not_ = [
        await try_properties(code, **keys, row={"right": SORT, "counts": counts})
        for counts in (True, False)
    ]

    assert counts.status is Status.FAIL
    assert "left its argument 1 as [" in counts.reason
    assert not_.status is Status.PASS


async def test_every_value_that_a_strategy_lists_is_tried(try_properties):
    code = "def f(n):\n    return 1 // (n - 77)\n"
    listed = [*range(20), 77, *range(100, 120)]

    verdict = await try_properties(
        code, "no_crash", strategies=[f"sampled_from({listed})"], examples=10
    )

    assert verdict.evidence.failing.input == "f(77)"


async def test_a_verdict_is_the_same_when_it_is_given_again(try_properties):
    code = "def f(xs):\n    return xs if len(xs) > 3 else sorted(xs)\n"

    first, again = [await try_properties(code, "sorted") for _ in range(2)]

    assert first == again
    assert first.status is Status.FAIL


async def test_in_the_loop_only_what_needs_no_reference_is_tried(try_properties, sandbox):
    row = {"right": "def f(xs):\n    return 7\n"}
    keys = {"reference": "right", "row": row, "stage": Stage.LOOP}

    both = await try_properties(SORT, "sorted", "equivalent_to_reference", **keys)
    alone = await try_properties(SORT, "equivalent_to_reference", **keys)
    shown = await try_properties(SORT, "equivalent_to_reference", **keys, visible=True)

    assert both.status is Status.PASS
    assert both.reason.startswith("sorted: no counterexample")
    assert (alone.status, alone.reason) == (
        Status.SKIP,
        "it runs on the kept candidate, after the loop",
    )
    assert shown.evidence.failing.expected == "7"


async def test_the_loop_is_shown_no_input_of_a_hidden_test(try_properties):
    keys = {
        "from": {"visible": "seen", "hidden": "unseen"},
        "row": {"seen": ["assert f([1]) == 1"], "unseen": ["assert f([77]) == 1"]},
    }
    code = "def f(xs):\n    return 1 // (77 not in xs)\n"

    loop = await try_properties(code, "no_crash", stage=Stage.LOOP, **keys)
    final = await try_properties(code, "no_crash", **keys)

    assert loop.status is Status.PASS
    assert final.reason == (
        "no_crash: `f([77])` raised ZeroDivisionError: integer division or modulo by zero"
    )


async def test_an_earlier_draft_is_agreed_with_where_there_is_one(try_properties):
    wanted = "agrees_with_previous_draft"
    row = {PREVIOUS_DRAFT: SORT}

    same = await try_properties(SORT, wanted, stage=Stage.LOOP, row=row)
    other = await try_properties("def f(xs):\n    return xs", wanted, stage=Stage.LOOP, row=row)
    none = await try_properties(SORT, wanted, stage=Stage.LOOP)

    assert same.status is Status.PASS
    assert other.reason == (
        "agrees_with_previous_draft: `f([0, -1])` gave [0, -1], the draft before gives [-1, 0]"
    )
    assert (none.status, none.reason) == (Status.SKIP, "there is no earlier draft")


@pytest.mark.parametrize("before", ["I cannot help.", "1/0", "def f(xs):\n    return xs[9]"])
async def test_a_draft_before_that_does_not_work_has_no_say(try_properties, before):
    wanted = "agrees_with_previous_draft"
    keys = {"stage": Stage.LOOP, "row": {PREVIOUS_DRAFT: before}}

    alone = await try_properties(SORT, wanted, **keys)
    beside = await try_properties(SORT, wanted, "sorted", **keys)

    assert (alone.status, alone.reason) == (
        Status.SKIP,
        "the draft before does not return on most inputs",
    )
    assert beside.reason.startswith("sorted: no counterexample")


async def test_allowed_exceptions_are_no_crash_and_say_nothing_of_other_properties(try_properties):
    code = "def f(xs):\n    if len(xs) > 6: raise UnicodeError('long')\n    return sorted(xs)\n"
    allowed = {"no_crash": {"allowed": ["ValueError"]}}

    verdict = await try_properties(code, allowed, "sorted")
    strict = await try_properties(code, "no_crash")
    refusing = await try_properties("def f(xs):\n    raise ValueError", allowed, "sorted")
    other = await try_properties("def f(xs):\n    raise KeyError(1)", allowed, "sorted")

    assert verdict.status is Status.PASS
    assert strict.evidence.failing.got == "raised UnicodeError: long"
    assert other.evidence.failing.got == "raised KeyError: 1"
    assert refusing.status is Status.FAIL
    assert "inputs are refused" in refusing.reason


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (None, "no_code: none"),
        ("1/0", "did not return: ZeroDivisionError: division by zero"),
        ("import os\nos._exit(0)", "did not return: "),
        ("import os\ndef f(xs):\n    if xs: os._exit(0)\n    return xs", "sorted: `f("),
        ("n = []\ndef f(xs):\n    n.append(1)\n    return sorted(xs) if len(n) < 50 else [2, 1]",
         "gave [2, 1], not [1, 2]"),
        ("def g(xs): return xs", "raised NameError: name 'f' is not defined"),
        ("class L(list): pass\ndef f(xs):\n    return L()",
         "gave an object of the class `L`, which is no plain data"),
    ],
)  # fmt: skip
async def test_an_answer_that_evades_fails(try_properties, code, told):
    verdict = await try_properties(code, "sorted")

    assert verdict.status is Status.FAIL
    assert told in verdict.reason


async def test_an_answer_that_hangs_fails_with_the_input_on_which_it_does(try_properties):
    code = "def f(xs):\n    while 20 in xs: pass\n    return xs\n"
    limits = Limits(wall_s=2, cpu_s=0.5, memory_mb=256, max_output_mb=1)

    verdict = await try_properties(code, "no_crash", limits=limits)

    assert verdict.status is Status.FAIL
    assert "20" in verdict.evidence.failing.input
    assert "did not return: still running" in verdict.reason


@pytest.mark.parametrize(
    ("keys", "status", "told"),
    [
        ({"row": {"right": "def f(xs):\n    return 1 // (len(xs) < 2)"}, "reference": "right"},
         Status.ERROR, "inputs were discarded: the reference does not return on them; write"),
        ({"row": {"s": None}, "strategies": "s"}, Status.SKIP,
         "the row has neither strategies nor tests with inputs"),
        ({"row": {"s": ["integrs()"]}, "strategies": "s"}, Status.ERROR,
         "column `s`: strategy 1: `integrs` is no strategy"),
        ({"row": {"s": ["integers(2, 1)"]}, "strategies": "s"}, Status.ERROR,
         "column `s`: `integers` is refused: InvalidArgument"),
        ({"properties": [{"metamorphic": "f(x, y) == 1"}]}, Status.ERROR,
         "has 2 variables (x, y) and an input 1 arguments"),
        ({"properties": [{"metamorphic": "f(x)[0] == open(x)"}]}, Status.ERROR,
         "it cannot be decided outside the box: the built-in `open`; change the property"),
        ({"properties": "p", "row": {"p": ["idempotnt"]}}, Status.ERROR,
         "column `p`: `idempotnt` is no property; write `idempotent`"),
        ({"properties": "p", "row": {}}, Status.SKIP, "the row has no properties in `p`"),
        ({"properties": ["equivalent_to_reference"], "reference": "r"}, Status.SKIP,
         "the row has no reference in `r`"),
    ],
)  # fmt: skip
async def test_what_says_nothing_of_the_answer_is_no_verdict_on_it(
    try_properties, keys, status, told
):
    keys.setdefault("properties", ["no_crash"])

    verdict = await try_properties(SORT, **keys)

    assert (verdict.status, verdict.score) == (status, None)
    assert told in verdict.reason


async def test_a_rows_own_properties_and_annotations_of_the_reference_are_used(try_properties):
    row = {"p": ["equivalent_to_reference"], "r": "def f(a: int, b: str) -> str:\n    return b * a"}
    wrong = "def f(a, b):\n    return b * abs(a)"

    verdict = await try_properties(wrong, properties="p", strategies=None, reference="r", row=row)

    assert verdict.reason == (
        "equivalent_to_reference: `f(-1, '0')` gave '0', the reference gives ''"
    )


@pytest.mark.parametrize("is_cancelled_while", ["drawing", "shrinking"])
async def test_when_it_is_cancelled_no_child_and_no_thread_is_left(
    try_properties, is_cancelled_while, monkeypatch
):
    started = asyncio.Event()
    where = "generated_inputs.run_child" if is_cancelled_while == "drawing" else "shrinking.slots"
    module, name = where.split(".")
    target = f"sygra_eval.validators.{module}.{name}"
    inner = __import__(f"sygra_eval.validators.{module}", fromlist=[name]).__dict__[name]

    def seen(*args, **named):
        started.set()
        return inner(*args, **named)

    monkeypatch.setattr(target, seen)
    before = (children(), threading.active_count())
    code = "def f(xs):\n    return [1 / x for x in xs]\n"
    judged = asyncio.create_task(
        try_properties(code, "no_crash", strategies=[f"lists(integers(0, {os.getpid()}))"])
    )

    async with asyncio.timeout(30):
        await started.wait()
        while not children() - before[0]:  # noqa: ASYNC110 - it begins in another process
            await asyncio.sleep(0)
    judged.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judged

    async with asyncio.timeout(10):  # the thread that waits for a child ends a moment after it
        while (children(), threading.active_count()) != before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def children() -> set[str]:
    """The child processes of this one that hypothesis runs in."""
    found = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        for pid in (task / "children").read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_text()
            if "inside_strategies" in command:
                found.add(pid)
    return found


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"properties": []}, "name 1 to 20 properties in a list"),
        ({"properties": ["sortd"]}, "`sortd` is no property; write `sorted`"),
        ({"properties": [{"roundtrip": {"encode": "f"}}]}, "`roundtrip`: decode: Field required"),
        ({"properties": ["roundtrip"]}, "`roundtrip` takes `{encode: NAME, decode: NAME}`"),
        ({"properties": [{"no_crash": {"allowed": ["ValueErr"]}}]}, "write `ValueError`"),
        ({"properties": [{"metamorphic": "f(x"}]}, "is no Python expression"),
        ({"properties": [{"metamorphic": 3}]}, "takes an expression over calls"),
        ({"properties": [{"sorted": {"a": 1}}]}, "`sorted` takes nothing"),
        ({"properties": ["sorted"], "strategies": ["integrs()"]}, "write `integers`"),
        ({"properties": ["sorted"], "examples": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_not_meant_is_refused_before_anything_runs(keys, told):
    with pytest.raises(ValidationError) as error:
        PropertiesConfig.model_validate(keys)

    assert told in str(error.value)


def test_columns_that_nothing_provides_and_missing_keys_are_problems_with_a_fix():
    config = PropertiesConfig.model_validate({"properties": ["equivalent_to_reference"]})
    other = PropertiesConfig.model_validate(
        {"properties": "prop", "reference": "right", "strategies": "tuples(none())"}
    )
    scope = Scope(variables=frozenset({"props", "right"}))

    assert [one.code for one in config.problems(scope)] == ["no-reference", "no-inputs"]
    assert [(one.code, one.fix) for one in other.problems(scope)] == [
        ("unknown-column", "write `props`")
    ]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("seen = []\ndef f(xs):\n    seen.append(xs)\n    return len(seen) - 1\n"
         "def g(k):\n    return seen[k]",
         {"roundtrip": {"encode": "f", "decode": "g"}}),
        ("last = None\ndef f(xs):\n    global last\n    if xs is last: return xs\n"
         "    last = xs + [1]\n    return last", "idempotent"),
    ],
)  # fmt: skip
async def test_what_a_function_remembers_does_not_help_it(try_properties, code, wanted):
    verdict = await try_properties(code, wanted)

    assert verdict.status is Status.FAIL


async def test_an_answer_that_leaves_when_it_is_asked_again_fails(
    try_properties, sandbox, monkeypatch
):
    inner, ran = sandbox.inner.run, []

    async def run(execution):
        if ran:  # as with `if os.urandom(1) < b"a": os._exit(0)`, which a test cannot rely on
            files = {**execution.files, "answer.py": "import os\nos._exit(0)"}
            execution = replace(execution, files=files)
        ran.append(execution)
        return await inner(execution)

    monkeypatch.setattr(sandbox.inner, "run", run)

    verdict = await try_properties(SORT, "idempotent")

    assert verdict.status is Status.FAIL
    assert "did not return" in verdict.reason


async def test_results_that_are_too_many_for_one_execution_come_in_several(try_properties, sandbox):
    verdict = await try_properties(
        "def f(n):\n    return ['x' * 999] * n",
        "permutation",
        {"no_crash": {"allowed": ["TypeError"]}},
        strategies=["integers(200, 400)"],
        examples=40,
    )

    assert "200, which has no parts" in verdict.reason
    assert len(sandbox.asked) > 2


async def test_what_an_answer_says_cannot_break_the_report(try_properties):
    code = "def f(xs):\n    raise ValueError('\\x1b[31m\\n\\ud800' + 'long' * 999)\n"

    verdict = await try_properties(code, "no_crash", examples=5)

    assert "raised ValueError: \\x1b[31m\\n\\ud800long" in verdict.reason
    assert len(verdict.reason) < 700
    verdict.evidence.failing.got.encode()
