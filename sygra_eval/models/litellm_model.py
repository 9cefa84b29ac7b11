"""Model type `litellm`: every provider that speaks a protocol of its own.

litellm takes seconds and 200 MB to import and twenty times the CPU of our own transport for each
call, so it is imported when such a model is opened, and never otherwise (`litellm_door`). Retries,
waiting, limits and the journal are ours: litellm translates one request and one answer. What a
provider refuses is read from its own reply (status, headers, body), so a fault has the same name as
on every other way.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sygra_eval.models.keys import ENTRY, VARIABLE, KeySource, key_from, source_of
from sygra_eval.models.refusals import refusal_of
from sygra_eval.models.replies import TRIES_OF_A_BAD_BODY, RawReply, answer_of, redacted
from sygra_eval.models.served import (
    MAX_IN_FLIGHT,
    TIMEOUT_S,
    address_in,
    place_of,
)
from sygra_eval.models.texts import (
    BatchSize,
    answered,
    batch_size_in,
    refuse_misplaced,
    task_of_api,
)
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    ModelSpec,
    ModelUnavailable,
    RetryLater,
    Task,
    UsageError,
)

if TYPE_CHECKING:
    from sygra_eval.models.litellm_door import Door

_SECRET = re.compile(r"key|secret|token|password|credential", re.IGNORECASE)
# What litellm takes beside a chat: none of it is a parameter of the model, and some of it would
# answer without one.
_OURS = frozenset(
    [
        "model",
        "messages",
        "input",
        "stream",
        "timeout",
        "api_key",
        "api_base",
        "base_url",
        "client",
        "num_retries",
        "max_retries",
        "fallbacks",
        "context_window_fallback_dict",
        "model_list",
        "mock_response",
        "mock_tool_calls",
        "mock_timeout",
        "mock_delay",
        "caching",
        "cache",
        "callbacks",
        "logger_fn",
        "drop_params",
        "custom_llm_provider",
        "shared_session",
        "litellm_logging_obj",
    ]
)
_KINDS = (  # by the exceptions' names, for what was refused before it was sent
    ("ContextWindowExceededError", "too_long"),
    ("ContentPolicyViolationError", "refused"),
    ("AuthenticationError", "refused_key"),
    ("PermissionDeniedError", "refused_key"),
    ("NoCredentialsError", "refused_key"),
    ("BadRequestError", "bad_request"),
    ("NotFoundError", "not_found"),
    ("UnprocessableEntityError", "bad_request"),
)
Option = str | int | float | bool


class LitellmConfig(BaseModel):
    """The keys of a model with `use: litellm`.

    :ivar model: As litellm writes it: `PROVIDER/MODEL`.
    :ivar base_url: Another address than the provider's own.
    :ivar api_key_env: Name of the environment variable with the key; without it litellm looks for
        the variables that the provider is known by, as for AWS.
    :ivar api_key_keyring: `SERVICE/USER` of the keyring's entry with the key, instead.
    :ivar json_mode: Whether a schema is sent beside the prompt; by default what litellm knows of
        the model.
    :ivar options: What the provider needs beside: `aws_region_name`, `api_version`…
    :ivar api: Chats, or vectors for texts.
    :ivar batch_size: Texts in one request at most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(pattern=r"^[^/\s]+/\S+$")
    base_url: str | None = None
    api_key_env: str | None = Field(default=None, pattern=VARIABLE)
    api_key_keyring: str | None = Field(default=None, pattern=ENTRY)
    json_mode: bool | None = None
    options: dict[str, Option] = {}
    api: Literal["chat", "embeddings"] = "chat"
    batch_size: BatchSize = None

    @model_validator(mode="after")
    def _has_a_use_for_its_keys(self) -> Self:
        refuse_misplaced(self)
        return self

    @property
    def task(self) -> Task:
        """What the model does."""
        return task_of_api(self.api)

    @property
    def stream(self) -> bool:
        """Never: its answers come whole."""
        return False

    @model_validator(mode="after")
    def _names_one_key(self) -> Self:
        if self.api_key_env and self.api_key_keyring:
            raise ValueError("name one place for the key: `api_key_env` or `api_key_keyring`")
        return self

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, base_url: str | None) -> str | None:
        return None if base_url is None else address_in(base_url)

    @field_validator("options")
    @classmethod
    def _holds_no_secret(cls, options: dict[str, Option]) -> dict[str, Option]:
        for name in options:
            if _SECRET.search(name):
                raise ValueError(f"`{name}` belongs into the environment, not into a suite")
            if name in _OURS:
                raise ValueError(f"`{name}` is no option of a provider")
        return options


