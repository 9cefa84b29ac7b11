"""Model type `openai`: any server that speaks OpenAI's chat completions.

Thin on purpose: bytes out, bytes in, one frozen response. The key is read from the environment
when the model is opened, lives in the session's headers, and is cut out of every message.
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sygra_eval.models import fast_json
from sygra_eval.models.refusals import error_in_200, refusal_of
from sygra_eval.models.replies import RawReply, answer_of, json_of, redacted
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    ModelSpec,
    ModelUnavailable,
    UsageError,
)

if TYPE_CHECKING:
    from sygra_eval.models.transport import Transport

TIMEOUT_S = 120.0
PREFLIGHT_S = 30.0
MAX_IN_FLIGHT = 256  # where the suite names none; the gate begins with 8 and finds out
_OURS = frozenset({"model", "messages", "stream"})
_OFF_LOOP_BYTES = 256 * 1024  # parsing more than this would hold up the event loop
_LOOPBACK = ("localhost", "::1")


class OpenAIConfig(BaseModel):
    """The keys of a model with `use: openai`.

    :ivar api_key_env: Name of the environment variable with the key; without it none is sent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str
    model: str = Field(min_length=1)
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, base_url: str) -> str:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write an address like `http://127.0.0.1:8000/v1`")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("write scheme, host and path only; a key goes into `api_key_env`")
        return base_url.rstrip("/")


class OpenAIModel:
    """One model of one OpenAI-compatible server.

    :ivar warnings: What the preflight found odd and did not refuse.
    """

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = spec.config
        if not isinstance(config, OpenAIConfig):
            config = OpenAIConfig.model_validate(config)
        if stray := _OURS & spec.parameters.keys():
            what = f"`{min(stray)}` is no sampling parameter"
            raise UsageError(f"model `{spec.name}`: {what}: take it out of `parameters`")
        self.config = config
        self.warnings: tuple[str, ...] = ()
        self._spec = spec
        self._wall_clock = wall_clock
        self._transport: Transport | None = None

    @property
    def identity(self) -> str:
        """Type, place and model; the port of a server on this machine does not count."""
        return f"openai {_place_of(self.config.base_url)} {self.config.model}"

    @property
    def label(self) -> str:
        """The model's name as the server knows it."""
        return self.config.model

    @property
    def price_name(self) -> str | None:
        """The name in the price map, which speaks of OpenAI's own service alone."""
        is_openai = urlsplit(self.config.base_url).hostname == "api.openai.com"
        return self.config.model if is_openai else None

    @property
    def endpoint(self) -> str:
        """Address and account."""
        return f"{self.config.base_url} {self.config.api_key_env or 'without key'}"

    @property
    def max_in_flight(self) -> int:
        """What the suite says, else the most that the gate may come to."""
        return self._spec.max_concurrency or MAX_IN_FLIGHT

    async def open(self) -> None:
        """Connect and ask which models are served; no completion is paid for."""
        from sygra_eval.models.transport import Transport  # aiohttp takes 0.2 s to import

        self._transport = Transport(
            self.config.base_url,
            secret=_key_in(self.config.api_key_env, self._spec.name),
            timeout_s=self._spec.timeout_s or TIMEOUT_S,
        )
        timeout_s = min(self._spec.timeout_s or PREFLIGHT_S, PREFLIGHT_S)
        try:
            reply = await self._transport.get("models", timeout_s=timeout_s)
        except CallFailed as error:
            await self.close()
            advice = "is the server running, and is `base_url` right?"
            raise ModelUnavailable(f"{error.message}; {advice}") from error
        try:
            self.warnings = self._warnings_about(reply)
        except ModelUnavailable:
            await self.close()
            raise

    def _warnings_about(self, reply: RawReply) -> tuple[str, ...]:
        address, variable = self.config.base_url, self.config.api_key_env
        if reply.status in (401, 403):
            if variable is None:
                advice = "it wants a key: name its environment variable in `api_key_env`"
            else:
                advice = f"it refused the key in the environment variable {variable}"
            raise ModelUnavailable(f"{address} answered {reply.status}: {advice}")
        if 300 <= reply.status < 400:
            where = redacted(reply.headers.get("location", "another address"), reply.secret)
            advice = "redirects are not followed, write the final address as `base_url`"
            raise ModelUnavailable(f"{address} redirects to {where}; {advice}")
        if reply.status == 429 or reply.status >= 500:
            return (f"{address} answered {reply.status} when asked for its models",)
        served = _models_in(reply)
        if not served or self.config.model in served:
            return ()
        return (f"{address} does not list the model `{self.config.model}`",)

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Send one chat once."""
        if self._transport is None:
            raise CallFailed("not_open", f"model `{self._spec.name}` is not open")
        reply = await self._transport.post_chat(self._body(request))
        if len(reply.body) > _OFF_LOOP_BYTES:
            return await asyncio.to_thread(self._read, reply, request)
        return self._read(reply, request)

    def _body(self, request: ChatRequest) -> bytes:
        parameters = {**self._spec.parameters, **request.parameters}
        if stray := _OURS & parameters.keys():
            raise CallFailed("bad_request", f"`{min(stray)}` is no sampling parameter")
        messages = [message.as_dict() for message in request.messages]
        try:
            return fast_json.dumps({**parameters, "model": self.config.model, "messages": messages})
        except (TypeError, ValueError) as error:
            raise CallFailed("bad_request", f"the request cannot be written: {error}") from error

    def _read(self, reply: RawReply, request: ChatRequest) -> ChatResponse:
        if reply.status != 200:
            raise refusal_of(reply, now_s=self._wall_clock())
        payload = json_of(reply)
        if isinstance(payload, dict) and payload.get("error"):
            raise error_in_200(payload["error"], reply, now_s=self._wall_clock())
        return answer_of(payload, reply, request)

    async def close(self) -> None:
        """Close the connections."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None


def _place_of(base_url: str) -> str:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in _LOOPBACK or host.startswith("127."):
        return f"{parts.scheme}://local{parts.path}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _key_in(variable: str | None, name: str) -> str:
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ModelUnavailable(
            f"model `{name}` takes its key from the environment variable {variable}, "
            f"which is not set: export {variable}=…"
        )
    if not (key.isascii() and key.isprintable()):
        raise ModelUnavailable(f"the environment variable {variable} holds what is no key")
    return key


def _models_in(reply: RawReply) -> frozenset[str]:
    """Return the names that a server lists; none when it lists none in the usual form."""
    try:
        payload = fast_json.loads(reply.body)
    except ValueError:
        return frozenset()
    listed = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(
        str(entry["id"]) for entry in listed if isinstance(entry, dict) and "id" in entry
    )
