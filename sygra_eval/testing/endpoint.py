"""A server of language models on loopback that answers from a script and keeps what it was asked.

In a test: `async with ScriptedEndpoint.on_a_free_port() as endpoint`, then `endpoint.will_answer`
for replies in order or `endpoint.answers_with` for a function of the request;
`endpoint.fails_with` lets some requests meet faults of the catalogue. It speaks all protocols of
`dialects` at once: `endpoint.model_entry("ollama")` is what a suite writes to ask it in one of
them. As a process of its own, for tests that kill and for benchmarks,
`python -m sygra_eval.testing.endpoint --help`: there each answer is a function of the messages
alone.
"""

import asyncio
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Self

from aiohttp import web

from sygra_eval.testing.audit import Event
from sygra_eval.testing.batches import ScriptedBatches
from sygra_eval.testing.dialects import DIALECTS, ChatBody, Dialect
from sygra_eval.testing.faults import ANSWERED, FAULTS, PASSING, Chaos, chaos_of, hash_of
from sygra_eval.testing.pictures import BadPicture, SeenImage, images_in
from sygra_eval.testing.replies import JSON_TYPE, Reply, as_json, completion, status
from sygra_eval.testing.texts import TEXT_DIALECTS, TEXT_ENTRIES, answer_to_texts

_KEY_HEADERS = ("Authorization", "api-key", "x-api-key", "x-goog-api-key")
ENTRIES: Mapping[str, Mapping[str, str]] = {
    "openai": {"use": "openai", "base_url": "{address}/v1", "model": "scripted"},
    "responses": {
        "use": "openai",
        "base_url": "{address}/v1",
        "model": "scripted",
        "api": "responses",
    },
    "completions": {
        "use": "openai",
        "base_url": "{address}/v1",
        "model": "scripted",
        "api": "completions",
    },
    "vllm": {"use": "vllm", "base_url": "{address}/v1", "model": "scripted"},
    "azure": {
        "use": "azure",
        "endpoint": "{address}",
        "deployment": "scripted",
        "api_version": "2024-10-21",
    },
    "azure_v1": {"use": "azure", "endpoint": "{address}", "deployment": "scripted"},
    "ollama": {"use": "ollama", "base_url": "{address}", "model": "scripted"},
    **TEXT_ENTRIES,
    "anthropic": {
        "use": "litellm",
        "model": "anthropic/claude-scripted",
        "base_url": "{address}",
    },
    "gemini": {"use": "litellm", "model": "gemini/gemini-scripted", "base_url": "{address}"},
    "bedrock": {
        "use": "litellm",
        "model": "bedrock/converse/anthropic.claude-scripted",
        "base_url": "{address}",
    },
}


