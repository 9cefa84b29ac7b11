"""The rules of the limit, and a simulation in virtual time of endpoints that change."""

import heapq
import math
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models.adaptive import FIRST, AdaptiveLimit


def rounds(limit: AdaptiveLimit, count: int, *, now_s: float = 0.0, in_flight: int | None = None):
    """Good answers, as many as make so many rounds."""
    for _ in range(count):
        for _ in range(max(FIRST, limit.current)):
            busy = limit.current if in_flight is None else in_flight
            limit.answered(now_s, in_flight=busy, took_s=1.0)


def until_cut(limit: AdaptiveLimit, *, now_s: float = 0.0, after_s: float | None = None) -> None:
    cuts = limit.cuts
    while limit.cuts == cuts:
        limit.refused(now_s, in_flight=limit.current, after_s=after_s)


def test_it_starts_slowly_and_doubles_with_every_round_that_used_it():
    limit = AdaptiveLimit(most=256)

    seen = []
    for _ in range(6):
        seen.append(limit.current)
        rounds(limit, 1)

    assert seen == [8, 16, 32, 64, 128, 230]
    rounds(limit, 30)
    assert limit.current == 256


def test_a_named_limit_is_where_it_starts():
    assert AdaptiveLimit(most=64, current=64).current == 64


def test_without_demand_it_does_not_grow():
    limit = AdaptiveLimit(most=256)

    rounds(limit, 20, in_flight=3)

    assert limit.current == 8


def test_isolated_refusals_cost_nothing():
    limit = AdaptiveLimit(most=64, current=64)

    for number in range(3_000):
        if number % 16 == 0:  # 6 %
            limit.refused(float(number), in_flight=limit.current, after_s=1.0)
        else:
            limit.answered(float(number), in_flight=64, took_s=1.0)

    assert (limit.current, limit.cuts) == (64, 0)


def test_what_is_sent_when_the_limit_grows_is_not_taken_for_refused_because_refusals_come_first():
    limit = AdaptiveLimit(most=256, current=128)
    for _ in range(94):
        limit.answered(0.0, in_flight=100, took_s=1.0)
    for _ in range(6):
        limit.refused(0.0, in_flight=100)

    for _ in range(20):  # of 150 calls that were sent at once
        limit.refused(0.05, in_flight=250)

    assert limit.cuts == 0


def test_as_many_without_growth_are_too_many():
    limit = AdaptiveLimit(most=100, current=100)
    for _ in range(94):
        limit.answered(0.0, in_flight=100, took_s=1.0)
    for _ in range(20):
        limit.refused(0.0, in_flight=100)

    assert limit.cuts == 1


def test_a_share_of_refusals_cuts_once_per_episode():
    limit = AdaptiveLimit(most=100, current=100)

    until_cut(limit, now_s=10.0, after_s=5.0)
    for _ in range(500):  # all that was in flight comes back refused
        limit.refused(12.0, in_flight=limit.current, after_s=5.0)

    assert (limit.current, limit.cuts, limit.ceiling) == (70, 1, 100)
    until_cut(limit, now_s=15.1)
    assert (limit.current, limit.cuts) == (49, 2)


def test_it_climbs_fast_to_where_it_was_cut_then_by_one_and_later_looks_again():
    limit = AdaptiveLimit(most=1000, current=100)
    until_cut(limit, now_s=0.0)

    rounds(limit, 1, now_s=5.0)
    near = limit.current
    rounds(limit, 3, now_s=6.0)
    by_one = limit.current
    rounds(limit, 1, now_s=40.0)

    assert (near, by_one, limit.current) == (90, 93, 186)


def test_other_faults_stop_growth_and_cut_nothing():
    limit = AdaptiveLimit(most=256)

    for _ in range(40):
        for _ in range(FIRST - 1):
            limit.answered(0.0, in_flight=8, took_s=1.0)
        limit.troubled()

    assert (limit.current, limit.cuts) == (8, 0)


