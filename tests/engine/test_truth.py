"""The verifier measured: known answers in, its errors out, none of the lines lost."""

import json

import pytest

from sygra_eval.engine import ExitCode, RunOptions, measure_truth
from sygra_eval.quality import wilson
from sygra_eval.report import truth_json, truth_text
from sygra_eval.values import UsageError

RIGHT = "def f(x):\n    return x + 1\n"
CHECK = "def check(candidate):\n    assert candidate(1) == 2\n"
PLUGIN = '''
import asyncio

from pydantic import BaseModel, ConfigDict

from sygra_eval import Status, Verdict, hookimpl


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reference: str
    entry_point: str = ""
    contract: str | None = None


class Needy(BaseModel):
    pattern: str


async def differs(candidate, ctx):
    """Says what the reference column says; its config names that column."""
    assert (ctx.validator.config.reference, ctx.validator.config.entry_point) == (
        "reference", "entry_point"
    )
    assert ctx.validator.config.contract == "contract"
    said = ctx.columns["reference"]
    await asyncio.sleep(0.02 if said == "pass" else 0)
    if said == "raise":
        raise RuntimeError("oh")
    return Verdict(validator=ctx.validator.name, status=Status(said), reason="as it says")


async def compiles(candidate, ctx):
    status = Status.PASS if "broken" not in candidate.code else Status.FAIL
    return Verdict(validator=ctx.validator.name, status=status, reason="as it says")


@hookimpl
def sygra_register_validators(register):
    register("differs", differs, config=Config)
    register("compiles", compiles)
    register("needy", compiles, config=Needy)
'''


def row(task_id, label, code=RIGHT, **more):
    return {
        "task_id": task_id,
        "prompt": "add one",
        "entry_point": "f",
        "test": CHECK,
        "reference": RIGHT,
        "code": code,
        "label": label,
        **more,
    }


@pytest.fixture
def truth(tmp_path):
    def write(*rows):
        path = tmp_path / "truth.jsonl"
        lines = [one if isinstance(one, str) else json.dumps(one) for one in rows]
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


@pytest.fixture
def measure(truth, tmp_path):
    """Measure the plugin's validators, which run no code."""
    plugin = tmp_path / "saying.py"
    plugin.write_text(PLUGIN)

    async def of(*rows, validators=("differs",)):
        options = RunOptions(plugins=[str(plugin)], accepts_no_sandbox=True)
        return await measure_truth(truth(*rows), validators=validators, options=options)

    return of


def says(task_id, label, verdict, code=RIGHT):
    return row(task_id, label, code, reference=verdict)


async def test_the_errors_of_code_validators_are_found_by_running_the_code(truth):
    constant, wrong = "def f(x):\n    return 2\n", "def f(x):\n    return 3\n"
    path = truth(
        row("right", "right"),
        row("listed", "right", test=["assert f(1) == 2", "assert f(5) == 6"]),
        row("mislabelled", "right", wrong),
        row("constant", "wrong", constant),
        row("wrong", "wrong", wrong),
        row("broken", "wrong", "def f(x"),
    )

    report = await measure_truth(path)

    line = truth_json(report)
    assert [
        line[key] for key in ("right", "wrong", "false_accepts", "false_rejects", "errors")
    ] == [
        3,
        3,
        1,
        1,
        0,
    ]
    assert line["task_ids"] == {
        "false_accepts": ["constant"],
        "false_rejects": ["mislabelled"],
        "errors": [],
    }
    assert line["per_validator"]["python_compiles"]["false_accepts"] == 2
    assert line["per_validator"]["unit_tests"]["false_accepts"] == 1
    assert report.exit_code is ExitCode.PASSED
    assert "all of them" in truth_text(report)


