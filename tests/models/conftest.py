"""A scripted server, a gateway to it, and a clock that is handed in: nothing here really waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sygra_eval.models import Gateway
from sygra_eval.models.azure import AzureModel
from sygra_eval.models.litellm_model import LitellmModel
from sygra_eval.models.ollama import OllamaModel
from sygra_eval.models.openai import OpenAIModel
from sygra_eval.models.vllm import VllmModel
from sygra_eval.testing import ScriptedEndpoint
from sygra_eval.values import ChatRequest, ChatResponse, Message, ModelSpec

SERVED = {
    "openai": OpenAIModel,
    "azure": AzureModel,
    "vllm": VllmModel,
    "ollama": OllamaModel,
    "litellm": LitellmModel,
}
GatewayTo = Callable[..., Awaitable["AskedInWords"]]


@dataclass
class ClockThatIsHandedIn:
    now_s: float = 1_000.0
    slept_s: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, wait_s: float) -> None:
        self.slept_s.append(wait_s)
        self.now_s += wait_s


class AskedInWords(Gateway):
    """A gateway whose only model is `author`, asked with plain text."""

    async def ask(self, text: str, **parameters: object) -> ChatResponse:
        return await self.complete("author", request(text, **parameters))


def request(text: str, **parameters: object) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), parameters=parameters)


def openai_spec(base_url: str, *, name: str = "author", **changes: Any) -> ModelSpec:
    config = {"base_url": base_url, "model": "scripted", **changes.pop("config", {})}
    return ModelSpec(name=name, use="openai", config=config, folder=Path(), **changes)


def model_to(
    endpoint: ScriptedEndpoint, dialect: str, clock: Callable[[], float], **changes: Any
) -> tuple[ModelSpec, Any]:
    """A model of the type that a suite would name to ask the endpoint in a dialect."""
    entry = {**endpoint.model_entry(dialect), **changes.pop("config", {})}
    use = entry.pop("use")
    spec = ModelSpec(name="author", use=use, config=entry, folder=Path(), **changes)
    return spec, SERVED[use](spec, wall_clock=clock)


@pytest.fixture(name="request_of")
def request_of_fixture() -> Callable[..., ChatRequest]:
    return request


@pytest.fixture
def spec_to() -> Callable[..., ModelSpec]:
    return openai_spec


@pytest.fixture
def clock() -> ClockThatIsHandedIn:
    return ClockThatIsHandedIn()


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """A chat-completions server on loopback: answers from a script, keeps what it was asked."""
    async with ScriptedEndpoint.on_a_free_port() as scripted:
        yield scripted


@pytest.fixture
async def gateway_to(clock: ClockThatIsHandedIn) -> AsyncIterator[GatewayTo]:
    """Make an open gateway to an endpoint; chance says 0 unless it is given."""
    made: list[AskedInWords] = []

    async def make(
        endpoint: ScriptedEndpoint, *, dialect: str = "openai", chance: float = 0.0, **changes: Any
    ) -> AskedInWords:
        spec, model = model_to(endpoint, dialect, clock, **changes)
        gateway = AskedInWords(
            {"author": model},
            specs={"author": spec},
            clock=clock,
            sleep=clock.sleep,
            chance=lambda: chance,
        )
        made.append(gateway)
        await gateway.open()
        return gateway

    yield make
    for gateway in made:
        await gateway.close()


@pytest.fixture
async def gateway_on_real_time() -> AsyncIterator[GatewayTo]:
    """A gateway with the machine's clocks, which waits between tries for a blink only."""
    made: list[AskedInWords] = []

    async def blink(wait_s: float) -> None:
        await asyncio.sleep(min(wait_s, 0.03))

    async def make(
        endpoint: ScriptedEndpoint, *, dialect: str = "openai", **changes: Any
    ) -> AskedInWords:
        _, model = model_to(endpoint, dialect, time.time, **changes)
        gateway = AskedInWords({"author": model}, sleep=blink, chance=lambda: 0.0)
        made.append(gateway)
        await gateway.open()
        return gateway

    yield make
    for gateway in made:
        await gateway.close()
