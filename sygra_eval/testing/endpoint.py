"""A chat-completions server on loopback that answers from a script and keeps what it was asked.

In a test: `async with ScriptedEndpoint.on_a_free_port() as endpoint`, then `endpoint.will_answer`
for replies in order or `endpoint.answers_with` for a function of the request. As a process of its
own, for tests that kill and for benchmarks, `python -m sygra_eval.testing.endpoint --help`: there
each answer is a function of the messages alone.
"""

import argparse
import asyncio
import hashlib
import json
import re
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

ChatBody = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply of the server.

    :ivar delay_s: Seconds before the first byte.
    :ivar pause_s: Seconds between the body's bytes.
    :ivar is_cut_off: The connection is reset when the body's half is out.
    :ivar is_dropped: The connection is closed and nothing is sent.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    pause_s: float = 0.0
    is_cut_off: bool = False
    is_dropped: bool = False


def completion(
    text: Any,
    *,
    finish_reason: str = "stop",
    usage: Mapping[str, Any] | None = None,
    model: str = "scripted",
    delay_s: float = 0.0,
) -> Reply:
    """Answer with `text`; its usage is counted in words unless it is given."""
    words = len(text.split()) if isinstance(text, str) else 1
    counted = {"prompt_tokens": 1, "completion_tokens": max(1, words)}
    message = {"role": "assistant", "content": text}
    payload = {
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": counted if usage is None else usage,
    }
    return Reply(body=_json(payload), headers=_JSON_TYPE, delay_s=delay_s)


def rate_limited(retry_after_s: float | None = None) -> Reply:
    """Refuse with 429, and with `Retry-After` where a time is given."""
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    return status(429, {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}, headers)


