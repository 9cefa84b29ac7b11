"""What all models behind an HTTP server share: key, preflight, one try of one chat.

A model type says where its server is, how it wants the key, what it looks at before the run, and
how a chat is written in its dialect; see `openai`, `azure`, `vllm`, `ollama`. The key is read from
its place (`keys`) when the model is opened, lives in the session's headers, and is cut out of every
message.
"""

import asyncio
import logging
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sygra_eval.journal import call_key
from sygra_eval.models import fast_json
from sygra_eval.models.batch_wire import BatchPaths, BatchWire
from sygra_eval.models.batching import BatchDesk
from sygra_eval.models.keys import ENTRY, VARIABLE, KeySource, key_from, source_of
from sygra_eval.models.other_model import is_another
from sygra_eval.models.refusals import error_in_200, refusal_of
from sygra_eval.models.replies import RawReply, answer_of, json_of, redacted
from sygra_eval.models.streams import ChatCollector, Collector
from sygra_eval.models.tls import trusting
from sygra_eval.values import (
    CallFailed,
    CallSite,
    ChatRequest,
    ChatResponse,
    KeyRefused,
    ModelSpec,
    ModelUnavailable,
    UsageError,
)

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport

_log = logging.getLogger(__name__)

TIMEOUT_S = 120.0
PREFLIGHT_S = 30.0
MAX_IN_FLIGHT = 256  # where the suite names none; the gate begins with 8 and finds out
MAX_WAITING = 5_000  # for batches; each is a record in memory, of 25 to 50 KB
_OURS = {
    "model": "it is a key of the model itself",
    "messages": "the node's prompt makes them",
    "input": "the node's prompt makes it",
    "prompt": "the node's prompt makes it",
    "stream": "write `stream: true` beside `model`",
}
_OFF_LOOP_BYTES = 256 * 1024  # parsing more than this would hold up the event loop
_LOOPBACK = ("localhost", "::1")


