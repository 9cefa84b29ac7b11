"""A suite without a graph: rows go straight to the validators, and nothing is made of them."""

import json
import sqlite3
from contextlib import closing

import pytest
from pyarrow import parquet

from sygra_eval.cli import main
from sygra_eval.engine import ExitCode
from sygra_eval.report import closing_json, data_card, terminal_report
from sygra_eval.values import Outcome
from tests.engine.conftest import CODE_VALIDATORS, block, code_row, counts_add_up, write_suite

RIGHT, WRONG = "def f(x):\n    return x + 1\n", "def f(x):\n    return x - 1\n"
SAYS = {
    "candidate": {"code": "{solution}"},
    "quality": {"validators": [{"use": "says"}]},
    "sandbox": {"isolation": "none", "i_accept_the_risk": True},
}


def solved(row_id: str, solution: object, **more: object) -> dict:
    return {**code_row(row_id, "add one"), "solution": solution, **more}


@pytest.fixture
def judging(tmp_path):
    """Write a suite that executes the rows' own code."""

    def write(*rows, **sections):
        candidate = {"code": "{solution}", "entry_point": "{entry_point}"}
        given = {"candidate": candidate, "quality": {"validators": CODE_VALIDATORS}, **sections}
        return write_suite(tmp_path, rows, **given)

    return write


async def test_right_rows_are_verified_and_wrong_ones_rejected(run, judging):
    path = judging(solved("a", RIGHT), solved("b", WRONG), solved("c", "def f(x"))

    finished = await run(path)

    assert finished.outcomes() == {"a": "verified", "b": "rejected", "c": "rejected"}
    assert counts_add_up(finished.summary)
    assert finished.summary.exit_code is ExitCode.GATE_FAILED
    assert finished.summary.exit_reason == "2 of 3 rows rejected"
    assert finished.summary.funnel == (
        ("rows read", 3),
        ("python_compiles passes", 2),
        ("visible tests pass", 1),
        ("hidden tests pass", 1),
    )


async def test_rows_with_secrets_or_personal_data_are_rejected_but_for_what_the_suite_knows(
    run, tmp_path
):
    fine, bad = "write to us@our-company.com", "write to bob@elsewhere.io"
    path = write_suite(
        tmp_path,
        [{"id": "fine", "said": fine}, {"id": "mail", "said": bad}],
        candidate={"text": "{said}"},
        quality={
            "validators": [
                {"use": "secrets"},
                {"use": "personal_data", "allow": ["@our-company.com"]},
            ]
        },
        sandbox={"isolation": "none", "i_accept_the_risk": True},
    )

    finished = await run(path)

    assert finished.outcomes() == {"fine": "verified", "mail": "rejected"}


async def test_only_grade_verdicts_and_provenance_are_added(run, judging):
    row = solved("a", RIGHT, answer="theirs", code=7, rounds="x")

    finished = await run(judging(row))

    (verified,) = finished.rows("verified")
    assert list(verified) == [*row, "grade", "verdicts", "provenance"]
    assert {name: verified[name] for name in row} == row
    assert verified["grade"] == "tests + hidden"
    assert verified["provenance"] == {
        "suite_sha256": finished.summary.suite_sha256,
        "row_id": "a",
        "models": [],
        "prompt_sha256": None,
    }
    table = parquet.read_table(finished.folder / "verified.parquet")
    assert table.column_names == list(verified)
    assert finished.summary.exit_code is ExitCode.PASSED


async def test_code_is_taken_as_it_stands_and_text_is_looked_through(run, judging):
    fenced = block("return x + 1")

    as_text = await run(judging(solved("a", fenced), candidate={"text": "{solution}"}))
    as_code = await run(judging(solved("a", fenced), candidate={"code": "{solution}"}))

    assert as_text.outcomes() == {"a": "verified"}
    assert as_code.outcomes() == {"a": "rejected"}


async def test_a_template_puts_the_code_together(run, judging):
    row = solved("a", "    return x + 1\n", prompt="def f(x):\n")

    finished = await run(judging(row, candidate={"code": "{prompt}{solution}"}))

    assert finished.outcomes() == {"a": "verified"}


async def test_the_tests_call_the_entry_point_that_the_template_names(run, judging):
    check = "def check(candidate):\n    assert candidate(1) == 2\n"
    row = {"id": "a", "solution": RIGHT, "name": " f ", "test": check}
    path = judging(
        row,
        candidate={"code": "{solution}", "entry_point": "{name}"},
        quality={"validators": [{"use": "unit_tests", "from": "test"}]},
    )

    assert (await run(path)).outcomes() == {"a": "verified"}


async def test_a_row_without_a_candidate_is_rejected_and_one_without_the_column_is_bad(
    run, judging
):
    missing = solved("c", RIGHT)
    del missing["solution"]

    finished = await run(judging(solved("a", RIGHT), solved("b", None), missing, "{broken"))

    reasons = {end.row_id: (end.outcome, end.reason) for end in finished.ends()}
    assert reasons["b"][0] is Outcome.REJECTED
    assert "`solution` is null" in reasons["b"][1]
    assert reasons["c"][0] is Outcome.FAILED
    assert "bad_input: rows.jsonl:3: no column or node provides `solution`" in reasons["c"][1]
    assert reasons["rows.jsonl:4"][0] is Outcome.FAILED
    assert counts_add_up(finished.summary)
    assert finished.summary.exit_code is ExitCode.INCOMPLETE


async def test_code_too_long_for_a_parser_is_rejected_and_says_so(run, judging):
    long = RIGHT + "# padding\n" * 10_000

    (end,) = (await run(judging(solved("a", long)))).ends()

    assert (end.outcome, "longer than 64 KiB" in end.reason) == (Outcome.REJECTED, True)


