"""Limits that change while calls run: what follows them, and what is refused."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models import (
    Ask,
    Gates,
    Gateway,
    Limit,
    LimitChange,
    LimitChanged,
    LimitRefused,
    Limits,
)
from sygra_eval.models.buckets import Bucket, held
from sygra_eval.values import ChatRequest, ChatResponse, Message, ModelSpec, Usage

ONE, OTHER = "http://one/v1 KEY", "http://other/v1 KEY"
MOST, RPM, TPM = Limit.MAX_CONCURRENCY, Limit.RPM, Limit.TPM


@dataclass
class Model:
    """A model of an endpoint, which answers when it is told to."""

    endpoint: str = ONE
    max_in_flight: int = 256
    identity: str = "m"
    label: str = "m"
    in_flight: int = 0
    used: int = 10
    ends: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self):
        """Nothing to open."""

    async def complete(self, request):
        self.in_flight += 1
        try:
            await self.ends.wait()
        finally:
            self.in_flight -= 1
        usage = Usage(prompt_tokens=self.used, completion_tokens=0)
        return ChatResponse(text="fine", finish_reason="stop", usage=usage)

    async def close(self):
        """Nothing to close."""


def spec(name: str, **limits: object) -> ModelSpec:
    return ModelSpec(name=name, use="m", config=None, folder=Path(), **limits)


def limits_of(models: dict[str, Model], **named: dict[str, object]) -> Limits:
    specs = {name: spec(name, **named.get(name, {})) for name in models}
    return Limits(Gates(models, specs), specs)


def most(limits: Limits) -> dict[str, int]:
    """The upper bounds of all gates, by model and endpoint."""
    names = limits.gates.endpoints
    own = {name: limits.gates.own(name).limit.most for name in names}
    return own | {place: limits.gates.of(place).limit.most for place in names.values()}


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def asked(gateway: Gateway, name: str, calls: int) -> list[asyncio.Task]:
    request = ChatRequest(messages=(Message("user", "hello"),), parameters={"max_tokens": 90})
    return [asyncio.create_task(gateway.complete(name, request)) for _ in range(calls)]


async def test_a_model_that_is_given_more_gets_it_at_once():
    author = Model(max_in_flight=2)
    gateway = Gateway({"author": author}, specs={"author": spec("author", max_concurrency=2)})
    tasks = asked(gateway, "author", 20)
    await settled()
    before = author.in_flight

    gateway.limits.change([LimitChange("author", MOST, 12)])
    await settled()

    assert (before, author.in_flight) == (2, 12)
    assert (gateway.capacity, gateway.views[0].limit) == (12, 12)
    author.ends.set()
    await asyncio.gather(*tasks)


async def test_a_model_that_is_given_less_ends_what_it_has_and_begins_nothing():
    author = Model(max_in_flight=8)
    gateway = Gateway({"author": author}, specs={"author": spec("author", max_concurrency=8)})
    tasks = asked(gateway, "author", 20)
    await settled()

    gateway.limits.change([LimitChange("author", MOST, 3)])
    author.ends.set()
    author.ends.clear()
    await settled()

    assert author.in_flight == 3
    author.ends.set()
    await asyncio.gather(*tasks)


def test_the_endpoint_follows_to_the_widest_of_its_models():
    models = {"author": Model(max_in_flight=8), "critic": Model(max_in_flight=4)}
    limits = limits_of(models, author={"max_concurrency": 8}, critic={"max_concurrency": 4})

    limits.change([LimitChange("critic", MOST, 64)])
    wider = most(limits)
    limits.change([LimitChange("critic", MOST, 2)])

    assert wider == {"author": 8, "critic": 64, ONE: 64}
    assert most(limits) == {"author": 8, "critic": 2, ONE: 8}


def test_an_endpoint_takes_the_models_along_for_which_nobody_named_a_limit():
    models = {"author": Model(max_in_flight=8), "critic": Model(), "far": Model(endpoint=OTHER)}
    limits = limits_of(models, author={"max_concurrency": 8})

    limits.change([LimitChange(ONE, MOST, 500)])

    assert most(limits) == {"author": 8, "critic": 500, "far": 256, ONE: 500, OTHER: 256}


def test_an_endpoint_that_was_given_a_limit_keeps_it():
    limits = limits_of({"author": Model(), "critic": Model()})

    limits.change([LimitChange(ONE, MOST, 10), LimitChange("author", MOST, 100)])

    assert most(limits) == {"author": 100, "critic": 256, ONE: 10}


def test_a_limit_that_was_cut_goes_on_from_there():
    limits = limits_of({"author": Model(max_in_flight=100)}, author={"max_concurrency": 100})
    adaptive = limits.gates.of(ONE).limit
    for _ in range(100):
        adaptive.refused(0.0, in_flight=100)
    cut = adaptive.current

    limits.change([LimitChange("author", MOST, 400)])

    assert (cut, adaptive.current, adaptive.most) == (70, 70, 400)


def test_an_address_is_enough_where_it_has_one_account():
    limits = limits_of({"author": Model()})
    (changed,) = limits.change([LimitChange("http://one/v1", RPM, 60)])
    assert changed == LimitChanged(ONE, RPM, None, 60)

    two = limits_of({"author": Model(), "critic": Model(endpoint="http://one/v1 SECOND")})
    with pytest.raises(LimitRefused, match="more than one endpoint: `http://one/v1 KEY`, `http"):
        two.change([LimitChange("http://one/v1", RPM, 60)])


@pytest.mark.parametrize(
    ("of", "limit", "to", "said"),
    [
        ("author", MOST, 0, "0 is no whole number from 1 to 4096"),
        ("author", MOST, -1, "-1 is no whole number"),
        ("author", MOST, 2.5, "2.5 is no whole number"),
        ("author", MOST, 4097, "4097 is no whole number"),
        ("author", MOST, float("nan"), "nan is no whole number"),
        ("author", MOST, float("inf"), "inf is no whole number"),
        ("author", MOST, None, "write a number; calls in flight always have a limit"),
        ("author", RPM, 0, "0 a minute is no rate"),
        ("author", TPM, float("inf"), "inf a minute is no rate"),
        ("author", TPM, float("nan"), "nan a minute is no rate"),
        ("authr", RPM, 60, "`authr` is no model .`author`. and no endpoint .`http://one/v1 KEY`."),
    ],
)
def test_what_is_no_limit_is_refused_and_nothing_that_came_with_it_is_done(of, limit, to, said):
    limits = limits_of({"author": Model()})
    before = most(limits)

    with pytest.raises(LimitRefused, match=said):
        limits.change([LimitChange("author", MOST, 7), LimitChange(of, limit, to)])

    assert most(limits) == before
    assert limits.gates.own("author").requests is None


def test_a_model_with_engines_of_its_own_is_given_no_more_than_it_has():
    models = {"author": Model(max_in_flight=2), "critic": Model()}
    specs = {name: spec(name) for name in models}
    limits = Limits(Gates(models, specs), specs, possible={"author": 2})

    with pytest.raises(LimitRefused, match="3 is more than the 2 engines of this start"):
        limits.change([LimitChange("author", MOST, 3)])
    limits.change([LimitChange("author", MOST, 1), LimitChange(ONE, MOST, 500)])

    assert most(limits) == {"author": 1, "critic": 500, ONE: 500}


def test_it_is_not_taken_along_further_either():
    models = {"author": Model(max_in_flight=2)}
    limits = Limits(Gates(models, {"author": spec("author")}), {"author": spec("author")})
    limits.possible = {"author": 2}

    limits.change([LimitChange(ONE, MOST, 50)])

    assert most(limits) == {"author": 2, ONE: 50}


NAMES = ["author", "critic", "far", ONE, OTHER]


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(NAMES), st.integers(-2, 5_000) | st.floats() | st.none()),
        max_size=20,
    )
)
def test_whatever_is_asked_for_every_gate_lets_some_through_and_none_more_than_4096(changes):
    limits = limits_of(
        {"author": Model(), "critic": Model(max_in_flight=4), "far": Model(endpoint=OTHER)},
        critic={"max_concurrency": 4},
    )

    for of, to in changes:
        before = most(limits)
        try:
            (done,) = limits.change([LimitChange(of, MOST, to)])
        except LimitRefused:
            assert most(limits) == before
        else:
            assert most(limits)[of] == done.after == to
            assert done.before == before[of]

    assert all(1 <= bound <= 4096 for bound in most(limits).values())
    for place in (ONE, OTHER):
        gate = limits.gates.of(place)
        assert 1 <= gate.limit.current <= gate.limit.most


# Rates


async def test_a_rate_is_paced_from_the_moment_it_is_named_and_let_go_when_it_is_taken_away():
    author = Model()
    gateway = Gateway({"author": author}, specs={"author": spec("author", max_concurrency=50)})

    gateway.limits.change([LimitChange("author", RPM, 0.001)])  # one in some weeks
    tasks = asked(gateway, "author", 5)
    await settled()
    paced = author.in_flight
    (changed,) = gateway.limits.change([LimitChange("author", RPM, None)])
    await settled()

    assert (paced, author.in_flight) == (0, 5)
    assert changed == LimitChanged("author", RPM, 0.001, None)
    author.ends.set()
    await asyncio.gather(*tasks)


async def test_a_rate_of_an_endpoint_holds_for_all_its_models():
    author, critic = Model(), Model()
    gateway = Gateway({"author": author, "critic": critic})

    gateway.limits.change([LimitChange(ONE, RPM, 0.001)])
    tasks = [*asked(gateway, "author", 2), *asked(gateway, "critic", 2)]
    await settled()
    paced = author.in_flight + critic.in_flight
    gateway.limits.change([LimitChange(ONE, RPM, None)])
    await settled()

    assert (paced, author.in_flight, critic.in_flight) == (0, 2, 2)
    for model in (author, critic):
        model.ends.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("of", ["author", ONE])
async def test_tokens_of_calls_that_were_sent_before_count_when_they_come_back(of):
    author = Model(used=1_000)
    gateway = Gateway({"author": author}, clock=lambda: 0.0)
    tasks = asked(gateway, "author", 3)
    await settled()

    gateway.limits.change([LimitChange(of, TPM, 600_000)])
    author.ends.set()
    await asyncio.gather(*tasks)

    views = {view.endpoint: view for view in (*gateway.views, *gateway.model_views)}
    assert views[of].tokens_left == -3_000


async def test_an_estimate_is_put_right_in_the_bucket_that_it_was_taken_from_and_in_no_other():
    author = Model(used=1_000)
    specs = {"author": spec("author", tpm=600_000.0)}
    gateway = Gateway({"author": author}, specs=specs, clock=lambda: 0.0)
    tasks = asked(gateway, "author", 1)
    await settled()
    gateway.limits.change([LimitChange("author", TPM, None)])
    gateway.limits.change([LimitChange("author", TPM, 600_000)])

    author.ends.set()
    await asyncio.gather(*tasks)

    (view,) = gateway.model_views
    assert view.tokens_left == -1_000


def test_a_rate_that_is_named_live_keeps_what_is_left_and_headers_do_not_change_it():
    told = Bucket(per_minute=6_000, filled_at_s=0.0, is_named=False)
    told.take(990, 0.0)

    bucket = held(told, 600, 0.0)

    assert bucket is told
    assert (bucket.per_minute, bucket.is_named, bucket.left(0.0)) == (600, True, 10)
    assert bucket.left(3.0) == 40


async def test_the_views_tell_refusals_and_what_is_left():
    gates = Gates({"author": Model()}, {"author": spec("author", rpm=600.0)}, clock=lambda: 0.0)

    async with gates.turn("author", Ask("r0")) as turn:
        turn.refused(1.0, None)

    assert gates.views()[0].refusals == 1
    assert gates.own("author").view().requests_left == 99
