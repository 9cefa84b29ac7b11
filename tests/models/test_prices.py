"""What a call costs, to the billionth of a dollar; what nobody knows is unknown."""

import json
from importlib import metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.models import prices
from sygra_eval.models.prices import UnknownPrice, cost_nano_usd, price_in_map, price_named
from sygra_eval.testing import status
from sygra_eval.values import Price, PriceTier, Usage

PRICE = Price(input=1.0, output=4.0, cached_input=0.25, reasoning=8.0)


def usage(prompt: int, completion: int, *, cached: int = 0, reasoning: int = 0) -> Usage:
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        reasoning_tokens=reasoning,
    )


@pytest.mark.parametrize(
    ("used", "micro_usd"),
    [
        (usage(1_000, 0), 1_000),
        (usage(0, 1_000), 4_000),
        (usage(1_000, 0, cached=400), 600 + 100),
        (usage(0, 1_000, reasoning=500), 2_000 + 4_000),
        (usage(0, 0), 0),
    ],
)
def test_each_kind_of_token_has_its_price(used, micro_usd):
    assert cost_nano_usd(PRICE, used) == micro_usd * 1_000


def test_kinds_without_a_price_of_their_own_cost_like_the_others():
    plain = Price(input=1.0, output=4.0)

    assert cost_nano_usd(plain, usage(100, 100, cached=50, reasoning=50)) == 500_000


def test_long_prompts_have_other_prices():
    tiers = (PriceTier(above=200_000, input=2.0, output=6.0),)
    price = Price(input=1.0, output=4.0, tiers=tiers)

    assert cost_nano_usd(price, usage(200_000, 10)) == 200_040_000
    assert cost_nano_usd(price, usage(200_001, 10)) == 400_062_000


def test_a_batch_costs_what_is_said_or_half():
    said = Price(input=1.0, output=4.0, batch_input=0.1, batch_output=0.2)

    assert cost_nano_usd(PRICE, usage(100, 100, cached=50), is_batch=True) == 250_000
    assert cost_nano_usd(said, usage(100, 100), is_batch=True) == 30_000


@given(
    st.builds(Price, input=st.floats(0, 100), output=st.floats(0, 100)),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_no_usage_costs_less_than_nothing_and_more_costs_no_less(price, prompt, completion):
    less, more = usage(prompt, completion), usage(prompt + 7, completion + 7)

    assert 0 <= cost_nano_usd(price, less) <= cost_nano_usd(price, more)


def test_published_prices_are_read_without_importing_litellm():
    price = price_in_map("gpt-4o-mini")

    assert isinstance(price, Price)
    assert price.source == f"litellm {metadata.version('litellm')}: gpt-4o-mini"
    assert 0 < price.cached_input < price.input < price.output
    assert price.batch_input == price.input / 2


@pytest.mark.parametrize("name", ["no-such-model", "sample_spec", "dall-e-3", ""])
def test_what_is_not_published_is_unknown_or_said_to_cost_nothing_there(name):
    price = price_in_map(name)

    assert isinstance(price, UnknownPrice) or price.input == price.output == 0


def test_every_published_price_can_be_read():
    published, _ = prices.published_prices()

    read = [price_in_map(name) for name in published]

    known = [price for price in read if isinstance(price, Price)]
    assert len(known) > 1_000
    assert all(price.input >= 0 and price.output >= 0 for price in known)


def test_free_is_a_price():
    assert cost_nano_usd(price_named("free"), usage(1_000, 1_000)) == 0


async def test_a_call_says_what_it_cost(endpoint, gateway_to):
    said = {
        "choices": [{"message": {"content": "done"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 60},
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
    }
    endpoint.will_answer(status(200, said))
    gateway = await gateway_to(endpoint, price=PRICE)

    response = await gateway.ask("say done")

    assert (response.usage.cached_tokens, response.usage.reasoning_tokens) == (60, 4)
    assert response.cost_nano_usd == 1_000 * (40 + 15 + 24 + 32)


@pytest.mark.parametrize("details", [{"cached_tokens": 101}, {"cached_tokens": -1}, "many", None])
async def test_cached_tokens_that_cannot_be_are_none(endpoint, gateway_to, details):
    said = json.loads(json.dumps({"prompt_tokens": 100, "completion_tokens": 1}))
    said["prompt_tokens_details"] = details
    body = {"choices": [{"message": {"content": "x"}}], "usage": said}
    endpoint.will_answer(status(200, body))
    gateway = await gateway_to(endpoint)

    assert (await gateway.ask("say x")).usage.cached_tokens == 0


async def test_a_server_of_ones_own_has_no_price_whatever_its_model_is_called(endpoint, gateway_to):
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint, config={"model": "gpt-4o-mini"})

    assert (await gateway.ask("say done")).cost_nano_usd is None
    assert isinstance(gateway.prices["author"], UnknownPrice)