async def test_reserved_columns_of_later_rows_are_those_of_such_a_suite(run, tmp_path):
    rows = [
        {"id": "a", "solution": "fine"},
        {"id": "b", "solution": "fine", "answer": 1, "messages": []},
        {"id": "c", "solution": "fine", "grade": "A"},
    ]

    finished = await run(write_suite(tmp_path, rows, **SAYS))

    assert finished.outcomes() == {"a": "verified", "b": "verified", "c": "failed"}
    assert "`grade` would be overwritten" in finished.ends()[2].reason


@pytest.mark.parametrize(
    ("solutions", "code"),
    [
        (["fine"], ExitCode.PASSED),
        (["fine", "says-fail"], ExitCode.GATE_FAILED),
        (["fine", "says-skip"], ExitCode.GATE_FAILED),
        (["fine", "says-error", "says-fail"], ExitCode.INCOMPLETE),
        (["fine"] * 30 + ["says-error"], ExitCode.PASSED),
        (["fine"] * 30 + ["says-error", "says-fail"], ExitCode.GATE_FAILED),
    ],
)
async def test_a_rejected_row_decides_the_exit_code(run, tmp_path, solutions, code):
    rows = [{"id": str(n), "solution": solution} for n, solution in enumerate(solutions)]

    finished = await run(write_suite(tmp_path, rows, **SAYS))

    assert finished.summary.exit_code is code


async def test_the_report_speaks_of_judging_and_not_of_making(run, tmp_path):
    rows = [{"id": "a", "solution": "fine"}, {"id": "b", "solution": "says-fail"}]

    summary = (await run(write_suite(tmp_path, rows, **SAYS))).summary

    report, card = terminal_report(summary), data_card(summary)
    for absent in ("drafted", "loop", "tokens", "model calls", "round"):
        assert absent not in report
    assert "Existing rows, judged by the suite" in card
    assert "no model was asked" in card
    line = json.loads(closing_json(summary))
    assert (line["calls"], line["stop_reasons"], line["exit"]) == (0, {}, 1)
    assert (line["rows"], line["verified"], line["rejected"]) == (2, 1, 1)


async def test_a_stopped_run_is_resumed_to_the_same_bytes(run, resume, stop, tmp_path):
    rows = [{"id": str(n), "solution": "fine" if n % 3 else "says-fail"} for n in range(200)]
    path = write_suite(tmp_path, rows, **SAYS)
    whole = await run(path)

    def stop_early(progress):
        if progress.rows_done >= 7:
            stop.drain("test")

    stopped = await run(path, show=stop_early, stop=stop)
    resumed = await resume(stopped.folder)

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert stopped.summary.not_reached > 0
    assert resumed.summary.exit_code is ExitCode.GATE_FAILED
    names = ("verified.jsonl", "rejected.jsonl", "verified.parquet")
    assert resumed.bytes_of(*names) == whole.bytes_of(*names)
    assert (await resume(resumed.folder)).summary.exit_code is ExitCode.GATE_FAILED


async def test_where_the_truth_is_known_the_report_counts_the_errors(run, tmp_path):
    labels = ["right fine", "right says-fail", "wrong fine", "wrong says-fail", "right says-error"]
    rows = [
        {"id": str(n), "label": label, "solution": said}
        for n, (label, _, said) in enumerate(one.partition(" ") for one in labels)
    ]
    rows.append({"id": "odd", "label": "maybe", "solution": "fine"})
    validators = [{"use": "says"}, {"use": "says", "name": "other"}]
    quality = {"validators": validators, "truth": "label"}

    finished = await run(write_suite(tmp_path, rows, **{**SAYS, "quality": quality}))

    counted = {one.validator: one for one in finished.summary.errors}
    assert list(counted) == ["says", "other", ""]
    for name, expected in (("says", (2, 2, 1, 1, 1)), ("other", (3, 2, 2, 0, 0))):
        one = counted[name]
        figures = one.right, one.wrong, one.false_accepts, one.false_rejects, one.undecided
        assert figures == expected
    together = counted[""]
    assert (together.false_accepts, together.false_rejects, together.undecided) == (1, 1, 1)
    assert finished.outcomes()["odd"] == "failed"
    assert "neither `right` nor `wrong`" in finished.ends()[5].reason
    assert "all required" in terminal_report(finished.summary)
    written = json.loads((finished.folder / "report.json").read_text())["validator_errors"]
    assert written[0]["false_accept_rate"]["value"] == 0.5
    assert written[2]["validator"] is None


async def test_show_tells_of_a_row_that_has_no_rounds(run, tmp_path, capsys):
    finished = await run(write_suite(tmp_path, [{"id": "a", "solution": "says-fail"}], **SAYS))

    with pytest.raises(SystemExit) as ended:
        main(["show", str(finished.folder), "a", "--json"])

    shown = json.loads(capsys.readouterr().out)
    assert not ended.value.code
    assert (shown["outcome"], shown["rounds"], shown["stop_reason"]) == ("rejected", [], None)


async def test_verdicts_that_took_no_time_are_on_disk_as_well_when_their_row_has_ended(
    tmp_path, run
):
    rows = [{"id": f"r{n}", "question": "why?", "solution": "fine"} for n in range(5)]
    validators = [{"use": "says", "name": name} for name in ("first", "second")]
    suite = write_suite(
        tmp_path / "suite",
        rows,
        candidate={"code": "{solution}"},
        quality={"validators": validators},
        sandbox={"isolation": "none", "i_accept_the_risk": True},
    )

    done = await run(suite)

    with closing(sqlite3.connect(done.folder / "journal.db")) as journal:
        kept = journal.execute("SELECT record, count(*) FROM execution GROUP BY record").fetchall()
    assert sorted(kept) == [(f"r{n}", 2) for n in range(5)]
