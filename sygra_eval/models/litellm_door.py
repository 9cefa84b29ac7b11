"""The only way to litellm in this process: imported once, with all that it does unasked turned off.

Off are the fetch of its price map, the reading of `.env`, its own retries, its messages on standard
error, and the following of redirects, which would carry a key to another host. Each reply that
comes over its connections is noted for the call that waits for it, because litellm's exceptions
lose headers and change statuses.
"""

import asyncio
import logging
import os
import threading
import warnings
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from sygra_eval.values import ModelUnavailable

_SETTINGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it asks the network for prices at import
    "LITELLM_MODE": "PRODUCTION",  # else it reads `.env`
}


@dataclass(slots=True)
class Seen:
    """The last reply that came over the wire for one call.

    :ivar body: Only of a refusal.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


_waiting: ContextVar[Seen | None] = ContextVar("waiting", default=None)


async def _note(response: Any) -> None:
    """Keep what httpx got for the call that waits for it."""
    seen = _waiting.get()
    if seen is None:
        return
    seen.status, seen.headers = response.status_code, response.headers
    if response.status_code >= 300:
        seen.body = await response.aread()


class Door:
    """litellm, as far as it is used here.

    :ivar open_models: Models that use its connections.
    """

    def __init__(self, litellm: Any) -> None:
        self._litellm = litellm
        self.open_models = 0

    def about(
        self, model: str, base_url: str | None
    ) -> tuple[str, Mapping[str, bool], tuple[str, ...]]:
        """Return what is wrong with a name, which parameters it takes, which variables it lacks."""
        try:
            name, provider, *_ = self._litellm.get_llm_provider(model=model, api_base=base_url)
        except Exception as error:  # noqa: BLE001 - the boundary to litellm
            return str(error), {}, ()
        taken = self._litellm.get_supported_openai_params(model=name, custom_llm_provider=provider)
        every = self._litellm.constants.DEFAULT_CHAT_COMPLETION_PARAM_VALUES
        known = {key: key in taken for key in every} if taken else {}
        checked = self._litellm.validate_environment(model=model, api_base=base_url)
        return "", known, tuple(checked.get("missing_keys") or ())

    def watch(self) -> Seen:
        """Note the replies to what this task sends from now on."""
        seen = Seen()
        _waiting.set(seen)
        return seen

    async def ask(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send one chat; the answer has the form of OpenAI's chat completions."""
        response = await self._litellm.acompletion(**arguments)
        payload: Mapping[str, Any] = response.model_dump(exclude_none=True, warnings=False)
        return payload

    async def embed(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send texts; the answer has the form of OpenAI's embeddings."""
        response = await self._litellm.aembedding(**arguments)
        payload: Mapping[str, Any] = response.model_dump(exclude_none=True, warnings=False)
        return payload

    async def close(self) -> None:
        """Close the connections where no other model uses them."""
        self.open_models -= 1
        if self.open_models == 0:
            await self._litellm.aclient_session.aclose()
            self._litellm.aclient_session = _session(self._litellm)
            await self._litellm.close_litellm_async_clients()
            self._litellm.in_memory_llm_clients_cache.flush_cache()


_lock = threading.Lock()
_doors: list[Door] = []  # one, once it is there


async def opened() -> Door:
    """Return the door; the first time it takes seconds, on a thread.

    :raises ModelUnavailable: When litellm cannot be imported.
    """
    door = await asyncio.to_thread(_imported)
    door.open_models += 1
    return door


def _imported() -> Door:
    with _lock:
        if not _doors:
            for name, value in _SETTINGS.items():
                os.environ.setdefault(name, value)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    litellm: Any = import_module("litellm")
            except ImportError as error:
                advice = "pip install 'litellm>=1.83.7,!=1.82.7,!=1.82.8'"
                raise ModelUnavailable(f"litellm cannot be imported ({error}): {advice}") from error
            _quieten(litellm)
            _watch_connections(litellm)
            _doors.append(Door(litellm))
    return _doors[0]


def _quieten(litellm: Any) -> None:
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.disable_hf_tokenizer_download = True
    litellm.num_retries = 0
    # It defines some of its types late, at the first call, and pydantic has a word to say of each.
    warnings.filterwarnings("ignore", message=".*`ReadOnly` qualifier", category=UserWarning)
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)


def _watch_connections(litellm: Any) -> None:
    """Let no connection follow redirects, and note each reply: there is no setting for either."""
    handler = litellm.llms.custom_httpx.http_handler.AsyncHTTPHandler
    create = handler.create_client

    def create_client(self: Any, *args: Any, **named: Any) -> Any:
        client = create(self, *args, **named)
        client.follow_redirects = False
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "response": [*hooks.get("response", ()), _note]}
        return client

    handler.create_client = create_client
    litellm.aclient_session = _session(litellm)


def _session(litellm: Any) -> Any:
    """Return the client of the providers that litellm reaches with OpenAI's package."""
    handler = litellm.llms.custom_httpx.http_handler
    return handler.httpx.AsyncClient(
        transport=handler.AsyncHTTPHandler.create_async_transport(),
        follow_redirects=False,
        event_hooks={"response": [_note]},
    )
