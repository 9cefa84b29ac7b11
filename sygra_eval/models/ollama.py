"""Model type `ollama`: a model that an Ollama server has pulled.

Spoken is Ollama's own `/api/chat`, because its OpenAI-like address cannot say how long the context
is, and Ollama drops the beginning of a prompt that does not fit without a word. Here `context`
sets the length, and `truncate: false` asks for a refusal instead (servers before it ignore that).
The parameters of a suite are translated, so that a suite runs unchanged; one that Ollama cannot
honour is refused before the run.
"""

import time
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from pydantic import Field, field_validator, model_validator

from sygra_eval.models import fast_json
from sygra_eval.models.replies import RawReply
from sygra_eval.models.served import ServedConfig, ServedModel, address_in
from sygra_eval.models.streams import Collector, Event, listed
from sygra_eval.models.texts import (
    BatchSize,
    batch_size_in,
    refuse_misplaced,
    task_of_api,
    vectors_answered,
)
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    ModelMissing,
    ModelSpec,
    ModelUnavailable,
    Task,
    UsageError,
    wire_text,
)

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport

_OPTIONS = {
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
    **{
        name: name
        for name in (
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "typical_p",
            "seed",
            "stop",
            "num_predict",
            "num_ctx",
            "num_keep",
            "repeat_last_n",
            "repeat_penalty",
            "presence_penalty",
            "frequency_penalty",
        )
    },
}
_AS_THEY_ARE = frozenset(
    {"format", "keep_alive", "think", "tools", "options", "truncate", "logprobs", "top_logprobs"}
)
_OF_VECTORS = frozenset({"dimensions", "keep_alive", "options", "truncate", "extra_body"})
_TRANSLATED = frozenset({"response_format", "reasoning_effort", "extra_body"})
_NO_EFFORT = "none"


_PULLED = "api/tags"


class OllamaConfig(ServedConfig):
    """The keys of a model with `use: ollama`.

    :ivar base_url: The server's address, without a path.
    :ivar model: As `ollama list` shows it; without a tag it is `:latest`.
    :ivar context: Tokens that prompt and answer may have together; without it Ollama's own default.
    :ivar api: Chats, or vectors for texts.
    :ivar batch_size: Texts in one request at most.
    """

    base_url: str = "http://127.0.0.1:11434"
    model: str = Field(min_length=1)
    context: int | None = Field(default=None, ge=256)
    api: Literal["chat", "embeddings"] = "chat"
    batch_size: BatchSize = None

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, base_url: str) -> str:
        address = address_in(base_url)
        return address.removesuffix("/v1").removesuffix("/api")

    @model_validator(mode="after")
    def _has_a_use_for_its_keys(self) -> Self:
        refuse_misplaced(self)
        return self

    @property
    def task(self) -> Task:
        """What the model does."""
        return task_of_api(self.api)


