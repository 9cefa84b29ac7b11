"""Model type `openai`: any server that speaks OpenAI's chat completions or responses.

Parameters pass through as the suite writes them (`response_format`, `tools`, `logprobs`, `n`,
`max_tokens` or `max_completion_tokens`): a server knows its own, and refuses the others itself.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from sygra_eval.models import responses
from sygra_eval.models.served import ServedConfig, ServedModel, address_in, names_in
from sygra_eval.models.streams import Collector
from sygra_eval.values import ChatRequest, ModelSpec

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport

Api = Literal["chat", "responses"]


class OpenAIConfig(ServedConfig):
    """The keys of a model with `use: openai`.

    :ivar api: Chat completions, or OpenAI's newer responses.
    """

    base_url: str
    model: str = Field(min_length=1)
    api: Api = "chat"

    _address = field_validator("base_url")(address_in)


class SpokenModel(ServedModel):
    """A server that speaks one of OpenAI's two dialects."""

    api: Api = "chat"

    @property
    def identity(self) -> str:
        """Type, place, model, and the dialect where it is not the usual one."""
        identity = super().identity
        return identity if self.api == "chat" else f"{identity} {self.api}"

    @property
    def chat_path(self) -> str:
        """Where OpenAI has it."""
        return "chat/completions" if self.api == "chat" else "responses"

    def body_of(self, request: ChatRequest) -> Mapping[str, Any]:
        """Write a chat in either dialect."""
        if self.api == "chat":
            return super().body_of(request)
        return responses.asked(request, self.model)

    def streamed(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for a stream; that of responses has its usage anyway."""
        return super().streamed(body) if self.api == "chat" else {**body, "stream": True}

    def collector(self) -> Collector:
        """Return what puts a streamed answer together."""
        return super().collector() if self.api == "chat" else responses.ResponseCollector()

    def completion_of(self, payload: object) -> object:
        """Bring an answer into the form of chat completions."""
        return payload if self.api == "chat" else responses.completed(payload)


class OpenAIModel(SpokenModel):
    """One model of one OpenAI-compatible server."""

    kind = "openai"

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = OpenAIConfig.model_validate(spec.config)
        self.api = config.api
        super().__init__(
            spec, config, base_url=config.base_url, model=config.model, wall_clock=wall_clock
        )

    @property
    def price_name(self) -> str | None:
        """The name in the price map, which speaks of OpenAI's own service alone."""
        is_openai = urlsplit(self.base_url).hostname == "api.openai.com"
        return self.model if is_openai else None

    async def look_around(self, transport: "Transport", *, timeout_s: float) -> tuple[str, ...]:
        """Ask for the list of models; not every server has one, and gateways list no aliases."""
        reply = await transport.get("models", timeout_s=timeout_s)
        self.refuse_bad_doors(reply)
        if reply.status == 429 or reply.status >= 500:
            return (f"{self.base_url} answered {reply.status} when asked for its models",)
        served = names_in(reply)
        if not served or self.model in served:
            return ()
        return (f"{self.base_url} does not list the model `{self.model}`",)