def status(code: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with a status; `body` is sent as JSON, or as it is when it is text or bytes."""
    raw = body.encode() if isinstance(body, str) else body
    raw = raw if isinstance(raw, bytes) else _json(body)
    return Reply(status=code, body=raw, headers={**_JSON_TYPE, **(headers or {})})


def hang() -> Reply:
    """Take the request and never answer."""
    return Reply(delay_s=float("inf"))


def garbage(body: bytes | str = "<html>Bad gateway</html>") -> Reply:
    """Answer 200 with a body that is no completion."""
    return status(200, body)


def dropped() -> Reply:
    """Close the connection without an answer."""
    return Reply(is_dropped=True)


def cut_off(text: str = "half an answer") -> Reply:
    """Reset the connection in the middle of an answer."""
    return Reply(body=completion(text).body, headers=_JSON_TYPE, is_cut_off=True)


def trickle(text: str = "slowly", *, pause_s: float = 1.0) -> Reply:
    """Send an answer byte by byte."""
    return Reply(body=completion(text).body, headers=_JSON_TYPE, pause_s=pause_s)


class ScriptedEndpoint:
    """The server; make it with `on_a_free_port`.

    :ivar requests: Bodies of the chats received, in order.
    :ivar headers: Their headers, in the same order.
    :ivar most_in_flight: The largest number of chats that were open at once.
    :ivar latency_s: Seconds that every chat takes, beside what its reply asks for.
    :ivar requires_key: The key without which every request is refused with 401.
    :ivar models: Reply to `GET models`; None is the 404 of a server that does not have it.
    """

    def __init__(self, *, latency_s: float = 0.0, requires_key: str | None = None) -> None:
        self.requests: list[ChatBody] = []
        self.headers: list[Mapping[str, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.latency_s = latency_s
        self.requires_key = requires_key
        self.models: Reply | None = status(200, {"data": [{"id": "scripted"}]})
        self.port = 0
        self.is_keeping_requests = True
        self._script: deque[Reply] = deque()
        self._answer: Callable[[ChatBody], Reply] | None = None
        self._runner: web.AppRunner | None = None

    @classmethod
    @asynccontextmanager
    async def on_a_free_port(
        cls, *, latency_s: float = 0.0, requires_key: str | None = None
    ) -> AsyncIterator[Self]:
        """Serve on loopback until the block ends."""
        endpoint = cls(latency_s=latency_s, requires_key=requires_key)
        async with endpoint.serving(port=0):
            yield endpoint

    @asynccontextmanager
    async def serving(self, *, port: int) -> AsyncIterator[None]:
        """Serve on a port of loopback; 0 takes a free one."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._on_chat)
        app.router.add_get("/v1/models", self._on_models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, backlog=4096)
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
    def base_url(self) -> str:
        """What a suite writes as `base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def will_answer(self, *replies: Reply | str) -> None:
        """Append replies to the script; text is short for a completion."""
        made = (completion(reply) if isinstance(reply, str) else reply for reply in replies)
        self._script.extend(made)

    def answers_with(self, answer: Callable[[ChatBody], Reply | str]) -> None:
        """Answer every chat that the script does not cover with a function of its body."""

        def reply_to(body: ChatBody) -> Reply:
            made = answer(body)
            return completion(made) if isinstance(made, str) else made

        self._answer = reply_to

    def _next_reply(self, body: ChatBody) -> Reply:
        if self._script:
            return self._script.popleft()
        if self._answer is not None:
            return self._answer(body)
        return status(400, {"error": {"message": "the script is over"}})

    async def _on_models(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._refusal_of_key(request):
            return await _send(refusal, request)
        return await _send(self.models or status(404, "not here"), request)

    async def _on_chat(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            body = json.loads(await request.read())
            if self.is_keeping_requests:
                self.requests.append(body)
                self.headers.append(request.headers)
            reply = self._refusal_of_key(request) or self._next_reply(body)
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            return await _send(reply, request)
        finally:
            self.in_flight -= 1

    def _refusal_of_key(self, request: web.Request) -> Reply | None:
        sent = request.headers.get("Authorization", "")
        if self.requires_key is None or sent == f"Bearer {self.requires_key}":
            return None
        message = f"Incorrect API key provided: {sent.removeprefix('Bearer ')}"
        return status(401, {"error": {"code": "invalid_api_key", "message": message}})


_JSON_TYPE = {"Content-Type": "application/json"}


def _json(payload: Any) -> bytes:
    return json.dumps(payload).encode()


async def _send(reply: Reply, request: web.Request) -> web.StreamResponse:
    if reply.delay_s == float("inf"):
        await asyncio.Event().wait()
    await asyncio.sleep(reply.delay_s)
    if reply.is_dropped:
        _reset(request)
        return web.Response()
    if not (reply.is_cut_off or reply.pause_s):
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(reply.body)
    await response.prepare(request)
    if reply.is_cut_off:
        await response.write(reply.body[: len(reply.body) // 2])
        _reset(request)
        return response
    for byte in reply.body:
        await response.write(bytes([byte]))
        await asyncio.sleep(reply.pause_s)
    return response


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@dataclass(frozen=True, slots=True)
class PureAnswers:
    """Answers that depend on the messages alone, so that a repeated call gets a repeated answer.

    :ivar table: Pairs of a pattern, searched in the messages' text, and the replies to choose from
        by the messages' hash. Where none fits, the reply names the hash.
    """

    table: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = ()

    @classmethod
    def read_from(cls, path: Path) -> Self:
        """Read a JSON object `{pattern: reply or list of replies}`."""
        loaded: dict[str, str | list[str]] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            tuple(
                (re.compile(pattern), (reply,) if isinstance(reply, str) else tuple(reply))
                for pattern, reply in loaded.items()
            )
        )

    def __call__(self, body: ChatBody) -> Reply:
        """Answer one chat."""
        text = "\n".join(str(message["content"]) for message in body["messages"])
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        for pattern, replies in self.table:
            if pattern.search(text):
                return completion(replies[int(digest, 16) % len(replies)])
        return completion(f"answer {digest[:16]}")


def hash_of(body: ChatBody) -> str:
    """Return what the log keeps of a request: the hash of its canonical JSON."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


async def serve(*, port: int, latency_s: float, log: Path | None, answers: Path | None) -> None:
    """Serve until the process is stopped; each request is in the log before it is answered."""
    answer = PureAnswers.read_from(answers) if answers else PureAnswers()
    endpoint = ScriptedEndpoint(latency_s=latency_s)
    endpoint.is_keeping_requests = False
    endpoint.models = None
    with (log or Path("/dev/null")).open("a", buffering=1, encoding="utf-8") as lines:

        def logged(body: ChatBody) -> Reply:
            if log is not None:
                lines.write(hash_of(body) + "\n")
            return answer(body)

        endpoint.answers_with(logged)
        async with endpoint.serving(port=port):
            sys.stdout.write(endpoint.base_url + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


def main() -> None:
    """Run the server as a process; its first line of output is the base URL."""
    parser = argparse.ArgumentParser(description=main.__doc__, prog="sygra_eval.testing.endpoint")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that a chat takes")
    parser.add_argument("--log", type=Path, help="append the hash of each request here")
    parser.add_argument("--answers", type=Path, help="JSON object {pattern: reply or list}")
    given = parser.parse_args()
    serving = serve(port=given.port, latency_s=given.latency, log=given.log, answers=given.answers)
    try:
        asyncio.run(serving)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