class OllamaModel(ServedModel):
    """One pulled model of one Ollama server.

    :ivar is_loaded: Whether the server had it in memory when the run began; else the first answer
        takes as long as loading does.
    """

    kind = "ollama"

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = OllamaConfig.model_validate(spec.config)
        super().__init__(
            spec, config, base_url=config.base_url, model=config.model, wall_clock=wall_clock
        )
        self.config = config
        self.task, self.batch_size = config.task, batch_size_in(config)
        self.is_loaded = False
        if problem := self._unknown_in(spec.parameters):
            raise UsageError(f"model `{spec.name}`: {problem}")

    @property
    def identity(self) -> str:
        """Place and model, and the context, which answers depend on."""
        context = "" if self.config.context is None else f" {self.config.context}"
        task = "" if self.task is Task.CHAT else f" {self.task}"
        return super().identity + context + task

    @property
    def chat_path(self) -> str:
        """Ollama's own."""
        return "api/chat" if self.task is Task.CHAT else "api/embed"

    @property
    def names_path(self) -> str:
        """Where those that are pulled are listed."""
        return _PULLED

    def names_of(self, reply: RawReply) -> frozenset[str]:
        """Return those that are pulled."""
        return _names_in(reply) or frozenset()

    async def look_around(self, transport: "Transport", *, timeout_s: float) -> tuple[str, ...]:
        """Ask which models are pulled, and which of them are in memory."""
        reply = await transport.get(_PULLED, timeout_s=timeout_s)
        self.refuse_bad_doors(reply)
        pulled = _names_in(reply)
        if pulled is None:
            what = f"{self.base_url} answered {reply.status} when asked for its models"
            advice = "is it an Ollama server? another one is `use: openai`"
            raise ModelUnavailable(f"{what}; {advice}")
        name = _tagged(self.model)
        if name not in pulled:
            near = get_close_matches(name, pulled, n=1)
            hint = f"; it has `{near[0]}`" if near else ""
            raise ModelMissing(
                f"model not pulled: ollama pull {self.model} ({self.base_url}{hint})"
            )
        running = await transport.get("api/ps", timeout_s=timeout_s)
        self.is_loaded = name in (_names_in(running) or ())
        return ()

    async def context_tokens(self, transport: "Transport", *, timeout_s: float) -> int | None:
        """Return what the model was made for; how much of it is used is `context`'s to say."""
        del timeout_s
        reply = await transport.post("api/show", fast_json.dumps({"model": self.model}))
        try:
            payload = fast_json.loads(reply.body)
        except ValueError:
            return None
        told = payload.get("model_info") if isinstance(payload, dict) else None
        known = told.items() if isinstance(told, dict) else ()
        found = (n for name, n in known if str(name).endswith(".context_length"))
        return next((n for n in found if isinstance(n, int)), None)

    def body_of(self, request: ChatRequest) -> Mapping[str, Any]:
        """Write a chat as Ollama wants it."""
        if problem := self._unknown_in(request.parameters):
            raise CallFailed("bad_request", problem)
        given = request.parameters
        if self.task is not Task.CHAT:
            return self._texts_of(request)
        options = {_OPTIONS[name]: value for name, value in given.items() if name in _OPTIONS}
        if isinstance(options.get("stop"), str):
            options["stop"] = [options["stop"]]
        if self.config.context is not None:
            options.setdefault("num_ctx", self.config.context)
        own = given.get("options")
        options.update(own if isinstance(own, Mapping) else {})
        body: dict[str, Any] = {"truncate": False, "stream": False}
        if "response_format" in given:
            body["format"] = _format_of(given["response_format"])
        if effort := given.get("reasoning_effort"):
            body["think"] = False if effort == _NO_EFFORT else effort
        body |= {name: given[name] for name in given if name in _AS_THEY_ARE | {"extra_body"}}
        messages = [_message(message) for message in request.messages]
        return {**body, "options": options, "model": self.model, "messages": messages}

    def _texts_of(self, request: ChatRequest) -> Mapping[str, Any]:
        """Write what is to become vectors; one that does not fit is refused and not cut."""
        body = {"truncate": False, **request.parameters}
        if self.config.context is not None:
            own = body.get("options")
            own = own if isinstance(own, Mapping) else {}
            body["options"] = {"num_ctx": self.config.context, **own}
        texts = [message.content for message in request.messages]
        return {**body, "model": self.model, "input": texts}

    def _unknown_in(self, parameters: Mapping[str, object]) -> str:
        """Say which parameter Ollama cannot honour; empty when it can honour all."""
        if self.task is Task.CHAT:
            return _unknown_in(parameters)
        for name in parameters.keys() - _OF_VECTORS:
            known = ", ".join(f"`{one}`" for one in sorted(_OF_VECTORS))
            return f"Ollama makes vectors without `{name}`: it knows {known}"
        return ""

    def answer_in(self, payload: object, reply: RawReply, request: ChatRequest) -> ChatResponse:
        """Read what came: of a chat, or of texts."""
        if self.task is Task.CHAT or not isinstance(payload, Mapping):
            return super().answer_in(payload, reply, request)
        return vectors_answered(payload, reply, request)

    def streamed(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for a stream of JSON lines."""
        return {**body, "stream": True}

    def collector(self) -> Collector:
        """Return what puts a streamed answer together."""
        return OllamaCollector()

    def completion_of(self, payload: object) -> object:
        """Bring an answer into the form of chat completions."""
        return completion_of(payload)


class OllamaCollector:
    """Puts the JSON lines of a streamed answer together."""

    def __init__(self) -> None:
        self.has_text = False
        self.characters = 0
        self.on_text: Callable[[str], None] | None = None
        self._pieces: dict[str, list[str]] = {"content": [], "thinking": []}
        self._calls: list[object] = []
        self._logprobs: list[object] = []
        self._last: Event | None = None

    def take(self, event: Event) -> None:
        """Take one line."""
        message = event.get("message")
        said = message if isinstance(message, dict) else {}
        for key, pieces in self._pieces.items():
            if isinstance(piece := said.get(key), str) and piece:
                pieces.append(piece)
                self.has_text = True
                self.characters += len(piece)
                if self.on_text is not None and key == "content":
                    self.on_text(piece)
        self._calls += listed(said.get("tool_calls"))
        self._logprobs += listed(event.get("logprobs"))
        if event.get("done") is True or event.get("error"):
            self._last = event

    def payload(self, *, is_ended: bool) -> Event | None:
        """Return the whole answer in the form of one that was not streamed."""
        del is_ended
        if self._last is None or self._last.get("error"):
            return self._last
        message = {key: "".join(pieces) for key, pieces in self._pieces.items()}
        whole = {**message, "tool_calls": self._calls}
        return {**self._last, "message": whole, "logprobs": self._logprobs}


def completion_of(payload: object) -> object:
    """Return Ollama's answer as a chat completion; what is none stays as it is."""
    if not isinstance(payload, dict) or not isinstance(payload.get("message"), dict):
        return payload
    if payload.get("done") is not True:
        return {"choices": []}
    said: Mapping[str, Any] = payload["message"]
    message = {
        "role": "assistant",
        "content": said.get("content"),
        "reasoning_content": said.get("thinking"),
        "tool_calls": said.get("tool_calls"),
    }
    return {
        "model": payload.get("model"),
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": payload.get("done_reason") or "stop",
                "logprobs": {"content": payload.get("logprobs")},
            }
        ],
        "usage": {
            "prompt_tokens": payload.get("prompt_eval_count"),
            "completion_tokens": payload.get("eval_count"),
        },
    }


