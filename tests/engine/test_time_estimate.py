"""The time of a run is that of its tightest bound, and which one it is is said."""

import pytest

from sygra_eval.engine.time_estimate import SampleTime, time_of
from sygra_eval.journal import JournalledCall
from sygra_eval.models import GateView
from sygra_eval.models.breaker import Circuit
from sygra_eval.values import CallSite, ChatResponse, Usage

ROWS, SAMPLE, HERE = 100, 5, "http://here"
LEFT = ROWS - SAMPLE


def call(record, *, latency_s=2.0, tokens=100, tries=1, is_cached=False):
    usage = Usage(prompt_tokens=tokens, completion_tokens=0)
    return JournalledCall(
        site=CallSite(record=record, node="solve"),
        model="author",
        response=ChatResponse(
            text="",
            finish_reason="stop",
            usage=usage,
            latency_s=latency_s,
            tries=tries,
            is_cached=is_cached,
        ),
    )


def view(**changes):
    figures = {
        "endpoint": HERE,
        "limit": 10,
        "most": 10,
        "in_flight": 0,
        "waiting": 0,
        "ceiling": None,
        "cuts": 0,
        "refusals": 0,
        "circuit": next(iter(Circuit)),
        "requests_per_minute": None,
        "requests_left": None,
        "tokens_per_minute": None,
        "tokens_left": None,
    }
    return GateView(**(figures | changes))


def estimated(*, calls_a_row=1, call_of=call, gate=None, **sample):
    records = [f"r{n}" for n in range(SAMPLE)]
    figures = {
        "wall_s": 10.0,
        "row_s": [2.0 * calls_a_row] * SAMPLE,
        "views": (view(**(gate or {})),),
        "endpoints": {"author": HERE},
        "rows_at_once": 12,
    }
    calls = [call_of(record) for record in records for _ in range(calls_a_row)]
    return time_of(calls, set(records), ROWS, SampleTime(**(figures | sample)))


def test_calls_in_flight_bound_it():
    found = estimated()

    assert found.seconds.estimate == pytest.approx(10 + LEFT * 2 / 10)
    assert found.bound_by == f"10 calls in flight at {HERE}"


@pytest.mark.parametrize(
    ("changes", "left_s", "said"),
    [
        ({"rpm": {"author": 60}}, LEFT, "60 requests a minute of `author`"),
        ({"tpm": {"author": 3_000}}, LEFT * 2, "3000 tokens a minute of `author`"),
        ({"gate": {"requests_per_minute": 30}}, LEFT * 2, f"30 requests a minute of {HERE}"),
        ({"gate": {"tokens_per_minute": 2_000}}, LEFT * 3, f"2000 tokens a minute of {HERE}"),
        ({"gate": {"limit": 1}}, LEFT * 2, f"1 call in flight at {HERE}"),
        ({"row_s": [2.0, 2.0, 2.0, 60.0, 2.0], "rows_at_once": 40}, 60, "its longest row"),
        ({"row_s": [6.0] * 5, "places": 2, "wall_s": 100}, LEFT * 4 / 2, "running and judging"),
        # Rows that waited for each other took as long as the sample's pace says, and not longer.
        ({"row_s": [90.0] * 5, "places": 2, "wall_s": 15}, LEFT * 3, "running and judging code"),
        # Rows that waited for calls are not taken for code that runs.
        ({"row_s": [2.3] * 5, "places": 2}, LEFT * 2 / 10, "10 calls in flight"),
    ],
)
def test_whatever_lets_through_the_least_bounds_it(changes, left_s, said):
    found = estimated(**changes)

    assert found.seconds.estimate == pytest.approx(changes.get("wall_s", 10) + left_s)
    assert said in found.bound_by


def test_requests_that_were_sent_again_count_too():
    once, twice = (
        estimated(rpm={"author": 60}, call_of=lambda record, n=n: call(record, tries=n))
        for n in (1, 2)
    )

    assert twice.seconds.estimate - 10 == pytest.approx(2 * (once.seconds.estimate - 10))


def test_what_a_cache_answered_says_nothing_of_time():
    assert estimated(call_of=lambda record: call(record, is_cached=True)) is None


def test_code_bounds_it_from_above_alone():
    found = estimated(row_s=[6.0] * 5, places=2, wall_s=100)

    assert found.seconds.low < found.seconds.estimate <= found.seconds.high
    assert found.seconds.low == pytest.approx(100 + LEFT * 2 / 10)


def test_rows_without_calls_go_so_many_at_a_time():
    sample = SampleTime(wall_s=8.0, row_s=[2.0, 2.0, 2.0], rows_at_once=3)

    found = time_of([], {"a", "b", "c"}, ROWS, sample)

    assert found.bound_by == "3 rows at a time"
    assert found.seconds.estimate == pytest.approx(8 + (ROWS - 3) * 2 / 3)