class ServedConfig(BaseModel):
    """The keys of every model behind a server.

    :ivar api_key_env: Name of the environment variable with the key; without it none is sent.
    :ivar api_key_keyring: `SERVICE/USER` of the keyring's entry with the key, instead.
    :ivar ca_file: A PEM file with the authorities that the server's certificate may be signed by,
        beside those that this machine trusts.
    :ivar stream: Let the answer come in pieces, which are put together before anyone sees them: a
        server that stalls is noticed after 30 seconds instead of at the end of the time limit.
    :ivar json_mode: Say `false` of a server that refuses a JSON Schema as `response_format`: a
        node's schema then goes into its prompt.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key_env: str | None = Field(default=None, pattern=VARIABLE)
    api_key_keyring: str | None = Field(default=None, pattern=ENTRY)
    ca_file: str | None = Field(default=None, min_length=1)
    stream: bool = False
    json_mode: bool = True

    @model_validator(mode="after")
    def _names_one_key(self) -> Self:
        if self.api_key_env and self.api_key_keyring:
            raise ValueError("name one place for the key: `api_key_env` or `api_key_keyring`")
        return self


class ServedModel(ABC):
    """One model of one server.

    :ivar kind: The registered name of the type.
    :ivar warnings: What the preflight found odd and did not refuse.
    """

    kind = ""
    takes_images = True
    can_batch = False
    is_named_as_served = True  # else a name of the user's own, as an Azure deployment

    def __init__(
        self,
        spec: ModelSpec,
        config: ServedConfig,
        *,
        base_url: str,
        model: str,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        for stray, advice in _OURS.items():
            if stray in spec.parameters:
                what = f"`{stray}` is no sampling parameter"
                raise UsageError(f"model `{spec.name}`: {what}: {advice}")
        self.base_url = base_url
        self.model = model
        self.warnings: tuple[str, ...] = ()
        self._served = config
        self._spec = spec
        self._wall_clock = wall_clock
        self._transport: Transport | None = None
        self._has_warned_of_model = False
        self.batches: BatchDesk | None = None
        self._calls_of_nobody = count()

    # What a type may say for itself

    @property
    @abstractmethod
    def chat_path(self) -> str:
        """Where chats go, below the base URL."""

    @abstractmethod
    async def look_around(self, transport: "Transport", *, timeout_s: float) -> tuple[str, ...]:
        """Ask what is served, without paying for an answer; return warnings.

        :raises ModelUnavailable: When no chat can succeed.
        """

    @property
    def has_json_mode(self) -> bool:
        """Whether a schema is sent beside the prompt."""
        return self._served.json_mode

    @property
    def names_path(self) -> str:
        """Where its list of models is."""
        return "models"

    def names_of(self, reply: RawReply) -> frozenset[str]:
        """Return the names that its list has."""
        return names_in(reply)

    @property
    def batch_paths(self) -> BatchPaths:
        """Where its batches go."""
        return BatchPaths(url=f"/v1/{self.chat_path}")

    @property
    def key_source(self) -> KeySource | None:
        """Where the key is; None where none is sent."""
        return source_of(self._served.api_key_env, self._served.api_key_keyring)

    def headers_with(self, key: str) -> Mapping[str, str]:
        """Return the headers that carry a key."""
        return {"Authorization": f"Bearer {key}"}

    def body_of(self, request: ChatRequest) -> Mapping[str, Any]:
        """Write a chat; the order of messages and keys is that of the suite."""
        messages = [message.as_dict() for message in request.messages]
        return {**request.parameters, "model": self.model, "messages": messages}

    def streamed(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the body that asks for a stream, with the usage at its end."""
        return {"stream_options": {"include_usage": True}, **body, "stream": True}

    def collector(self) -> Collector:
        """Return what puts a streamed answer together."""
        return ChatCollector()

    def completion_of(self, payload: object) -> object:
        """Bring an answer into the form of OpenAI's chat completions."""
        return payload

    # What a run asks

    @property
    def identity(self) -> str:
        """Type, place and model; the port of a server on this machine does not count."""
        return f"{self.kind} {place_of(self.base_url)} {self.model}"

    @property
    def label(self) -> str:
        """The model's name as the server knows it."""
        return self.model

    @property
    def endpoint(self) -> str:
        """Address and account."""
        source = self.key_source
        by = " in batches" if self.is_batched else ""  # they share no limit with calls
        return f"{self.base_url} {'without key' if source is None else source.account}{by}"

    @property
    def is_batched(self) -> bool:
        """Whether calls wait for a batch instead of being sent one by one."""
        return self._spec.batch is not None and self.can_batch

    @property
    def max_in_flight(self) -> int:
        """What the suite says, else the most that the gate may come to."""
        return self._spec.max_concurrency or (MAX_WAITING if self.is_batched else MAX_IN_FLIGHT)

    def tls(self) -> ssl.SSLContext | None:
        """Return whose certificates are trusted; None where none are asked for.

        :raises ModelUnavailable: When `ca_file` is none.
        """
        if not self.base_url.startswith("https:"):
            return None
        ca_file = self._served.ca_file
        return trusting(None if ca_file is None else self._spec.folder / ca_file)

    async def _connected(self) -> "Transport":
        from sygra_eval.models.transport import Transport  # aiohttp takes 0.2 s to import

        key = await key_from(self.key_source, self._spec.name)
        return Transport(
            self.base_url,
            secret=key,
            timeout_s=self._spec.timeout_s or TIMEOUT_S,
            headers=self.headers_with(key) if key else {},
            tls=self.tls(),
        )

    async def served_names(self, *, timeout_s: float) -> frozenset[str]:
        """Ask which models the server has, whether or not it has this one; need not be open.

        :raises ModelUnavailable: When it does not say.
        """
        transport = await self._connected()
        try:
            reply = await transport.get(self.names_path, timeout_s=timeout_s)
        except CallFailed as error:
            raise ModelUnavailable(error.message) from error
        finally:
            await transport.close()
        self.refuse_bad_doors(reply)
        if reply.status != 200:
            what = f"{self.base_url} answered {reply.status} when asked for its models"
            raise ModelUnavailable(f"{what}: {reply.head()}")
        return self.names_of(reply)

    async def context_tokens(self, transport: "Transport", *, timeout_s: float) -> int | None:
        """Ask how many tokens prompt and answer may have together; None where nobody says."""
        del transport, timeout_s
        return None

    async def context_told(self) -> str:
        """Say it in words, once the model is open; empty where nobody says."""
        if self._transport is None:
            return ""
        try:
            tokens = await self.context_tokens(self._transport, timeout_s=PREFLIGHT_S)
        except CallFailed:
            return ""
        return f"up to {tokens:,} tokens" if tokens is not None and tokens > 0 else ""

    async def open(self) -> None:
        """Connect and ask which models are served; no completion is paid for."""
        self._transport = await self._connected()
        timeout_s = min(self._spec.timeout_s or PREFLIGHT_S, PREFLIGHT_S)
        try:
            self.warnings = await self.look_around(self._transport, timeout_s=timeout_s)
            if self.is_batched:
                await self._open_batches(self._transport)
        except CallFailed as error:
            await self.close()
            if error.kind == "certificate":  # it says itself what to do
                raise ModelUnavailable(error.message) from error
            advice = "is the server running, and is its address right?"
            raise ModelUnavailable(f"{error.message}; {advice}") from error
        except BaseException:
            await self.close()
            raise

    async def _open_batches(self, transport: "Transport") -> None:
        """See that the server has batches."""
        wire, terms = BatchWire(transport, self.batch_paths), self._spec.batch
        assert terms is not None  # noqa: S101 - that makes it batched
        reply = await wire.prove()
        self.refuse_bad_doors(reply)
        if reply.status != 200 and reply.status != 429 and reply.status < 500:
            what = f"{reply.address} answered {reply.status} when asked for its batches"
            advice = "take `mode: batch` out, if it has none"
            raise ModelUnavailable(f"model `{self._spec.name}`: {what}: {reply.head()}; {advice}")
        self.batches = BatchDesk(wire, terms, model=self._spec.name)

    def refuse_bad_doors(self, reply: RawReply) -> None:
        """Raise `ModelUnavailable` for a refused key or a redirect."""
        if reply.status in (401, 403):
            if (source := self.key_source) is None:
                advice = "it wants a key: name its environment variable in `api_key_env`"
            else:
                advice = f"it refused the key in {source.place}"
            raise KeyRefused(f"{reply.address} answered {reply.status}: {advice}")
        if 300 <= reply.status < 400:
            where = redacted(reply.headers.get("location", "another address"), reply.secret)
            advice = "redirects are not followed, write the final address as `base_url`"
            raise ModelUnavailable(f"{reply.address} redirects to {where}; {advice}")

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Send one chat once."""
        if self._transport is None:
            raise CallFailed("not_open", f"model `{self._spec.name}` is not open")
        merged = {**self._spec.parameters, **request.parameters}
        if merged != request.parameters:
            request = replace(request, parameters=merged)
        if request.has_images:  # megabytes, which would hold up the event loop
            body = await asyncio.to_thread(self._written, request)
        else:
            body = self._written(request)
        if self.batches is not None:
            reply = await self.batches.reply_to(self._custom_id(request), body)
        elif self._served.stream:
            collector = self.collector()
            collector.on_text = request.on_text
            reply = await self._transport.post_for_stream(self.chat_path, body, collector)
        else:
            reply = await self._transport.post(self.chat_path, body)
        if len(reply.body) > _OFF_LOOP_BYTES:
            response = await asyncio.to_thread(self._read, reply, request)
        else:
            response = self._read(reply, request)
        self._warn_of_another(response.model_seen)
        return response

    def _custom_id(self, request: ChatRequest) -> str:
        """Return the name of a call in its batch: its key, by which a later start finds it."""
        site = request.site or CallSite(record="", node="", sample=next(self._calls_of_nobody))
        return call_key(self.identity, request, site).hex()

    def _written(self, request: ChatRequest) -> bytes:
        extra = request.parameters.get("extra_body")
        extra = extra if isinstance(extra, Mapping) else {}
        if not (_OURS.keys().isdisjoint(request.parameters) and _OURS.keys().isdisjoint(extra)):
            stray = next(one for one in _OURS if one in request.parameters or one in extra)
            raise CallFailed("bad_request", f"`{stray}` is no sampling parameter: {_OURS[stray]}")
        body = dict(self.body_of(request))
        if extra:  # as clients of OpenAI's name what only some servers know
            del body["extra_body"]
            body = {**extra, **body}
        if self._served.stream:
            body = dict(self.streamed(body))
        try:
            return fast_json.dumps(body)
        except (TypeError, ValueError) as error:
            raise CallFailed("bad_request", f"the request cannot be written: {error}") from error

    def _read(self, reply: RawReply, request: ChatRequest) -> ChatResponse:
        if reply.status != 200:
            raise refusal_of(reply, now_s=self._wall_clock())
        payload = json_of(reply)
        if isinstance(payload, dict) and payload.get("error"):
            raise error_in_200(payload["error"], reply, now_s=self._wall_clock())
        return self.answer_in(payload, reply, request)

    def answer_in(self, payload: object, reply: RawReply, request: ChatRequest) -> ChatResponse:
        """Read what came with 200."""
        return answer_of(self.completion_of(payload), reply, request)

    def is_another(self, seen: str) -> bool:
        """Say whether another model than the one asked for answered, as far as names tell."""
        return self.is_named_as_served and is_another(self.model, seen)

    def _warn_of_another(self, seen: str) -> None:
        """Say once that another model answers."""
        if self._has_warned_of_model or not self.is_another(seen):
            return
        self._has_warned_of_model = True
        what = {"model": self._spec.name, "asked": self.model, "answered": seen}
        _log.warning("another_model_answers", extra=what)

    async def close(self) -> None:
        """Close the connections; batches stay open."""
        if self.batches is not None:
            await self.batches.close()
            self.batches = None
        if self._transport is not None:
            await self._transport.close()
            self._transport = None


@cache
def place_of(base_url: str) -> str:
    """Return where a server is, as far as its answers depend on it: not on a port of loopback."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in _LOOPBACK or host.startswith("127."):
        return f"{parts.scheme}://local{parts.path}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def address_in(url: str) -> str:
    """Return a base URL without a slash at its end.

    :raises ValueError: When it is no address, or holds what belongs elsewhere.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write an address like `http://127.0.0.1:8000/v1`")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("write scheme, host and path only; a key goes into `api_key_env`")
    return url.rstrip("/")


def names_in(reply: RawReply) -> frozenset[str]:
    """Return the names that a server lists; none when it lists none in OpenAI's form."""
    return frozenset(str(entry["id"]) for entry in entries_in(reply) if "id" in entry)


def entries_in(reply: RawReply) -> list[Mapping[str, Any]]:
    """Return what a server lists; nothing when it lists nothing in OpenAI's form."""
    try:
        payload = fast_json.loads(reply.body)
    except ValueError:
        return []
    listed = payload.get("data") if isinstance(payload, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