def test_the_upper_bound_may_change_while_it_runs():
    limit = AdaptiveLimit(most=64, current=64)

    limit.allow_most(10)
    lowered = limit.current
    limit.allow_most(40)
    rounds(limit, 20)

    assert (lowered, limit.current) == (10, 40)
    with pytest.raises(ValueError, match="lets none through"):
        limit.allow_most(0)


OUTCOMES = st.lists(
    st.tuples(st.sampled_from(["ok", "refused", "trouble", "most"]), st.integers(1, 300)),
    max_size=300,
)


@given(most=st.integers(1, 300), named=st.booleans(), outcomes=OUTCOMES)
def test_it_stays_between_one_and_the_most(most, named, outcomes):
    limit = AdaptiveLimit(most=most, current=most if named else 0)

    for now_s, (what, number) in enumerate(outcomes):
        match what:
            case "ok":
                limit.answered(now_s, in_flight=min(number, limit.current), took_s=number / 10)
            case "refused":
                limit.refused(now_s, in_flight=limit.current, after_s=number / 10)
            case "trouble":
                limit.troubled()
            case "most":
                limit.allow_most(number)

        assert 1 <= limit.current <= limit.most


SECONDS, USERS = 180.0, 512
Refuses = Callable[[float, int], bool]


def simulated(limit: AdaptiveLimit, refuses: Refuses, seed: int) -> tuple[int, int]:
    """Endless work on an endpoint that refuses by a rule: good answers, and refusals."""
    chance, events, number = Random(seed), [], 0  # noqa: S311 - a simulation
    in_flight = serving = good = refusals = 0
    ready, now_s = USERS, 0.0

    def later(at_s: float, what: str, took_s: float = 0.0) -> None:
        nonlocal number
        number += 1
        heapq.heappush(events, (at_s, number, what, took_s))

    later(0.0, "start")
    while events and now_s <= SECONDS:
        now_s, _, what, took_s = heapq.heappop(events)
        if what == "answer":
            limit.answered(now_s, in_flight=in_flight, took_s=took_s)
            in_flight, serving, good, ready = in_flight - 1, serving - 1, good + 1, ready + 1
        elif what == "refusal":
            limit.refused(now_s, in_flight=in_flight, after_s=1.0)
            in_flight, refusals = in_flight - 1, refusals + 1
            later(now_s + chance.uniform(1, 1.25), "again")
        elif what == "again":
            ready += 1
        while ready and in_flight < limit.current:
            ready, in_flight = ready - 1, in_flight + 1
            if refuses(now_s, serving):
                later(now_s + 0.05, "refusal")
            else:
                serving += 1
                took_s = chance.lognormvariate(0, 0.35)
                later(now_s + took_s, "answer", took_s)
    return good, refusals


def isolated(seed: int) -> Refuses:
    chance = Random(seed)  # noqa: S311 - a simulation
    return lambda now_s, serving: chance.random() < 0.06


def shrinking(seed: int) -> Refuses:
    return lambda now_s, serving: serving >= (50 if 60 <= now_s < 120 else 200)


def bucket(seed: int) -> Refuses:
    tokens, last_s = 100.0, 0.0

    def refuses(now_s: float, serving: int) -> bool:
        nonlocal tokens, last_s
        tokens, last_s = min(100.0, tokens + (now_s - last_s) * 100), now_s
        if tokens < 1:
            return True
        tokens -= 1
        return False

    return refuses


MEAN_S = math.exp(0.35**2 / 2)


@pytest.mark.parametrize(
    ("kind", "best", "least_share", "most_refusals"),
    [
        (isolated, 256 * SECONDS / MEAN_S, 0.85, 0.08),
        (shrinking, (200 * 120 + 50 * 60) / MEAN_S, 0.65, 0.15),
        (bucket, 100 * SECONDS + 100, 0.90, 0.10),
    ],
)
def test_most_of_what_an_endpoint_can_do_is_used(kind, best, least_share, most_refusals):
    runs = [simulated(AdaptiveLimit(most=256), kind(seed), seed) for seed in range(3)]

    good, refusals = (sum(column) / len(runs) for column in zip(*runs, strict=True))

    assert good >= least_share * best
    assert refusals <= most_refusals * good
