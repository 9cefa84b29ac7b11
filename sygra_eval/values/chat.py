"""Calls to language models: what is asked, where from, and what came back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sygra_eval.values.handling import Handling
from sygra_eval.values.parts import Image, Part, TextPart, content_of, key_of, wire_form


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; `role` is `system`, `user`, `assistant` or `tool`.

    :ivar content: The text; where it has `parts`, their texts, with a mark for each image.
    :ivar parts: Texts and images in order, of a message that is more than text.
    :ivar more: Its further keys as a JSON object, as `name`, or `tool_calls` and what answers them.
    """

    role: str
    content: str
    parts: tuple[Part, ...] = ()
    more: str = ""

    @classmethod
    def of_parts(cls, role: str, parts: tuple[Part, ...]) -> "Message":
        """Return a message of texts and images; one of texts alone is text, as any other."""
        is_text = all(isinstance(part, TextPart) for part in parts)
        return cls(role, content_of(parts), () if is_text else parts)

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form, as OpenAI's chats have it."""
        content = [wire_form(part) for part in self.parts] if self.parts else self.content
        return {"role": self.role, "content": content, **self._more()}

    def as_key(self) -> dict[str, Any]:
        """Return what tells two messages apart: an image is its hash, whose bytes are no key."""
        content = [key_of(part) for part in self.parts] if self.parts else self.content
        return {"role": self.role, "content": content, **self._more()}

    def _more(self) -> dict[str, Any]:
        return json.loads(self.more) if self.more else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTier:
    """Prices that hold for calls with more prompt tokens than `above`."""

    above: int
    input: float
    output: float
    cached_input: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What tokens cost, in US dollars per million; what is not given is priced like its kind.

    :ivar cached_input: Prompt tokens that the provider had cached.
    :ivar reasoning: Answer tokens that were spent on thinking.
    :ivar batch_input: By the batch API, `batch_output` likewise; half where it is not given.
    :ivar source: Where the price is from, for people.
    """

    input: float
    output: float
    cached_input: float | None = None
    reasoning: float | None = None
    batch_input: float | None = None
    batch_output: float | None = None
    tiers: tuple[PriceTier, ...] = ()
    source: str = "suite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may spend over all its starts; None is no bound.

    :ivar usd: US dollars. `tokens` of prompts and answers, `calls` that are answered.
    :ivar time_s: Seconds that the run may take.
    """

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    time_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Who answers when a model does not.

    :ivar to: The models that are asked in its place, in this order.
    :ivar on: The kinds of failure for which they are.
    """

    to: tuple[str, ...] = ()
    on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """How calls of a model are gathered into batches, which its server answers at half the price.

    :ivar window: Within which the server promises to end, as it is told.
    :ivar wait_s: A batch is sent when so long no further call has come.
    :ivar poll_s: Until the first look at a batch; the wait for the next grows from there.
    :ivar most_requests: Calls in one batch, `most_bytes` of its file.
    """

    window: str = "24h"
    wait_s: float = 5.0
    poll_s: float = 5.0
    most_requests: int = 50_000
    most_bytes: int = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model as the suite names it.

    :ivar use: The registered model type: `embedded`, `openai`…
    :ivar config: The type's own keys: an instance of its config model, else a mapping.
    :ivar parameters: Sampling parameters sent with each request (`temperature`, `max_tokens`…).
    :ivar folder: The suite's folder, which relative paths are relative to.
    :ivar rpm: Requests per minute that the user allows, `tpm` tokens likewise.
    :ivar price: What the suite says of it: figures, `free`, or a name in litellm's price map.
    :ivar fallback: Who answers when it does not.
    :ivar handling: What is done with an answer that is not whole.
    :ivar batch: How its calls are gathered; None for a model that is asked call by call.
    """

    name: str
    use: str
    config: object
    folder: Path
    parameters: Mapping[str, object] = field(default_factory=dict)
    max_concurrency: int | None = None
    timeout_s: float | None = None
    rpm: float | None = None
    tpm: float | None = None
    price: Price | str | None = None
    fallback: Fallback = Fallback()
    handling: Handling = field(default_factory=Handling)
    batch: BatchTerms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSite:
    """Where in a run a call belongs; two equal prompts at two sites are two samples.

    :ivar node: Path of the step, as `solve/draft`.
    :ivar visit: 1-based; the round inside a loop.
    :ivar sample: 0-based draw within the visit.
    """

    record: str
    node: str
    visit: int = 1
    sample: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What one call sends: messages and sampling parameters.

    :ivar site: Where it is asked from; it is not sent, and no part of what makes two equal.
    :ivar on_text: Told each piece of a streamed answer's text as it comes, where somebody listens.
    """

    messages: tuple[Message, ...]
    parameters: Mapping[str, object] = field(default_factory=dict)
    site: CallSite | None = field(default=None, compare=False)
    on_text: Callable[[str], None] | None = field(default=None, compare=False, repr=False)

    @property
    def has_images(self) -> bool:
        """Whether any message is more than text."""
        parts = (part for message in self.messages for part in message.parts)
        return any(not isinstance(part, TextPart) for part in parts)

    @property
    def images(self) -> int:
        """How many images the messages show."""
        parts = (part for message in self.messages for part in message.parts)
        return sum(isinstance(part, Image) for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, as the server counted them, or estimated and flagged.

    :ivar cached_tokens: Of the prompt's, those that the provider had cached.
    :ivar reasoning_tokens: Of the answer's, those that were spent on thinking.
    """

    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool = False
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an endpoint says is left of one limit; None is unknown.

    :ivar per_minute: The limit itself.
    :ivar remaining: What is left of it now.
    :ivar full_again_s: Seconds until all of it is there again.
    """

    per_minute: float | None = None
    remaining: float | None = None
    full_again_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """What an endpoint says is left of requests and of tokens; None where it does not say."""

    requests: Allowance | None = None
    tokens: Allowance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a tool that the model asks for; nothing here executes it.

    :ivar arguments: JSON as the model wrote it, which need not be valid.
    """

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResponse:
    """What one call gave back.

    :ivar text: The answer of the first choice, without its reasoning.
    :ivar finish_reason: As the server said it: `stop`, `length`, `content_filter`…
    :ivar model_seen: The model that the server says answered; empty when it does not say.
    :ivar latency_s: Seconds on the monotonic clock from admission to the whole answer.
    :ivar tries: Requests that were sent for it, at least 1.
    :ivar reasoning: What the model thought before it answered, where it says so.
    :ivar tool_calls: Calls of tools that the request offered.
    :ivar others: Texts of the further choices, where the request asked for several.
    :ivar logprobs: Tokens of the text with their logarithms of probability, where asked for.
    :ivar first_text_s: Seconds from sending to the first text, where the answer was streamed.
    :ivar allowances: What the endpoint said is left; for the gate, and in no journal.
    :ivar cost_nano_usd: What it cost, in billionths of a dollar; None is unknown.
    :ivar answered_by: The model of the suite that answered in the place of the one asked.
    :ivar notes: What the row has to say of it, as that it was cut; in no journal, said anew.
    :ivar is_cut: It is not whole, and no validator is to pass it.
    :ivar is_cached: It was kept from an earlier run; `saved_nano_usd` is what it cost then.
    :ivar from_plugin: The plugin that answered, so that no model was asked.
    """

    text: str
    finish_reason: str
    usage: Usage
    model_seen: str = ""
    latency_s: float = 0.0
    tries: int = 1
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    others: tuple[str, ...] = ()
    logprobs: tuple[tuple[str, float], ...] = ()
    first_text_s: float | None = field(default=None, compare=False)
    allowances: Allowances | None = field(default=None, compare=False)
    cost_nano_usd: int | None = None
    is_cached: bool = False
    saved_nano_usd: int | None = None
    answered_by: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)
    is_cut: bool = field(default=False, compare=False)
    from_plugin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """One entry of a row's `provenance.models`: which model did what in that row."""

    role: str
    name: str
    model: str
    parameters: str


class ChatModel(Protocol):
    """What a model type's factory makes of a `ModelSpec`: one endpoint that answers chats.

    One that is for texts instead has a `task`, and a `batch_size` where it takes several at once;
    see `texts`. It may say of itself that it `takes_images` (then messages may have `parts`), and
    that it `has_json_mode` (then a request may have OpenAI's parameter `response_format`).
    """

    @property
    def identity(self) -> str:
        """Which model answers, part of every call's key: equal identities share answers."""
        ...

    @property
    def label(self) -> str:
        """The model's name for people and for provenance."""
        ...

    @property
    def endpoint(self) -> str:
        """The endpoint and account; models that share it share one gate."""
        ...

    @property
    def max_in_flight(self) -> int:
        """How many calls this endpoint takes at once."""
        ...

    async def open(self) -> None:
        """Get ready and prove that the model answers; raise `ModelUnavailable` otherwise."""
        ...

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Answer one chat in one try; retries, slots and waiting are the gateway's.

        :raises RetryLater: When another try may go better.
        :raises CallFailed: When the refusal is final.
        """
        ...

    async def close(self) -> None:
        """Release connections, threads and memory; calls in flight have ended."""
        ...