def _message(message: Message) -> dict[str, Any]:
    """Return a message as Ollama has it: images stand beside its text, as base64."""
    if not message.parts:
        return message.as_dict()
    images = [part for part in message.parts if isinstance(part, Image)]
    if any(image.url for image in images):
        what = "Ollama fetches no image from an address: put the file beside the data"
        raise CallFailed("no_images", what)
    text = "".join(wire_text(part) for part in message.parts if not isinstance(part, Image))
    return {"role": message.role, "content": text, "images": [one.base64 for one in images]}


def _unknown_in(parameters: Mapping[str, object]) -> str:
    """Say which parameter Ollama cannot honour; empty when it can honour all."""
    if parameters.get("n", 1) != 1:
        return "Ollama gives one choice: take `n` out"
    for name in parameters:
        if name not in _OPTIONS and name not in _AS_THEY_ARE | _TRANSLATED | {"n"}:
            advice = "take it out, or write an option of Ollama's own under `options`"
            return f"Ollama has no parameter `{name}`: {advice}"
    return ""


def _format_of(response_format: object) -> object:
    """Translate OpenAI's `response_format` to Ollama's `format`."""
    match response_format:
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return cast("object", schema)
        case {"type": "json_object"}:
            return "json"
        case {"type": "text"} | None:
            return ""
    raise CallFailed("bad_request", "Ollama knows no such `response_format`")


def _tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _names_in(reply: RawReply) -> frozenset[str] | None:
    """Return the models of a listing of Ollama's; None when it is none."""
    try:
        payload = fast_json.loads(reply.body)
    except ValueError:
        return None
    listed = payload.get("models") if isinstance(payload, dict) else None
    if reply.status != 200 or not isinstance(listed, list):
        return None
    named = (entry.get("name") for entry in listed if isinstance(entry, dict))
    return frozenset(_tagged(name) for name in named if isinstance(name, str))
