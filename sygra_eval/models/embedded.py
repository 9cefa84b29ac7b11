"""Model type `embedded`: a small instruct model inside this process, offline and without a key.

Greedy decoding is not reproducible across prompt caching, and sampling never is without a seed:
what repeats comes from the journal. A request with a `seed` is computed without the cache, which
makes it repeat on the same machine, at the price of reading the prompt anew.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.models.host import available_bytes, usable_cores, why_not_here
from sygra_eval.models.prices import FREE
from sygra_eval.models.replies import estimated_usage
from sygra_eval.models.servers import PROMPT_CACHE_MIB, Answer, ServerPool, give_back, lease
from sygra_eval.models.weights import QWEN, assembled
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    ModelSpec,
    ModelUnavailable,
    RetryLater,
    Usage,
)

TIMEOUT_S = 600.0
MAX_TOKENS = 1024  # unless the suite says: the engine's default runs to the end of the context
MAX_SERVERS = 8
# Context, compute buffers and slack, beside the weights, which are mapped once.
_BYTES_PER_SERVER = (512 + PROMPT_CACHE_MIB) * 2**20


class EmbeddedConfig(BaseModel):
    """The keys of a model with `use: embedded`.

    :ivar model: Path of another GGUF file, relative to the suite; without it, the one that comes
        with the extra `embedded`.
    :ivar context: Tokens that prompt and answer may have together.
    :ivar servers: Single-threaded engines; one a core when it is not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    takes_images: ClassVar[bool] = False
    model: str | None = None
    context: int = Field(default=4096, ge=256, le=131_072)
    servers: int | None = Field(default=None, ge=1, le=64)


class EmbeddedModel:
    """One GGUF file behind as many engines as this machine bears."""

    price_name = FREE
    has_json_mode = True
    takes_images = False
    is_streamed = True

    def __init__(self, spec: ModelSpec) -> None:
        config = spec.config
        if not isinstance(config, EmbeddedConfig):
            config = EmbeddedConfig.model_validate(config)
        self.config = config
        self._spec = spec
        self._file = None if config.model is None else (spec.folder / config.model).absolute()
        servers = config.servers or _servers_here()
        self.max_in_flight = min(servers, spec.max_concurrency or servers)
        self.engines = self.max_in_flight  # that are started; a live limit cannot make more
        self._pool: ServerPool | None = None

    @property
    def identity(self) -> str:
        """The weights: their hash, or name and size of a file of the user's."""
        if self._file is None:
            return f"embedded {QWEN.sha256}"
        size = self._file.stat().st_size if self._file.is_file() else 0
        return f"embedded {self._file.name} {size}"

    @property
    def label(self) -> str:
        """The file's name."""
        return QWEN.name if self._file is None else self._file.stem

    @property
    def endpoint(self) -> str:
        """The pool of engines, which models with the same file and context share."""
        return f"embedded {self._file or QWEN.name} {self.config.context}"

    async def open(self) -> None:
        """Find the weights and start the engines; each has answered a first chat."""
        starting = asyncio.get_running_loop().run_in_executor(None, self._start)
        try:
            self._pool = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_give_back_unused)
            raise

    def _start(self) -> ServerPool:
        if reason := why_not_here():
            advice = "name an OpenAI-compatible server instead (`use: openai`)"
            raise ModelUnavailable(f"{reason}; {advice}")
        if self._file is not None and not self._file.is_file():
            raise ModelUnavailable(f"there is no file {self._file}: `model` names a GGUF file")
        gguf = self._file or assembled()
        return lease(gguf, context=self.config.context, servers=self.max_in_flight)

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Answer one chat; a cancelled one stops at its next token."""
        if self._pool is None:
            raise CallFailed("not_open", f"model `{self._spec.name}` is not open")
        limit_s = self._spec.timeout_s or TIMEOUT_S
        job = self._pool.submit(
            self._body(request), limit_s=limit_s, on_chunk=_teller(request.on_text)
        )
        try:
            chunks = await asyncio.wrap_future(job.done)
        except asyncio.CancelledError:
            job.abort()
            raise
        return _response_of(chunks, request)

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        parameters = {**self._spec.parameters, **request.parameters}
        return {
            "max_tokens": MAX_TOKENS,
            "cache_prompt": "seed" not in parameters,
            **parameters,
            "messages": [message.as_dict() for message in request.messages],
        }

    async def close(self) -> None:
        """Give the engines back; the last model that used them releases them."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(give_back, pool)


def _servers_here() -> int:
    """Return one server a core, as many as memory bears."""
    servers = min(usable_cores(), MAX_SERVERS)
    available = available_bytes()
    if available is None:
        return servers
    return max(1, min(servers, (available - QWEN.size) // _BYTES_PER_SERVER))


def _give_back_unused(starting: "asyncio.Future[ServerPool]") -> None:
    if not starting.cancelled() and starting.exception() is None:
        give_back(starting.result())


def _teller(listener: Callable[[str], None] | None) -> Callable[[Mapping[str, Any]], None] | None:
    """Return what hands the text of a chunk from the engine's thread to who listens in our loop."""
    if listener is None:
        return None
    loop = asyncio.get_running_loop()

    def tell(chunk: Mapping[str, Any]) -> None:
        for choice in chunk.get("choices", ()):
            said = choice.get("delta", {}).get("content")
            if said and choice.get("index", 0) == 0:
                with contextlib.suppress(RuntimeError):  # the loop ended; so does this job
                    loop.call_soon_threadsafe(listener, said)

    return tell


def _response_of(chunks: Answer, request: ChatRequest) -> ChatResponse:
    texts: list[str] = []
    finish_reason, model, usage = "", "", None
    for chunk in chunks:
        if "error" in chunk:
            raise _refusal_of(chunk["error"])
        model = chunk.get("model") or model
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices", ()):
            if choice.get("index", 0) != 0:
                continue
            texts.append(choice.get("delta", {}).get("content") or "")
            finish_reason = choice.get("finish_reason") or finish_reason
    if not finish_reason:
        raise RetryLater("empty", "the engine ended without an answer", most_tries=3)
    text = "".join(texts)
    counted = usage and Usage(
        prompt_tokens=usage["prompt_tokens"], completion_tokens=usage["completion_tokens"]
    )
    return ChatResponse(
        text=text,
        finish_reason=finish_reason,
        usage=counted or estimated_usage(request, text),
        model_seen=model,
    )


def _refusal_of(error: Any) -> CallFailed:
    kind, message = str(error.get("type")), str(error.get("message"))
    if kind == "exceed_context_size_error":
        advice = "shorten the prompt or raise the model's `context`"
        return CallFailed("too_long", f"embedded model: {message}; {advice}")
    if kind == "invalid_request_error":
        return CallFailed("bad_request", f"embedded model: {message}")
    return RetryLater("server_error", f"embedded model: {message}", most_tries=2)