class LitellmModel:
    """One model of one provider.

    :ivar warnings: What was found odd before the run.
    :ivar has_json_mode: Known once it is open.
    """

    takes_images = True

    def __init__(self, spec: ModelSpec, *, wall_clock: Callable[[], float] = time.time) -> None:
        config = LitellmConfig.model_validate(spec.config)
        if stray := _OURS & spec.parameters.keys():
            what = f"`{min(stray)}` is no sampling parameter"
            raise UsageError(f"model `{spec.name}`: {what}: take it out of `parameters`")
        self.config = config
        self.task, self.batch_size = config.task, batch_size_in(config)
        self.warnings: tuple[str, ...] = ()
        self.has_json_mode = bool(config.json_mode)
        self._spec = spec
        self._timeout_s = spec.timeout_s or TIMEOUT_S
        self._wall_clock = wall_clock
        self._key = ""
        self._door: Door | None = None

    def __repr__(self) -> str:
        return f"LitellmModel({self.config.model!r})"

    @property
    def provider(self) -> str:
        """Whose protocol it is."""
        return self.config.model.partition("/")[0]

    @property
    def identity(self) -> str:
        """The model as litellm writes it, and the address where it is not the provider's own."""
        place = "" if self.config.base_url is None else f" {place_of(self.config.base_url)}"
        task = "" if self.task is Task.CHAT else f" {self.task}"
        return f"litellm {self.config.model}{place}{task}"

    @property
    def label(self) -> str:
        """The model as litellm writes it."""
        return self.config.model

    @property
    def price_name(self) -> str | None:
        """The name in the price map; another address than the provider's has its own prices."""
        return self.config.model if self.config.base_url is None else None

    @property
    def endpoint(self) -> str:
        """Provider, address and account."""
        where, source = self.config.base_url or "", self.key_source
        account = "its own key" if source is None else source.account
        return f"litellm {self.provider} {where} {account}"

    @property
    def key_source(self) -> KeySource | None:
        """Where the key is; None where litellm looks for it."""
        return source_of(self.config.api_key_env, self.config.api_key_keyring)

    @property
    def max_in_flight(self) -> int:
        """What the suite says, else the most that the gate may come to."""
        return self._spec.max_concurrency or MAX_IN_FLIGHT

    async def open(self) -> None:
        """Import litellm and see whether it knows the provider; nothing is sent."""
        from sygra_eval.models import litellm_door

        self._key = await key_from(self.key_source, self._spec.name)
        self._door = await litellm_door.opened()
        try:
            self.warnings = self._looked_around(self._door)
        except BaseException:
            await self.close()
            raise

    def _looked_around(self, door: "Door") -> tuple[str, ...]:
        problem, known, missing = door.about(self.config.model, self.config.base_url)
        if problem:
            advice = "write PROVIDER/MODEL as litellm does"
            raise ModelUnavailable(f"litellm does not know `{self.config.model}`: {advice}")
        if self.config.json_mode is None:
            self.has_json_mode = known.get("response_format", False)
        warnings = [
            f"`{name}` is not known to {self.provider}, so it is left out"
            for name in sorted(self._spec.parameters.keys() & known.keys())
            if not known[name] and self.task is Task.CHAT
        ]
        if missing and not self._key:
            warnings.append(f"{' and '.join(missing)} is not set: {self.provider} may want it")
        return tuple(warnings)

    async def complete(self, request: ChatRequest) -> ChatResponse:
        """Send one chat once."""
        if self._door is None:
            raise CallFailed("not_open", f"model `{self._spec.name}` is not open")
        parameters = {**self._spec.parameters, **request.parameters}
        if stray := _OURS & parameters.keys():
            raise CallFailed("bad_request", f"`{min(stray)}` is no sampling parameter")
        request = replace(request, parameters=parameters)
        seen = self._door.watch()
        try:
            async with asyncio.timeout(self._timeout_s):
                ask = self._door.ask if self.task is Task.CHAT else self._door.embed
                payload = await ask(self._arguments(request))
        except TimeoutError as error:
            what = f"{self._where} did not answer within {self._timeout_s:g} s"
            raise RetryLater("timeout", what) from error
        except Exception as error:  # noqa: BLE001
            # The boundary to litellm. Its exceptions hold what was sent, so they end here.
            raise self._failure(error, self._reply(seen.status, seen.headers, seen.body)) from None
        reply = self._reply(200, seen.headers, seen.body)
        if self.task is Task.CHAT:
            return answer_of(payload, reply, request)
        return answered(self.config.api, payload, reply, request)

    def _arguments(self, request: ChatRequest) -> dict[str, Any]:
        given: dict[str, Any] = {**request.parameters, **self.config.options}
        if self.config.base_url is not None:
            given["api_base"] = self.config.base_url
        if self._key:
            given["api_key"] = self._key
        return {
            **given,
            "model": self.config.model,
            **self._said(request),
            "timeout": self._timeout_s,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": True,
        }

    def _said(self, request: ChatRequest) -> dict[str, Any]:
        if self.task is Task.CHAT:
            return {"messages": [message.as_dict() for message in request.messages]}
        return {"input": [message.content for message in request.messages]}

    @property
    def _where(self) -> str:
        return self.config.base_url or self.provider

    def _reply(self, status: int, headers: Mapping[str, str], body: bytes) -> RawReply:
        return RawReply(
            status=status, headers=headers, body=body, address=self._where, secret=self._key
        )

    def _failure(self, error: Exception, reply: RawReply) -> CallFailed:
        """Name what went wrong: by the provider's own reply where there is one."""
        if reply.status >= 300:
            return refusal_of(reply, now_s=self._wall_clock())
        names = {kind.__name__ for kind in type(error).__mro__}
        what = redacted(f"{type(error).__name__}: {error}", self._key)
        if reply.status == 200:
            message = f"{self._where} answered 200 with a body that litellm cannot read: {what}"
            return RetryLater("bad_body", message, most_tries=TRIES_OF_A_BAD_BODY)
        message = f"{self._where}: {what}"
        if "Timeout" in names:
            return RetryLater("timeout", message)
        for name, kind in _KINDS:
            if name in names:
                return CallFailed(kind, message)
        if names & {"APIConnectionError", "InternalServerError", "ServiceUnavailableError"}:
            return RetryLater("connection", message)
        return CallFailed("model_broke", message)

    async def close(self) -> None:
        """Close the connections, where no other model uses them."""
        if self._door is not None:
            door, self._door = self._door, None
            await door.close()
