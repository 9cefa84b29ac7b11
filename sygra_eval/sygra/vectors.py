"""Vectors of texts from an endpoint that speaks OpenAI's embeddings, for what runs after a run.

A post-processor stands outside of any run, so its calls are in no journal: they are asked anew.
"""

import asyncio
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from sygra_eval.sygra.aliases import resolved
from sygra_eval.sygra.environment import environment, set_keys
from sygra_eval.values import UsageError

BATCH = 32  # what every server takes
_TRIES = 4
_AGAIN = (408, 429, 500, 502, 503, 504)
_LIMIT_S = 120.0


def vectors_of(alias: str, texts: Sequence[str], folder: Any) -> list[list[float]] | None:
    """Return a vector for each text; None where no endpoint is known for this alias.

    :raises UsageError: When the endpoint does not give them.
    """
    found = resolved(alias, environment(folder))
    if found.needs or "base_url" not in found.entry:
        return None
    set_keys(found.keys)
    made: list[list[float]] = []
    error: list[BaseException] = []

    def run() -> None:
        try:
            made.extend(asyncio.run(_asked(found.entry, texts)))
        except BaseException as raised:  # noqa: BLE001 - raised again where it was asked for
            error.append(raised)

    thread = threading.Thread(target=run)  # a loop may be running where we are called
    thread.start()
    thread.join()
    if error:
        raise error[0]
    return made


async def _asked(entry: Mapping[str, Any], texts: Sequence[str]) -> list[list[float]]:
    headers = {}
    if key := os.environ.get(str(entry.get("api_key_env", "")), "").strip():
        headers["Authorization"] = f"Bearer {key}"
    timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
    url = f"{str(entry['base_url']).rstrip('/')}/embeddings"
    found: list[list[float]] = []
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        for start in range(0, len(texts), BATCH):
            batch = [text or " " for text in texts[start : start + BATCH]]
            body = {"model": entry["model"], "input": batch}
            found += _read(await _posted(session, url, body), len(batch), url)
    return found


async def _posted(session: aiohttp.ClientSession, url: str, body: Mapping[str, Any]) -> Any:
    for attempt in range(1, _TRIES + 1):
        try:
            async with session.post(url, json=body) as reply:
                if reply.status == 200:
                    return await reply.json(content_type=None)
                told, is_final = f"HTTP {reply.status}", reply.status not in _AGAIN
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            told, is_final = f"{type(error).__name__}: {error}", False
        if is_final or attempt == _TRIES:
            raise UsageError(f"{url} gave no vectors: {told}")
        await asyncio.sleep(0.2 * 2**attempt)
    raise AssertionError("the last try returns or raises")


def _read(reply: Any, count: int, url: str) -> list[list[float]]:
    data = reply.get("data") if isinstance(reply, Mapping) else None
    places: dict[int, list[float]] = {}
    try:
        for place, one in enumerate(data or ()):
            places[int(one.get("index", place))] = [float(x) for x in one["embedding"]]
        return [places[place] for place in range(count)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{url} gave no vector for each text: {error!r}") from error
