"""A gateway for a test of one node: models written as in a suite, asked over real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sygra_eval.models import Gateway, Patience
from sygra_eval.plugins import Plugins
from sygra_eval.values import ChatRequest, ChatResponse, Message, ModelSpec

ModelEntries = Mapping[str, Mapping[str, Any]]
Ask = Callable[[str, tuple[Message, ...], Mapping[str, object]], Awaitable[ChatResponse]]
_OF_EVERY_MODEL = {
    "parameters": "parameters",
    "max_concurrency": "max_concurrency",
    "timeout": "timeout_s",
    "rpm": "rpm",
    "tpm": "tpm",
}
PATIENCE = Patience(base_s=0.01, cap_s=0.1)  # a test does not wait as a run does


@asynccontextmanager
async def asking(plugins: Plugins, models: ModelEntries) -> AsyncIterator[Ask]:
    """Open the models as a run does, with its retries and gates, until the block ends."""
    specs = {name: _spec(plugins, name, entry) for name, entry in models.items()}
    opened = {
        name: plugins.find("models", spec.use).implementation(spec) for name, spec in specs.items()
    }
    gateway = Gateway(opened, specs=specs, patience=PATIENCE)
    await gateway.open()

    async def ask(
        name: str, messages: tuple[Message, ...], parameters: Mapping[str, object]
    ) -> ChatResponse:
        return await gateway.complete(name, ChatRequest(messages=messages, parameters=parameters))

    try:
        yield ask
    finally:
        await gateway.close()


def _spec(plugins: Plugins, name: str, entry: Mapping[str, Any]) -> ModelSpec:
    given = dict(entry)
    use = str(given.pop("use"))
    common = {field: given.pop(key) for key, field in _OF_EVERY_MODEL.items() if key in given}
    registered = plugins.find("models", use)
    config = given if registered.config is None else registered.config.model_validate(given)
    return replace(ModelSpec(name=name, use=use, config=config, folder=Path()), **common)
