"""Every way in which a row of a run can end, with real code in the real sandbox."""

import asyncio

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.testing import status
from sygra_eval.values import Outcome
from tests.engine.conftest import answer, code_row, counts_add_up, fast_suite


async def test_each_row_ends_where_its_answer_belongs(code_suite, run):
    suite = code_suite(
        code_row("right", "draft=right"),
        code_row("visible", "draft=wrong revise=wrong"),
        code_row("hidden", "draft=hard-coded"),
        code_row("talk", "draft=talk revise=talk"),
        code_row("broken", "draft=broken revise=broken"),
        code_row("endless", "draft=endless revise=endless"),
        code_row("repaired", "draft=wrong revise=right"),
        '{"id": "cut off, "question"',
        {**code_row("untested", "draft=right"), "visible_tests": []},
        code_row("right", "draft=right"),
    )

    finished = await run(suite)

    reasons = {end.row_id: end.reason.split("\n")[0] for end in finished.ends()}
    assert finished.outcomes() == {
        "right": "verified",
        "visible": "rejected",
        "hidden": "rejected",
        "talk": "rejected",
        "broken": "rejected",
        "endless": "rejected",
        "repaired": "verified",
        "rows.jsonl:8": "failed",
        "untested": "rejected",
        "rows.jsonl:10": "failed",
    }
    assert "f(1)" in reasons["visible"]
    assert "hidden" in reasons["hidden"]
    assert "no Python code" in reasons["talk"]
    assert "line" in reasons["broken"]
    assert "time" in reasons["endless"]
    assert reasons["untested"].startswith("not applicable: unit_tests: ")
    assert reasons["rows.jsonl:8"].startswith("bad_input: ")
    assert reasons["rows.jsonl:10"].startswith("bad_input: the id `right` is taken")
    assert counts_add_up(finished.summary)
    assert finished.summary.repaired == ("repaired",)


async def test_rejected_and_failed_rows_say_their_reason_last(code_suite, run):
    suite = code_suite(
        code_row("wrong", "draft=wrong revise=wrong"),
        {**code_row("short", "draft=right"), "visible_tests": 7},
        "no row at all",
    )

    finished = await run(suite)

    (rejected,) = finished.rows("rejected")
    assert list(rejected)[-1] == "reason"
    assert rejected["reason"].startswith("unit_tests: ")
    assert rejected["grade"] == "none"
    unusable, bad = finished.rows("failed")
    assert list(unusable)[-1] == "reason"
    assert unusable["reason"].startswith(
        "bad_input: rows.jsonl:2: column `visible_tests` holds int"
    )
    assert (bad["origin"], bad["reason"][:9]) == ("rows.jsonl:3", "bad_input")


async def test_a_key_that_is_refused_in_the_middle_ends_the_run_and_not_every_row(
    code_suite, run, endpoint
):
    def until_the_third(body):
        if len(endpoint.requests) < 5:
            return answer(body)
        return status(401, {"error": {"code": "invalid_api_key", "message": "no such key"}})

    endpoint.answers_with(until_the_third)
    suite = code_suite(*(code_row(f"r{n}", "draft=right") for n in range(40)))

    finished = await run(suite)

    summary = finished.summary
    assert (summary.exit_code, summary.state) == (ExitCode.INCOMPLETE, "incomplete")
    assert "the run cannot go on" in summary.exit_reason
    assert "(3 times in a row)" in summary.exit_reason
    assert counts_add_up(summary)
    assert summary.counts[Outcome.FAILED] == 2
    assert summary.not_reached >= 30
    assert all(row["reason"].startswith("refused_key: ") for row in finished.rows("failed"))
    assert len(endpoint.requests) < 20


@pytest.mark.parametrize(
    ("word", "outcome", "reason"),
    [
        ("anything", "verified", "all required validators passed"),
        ("says-fail", "rejected", "says: as the row says"),
        ("says-skip", "rejected", "not applicable: says: as the row says"),
        ("says-error", "failed", "validator error: says: as the row says"),
        (
            "says-raise",
            "failed",
            "validator error: says: plugin fast_plugin: RuntimeError: as the row says",
        ),
        (
            "says-exit",
            "failed",
            "validator error: says: plugin fast_plugin: SystemExit: as the row says",
        ),
        (
            "says-cancel",
            "failed",
            "validator error: says: plugin fast_plugin: CancelledError: as the row says",
        ),
        (
            "says-nonsense",
            "failed",
            "validator error: says: plugin fast_plugin returned str, not a Verdict",
        ),
        ("call-unreachable", "failed", "unreachable: as the row says"),
    ],
)
async def test_what_plugins_say_decides_and_is_named(tmp_path, run, word, outcome, reason):
    suite = fast_suite(tmp_path, ["anything else", word, "and more"])

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "verified", "r1": outcome, "r2": "verified"}
    assert finished.ends()[1].reason == reason


