"""Model type `openai`: any server that speaks OpenAI's chat completions or responses.

Parameters pass through as the suite writes them (`response_format`, `tools`, `logprobs`, `n`,
`max_tokens` or `max_completion_tokens`): a server knows its own, and refuses the others itself.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from sygra_eval.models import completions, responses
from sygra_eval.models.completions import PromptTemplate
from sygra_eval.models.served import ServedConfig, ServedModel, address_in, names_in
from sygra_eval.models.streams import Collector
from sygra_eval.values import ChatRequest, ModelSpec

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport

Api = Literal["chat", "responses", "completions"]
_PATHS = {"chat": "chat/completions", "responses": "responses", "completions": "completions"}


class OpenAIConfig(ServedConfig):
    """The keys of a model with `use: openai`.

    :ivar api: Chat completions, OpenAI's newer responses, or plain completions for base models.
    :ivar template: How messages become the one text that plain completions take.
    """

    base_url: str
    model: str = Field(min_length=1)
    api: Api = "chat"
    template: PromptTemplate | None = None

    _address = field_validator("base_url")(address_in)

    @model_validator(mode="after")
    def _has_a_use_for_its_template(self) -> Self:
        if self.template is not None and self.api != "completions":
            raise ValueError(
                "`template` belongs to `api: completions`: a chat has the server's own"
            )
        return self


class SpokenModel(ServedModel):
    """A server that speaks OpenAI's dialects."""

    api: Api = "chat"
    template = PromptTemplate()

    @property
    def identity(self) -> str:
        """Type, place, model, and the dialect where it is not the usual one."""
        match self.api:
            case "chat":
                return super().identity
            case "responses":
                return f"{super().identity} responses"
            case "completions":
                return f"{super().identity} completions {self.template.digest}"

    @property
    def chat_path(self) -> str:
        """Where OpenAI has it."""
        return _PATHS[self.api]

    def body_of(self, request: ChatRequest) -> Mapping[str, Any]:
        """Write a chat in its dialect."""
        match self.api:
            case "chat":
                return super().body_of(request)
            case "responses":
                return responses.asked(request, self.model)
            case "completions":
                return completions.asked(request, self.model, self.template)

    def streamed(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for a stream; that of responses has its usage anyway."""
        return {**body, "stream": True} if self.api == "responses" else super().streamed(body)

    def collector(self) -> Collector:
        """Return what puts a streamed answer together."""
        match self.api:
            case "chat":
                return super().collector()
            case "responses":
                return responses.ResponseCollector()
            case "completions":
                return completions.CompletionCollector()

    def completion_of(self, payload: object) -> object:
        """Bring an answer into the form of chat completions."""
        match self.api:
            case "chat":
                return payload
            case "responses":
                return responses.completed(payload)
            case "completions":
                return completions.completed(payload)


class OpenAIModel(SpokenModel):
    """One model of one OpenAI-compatible server."""

    kind = "openai"
    can_batch = True

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = OpenAIConfig.model_validate(spec.config)
        self.api = config.api
        self.template = config.template or PromptTemplate()
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
