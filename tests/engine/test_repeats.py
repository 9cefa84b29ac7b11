"""Repeats of a row are no further rows: intervals are over questions, and tries are counted."""

import json

import pytest

from sygra_eval.engine import ExitCode, Selection
from sygra_eval.quality import GateState, clustered_rate, pass_at_k, pass_hat_k, wilson
from sygra_eval.report import json_report, terminal_report
from sygra_eval.values import Outcome
from tests.engine.conftest import write_suite
from tests.report.checking import complaints_of

ATTEMPTS = {"r11111": 5, "r11010": 3, "r00000": 0, "r01000": 1, "r00111": 3}


PLUGIN = '''
from sygra_eval import Status, Verdict, hookimpl
from tests.report.checking import complaints_of


async def by_turn(candidate, ctx):
    """Pass the repeats whose digit in the row's own id is 1."""
    question, _, turn = ctx.row_id.partition("::r")
    is_right = question[int(turn or 1)] == "1"
    status = Status.PASS if is_right else Status.FAIL
    return Verdict(validator=ctx.validator.name, status=status, reason="as its id says")


@hookimpl
def sygra_register_validators(register):
    register("by_turn", by_turn)
'''


@pytest.fixture
def attempted(tmp_path, run):
    """Judge each question five times; the digits of its id say which tries are right."""

    async def of(*gates, times=5):
        plugin = tmp_path / "by_turn.py"
        plugin.write_text(PLUGIN)
        suite = write_suite(
            tmp_path / "suite",
            [{"id": name, "question": "why?"} for name in ATTEMPTS],
            candidate={"text": "{question}"},
            quality={"validators": [{"use": "by_turn"}], "gates": list(gates)},
            sandbox={"isolation": "none", "i_accept_the_risk": True},
        )
        return await run(suite, selection=Selection(repeat=times), plugins=[str(plugin)])

    return of


async def test_intervals_and_tries_of_repeats_are_over_questions(attempted):
    done = await attempted(
        {"metric": "pass@2", "value": ">=0.5"},
        {"metric": "pass^2", "value": "<=0.5"},
        {"metric": "pass@10", "value": ">=0.1"},
        {"metric": "verified_rate", "lower": ">=0.1"},
    )

    passed = [float(n) for digits in ATTEMPTS for n in digits[1:]]
    names = [digits for digits in ATTEMPTS for _ in range(5)]
    known = clustered_rate(passed, names)
    rate = done.summary.verified_rate
    assert (rate.estimate, rate.low, rate.high) == pytest.approx((12 / 25, known.low, known.high))
    naive = wilson(12, 25)
    assert rate.high - rate.low > 1.5 * (naive.high - naive.low)
    assert done.summary.rates[Outcome.REJECTED].estimate == pytest.approx(13 / 25)
    assert done.summary.questions == 5
    told = json.loads(json_report(done.summary))
    said = told["verified_rate"]
    assert (said["method"], said["k"], said["n"]) == ("clustered", 12, 25)
    assert told["questions"]["value"] == 5
    assert complaints_of(done.folder) == []
    assert "intervals are over 5, few enough" in " ".join(terminal_report(done.summary).split())
    one, both, ten, verified = done.summary.gates
    expected = [pass_at_k(5, n, 2) for n in ATTEMPTS.values()]
    assert one.value == pytest.approx(sum(expected) / 5)
    expected = [pass_hat_k(5, n, 2) for n in ATTEMPTS.values()]
    assert both.value == pytest.approx(sum(expected) / 5)
    assert (one.n_judged, one.n_skipped, both.n_judged) == (5, 0, 5)
    assert (ten.state, ten.n_judged, ten.n_skipped) == (GateState.ERROR, 0, 5)
    assert ten.reason == "no value: 0 rows: 5 tries at it were judged, fewer than 10"
    assert verified.lower == pytest.approx(rate.low)
    assert done.summary.exit_code is ExitCode.INCOMPLETE


async def test_rows_that_stand_alone_keep_wilsons_interval(attempted):
    done = await attempted(times=1)

    assert done.summary.verified_rate == wilson(2, 5)
    assert (done.summary.rates, done.summary.questions) == ({}, None)