async def test_without_validators_rows_end_unjudged_and_are_written_apart(tmp_path, run):
    suite = fast_suite(tmp_path, ["one", "two"], quality={})

    finished = await run(suite)

    assert finished.summary.exit_code is ExitCode.PASSED
    assert finished.summary.counts[Outcome.UNJUDGED] == 2
    assert [row["answer"] for row in finished.rows("unjudged")] == ["one", "two"]
    assert not (finished.folder / "verified.jsonl").exists()
    assert not (finished.folder / "verified.parquet").exists()


async def test_an_optional_validator_is_shown_and_decides_nothing(tmp_path, run):
    quality = {"validators": [{"use": "says", "required": True}, {"use": "says", "name": "taste"}]}
    suite = fast_suite(tmp_path, ["taste-fail", "taste-raise"], quality=quality)

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "verified", "r1": "verified"}
    tally = {tally.validator: tally for tally in finished.summary.validators}
    assert (tally["taste"].failed, tally["taste"].errors, tally["taste"].is_required) == (
        1,
        1,
        False,
    )


async def test_a_candidate_that_is_no_text_fails_its_row_and_says_what_it_is(tmp_path, run):
    rows = [
        '{"id": "r0", "question": "one", "made": 7}',
        '{"id": "r1", "question": "", "made": ""}',
    ]
    nodes = {"mark": {"node_type": "tag"}}
    quality = {"candidate": "made", "validators": [{"use": "says"}]}
    suite = fast_suite(tmp_path, rows, nodes=nodes, quality=quality)

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "failed", "r1": "verified"}
    assert finished.ends()[0].reason == "the candidate `made` is int, a text is needed"


@pytest.mark.parametrize(
    ("column", "word"), [("question", "`question`"), ("visible_tests", "`visible_tests`")]
)
async def test_a_row_that_lacks_a_column_is_named_and_costs_no_call(
    code_suite, run, endpoint, column, word
):
    lacking = code_row("lacking", "draft=right")
    del lacking[column]
    suite = code_suite(code_row("good", "draft=right"), lacking, code_row("last", "draft=right"))

    finished = await run(suite)

    assert finished.outcomes() == {"good": "verified", "lacking": "failed", "last": "verified"}
    reason = finished.ends()[1].reason
    assert reason.startswith("bad_input: rows.jsonl:2: ")
    assert word in reason
    assert len(endpoint.requests) == 4  # a draft and a critique for each of the other two


async def test_a_column_that_our_data_has_too_is_bad_input_in_its_row(tmp_path, run):
    rows = ['{"id": "r0", "question": "one"}', '{"id": "r1", "question": "two", "grade": "A"}']
    suite = fast_suite(tmp_path, rows)

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "verified", "r1": "failed"}
    assert finished.ends()[1].reason.startswith("bad_input: rows.jsonl:2: `grade`")


@pytest.mark.parametrize(
    ("wanted", "outcome"), [("str", "verified"), ("list", "rejected"), ("int", "rejected")]
)
async def test_a_variable_of_another_type_than_the_schema_names_is_rejected(
    tmp_path, run, wanted, outcome
):
    fields = [{"name": "answer", "type": wanted}]
    suite = fast_suite(tmp_path, ["one"], schema_config={"fields": fields})

    finished = await run(suite)

    assert finished.outcomes() == {"r0": outcome}


async def test_a_row_that_was_cancelled_by_nobody_fails_and_does_not_vanish(
    tmp_path, run, monkeypatch
):
    async def cancelled(row, *_):
        if row.id == "r1":
            raise asyncio.CancelledError

    monkeypatch.setattr("sygra_eval.engine.record.try_tests", cancelled)

    finished = await run(fast_suite(tmp_path, ["one", "two", "three"]))

    assert finished.outcomes() == {"r0": "verified", "r1": "failed", "r2": "verified"}
    assert finished.ends()[1].reason.startswith("cancelled: what the row waited for")
