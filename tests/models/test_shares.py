"""Shares of a gate's limits add up to the limit, and what their holders do shows in the whole."""

from dataclasses import dataclass
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models import seen, share_of, show, take_share
from sygra_eval.models.gate import Gates
from sygra_eval.values import ModelSpec


@dataclass
class Model:
    max_in_flight: int
    endpoint: str = "server"


def gates_of(most: int, rpm: float | None = None) -> Gates:
    spec = ModelSpec(name="m", use="x", config={}, folder=Path(), max_concurrency=most, rpm=rpm)
    return Gates({"m": Model(most)}, {"m": spec}, clock=lambda: 0.0)


@given(most=st.integers(1, 300), workers=st.integers(1, 16), rpm=st.none() | st.floats(1, 10_000))
def test_the_shares_add_up_to_the_limit(most, workers, rpm):
    workers = min(workers, most)
    whole = gates_of(most, rpm)

    shares = [share_of(whole, number, workers) for number in range(workers)]

    for name in ("m", "endpoint server"):
        assert sum(share[name][0] for share in shares) == most
    rates = [share["m"][1] for share in shares]
    assert rates == [None] * workers or abs(sum(rates) - rpm) < 1e-6 * rpm


def test_a_worker_takes_no_more_than_its_share_of_calls_and_of_a_rate():
    worker = gates_of(10, rpm=600)

    take_share(worker, share_of(gates_of(10, rpm=600), 1, 4))

    assert worker.own("m").limit.current == worker.of("server").limit.current == 3
    assert worker.own("m").requests.per_minute == 150


def test_the_whole_shows_what_the_shares_do():
    whole, workers = gates_of(10), [gates_of(10), gates_of(10)]
    for number, worker in enumerate(workers):
        take_share(worker, share_of(whole, number, 2))
    workers[0].of("server").in_flight = 4
    workers[1].of("server").in_flight = 1

    show(whole, [seen(worker) for worker in workers])

    assert (whole.in_flight, whole.of("server").limit.current, whole.capacity) == (5, 10, 10)


async def test_a_limit_that_grows_again_lets_through_who_waited():
    worker = gates_of(4)
    take_share(worker, share_of(gates_of(4), 0, 4))
    own = worker.own("m")
    assert own.limit.current == 1

    take_share(worker, share_of(gates_of(8), 0, 2))

    assert own.limit.current == 4