class ScriptedEndpoint:
    """The server; make it with `on_a_free_port` or, where no event loop runs, `in_a_thread`.

    :ivar requests: Bodies of the chats received, in order, as they came.
    :ivar headers: Their headers, `paths` their paths, in the same order.
    :ivar images: What they showed, in order; one that is no image was refused with 400.
    :ivar events: When each chat began and ended, for `sygra_eval.testing.audit`.
    :ivar most_in_flight: The largest number of chats that were open at once.
    :ivar latency_s: Seconds that every chat takes, beside what its reply asks for.
    :ivar requires_key: The key without which every request is refused with 401.
    :ivar models: Reply to `GET models`; None is the 404 of a server that does not have it.
    :ivar tls: What the server shows to those who connect; None speaks plain HTTP.
    :ivar batches: Its files and batches, see `sygra_eval.testing.batches`.
    :ivar context: Tokens that Ollama says its model was made for; None is the 404 of `/api/show`.
    :ivar pulled: Names that Ollama's listing shows, `loaded` those that are in memory.
    """

    def __init__(self, *, latency_s: float = 0.0, requires_key: str | None = None) -> None:
        self.requests: list[ChatBody] = []
        self.headers: list[Mapping[str, str]] = []
        self.paths: list[str] = []
        self.images: list[SeenImage] = []
        self.events: list[Event] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.latency_s = latency_s
        self.requires_key = requires_key
        self.models: Reply | None = status(200, {"data": [{"id": "scripted"}]})
        self.pulled = ["scripted:latest"]
        self.loaded = ["scripted:latest"]
        self.context: int | None = None
        self.port = 0
        self.tls: ssl.SSLContext | None = None
        self.is_keeping_requests = True
        self.chaos: Chaos | None = None
        self.on_event: Callable[[Event], None] = self.events.append
        self._script: deque[Reply] = deque()
        self._answer: Callable[[ChatBody], Reply] | None = None
        self._answer_to_texts: Callable[[ChatBody], Reply] = answer_to_texts
        self._runner: web.AppRunner | None = None
        self._begun = 0
        self.batches = ScriptedBatches(
            lambda dialect, body: self._good_reply(dialect.hear(body)),
            self._refusal_of_key,
            lambda event: self.on_event(event),
        )

    @classmethod
    @asynccontextmanager
    async def on_a_free_port(
        cls,
        *,
        latency_s: float = 0.0,
        requires_key: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Self]:
        """Serve on loopback until the block ends."""
        endpoint = cls(latency_s=latency_s, requires_key=requires_key)
        endpoint.tls = tls
        async with endpoint.serving(port=0):
            yield endpoint

    @classmethod
    @contextmanager
    def in_a_thread(cls, *, latency_s: float = 0.0) -> Iterator[Self]:
        """Serve from a thread of its own until the block ends: for tests without an event loop."""
        endpoint, is_up = cls(latency_s=latency_s), threading.Event()
        loop = asyncio.new_event_loop()
        ended = asyncio.Event()

        async def serve() -> None:
            async with endpoint.serving(port=0):
                is_up.set()
                await ended.wait()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
        thread.start()
        try:
            if not is_up.wait(timeout=30):
                raise RuntimeError("the scripted endpoint did not start")
            yield endpoint
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join(timeout=30)
            loop.close()

    @asynccontextmanager
    async def serving(self, *, port: int) -> AsyncIterator[None]:
        """Serve on a port of loopback; 0 takes a free one."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for dialect in (*DIALECTS, *TEXT_DIALECTS):
            for path in dialect.paths:
                app.router.add_post(path, partial(self._on_chat, dialect))
        app.router.add_routes(self.batches.routes())
        for path in ("/v1/models", "/openai/models", "/openai/v1/models"):
            app.router.add_get(path, self._on_models)
        app.router.add_get("/api/tags", partial(self._on_names, "pulled"))
        app.router.add_get("/api/ps", partial(self._on_names, "loaded"))
        app.router.add_post("/api/show", self._on_show)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=4096, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        try:
            yield
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Close the port and all connections, as a server that dies."""
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What a suite writes as `base_url` of an OpenAI-like server."""
        return f"{self.address}/v1"

    def model_entry(self, dialect: str = "openai") -> dict[str, str]:
        """Return what a suite writes under `models:` to ask this server in a dialect."""
        if dialect not in ENTRIES:
            raise ValueError(f"there is no dialect {dialect!r}; known: {', '.join(ENTRIES)}")
        entry = ENTRIES[dialect]
        return {key: value.format(address=self.address) for key, value in entry.items()}

    def will_answer(self, *replies: Reply | str) -> None:
        """Append replies to the script; text is short for a completion."""
        made = (completion(reply) if isinstance(reply, str) else reply for reply in replies)
        self._script.extend(made)

    def answers_with(self, answer: Callable[[ChatBody], Reply | str]) -> None:
        """Answer every chat that the script does not cover with a function of its body.

        The body has OpenAI's form (`body["messages"]`) in every dialect.
        """

        def reply_to(body: ChatBody) -> Reply:
            made = answer(body)
            if not isinstance(made, str):
                return made
            return completion(made, model=str(body.get("model") or "scripted"))

        self._answer = reply_to

    def texts_with(self, answer: Callable[[ChatBody], Reply]) -> None:
        """Answer requests that are no chats with a function; `body["texts"]` are its texts.

        Without it they get answers that depend on their words (`sygra_eval.testing.texts`).
        """
        self._answer_to_texts = answer

    def fails_with(
        self, names: Iterable[str] = PASSING, *, share: float = 0.2, seed: int = 0
    ) -> None:
        """Let a share of the requests meet faults of the catalogue `FAULTS`, chosen by the seed.

        Which one a request meets depends on the seed, the request and its attempt alone; from the
        third attempt on it meets none.
        """
        self.chaos = chaos_of(names, share=share, seed=seed)

    def mark(self, what: str) -> None:
        """Note in the events that something happened at the client: `drained`, `killed`."""
        self.on_event(Event(at_s=time.monotonic(), kind=what))

    def _next_reply(self, body: ChatBody) -> tuple[Reply, str]:
        """Return the reply, and the name of the fault that it is."""
        fault = self.chaos.fault_for(body) if self.chaos is not None else None
        if fault is not None and fault.once != ANSWERED:
            return fault.make(completion("a good answer")), fault.name  # the script waits
        reply = self._good_reply(body)
        return (reply, "") if fault is None else (fault.make(reply), fault.name)

    def _good_reply(self, body: ChatBody) -> Reply:
        if self._script:
            return self._script.popleft()
        if "texts" in body:
            return self._answer_to_texts(body)
        if self._answer is not None:
            return self._answer(body)
        return status(400, {"error": {"message": "the script is over"}})

    async def _on_models(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refusal_of_key(request):
            return await _send(refusal, request)
        return await _send(self.models or status(404, "not here"), request)

    async def _on_names(self, which: str, request: web.Request) -> web.StreamResponse:
        named = [{"name": name, "model": name} for name in getattr(self, which)]
        refusal = self._refusal_of_key(request)
        return await _send(refusal or status(200, {"models": named}), request)

    async def _on_show(self, request: web.Request) -> web.StreamResponse:
        told = {"model_info": {"llama.context_length": self.context}}
        known = status(200, told) if self.context is not None else status(404, "not here")
        return await _send(self._refusal_of_key(request) or known, request)

    async def _on_chat(self, dialect: Dialect, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        number, self._begun = self._begun, self._begun + 1
        request_hash = fault = ""
        try:
            received = json.loads(await request.read())
            request_hash = hash_of(received)
            self.on_event(Event(time.monotonic(), "begun", number, request_hash))
            if self.is_keeping_requests:
                self.requests.append(received)
                self.headers.append(request.headers)
                self.paths.append(request.path)
            reply, fault = self._refusal_of_key(request), ""
            if reply is None:
                heard = dialect.hear(received)
                reply, fault = self._refusal_of_images(heard) or self._next_reply(heard)
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            if reply.is_paid:
                is_lost = not reply.is_whole or (fault and FAULTS[fault].once != ANSWERED)
                kind = "lost" if is_lost else "paid"
                bill = (number, request_hash, fault, *_billed(reply))
                self.on_event(Event(time.monotonic(), kind, *bill))
            if reply.has_no_end:
                self.on_event(Event(time.monotonic(), "hung", number, request_hash, fault))
            return await _send(reply, request, dialect, is_streamed=received.get("stream") is True)
        finally:
            self.in_flight -= 1
            self.on_event(Event(time.monotonic(), "ended", number, request_hash, fault))

    def _refusal_of_images(self, body: ChatBody) -> tuple[Reply, str] | None:
        """Look at the images of a chat and keep what they were; refuse what is none."""
        try:
            seen = images_in(body.get("messages"))
        except BadPicture as error:
            return status(400, {"error": {"message": str(error)}}), ""
        if self.is_keeping_requests:
            self.images += seen
        return None

    def _refusal_of_key(self, request: web.Request) -> Reply | None:
        sent = [request.headers.get(name, "").removeprefix("Bearer ") for name in _KEY_HEADERS]
        sent.append(request.query.get("key", ""))
        if self.requires_key is None or self.requires_key in sent:
            return None
        message = f"Incorrect API key provided: {max(sent, key=len)}"
        return status(401, {"error": {"code": "invalid_api_key", "message": message}})


def _billed(reply: Reply) -> tuple[int, int]:
    """Return the tokens that a provider would bill, of the prompt and of the answer.

    What cannot be believed, as the modes of false usage say it, is none.
    """
    usage = (reply.completion or {}).get("usage") or {}
    prompt, answer = (usage.get(kind) for kind in ("prompt_tokens", "completion_tokens"))
    return _believed(prompt), _believed(answer)


def _believed(tokens: object) -> int:
    return tokens if isinstance(tokens, int) and 0 <= tokens < 10**9 else 0


async def _send(
    reply: Reply,
    request: web.Request,
    dialect: Dialect = DIALECTS[0],
    *,
    is_streamed: bool = False,
) -> web.StreamResponse:
    if reply.delay_s == float("inf"):
        await asyncio.Event().wait()
    await asyncio.sleep(reply.delay_s)
    if reply.is_dropped:
        _reset(request)
        return web.Response()
    headers = dict(reply.headers)
    if is_streamed and reply.completion is not None and dialect.pieces is not None:
        pieces = list(dialect.pieces(reply.completion))
        if reply.promises_bytes:  # a stream promises its end, so that is what is missing
            reply = replace(reply, is_cut_off=True)
        is_lines = dialect.name == "ollama"
        headers["Content-Type"] = "application/x-ndjson" if is_lines else "text/event-stream"
        return await _stream(reply, request, headers, pieces)
    body = _body_in(dialect, reply)
    if reply.is_whole:
        return web.Response(status=reply.status, body=body, headers=headers)
    if reply.pause_s:
        pieces = [bytes([byte]) for byte in body]
    else:
        pieces = [body[: len(body) // 2], body[len(body) // 2 :]]
    headers["Content-Length"] = str(len(body) + reply.promises_bytes)
    if reply.ends_early:
        headers["Content-Length"] = str(len(pieces[0]))
    return await _stream(reply, request, headers, pieces)


async def _stream(
    reply: Reply, request: web.Request, headers: Mapping[str, str], pieces: list[bytes]
) -> web.StreamResponse:
    """Send the pieces, or half of them where that is the fault."""
    response = web.StreamResponse(status=reply.status, headers=headers)
    await response.prepare(request)
    is_halved = reply.is_cut_off or reply.stalls or reply.ends_early
    for piece in pieces[: len(pieces) // 2] if is_halved else pieces:
        await response.write(piece)
        if reply.pause_s:
            await asyncio.sleep(reply.pause_s)
    if reply.stalls:
        await asyncio.Event().wait()
    if reply.is_cut_off or reply.promises_bytes:
        _reset(request)
    return response


def _body_in(dialect: Dialect, reply: Reply) -> bytes:
    """Write a reply in a dialect; what is no completion goes out as it is."""
    if reply.completion is None:
        return _error_in(dialect, reply)
    if dialect.name in ("openai", "azure"):
        return reply.body
    return as_json(dialect.tell(reply.completion))


def _error_in(dialect: Dialect, reply: Reply) -> bytes:
    """Ollama's errors are text where others have an object."""
    if dialect.name != "ollama" or reply.headers.get("Content-Type") != JSON_TYPE["Content-Type"]:
        return reply.body
    try:
        message = json.loads(reply.body)["error"]["message"]
    except (ValueError, TypeError, KeyError):
        return reply.body
    return as_json({"error": message})


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


if __name__ == "__main__":
    from sygra_eval.testing.endpoint_process import main

    main()
