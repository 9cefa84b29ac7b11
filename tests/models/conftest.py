"""A scripted server, a gateway to it, and a clock that is handed in: nothing here really waits."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sygra_eval.models import Gateway
from sygra_eval.models.openai import OpenAIModel
from sygra_eval.testing import ScriptedEndpoint
from sygra_eval.values import ChatRequest, Message, ModelSpec


@dataclass
class ClockThatIsHandedIn:
    now_s: float = 1_000.0
    slept_s: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, wait_s: float) -> None:
        self.slept_s.append(wait_s)
        self.now_s += wait_s


def says(text: str, **parameters: object) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), parameters=parameters)


def spec_of(
    endpoint: ScriptedEndpoint, *, name: str = "author", **changes: object
) -> ModelSpec:
    config = {"base_url": endpoint.base_url, "model": "scripted"}
    config |= changes.pop("config", {})
    return ModelSpec(name=name, use="openai", config=config, folder=Path(), **changes)


@pytest.fixture
def clock() -> ClockThatIsHandedIn:
    return ClockThatIsHandedIn()


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """A chat-completions server on loopback: answers from a script, keeps what it was asked."""
    async with ScriptedEndpoint.on_a_free_port() as scripted:
        yield scripted


@pytest.fixture
async def gateway_to(
    clock: ClockThatIsHandedIn,
) -> AsyncIterator[Callable[..., Gateway]]:
    """Make a gateway to one model `author` on an endpoint; chance always says 0 unless it is given."""
    made: list[Gateway] = []

    async def make(endpoint: ScriptedEndpoint, *, chance: float = 0.0, **changes: object) -> Gateway:
        model = OpenAIModel(spec_of(endpoint, **changes), wall_clock=clock)
        gateway = Gateway({"author": model}, clock=clock, sleep=clock.sleep, chance=lambda: chance)
        made.append(gateway)
        await gateway.open()
        return gateway

    yield make
    for gateway in made:
        await gateway.close()
