"""What a call costs: prices that the suite names, or those that litellm publishes, read as data.

litellm is not imported for it. A price that nobody knows is unknown, and never 0: a server of one's
own that serves a model by a famous name is not paid like the original.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from typing import Any

from sygra_eval.values import ChatModel, ModelSpec, Price, PriceTier, Usage

PACKAGE = "litellm"
MAP_NAME = "model_prices_and_context_window_backup.json"
FREE = "free"
_TIERS = (100, 128, 200, 256, 272, 512)  # thousands of prompt tokens above which others hold
_PER_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class UnknownPrice:
    """Why nobody knows what a model costs."""

    why: str


def price_of(model: ChatModel, spec: ModelSpec | None) -> Price | UnknownPrice:
    """Return what a model's tokens cost: by the suite, else by what the model's type knows."""
    if spec is not None and spec.price is not None:
        return price_named(spec.price)
    name = getattr(model, "price_name", None)
    if isinstance(name, str):
        return price_named(name)
    return UnknownPrice(f"{model.label} is no model that a price is published for")


def price_named(given: str | Price) -> Price | UnknownPrice:
    """Return what a suite's `price:` stands for: figures, `free`, or a name in the map."""
    if isinstance(given, Price):
        return given
    if given == FREE:
        return Price(input=0.0, output=0.0, source=FREE)
    return price_in_map(given)


def price_in_map(name: str) -> Price | UnknownPrice:
    """Look a model up by the name that litellm has for it, as `gpt-4o-mini` or `azure/gpt-4o`."""
    published, version = published_prices()
    entry = published.get(name)
    if entry is None:
        return UnknownPrice(f"no price is published for `{name}`")
    price = _price_of(entry)
    if price is None:
        return UnknownPrice(f"the price of `{name}` is not one per token")
    return replace(price, source=f"{PACKAGE} {version}: {name}")


@cache
def published_prices() -> tuple[Mapping[str, Mapping[str, Any]], str]:
    """Return litellm's map and the version it is from; an empty one where litellm is missing."""
    try:
        files = metadata.files(PACKAGE) or ()
        version = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return {}, ""
    for file in files:
        if file.name == MAP_NAME:
            return json.loads(file.read_text("utf-8")), version
    return {}, version


def _price_of(entry: Mapping[str, Any], above: str = "") -> Price | None:
    prompt = _per_million(entry, f"input_cost_per_token{above}")
    answer = _per_million(entry, f"output_cost_per_token{above}")
    if prompt is None or answer is None:
        return None
    return Price(
        input=prompt,
        output=answer,
        cached_input=_per_million(entry, f"cache_read_input_token_cost{above}"),
        reasoning=None if above else _per_million(entry, "output_cost_per_reasoning_token"),
        batch_input=None if above else _per_million(entry, "input_cost_per_token_batches"),
        batch_output=None if above else _per_million(entry, "output_cost_per_token_batches"),
        tiers=() if above else tuple(_tiers(entry)),
    )


def _tiers(entry: Mapping[str, Any]) -> list[PriceTier]:
    tiers = []
    for thousands in _TIERS:
        price = _price_of(entry, f"_above_{thousands}k_tokens")
        if price is not None:
            tiers.append(
                PriceTier(
                    above=thousands * 1_000,
                    input=price.input,
                    output=price.output,
                    cached_input=price.cached_input,
                )
            )
    return tiers


def _per_million(entry: Mapping[str, Any], key: str) -> float | None:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    return round(value * _PER_MILLION, 9)


def batch_prices(price: Price) -> tuple[float, float]:
    """Return what prompts and answers cost in batches: half where nobody says."""
    prompt = price.input / 2 if price.batch_input is None else price.batch_input
    answer = price.output / 2 if price.batch_output is None else price.batch_output
    return prompt, answer


def cost_nano_usd(price: Price, usage: Usage, *, is_batch: bool = False) -> int:
    """Return what a call cost, in billionths of a dollar.

    Cached tokens are part of the prompt's, reasoning tokens part of the answer's; each is priced
    apart where the price says so, else like the others.
    """
    prompt, answer, cached = price.input, price.output, price.cached_input
    for tier in price.tiers:
        if usage.prompt_tokens > tier.above:
            prompt, answer, cached = tier.input, tier.output, tier.cached_input
    if is_batch:
        prompt, answer = batch_prices(replace(price, input=prompt, output=answer))
        cached = None
    reasoning = answer if price.reasoning is None or is_batch else price.reasoning
    fresh_tokens = usage.prompt_tokens - usage.cached_tokens
    said_tokens = usage.completion_tokens - usage.reasoning_tokens
    micro_usd = (
        fresh_tokens * prompt
        + usage.cached_tokens * (prompt if cached is None else cached)
        + said_tokens * answer
        + usage.reasoning_tokens * reasoning
    )
    return round(micro_usd * 1_000)
