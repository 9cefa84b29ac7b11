"""Canaries: rows that nothing right can verify. One that would be verified ends the run with 1."""

import json
import re
from pathlib import Path

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.report import closing_json, closing_words, terminal_report
from sygra_eval.values import Outcome
from tests.engine.conftest import counts_add_up, fast_suite, write_suite

SUITE = Path(__file__).parents[1] / "suites" / "canaries.yaml"
TABLES = {
    "canary-visible": "```python\ndef f(x):\n    return {1: 3, 10: 12}[x]\n```",
    "canary-hidden": "```python\ndef f(x):\n    return {1: 2, 10: 12}[x]\n```",
}


def honest(body):
    """Do what the text asks for."""
    number = re.search(r"returns x \+ (\d+)", body["messages"][-1]["content"])[1]
    return f"```python\ndef f(x):\n    return x + {number}\n```"


def knows_the_tests(body):
    """Answer the canaries from a table of their tests."""
    row_id = body["messages"][-1]["content"].partition(":")[0]
    return TABLES.get(row_id) or honest(body)


@pytest.fixture
def run_with(endpoint, run):
    async def start(answers):
        endpoint.answers_with(answers)
        return await run(SUITE, models={"author": f"{endpoint.base_url}#scripted"})

    return start


async def test_canaries_are_rejected_and_no_alarm_is_raised_by_honest_answers(run_with):
    finished = await run_with(honest)

    summary = finished.summary
    assert {end.row_id for end in finished.ends() if end.outcome is Outcome.REJECTED} == {
        "canary-visible",
        "canary-hidden",
    }
    assert all(
        row["reason"].startswith("canary: unit_tests: ") for row in finished.rows("rejected")
    )
    assert (summary.canaries.rows, summary.canaries.verified) == (2, 0)
    assert (summary.exit_code, summary.exit_reason) == (ExitCode.PASSED, "4 of 6 rows verified")
    assert counts_add_up(summary)
    assert json.loads(closing_json(summary))["canaries"] == {"rows": 2, "verified": 0}
    assert "ALARM" not in terminal_report(summary) + closing_words(summary)


async def test_a_canary_that_passes_its_tests_is_an_alarm_and_no_verified_data(run_with):
    finished = await run_with(knows_the_tests)

    summary = finished.summary
    assert not [row for row in finished.rows("verified") if row["is_canary"]]
    assert [row["reason"][:13] for row in finished.rows("rejected")] == ["canary: alarm"] * 2
    assert (summary.canaries.verified, summary.canaries.examples) == (
        2,
        ("canary-visible", "canary-hidden"),
    )
    assert summary.exit_code is ExitCode.GATE_FAILED
    assert summary.exit_reason == "alarm: 2 of 2 canaries passed their tests"
    assert counts_add_up(summary)
    report = json.loads((finished.folder / "report.json").read_text())
    assert report["canaries"]["verified"]["value"] == 2
    assert "ALARM" in (finished.folder / "report.md").read_text()
    words = closing_words(summary)
    assert "ALARM" in words
    assert "canary-visible" in words


async def test_a_person_hears_of_an_alarm_while_the_run_goes(endpoint, run):
    endpoint.answers_with(knows_the_tests)
    told = []

    await run(SUITE, models={"author": f"{endpoint.base_url}#scripted"}, tell=told.append)

    assert len([said for said in told if "canary" in said and "alarm" in said]) == 2


async def test_canaries_do_not_count_as_hard_coding(run_with):
    finished = await run_with(honest)

    assert (finished.summary.hard_coding.rows, finished.summary.hard_coding.of) == (0, 4)


async def test_without_a_graph_rejected_canaries_alone_do_not_fail_the_run(tmp_path, run):
    rows = [
        {"id": "a", "text": "fine", "planted": "false"},
        {"id": "b", "text": "says-fail", "planted": "true"},
    ]
    path = write_suite(
        tmp_path,
        rows,
        candidate={"text": "{text}"},
        quality={"canary": "planted", "validators": [{"use": "says"}]},
        sandbox={"isolation": "none", "i_accept_the_risk": True},
    )

    finished = await run(path)

    assert finished.outcomes() == {"a": "verified", "b": "rejected"}
    assert finished.summary.exit_code is ExitCode.PASSED


async def test_a_mark_that_says_neither_is_a_bad_row(tmp_path, run):
    rows = [
        json.dumps({"id": "a", "question": "fine", "canary": False}),
        json.dumps({"id": "b", "question": "fine", "canary": "perhaps"}),
    ]
    quality = {"canary": "canary", "validators": [{"use": "says"}]}

    finished = await run(fast_suite(tmp_path, rows, quality=quality))

    assert finished.outcomes() == {"a": "verified", "b": "failed"}
    assert "neither true nor false" in finished.rows("failed")[0]["reason"]
