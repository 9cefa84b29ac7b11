"""Every report says how often its validators err, by what was measured and never by a guess."""

import json

import pytest

from sygra_eval.engine import measure_truth, shipped_from, summarise
from sygra_eval.engine.measured import printed_from
from sygra_eval.report import terminal_report, truth_json
from sygra_eval.report.estimate import shipped
from sygra_eval.values import UsageError
from tests.engine.conftest import CODE_VALIDATORS, code_row, fast_suite

FIGURES = {
    "right": 50,
    "wrong": 40,
    "false_accepts": 7,
    "false_rejects": 3,
    "errors": 1,
    "intervals": {"false_accepts": {"of": 40, "value": 0.175}, "false_rejects": {"of": 49}},
}
PRINTED = {
    **FIGURES,
    "per_validator": {
        "python_compiles": {**FIGURES, "false_accepts": 40},
        "unit_tests": {**FIGURES, "false_rejects": 2},
    },
    "task_ids": {},
}
LINE = json.dumps(PRINTED)


@pytest.fixture
def measured_suite(code_suite):
    """A suite that names a file beside it with its own measure."""

    def write(text=LINE, **quality):
        given = {"measured": "mine.json", "validators": CODE_VALIDATORS, **quality}
        path = code_suite(code_row("r0", "draft=right"), quality=given)
        if text is not None:
            (path.parent / "mine.json").write_text(text)
        return path

    return write


def test_the_shipped_measure_is_what_the_command_wrote():
    measured = shipped()

    tests = measured.of(["unit_tests"])
    assert "python -m benchmarks.measured" in measured.source
    assert min(tests.right, tests.wrong) >= 100
    assert all(0 <= one.false_accepts <= one.decided_wrong for one in measured.stacks.values())
    assert all(0 <= one.false_rejects <= one.decided_right for one in measured.stacks.values())


def test_a_stack_accepts_no_more_wrong_answers_than_one_of_its_validators():
    stacks = shipped().stacks

    for names, counts in stacks.items():
        for name in names:
            alone = stacks[frozenset({name})]
            assert counts.false_accepts <= alone.false_accepts + alone.errors


async def test_a_report_shows_the_shipped_estimate_and_where_it_is_from(code_suite, run):
    finished = await run(code_suite(code_row("r0", "draft=right")))

    tests = shipped().of(["unit_tests"])
    page = terminal_report(finished.summary)
    (line,) = [line for line in page.splitlines() if line.startswith("unit_tests*")]
    assert line.split()[-6:] == [
        *(str(tests.false_accepts), "/", str(tests.decided_wrong)),
        *(str(tests.false_rejects), "/", str(tests.decided_right)),
    ]
    words = " ".join(page.split())
    assert shipped().source in words
    assert "all required together: false acc. " in words
    assert max(map(len, page.splitlines())) <= 80
    report = json.loads((finished.folder / "report.json").read_text())
    compiles, tested = report["validators"]
    assert tested["measured"]["false_accept_rate"]["k"] == tests.false_accepts
    assert compiles["measured"]["false_accept_rate"]["value"] == 1.0
    assert report["measured"]["source"] == shipped().source


async def test_a_validator_that_nobody_measured_has_no_figure(code_suite, run):
    validators = [*CODE_VALIDATORS, {"use": "says", "name": "mine"}]

    finished = await run(
        code_suite(code_row("r0", "draft=right"), quality={"validators": validators})
    )

    page = terminal_report(finished.summary)
    (line,) = [line for line in page.splitlines() if line.startswith("mine*")]
    assert line.split()[-2:] == ["–", "–"]
    assert "all required together: –, this stack was not measured" in " ".join(page.split())


async def test_a_run_without_measured_validators_says_nothing_of_it(tmp_path, run):
    finished = await run(fast_suite(tmp_path, ["fine"]))

    assert "false acc" not in terminal_report(finished.summary)
    report = json.loads((finished.folder / "report.json").read_text())
    assert report["measured"] == {"source": None, "all_required": None}


async def test_a_users_own_measure_takes_the_place_of_ours_and_stays_with_the_run(
    measured_suite, run
):
    path = measured_suite()

    finished = await run(path)
    (path.parent / "mine.json").unlink()

    summary = summarise(finished.folder)
    assert summary == finished.summary
    words = " ".join(terminal_report(summary).split())
    assert "measured by the suite's mine.json" in words
    assert "all required together: false acc. 7 / 40" in words
    assert "measured.json" in json.loads((finished.folder / "manifest.json").read_text())["files"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no file"),
        ("no JSON", "no measure"),
        ("{}", "no measure"),
        (json.dumps({**PRINTED, "false_accepts": -1}), "false_accepts"),
    ],
)
async def test_what_is_no_measure_is_refused_before_anything_is_spent(
    measured_suite, run, endpoint, text, said
):
    with pytest.raises(UsageError) as refused:
        await run(measured_suite(text))

    assert said in " ".join([str(refused.value), *map(str, refused.value.diagnostics)])
    assert not endpoint.requests


async def test_the_line_that_verify_prints_is_a_measure(tmp_path):
    answer = {"task_id": "a", "prompt": "", "entry_point": "f", "label": "right"}
    right = {**answer, "test": ["assert f(1) == 2"], "code": "def f(x):\n    return 2\n"}
    wrong = {**right, "task_id": "b", "label": "wrong"}
    file = tmp_path / "truth.jsonl"
    file.write_text(f"{json.dumps(right)}\n{json.dumps(wrong)}\n")

    line = truth_json(await measure_truth(file, validators=["python_compiles", "unit_tests"]))

    measured = printed_from(json.dumps(line), "mine.json")
    both = measured.of(["unit_tests", "python_compiles"])
    assert (both.false_accepts, both.decided_wrong) == (1, 1)
    assert (both.false_rejects, both.decided_right) == (0, 1)
    assert measured.of(["stable"]) is None


def test_figures_of_another_form_are_not_taken_for_ours():
    with pytest.raises(ValueError, match="stacks"):
        shipped_from(json.dumps(PRINTED))
