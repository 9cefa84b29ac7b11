"""What must always hold of the Wilson interval; its values are in `test_reference`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.quality import wilson

COUNTS = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_nothing_tried_is_unknown_and_not_zero():
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (1, 0)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(ValueError, match="successes in"):
        wilson(successes, trials)


@settings(deadline=None)
@given(COUNTS)
def test_the_estimate_lies_between_the_bounds_and_all_lie_in_0_to_1(counts):
    interval = wilson(*counts)

    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


@settings(deadline=None)
@given(COUNTS)
def test_failures_have_the_mirror_image_of_successes(counts):
    successes, trials = counts

    of_successes, of_failures = wilson(successes, trials), wilson(trials - successes, trials)

    assert of_successes.low == pytest.approx(1 - of_failures.high, abs=1e-9)
    assert of_successes.high == pytest.approx(1 - of_failures.low, abs=1e-9)


@settings(deadline=None)
@given(COUNTS)
def test_one_more_success_moves_both_bounds_up(counts):
    successes, trials = counts

    before, after = wilson(successes, trials + 1), wilson(successes + 1, trials + 1)

    assert before.low < after.low
    assert before.high < after.high or after.high == 1


@settings(deadline=None)
@given(COUNTS, st.integers(2, 10))
def test_more_trials_at_the_same_rate_narrow_the_interval(counts, factor):
    successes, trials = counts

    few, many = wilson(successes, trials), wilson(successes * factor, trials * factor)

    assert many.high - many.low < few.high - few.low


@settings(deadline=None)
@given(COUNTS)
def test_more_confidence_widens_the_interval(counts):
    narrow, wide = wilson(*counts, confidence=0.9), wilson(*counts, confidence=0.99)

    assert wide.low <= narrow.low
    assert narrow.high <= wide.high
