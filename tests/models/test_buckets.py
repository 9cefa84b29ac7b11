import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models.buckets import Bucket, allowances, seconds_in
from sygra_eval.values import Allowance, Allowances


def test_a_quiet_bucket_lets_ten_seconds_worth_through_at_once():
    bucket = Bucket(per_minute=60, filled_at_s=0.0)

    for _ in range(10):
        assert bucket.wait_s(1, 0.0) == 0
        bucket.take(1, 0.0)

    assert bucket.wait_s(1, 0.0) == 1.0
    assert bucket.wait_s(1, 1.0) == 0


def test_a_call_larger_than_the_bucket_goes_when_it_is_full_and_is_paid_off_afterwards():
    bucket = Bucket(per_minute=600, filled_at_s=0.0)

    assert bucket.wait_s(1_000, 0.0) == 0
    bucket.take(1_000, 0.0)

    assert bucket.wait_s(10, 0.0) == pytest.approx(91.0)


def test_what_was_not_used_comes_back():
    bucket = Bucket(per_minute=600, filled_at_s=0.0)
    bucket.take(100, 0.0)

    bucket.correct(estimated=100, used=40)

    assert bucket.level == 60


def test_an_endpoint_is_believed_that_less_is_left_and_not_that_more_is():
    bucket = Bucket(per_minute=60, filled_at_s=0.0)

    bucket.heard(Allowance(per_minute=6_000, remaining=3), 0.0, in_flight_amount=1)
    lowered = (bucket.level, bucket.per_minute)
    bucket.heard(Allowance(remaining=500), 0.0)

    assert lowered == (2, 60)
    assert bucket.level == 2


def test_a_rate_that_nobody_named_follows_the_endpoint():
    bucket = Bucket(per_minute=60, filled_at_s=0.0, is_named=False)

    bucket.heard(Allowance(per_minute=6_000), 0.0)

    assert bucket.per_minute == 6_000


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match="no rate"):
        Bucket(per_minute=rate, filled_at_s=0.0)


CALLS = st.lists(st.tuples(st.floats(0, 100), st.floats(0.5, 30)), min_size=1, max_size=60)


@given(per_minute=st.floats(1, 10_000), calls=CALLS)
def test_no_more_goes_than_the_rate_and_one_burst(per_minute, calls):
    bucket, now_s, taken = Bucket(per_minute=per_minute, filled_at_s=0.0), 0.0, 0.0

    for pause_s, amount in calls:
        now_s += pause_s
        now_s += bucket.wait_s(amount, now_s)
        before = taken
        bucket.take(amount, now_s)
        taken += amount
        allowed = bucket.size + now_s * per_minute / 60
        assert before + min(amount, bucket.size) <= allowed * (1 + 1e-9) + 1e-6


def test_headers_of_two_families_are_read():
    openai = {
        "x-ratelimit-limit-requests": "5000",
        "x-ratelimit-remaining-requests": "4999",
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-remaining-tokens": "junk",
    }
    anthropic = {"anthropic-ratelimit-tokens-limit": "40000"}

    assert allowances(openai) == Allowances(
        requests=Allowance(per_minute=5000, remaining=4999, full_again_s=300.0)
    )
    assert allowances(anthropic) == Allowances(tokens=Allowance(per_minute=40000))
    assert allowances({"date": "today"}) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1.0), ("20ms", 0.02), ("1m30s", 90.0), ("2h", 300.0), ("7", 7.0), ("", None),
     ("soon", None), ("1s?", None), ("-1", None), ("nan", None)],
)  # fmt: skip
def test_times_are_read_as_servers_write_them(text, seconds):
    assert seconds_in(text) == (None if seconds is None else pytest.approx(seconds))
