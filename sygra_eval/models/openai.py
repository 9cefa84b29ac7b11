"""Model type `openai`: any server that speaks OpenAI's chat completions or responses.

Parameters pass through as the suite writes them (`response_format`, `tools`, `logprobs`, `n`,
`max_tokens` or `max_completion_tokens`): a server knows its own, and refuses the others itself.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from sygra_eval.models import completions, responses, texts
from sygra_eval.models.chat_template import ChatTemplate
from sygra_eval.models.completions import PromptTemplate
from sygra_eval.models.replies import RawReply
from sygra_eval.models.served import ServedConfig, ServedModel, address_in, names_in
from sygra_eval.models.streams import Collector
from sygra_eval.models.texts import (
    BatchSize,
    Labels,
    TextApi,
    batch_size_in,
    path_of,
    refuse_misplaced,
    task_of_api,
)
from sygra_eval.values import CallFailed, ChatRequest, ChatResponse, ModelSpec, Task

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport

ChatApi = Literal["chat", "responses", "completions"]
Api = ChatApi | TextApi
_PATHS = {"chat": "chat/completions", "responses": "responses", "completions": "completions"}


class OpenAIConfig(ServedConfig):
    """The keys of a model with `use: openai`.

    :ivar api: Chat completions, OpenAI's newer responses, or plain completions for base models.
        Or no chat at all: `embeddings`, and what vLLM has beside: `classify`, `score`, `reward`.
    :ivar template: How messages become the one text that plain completions take.
    :ivar chat_template: Or the model's own, in Jinja: a `.jinja` file, a `tokenizer_config.json`,
        or the model's folder; relative to the suite.
    :ivar batch_size: Texts in one request at most.
    :ivar labels: The classes of a classifier, in the model's order.
    """

    base_url: str
    model: str = Field(min_length=1)
    api: Api = "chat"
    template: PromptTemplate | None = None
    chat_template: Path | None = None
    batch_size: BatchSize = None
    labels: Labels = ()

    _address = field_validator("base_url")(address_in)

    @property
    def takes_images(self) -> bool:
        """Whether a prompt may show images: plain completions are text."""
        return self.api != "completions"

    @model_validator(mode="after")
    def _has_a_use_for_its_template(self) -> Self:
        for key in ("template", "chat_template"):
            if getattr(self, key) is not None and self.api != "completions":
                raise ValueError(
                    f"`{key}` belongs to `api: completions`: a chat has the server's own"
                )
        if self.template is not None and self.chat_template is not None:
            raise ValueError("name one: `template` of your own, or the model's `chat_template`")
        refuse_misplaced(self)
        return self

    @property
    def task(self) -> Task:
        """What the model does."""
        return task_of_api(self.api)


def template_in(config: OpenAIConfig, spec: ModelSpec) -> PromptTemplate | ChatTemplate:
    """Return what makes one text of messages.

    :raises UsageError: When a file that is named holds no template.
    """
    if config.chat_template is None:
        return config.template or PromptTemplate()
    return ChatTemplate.read(spec.folder / config.chat_template)


class SpokenModel(ServedModel):
    """A server that speaks OpenAI's dialects."""

    api: Api = "chat"
    template: PromptTemplate | ChatTemplate = PromptTemplate()
    labels: tuple[str, ...] = ()
    batch_size = 1

    @property
    def task(self) -> Task:
        """What the model does."""
        return task_of_api(self.api)

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
            case _:
                named = f" {','.join(self.labels)}" if self.labels else ""
                return f"{super().identity} {self.api}{named}"

    @property
    def has_json_mode(self) -> bool:
        """Plain completions know none, but for vLLM's."""
        return super().has_json_mode and (self.api != "completions" or self.kind == "vllm")

    @property
    def chat_path(self) -> str:
        """Where OpenAI has it, or vLLM."""
        return _PATHS.get(self.api) or path_of(self.api, self.base_url)

    def body_of(self, request: ChatRequest) -> Mapping[str, Any]:
        """Write a chat in its dialect."""
        match self.api:
            case "chat":
                return super().body_of(request)
            case "responses":
                return responses.asked(request, self.model)
            case "completions":
                return completions.asked(request, self.model, self.template)
            case _:
                return texts.asked(self.api, request, self.model)

    def answer_in(self, payload: object, reply: RawReply, request: ChatRequest) -> ChatResponse:
        """Read what came: of a chat, or of texts."""
        if self.task is Task.CHAT:
            return super().answer_in(payload, reply, request)
        return texts.answered(self.api, payload, reply, request, self.labels)

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
            case _:
                raise AssertionError("a model of texts is not streamed")

    def completion_of(self, payload: object) -> object:
        """Bring an answer into the form of chat completions."""
        match self.api:
            case "chat":
                return payload
            case "responses":
                return responses.completed(payload)
            case "completions":
                return completions.completed(payload)
            case _:
                return payload

    def _read(self, reply: RawReply, request: ChatRequest) -> ChatResponse:
        """Say of a server that knows no base64 what to write."""
        try:
            return super()._read(reply, request)
        except CallFailed as failure:
            is_ours = self.api == "embeddings" and "encoding_format" not in request.parameters
            if failure.kind != "bad_request" or not is_ours or "base64" not in failure.message:
                raise
            advice = "write `parameters: {encoding_format: float}`"
            raise CallFailed(failure.kind, f"{failure.message}; {advice}") from failure


class OpenAIModel(SpokenModel):
    """One model of one OpenAI-compatible server."""

    kind = "openai"
    can_batch = True

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = OpenAIConfig.model_validate(spec.config)
        self.api = config.api
        self.takes_images = config.takes_images
        self.template = template_in(config, spec)
        self.labels, self.batch_size = config.labels, batch_size_in(config)
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
