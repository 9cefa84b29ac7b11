"""One 429 with `Retry-After: 1` on 6 % of the prompts, in virtual time: no machine is too slow.

The whole gateway takes part: gates, patience, retries. A run on real time is in
tests/engine/test_isolated_refusals.py.
"""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rate_limits import RETRY_AFTER_S, SHARE, Simulated, batch, refused_of
from benchmarks.virtual_time import run_in_virtual_time
from sygra_eval.models.adaptive import AdaptiveLimit

MOST_RATIO = 1.5
STRETCH = 1.25  # of a Retry-After, so that a crowd is spread


def both(prompts: int, in_flight: int | None, seed: int) -> tuple[Simulated, Simulated]:
    def run(refused: list[int]) -> Simulated:
        asked = batch(prompts, refused, latency_s=0.2, in_flight=in_flight, seed=seed)
        return run_in_virtual_time(asked)

    return run([]), run(refused_of(prompts, seed))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("in_flight", [8, 32, 64])
def test_isolated_refusals_make_a_run_at_most_half_as_long_again(in_flight, seed):
    without, with_them = both(in_flight * 25, in_flight, seed)  # some 5 s, as in the measurement

    assert with_them.refusals == round(in_flight * 25 * SHARE)
    assert with_them.took_s <= MOST_RATIO * without.took_s
    assert (with_them.view.cuts, with_them.view.limit) == (0, in_flight)


@pytest.mark.parametrize("seed", range(3))
def test_so_it_is_where_nobody_named_a_limit_and_the_gate_finds_out(seed):
    without, with_them = both(3_000, None, seed)

    assert with_them.took_s <= MOST_RATIO * without.took_s


@given(
    prompts=st.integers(1, 300),
    in_flight=st.integers(1, 64),
    refused=st.sets(st.integers(0, 299), max_size=14),
)
@settings(max_examples=40)
def test_a_few_refusals_cost_no_more_than_their_wait_wherever_they_fall(
    prompts, in_flight, refused
):
    def run(left: set[int]) -> Simulated:
        return run_in_virtual_time(batch(prompts, left, latency_s=0.2, in_flight=in_flight))

    without, with_them = run(set()), run(refused)

    longest_s = 0.2 * 4  # an answer that takes four times the usual is one of some 25,000
    turns_s = (len(refused) * 0.05) / in_flight  # the refusals' own turns
    last_s = RETRY_AFTER_S * STRETCH + 0.05 + longest_s
    assert with_them.took_s <= without.took_s + turns_s + last_s


def test_a_gate_that_cut_for_every_refusal_would_not_pass(monkeypatch):
    monkeypatch.setattr("sygra_eval.models.adaptive.LEAST_SEEN", 1)
    monkeypatch.setattr("sygra_eval.models.adaptive.CUT_SHARE", 0.0)
    monkeypatch.setattr("sygra_eval.models.adaptive.CHANCE", 0.0)

    without, with_them = both(800, 32, 0)

    assert with_them.took_s > MOST_RATIO * without.took_s
    assert AdaptiveLimit(most=2).most == 2


def test_virtual_time_is_that_of_timers_in_their_order():
    async def work() -> list[float]:
        loop, seen = asyncio.get_running_loop(), []
        for wait_s in (90.0, 0.5, 3_600.0):
            loop.call_later(wait_s, lambda: seen.append(loop.time()))
        await asyncio.sleep(7_200)
        return [*seen, loop.time()]

    assert run_in_virtual_time(work()) == [0.5, 90, 3_600, 7_200]


def test_where_all_wait_for_something_else_than_time_it_says_so():
    async def work() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="everything waits, and nothing for time"):
        run_in_virtual_time(work())
