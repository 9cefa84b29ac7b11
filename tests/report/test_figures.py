import pytest

from sygra_eval.report.figures import bounds, cost, duration, percent, some_of, stops
from sygra_eval.values import StopReason


@pytest.mark.parametrize("word", [percent(None), bounds(None), cost(None), stops({})])
def test_what_is_unknown_is_a_dash_and_never_0(word):
    assert word == "–"


@pytest.mark.parametrize(
    ("usd", "word"),
    [(0.0, "0.00 USD"), (0.4, "0.40 USD"), (0.000123, "0.00012 USD"), (12.345, "12.35 USD")],
)
def test_a_small_cost_is_not_rounded_to_nothing(usd, word):
    assert cost(usd) == word


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.99, "1 min 0 s"),
        (252.4, "4 min 12 s"),
        (3_599.7, "1 h 0 min 0 s"),
        (7_384, "2 h 3 min 4 s"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds, word):
    assert duration(seconds) == word


def test_stop_reasons_come_with_the_most_frequent_first():
    reasons = {StopReason.BUDGET: 3, StopReason.SENTINEL: 74, StopReason.ERROR: 3}

    assert stops(reasons) == "sentinel 74 · budget 3 · error 3"


def test_three_ids_stand_for_many():
    assert some_of(("a", "b", "c", "d", "e")) == "a, b, c and 2 more"
    assert some_of(("a", "b", "c")) == "a, b, c"
