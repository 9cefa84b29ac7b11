"""The truth set: enough of it, every label proved by running, and a suite that measures by it."""

import ast
import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from benchmarks import make_truth
from benchmarks.truth_inputs import inputs, is_allowed
from benchmarks.truth_programs import mutants, rewritten
from sygra_eval.engine import ExitCode, RunOptions, run_suite
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite
from sygra_eval.values import Outcome

SUITES = Path(__file__).parents[2] / "suites"
TRUTH = [json.loads(line) for line in make_truth.TRUTH.read_text().splitlines()]
QUESTIONS = {
    row["id"]: row for row in map(json.loads, make_truth.QUESTIONS.read_text().splitlines())
}
SAMPLE = TRUTH[::19]
ESCAPED = [row for row in TRUTH if "escaped" in row["kind"]]


@pytest.fixture
async def sandbox():
    opened = await make_truth.opened()
    yield opened
    await opened.close()


def test_there_are_a_hundred_right_and_a_hundred_wrong_answers():
    labels = Counter(row["label"] for row in TRUTH)
    kinds = Counter(row["kind"] for row in TRUTH)

    assert min(labels["right"], labels["wrong"]) >= 100
    assert min(kinds["reference"], kinds["alternative"], kinds["mutant"], kinds["subtle"]) >= 30
    assert len(ESCAPED) >= 10


def test_rows_have_the_columns_that_verify_reads_and_ids_of_their_own():
    wanted = {"task_id", "prompt", "entry_point", "test", "reference", "code", "label"}

    assert all(wanted <= row.keys() for row in TRUTH)
    assert len({row["id"] for row in TRUTH}) == len(TRUTH)
    assert len({(row["task_id"], row["code"]) for row in TRUTH}) == len(TRUTH)


def test_questions_tests_and_references_are_those_of_the_project():
    for row in TRUTH:
        question = QUESTIONS[row["task_id"]]
        assert row["reference"] == question["reference"]
        assert row["test"] == [*question["visible_tests"], *question["hidden_tests"]]
        assert {key: row[key] for key in make_truth.DOMAIN} == {
            key: question[key] for key in make_truth.DOMAIN
        }, "make it anew: python -m benchmarks.make_truth"


def test_every_answer_of_the_page_is_in_the_set():
    page = make_truth.written_answers(make_truth.ANSWERS.read_text())
    codes = {(row["task_id"], row["label"], row["code"]) for row in TRUTH}

    written = [(task, one.label, one.code) for task, answers in page.items() for one in answers]
    assert len(written) > 80
    assert [one for one in written if one not in codes] == []


@pytest.mark.parametrize("row", SAMPLE, ids=lambda row: f"{row['id']}-{row['kind']}")
async def test_a_label_is_proved_by_running(sandbox, row):
    question = QUESTIONS[row["task_id"]]
    tried = make_truth.inputs_of(question)

    found = await make_truth.prove(question, row["code"], tried, sandbox, witness=row["witness"])

    assert found.is_right == (row["label"] == "right")
    assert found.witness == row["witness"]


@pytest.mark.parametrize("row", ESCAPED, ids=lambda row: row["id"])
async def test_what_all_tests_accept_is_wrong_by_a_witness(sandbox, row):
    found = await make_truth.prove(
        QUESTIONS[row["task_id"]], row["code"], [], sandbox, witness=row["witness"]
    )

    assert (found.passes_visible, found.passes_hidden) == (True, True)
    assert found.witness == row["witness"] != ""


async def test_a_question_gives_the_same_rows_again(sandbox):
    task = "code/round-to-five-cents"
    page = make_truth.written_answers(make_truth.ANSWERS.read_text())

    rows = await make_truth.rows_of(QUESTIONS[task], page, sandbox)

    assert rows == [row for row in TRUTH if row["task_id"] == task]


def test_mutants_differ_in_one_place_and_rewrites_keep_the_parameters():
    code = (
        "def f(a, b=1):\n"
        "    if a < b:\n"
        "        total = a + 1\n"
        "    else:\n"
        "        total = b\n"
        "    return total\n"
    )

    found = list(mutants(code))

    assert len(found) == len(set(found)) == len(list(mutants(code)))
    assert "def f(a, b=1):\n    if a <= b:" in "".join(found)
    assert all(ast.parse(mutant) for mutant in found)
    other = rewritten(code)
    assert other.startswith("def f(a, b=1):\n    if not b > a:\n        total_5 = b\n")


WITHOUT_INPUTS = {"code/all-or-nothing-orders"}  # its tests call with a variable, so none is known


@pytest.mark.parametrize("task", sorted(QUESTIONS.keys() - WITHOUT_INPUTS))
def test_inputs_keep_to_what_a_question_allows(task):
    def some(most):
        return inputs(QUESTIONS[task], Random(1), most)  # noqa: S311 - not a secret

    found, examples = some(60), some(0)

    assert found == some(60) != []
    assert all(is_allowed(QUESTIONS[task], one) for one in found if one not in examples)


@pytest.mark.parametrize("task", sorted(task for task in QUESTIONS if QUESTIONS[task]["contract"]))
def test_what_the_tests_ask_is_inside_the_contract(task):
    examples = inputs(QUESTIONS[task], Random(1), 0)  # noqa: S311 - not a secret

    assert all(is_allowed(QUESTIONS[task], one) for one in examples)


def test_the_suite_is_fit_to_run():
    suite = SUITES / "verifier_truth.yaml"

    assert check_suite(suite, load_plugins(SUITES)) == ()


async def test_the_suite_runs_offline_and_counts_the_errors(tmp_path):
    options = RunOptions(out=tmp_path, limit=14)

    summary = await run_suite(SUITES / "verifier_truth.yaml", options)

    assert summary.exit_code is ExitCode.GATE_FAILED
    assert summary.counts[Outcome.FAILED] == 0
    expected = Counter(row["label"] for row in TRUTH[:14])
    together = summary.errors[-1]
    assert (together.right, together.wrong) == (expected["right"], expected["wrong"])
    assert together.false_rejects == 0
    (row,) = (tmp_path / "verifier_truth").glob("*/verified.jsonl")
    first = json.loads(row.read_text().splitlines()[0])
    assert list(first) == [*TRUTH[0], "grade", "verdicts", "provenance"]
