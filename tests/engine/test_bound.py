import pytest

from sygra_eval.engine.bound import Limits, bound_of, limits_in
from sygra_eval.engine.call_counts import CallCount, nearest_rank
from sygra_eval.journal import StoredCall


def call(model="author", seconds=1.0, **more):
    data = {"usage": {"prompt_tokens": 50, "completion_tokens": 10}, "tries": 1}
    data |= {"latency_s": seconds, "cost_nano_usd": 1, **more}
    return StoredCall(
        record="r", node="solve/draft", visit=1, sample=0, model=model, number=0, data=data
    )


def bound(calls, **limits):
    count = CallCount()
    for one in calls:
        count.take(one)
    return bound_of(tuple(count.latencies()), count.by_model_and_node, limits)


@pytest.mark.parametrize(
    ("limits", "seconds", "limit"),
    [
        (Limits(in_flight=2), 6.0, "in_flight"),
        (Limits(in_flight=100, rpm=12), 60.0, "rpm"),
        (Limits(in_flight=100, rpm=1000, tpm=360), 120.0, "tpm"),
    ],
)
def test_the_widest_limit_is_the_bound(limits, seconds, limit):
    found = bound([call() for _ in range(12)], author=limits)

    assert (found.seconds, found.model, found.limit) == (seconds, "author", limit)
    assert found.ratio(2 * seconds) == 2.0


def test_the_slowest_model_is_the_bound_and_unknown_ones_are_named():
    calls = [call(), call("critic", 10.0), call("other", 99.0)]

    found = bound(calls, author=Limits(in_flight=1), critic=Limits(in_flight=2))

    assert (found.seconds, found.model, found.left_out) == (5.0, "critic", ("other",))


def test_what_no_endpoint_was_asked_has_no_bound():
    assert bound([call(is_cached=True), call(from_plugin="x")], author=Limits(in_flight=1)) is None
    assert bound([call()]).seconds is None


def test_limits_come_from_the_start_of_the_run_else_from_its_suite():
    suite = {"models": {"author": {"max_concurrency": 3}}}
    noted = {"limits": {"author": {"in_flight": 5, "rpm": None, "tpm": None}}}

    assert limits_in(noted, suite)["author"].in_flight == 5
    assert limits_in({}, suite)["author"].in_flight == 3


@pytest.mark.parametrize(("share", "value"), [(50, 2), (90, 4), (99, 4), (1, 1)])
def test_a_percentile_is_a_value_that_was_seen(share, value):
    assert nearest_rank([1, 2, 3, 4], share) == value
