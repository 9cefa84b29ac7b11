"""Mutation score and flakiness in a whole run: the column, the report, the loop, a resume."""

import json

import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import CODE_VALIDATORS, code_row
from tests.engine.test_data_rows import OURS
from tests.report.checking import complaints_of

TESTS = {"from": {"visible": "visible_tests", "hidden": "hidden_tests"}}
WITH_MUTATION = {"validators": [*CODE_VALIDATORS, {"use": "mutation", **TESTS}]}
STRICT = {
    "validators": [*CODE_VALIDATORS, {"use": "mutation", **TESTS, "min_score": 0.9, "mutants": 4}]
}


def weak_row(row_id, question):
    """A row whose tests let most faults through."""
    row = code_row(row_id, question)
    return {**row, "visible_tests": ["assert f(1) > 0"], "hidden_tests": ["assert f(2) > 0"]}


async def test_the_score_is_a_column_after_the_grade_of_rows_where_it_was_measured(code_suite, run):
    rows = [code_row("strong", "draft=right"), weak_row("weak", "draft=right")]
    output = {"output_map": {"kind": {"value": "synthetic"}}}

    finished = await run(code_suite(*rows, quality=WITH_MUTATION, output_config=output))

    strong, weak = finished.rows("verified")
    assert list(strong) == [*rows[0], *OURS, "mutation_score", "weak_tests", "kind"]
    assert strong["mutation_score"] == 1.0
    assert 0 < weak["mutation_score"] < 0.8
    assert strong["verdicts"][-1]["score"] == 1.0
    names = pq.read_schema(finished.folder / "verified.parquet").names
    assert names == [*rows[0], *OURS, "mutation_score", "weak_tests", "kind"]
    assert "small faults" in (finished.folder / "README.md").read_text()


async def test_the_report_names_the_weakly_tested_rows(code_suite, run):
    rows = [code_row("strong", "draft=right"), weak_row("weak", "draft=right")]

    finished = await run(code_suite(*rows, quality=WITH_MUTATION))

    strength = finished.summary.strength
    assert (strength.rows, strength.weak, strength.weakest[0][0]) == (2, 1, "weak")
    assert strength.lowest == strength.weakest[0][1]
    assert strength.median == pytest.approx((1 + strength.lowest) / 2)
    report = json.loads((finished.folder / "report.json").read_text())
    (weakest,) = report["mutation_score"]["weakest"]
    assert (weakest["row"], weakest["score"]["value"]) == ("weak", strength.lowest)
    assert complaints_of(finished.folder) == []
    assert "weakly tested" in (finished.folder / "report.md").read_text()


async def test_weak_tests_are_refused_where_the_suite_asks_for_a_score(code_suite, run):
    rows = [code_row("strong", "draft=right"), weak_row("weak", "draft=right")]

    finished = await run(code_suite(*rows, quality=STRICT))

    assert finished.outcomes() == {"strong": "verified", "weak": "rejected"}
    (rejected,) = finished.rows("rejected")
    assert rejected["reason"].startswith("mutation: weak tests: ")
    assert rejected["mutation_score"] < 0.9
    assert finished.summary.strength.rows == 1


async def test_wrong_code_is_rejected_for_being_wrong_and_has_no_score(code_suite, run):
    suite = code_suite(code_row("r0", "draft=wrong critic=never revise=wrong"), quality=STRICT)

    finished = await run(suite)

    (rejected,) = finished.rows("rejected")
    assert rejected["reason"].startswith("unit_tests: ")
    assert "mutation_score" not in rejected
    assert finished.summary.strength is None


async def test_a_loop_accepted_by_the_tests_does_not_wait_for_the_mutants(
    code_suite, run, endpoint
):
    validators = [*CODE_VALIDATORS, {"use": "mutation", **TESTS}, {"use": "stable", **TESTS}]

    finished = await run(
        code_suite(code_row("r0", "draft=right critic=eager"), quality={"validators": validators})
    )

    (end,) = finished.ends()
    assert (end.outcome, end.loop.stop_reason, end.loop.rounds) == ("verified", "sentinel", 1)
    assert [verdict.status for verdict in end.verdicts] == ["pass"] * 4


async def test_without_a_mutation_validator_nothing_is_said_of_strength(code_suite, run):
    finished = await run(code_suite(code_row("r0", "draft=right")))

    (verified,) = finished.rows("verified")
    assert "mutation_score" not in verified
    assert finished.summary.strength is None
    assert "mutation score" not in (finished.folder / "report.md").read_text()


async def test_the_report_counts_the_grades_and_they_add_up_to_verified(code_suite, run):
    visible_only = {**code_row("plain", "draft=right"), "hidden_tests": []}
    rows = [code_row("r0", "draft=right"), code_row("r1", "draft=wrong"), visible_only]
    lenient = [
        {"use": "unit_tests", "from": "visible_tests", "required": True},
        {"use": "unit_tests", "name": "hidden", "from": {"hidden": "hidden_tests"}},
    ]
    loop = {"until": {"sentinel": "NO MORE FEEDBACK"}, "max_rounds": 1}

    finished = await run(code_suite(*rows, quality={"validators": lenient}, loop=loop))

    grades = finished.summary.grades
    assert {grade: rows for grade, rows in grades.items() if rows} == {
        "tests": 1,
        "tests + hidden": 1,
    }
    assert sum(grades.values()) == finished.summary.counts["verified"] == 2
    report = json.loads((finished.folder / "report.json").read_text())["grades"]
    assert {grade: figure["value"] for grade, figure in report.items()} == grades
    assert "all grades" in (finished.folder / "report.md").read_text()


async def test_rows_that_know_only_the_visible_answers_are_counted_as_hard_coding(code_suite, run):
    rows = [
        code_row("right", "draft=right"),
        code_row("wrong", "draft=wrong critic=never revise=wrong"),
        code_row("table", "draft=hard-coded critic=eager"),
    ]

    finished = await run(code_suite(*rows))

    found = finished.summary.hard_coding
    assert (found.rows, found.of, found.examples) == (1, 2, ("table",))
    assert (found.rate.estimate, found.rate.low) == (0.5, pytest.approx(0.0945, abs=1e-4))
    report = json.loads((finished.folder / "report.json").read_text())["hard_coding"]
    assert [report["rate"][key] for key in ("k", "n", "value")] == [1, 2, 0.5]
    assert "rate of hard-coding" in (finished.folder / "report.md").read_text()


async def test_without_hidden_tests_the_rate_of_hard_coding_is_unknown(code_suite, run):
    quality = {"validators": [{"use": "unit_tests", "from": "visible_tests"}]}

    finished = await run(code_suite(code_row("r0", "draft=right"), quality=quality))

    assert finished.summary.hard_coding is None
    assert json.loads((finished.folder / "report.json").read_text())["hard_coding"] is None
    assert "hard-coding" not in (finished.folder / "report.md").read_text()


async def test_no_row_that_passes_its_visible_tests_leaves_the_rate_unknown_and_not_0(
    code_suite, run
):
    finished = await run(code_suite(code_row("r0", "draft=wrong critic=never revise=wrong")))

    found = finished.summary.hard_coding
    assert (found.rows, found.of, found.rate) == (0, 0, None)
    assert "hard-coding: –" in (finished.folder / "report.md").read_text()


async def test_two_runs_measure_the_same(code_suite, run, tmp_path):
    suite = code_suite(weak_row("weak", "draft=right"), quality=WITH_MUTATION)

    runs = [await run(suite, out=tmp_path / name) for name in ("first", "second")]

    assert runs[0].bytes_of("verified.jsonl") == runs[1].bytes_of("verified.jsonl")
