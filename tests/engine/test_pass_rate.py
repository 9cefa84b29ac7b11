"""The pass rate of a question's drafts: a column, bands in the report, nothing dropped."""

import json
import re

import pytest

from sygra_eval.quality import mean_t, wilson
from sygra_eval.report import closing_json, terminal_report
from sygra_eval.values import UsageError
from tests.engine.conftest import CODE, code_row
from tests.engine.test_data_rows import OURS
from tests.report.checking import complaints_of

COLUMNS = ["pass_rate", "pass_rate_low", "pass_rate_high", "pass_rate_difficulty"]


def asked(k=4, **band):
    samples = {"mode": "rate", "k": k, **band}
    prompt = [{"user": "draft {question}"}]
    return {"draft": {"model": "author", "prompt": prompt, "samples": samples}, "max_rounds": 1}


@pytest.fixture
def by_turns(endpoint):
    """Answer a question `r01…` by its digits: the nth draft is right where the digit is 1."""
    seen = {}

    def answer(body):
        text = body["messages"][-1]["content"]
        if not text.startswith("draft"):
            return "NO MORE FEEDBACK"
        digits = re.search(r"r([01]+)", text)[1]
        turn = seen[digits] = seen.get(digits, -1) + 1
        return CODE["right" if digits[turn % len(digits)] == "1" else "wrong"]

    endpoint.answers_with(answer)
    return seen


QUESTIONS = ("r1111", "r0110", "r0000", "r0100")


async def test_the_rate_its_interval_and_its_band_are_columns(code_suite, run, by_turns):
    rows = [code_row(question, question) for question in QUESTIONS]

    finished = await run(code_suite(*rows, loop=asked()))

    verified = {row["id"]: row for row in finished.rows("verified")}
    assert list(verified["r1111"]) == [*rows[0], *OURS, *COLUMNS, "weak_tests"]
    interval = wilson(2, 4)
    assert [verified["r0110"][name] for name in COLUMNS] == [
        0.5,
        interval.low,
        interval.high,
        "medium",
    ]
    assert verified["r1111"]["pass_rate_difficulty"] == "easy"
    assert verified["r0100"]["pass_rate"] == 0.25
    (unsolved,) = finished.rows("rejected")
    assert (unsolved["id"], unsolved["pass_rate"]) == ("r0000", 0.0)
    assert unsolved["pass_rate_difficulty"] == "unsolved"


async def test_the_report_counts_the_bands_and_names_the_unsolved(code_suite, run, by_turns):
    suite = code_suite(*(code_row(question, question) for question in QUESTIONS), loop=asked())

    finished = await run(suite)

    found = finished.summary.pass_rates
    assert found.by_difficulty == {
        "easy": (1, 1),
        "medium": (2, 2),
        "hard": (0, 0),
        "unsolved": (1, 0),
    }
    assert sum(rows for rows, _ in found.by_difficulty.values()) == found.judged == found.rows == 4
    assert (found.drafts, found.unsolved) == (16, ("r0000",))
    expected = mean_t({1.0: 1, 0.5: 1, 0.0: 1, 0.25: 1})
    assert found.pass_at_1 == expected.estimate == 0.4375
    assert expected.high > 1
    assert (found.interval.low, found.interval.high) == (
        0.0,
        1.0,
    )  # the t interval, cut to what a rate can be
    assert finished.summary.verified_by_sample == {}
    assert finished.summary.repaired == ()
    report = json.loads((finished.folder / "report.json").read_text())["pass_rates"]
    unsolved = report["by_difficulty"]["unsolved"]
    assert (unsolved["rows"]["value"], unsolved["verified"]["value"]) == (1, 0)
    assert complaints_of(finished.folder) == []
    page = " ".join(terminal_report(finished.summary).split())
    assert "pass@1: 43.8 %" in page
    assert "unsolved: 1 row, such as r0000; 0 verified by a revision" in page


async def test_a_resumed_run_takes_the_same_turns(code_suite, run, resume, endpoint, stop):
    def answer(body):
        text = body["messages"][-1]["content"]
        if not text.startswith("draft"):
            return "NO MORE FEEDBACK"
        return CODE["right" if "even" in text else "wrong"]

    endpoint.answers_with(answer)
    rows = [code_row(f"r{n}", f"{'even' if n % 2 else 'odd'} {n} .") for n in range(6)]
    suite = code_suite(*rows, loop=asked(k=20, band=[0.25, 0.75]))
    undisturbed = await run(suite, name="undisturbed")
    sent = len(endpoint.requests)

    def in_the_middle(body):
        if len(endpoint.requests) == sent + 20:
            stop.drain("SIGINT")
        return answer(body)

    endpoint.answers_with(in_the_middle)
    stopped = await run(suite, name="stopped", stop=stop)
    resumed = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert undisturbed.summary.pass_rates.left_band == 6
    assert resumed.summary.pass_rates == undisturbed.summary.pass_rates
    assert resumed.bytes_of("verified.jsonl") == undisturbed.bytes_of("verified.jsonl")
    assert len(endpoint.requests) == 2 * sent
    assert json.loads(closing_json(resumed.summary))["verified"] == 3


@pytest.mark.parametrize(
    "samples",
    [
        {"mode": "rate"},
        {"mode": "rat", "k": 4},
        {"mode": "rate", "k": 4, "band": [0.8, 0.2]},
        {"mode": "rate", "k": 4, "band": [0.2, 1.5]},
        {"mode": "rate", "k": 4, "bend": [0.2, 0.8]},
        0,
    ],
)
async def test_what_is_no_way_to_draw_is_said_before_the_start(code_suite, run, samples):
    suite = code_suite(
        code_row("r0", "q"),
        loop=asked() | {"draft": {"model": "author", "prompt": "{question}", "samples": samples}},
    )

    with pytest.raises(UsageError) as refused:
        await run(suite)

    codes = {found.code for found in refused.value.diagnostics}
    assert codes <= {"missing-key", "wrong-value", "unknown-key"}


async def test_a_rate_without_validators_is_refused(code_suite, run):
    loop = {**asked(), "until": {"sentinel": "NO MORE FEEDBACK"}}
    suite = code_suite(code_row("r0", "q"), loop=loop, quality={})

    with pytest.raises(UsageError) as refused:
        await run(suite)

    assert [found.code for found in refused.value.diagnostics] == ["no-pass-rate"]