async def test_its_intervals_are_wilsons_over_the_rows_that_were_decided(measure):
    rows = [says(f"w{n}", "wrong", "pass" if n < 3 else "fail") for n in range(20)]

    line = truth_json(await measure(*rows, says("r", "right", "pass"), says("e", "wrong", "error")))

    expected = wilson(3, 20)
    assert (line["wrong"], line["errors"]) == (21, 1)
    assert line["intervals"]["false_accepts"]["lower"] == expected.low
    assert line["intervals"]["false_accepts"]["upper"] == expected.high
    assert line["intervals"]["false_rejects"]["value"] == 0.0


async def test_without_wrong_rows_their_rate_is_unknown_and_not_zero(measure):
    report = await measure(says("r", "right", "pass"))

    assert truth_json(report)["intervals"]["false_accepts"] is None
    assert "–" in truth_text(report)


async def test_the_stack_accepts_what_all_accept_and_each_is_measured_alone(measure):
    rows = [
        says("a", "wrong", "pass"),
        says("b", "wrong", "pass", "broken"),
        says("c", "wrong", "fail"),
    ]

    report = await measure(*rows, validators=("differs", "compiles", "differs"))

    assert report.stack.false_accepts == ("a",)
    assert report.per_validator["differs"].false_accepts == ("a", "b")
    assert report.per_validator["compiles"].false_accepts == ("a", "c")
    assert list(report.per_validator) == ["differs", "compiles"]


async def test_what_is_not_judged_is_an_error_or_as_in_a_run_not_accepted(measure):
    report = await measure(
        says("raises", "right", "raise"),
        says("skips", "right", "skip"),
        says("ok", "right", "pass"),
    )

    assert report.stack.errors == ("raises",)
    assert report.stack.false_rejects == ("skips",)
    assert (report.stack.skipped, report.stack.decided_right) == (1, 2)
    assert "did not apply: 1" in truth_text(report)
    assert "RuntimeError: oh" in truth_text(report)


async def test_a_failed_row_is_rejected_even_where_another_validator_errs(measure):
    rows = [says("a", "wrong", "error", "broken")]

    report = await measure(*rows, validators=("differs", "compiles"))

    assert (report.stack.errors, report.per_validator["differs"].errors) == ((), ("a",))


async def test_broken_lines_are_named_errors_and_never_lost(measure):
    good = says("ok", "right", "pass")
    report = await measure(
        good,
        "{broken",
        row("l", "maybe"),
        {**good, "code": None},
        {**good, "task_id": ""},
        {**good, "reference": ""},
        "[]",
    )

    assert (report.stack.right, report.stack.wrong) == (1, 0)
    assert report.stack.errors == (
        "truth.jsonl:2",
        "l",
        "ok",
        "truth.jsonl:5",
        "ok",
        "truth.jsonl:7",
    )
    reasons = [complaint.reason for complaint in report.complaints]
    named = ("broken JSON", "`label`", "`code`", "`task_id`", "`reference`", "a list")
    assert [words in reason for reason, words in zip(reasons, named, strict=True)] == [True] * 6
    assert report.exit_code is ExitCode.INCOMPLETE


async def test_the_order_is_that_of_the_file(measure):
    verdicts = ["pass", "fail"] * 10
    report = await measure(*(says(str(n), "wrong", said) for n, said in enumerate(verdicts)))

    assert report.stack.false_accepts == tuple(str(n) for n in range(0, 20, 2))


async def test_one_task_may_have_many_answers(measure):
    report = await measure(says("t", "wrong", "pass"), says("t", "right", "pass"))

    assert report.stack.false_accepts == ("t",)
    assert report.stack.right == 1


@pytest.mark.parametrize(
    ("validators", "words"),
    [
        (["unit_tst"], "write `unit_tests`"),
        (["needy"], "`needy` needs `pattern`"),
        ([], "no validator is named"),
    ],
)
async def test_a_stack_that_cannot_be_measured_is_refused(measure, validators, words):
    with pytest.raises(UsageError, match=words):
        await measure(says("a", "right", "pass"), validators=validators)


async def test_a_file_that_is_not_there_or_empty_is_refused(truth, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        await measure_truth(tmp_path / "no.jsonl")
    with pytest.raises(UsageError, match="no lines"):
        await measure_truth(truth())
