"""Moves bytes to and from one HTTP server, and names what can go wrong on the way.

The only module of the room that imports aiohttp; `OpenAIModel.open` imports it.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import aiohttp
from yarl import URL

from sygra_eval.models.replies import RawReply, redacted
from sygra_eval.values import CallFailed, RetryLater

MOST_BODY_BYTES = 8 * 1024 * 1024
CONNECT_S = 10.0
_TRIES_OF_A_TRICKLE = 3


@dataclass(slots=True)
class _Progress:
    """How far one exchange came, for the words of its failure."""

    has_headers: bool = False


class Transport:
    """One session with one server; not more calls at once than the gate lets through."""

    def __init__(self, base_url: str, *, secret: str, timeout_s: float) -> None:
        self.address = base_url.rstrip("/")
        self._secret = secret
        self._timeout_s = timeout_s
        headers = {"Content-Type": "application/json", "User-Agent": "sygra-eval"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # the gate is the limit
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S),
        )
        self._chat = URL(f"{self.address}/chat/completions")

    async def post_chat(self, body: bytes) -> RawReply:
        """Send one chat; raise `RetryLater` when no whole reply comes back."""
        progress = _Progress()
        with self._failures_named(progress):
            async with self._session.post(self._chat, data=body, allow_redirects=False) as response:
                progress.has_headers = True
                return await self._reply(response)

    async def get(self, path: str, *, timeout_s: float) -> RawReply:
        """Fetch `path` below the base URL; raise `RetryLater` when no whole reply comes back."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S)
        with self._failures_named(_Progress()):
            async with self._session.get(
                URL(f"{self.address}/{path}"), allow_redirects=False, timeout=timeout
            ) as response:
                return await self._reply(response)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def _reply(self, response: aiohttp.ClientResponse) -> RawReply:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MOST_BODY_BYTES:
                response.close()
                limit = f"{MOST_BODY_BYTES // 2**20} MiB"
                raise CallFailed("too_large", f"{self.address} sent more than {limit}")
        return RawReply(
            status=response.status,
            headers=response.headers,
            body=bytes(body),
            address=self.address,
            secret=self._secret,
        )

    @contextlib.contextmanager
    def _failures_named(self, progress: _Progress) -> Iterator[None]:
        try:
            yield
        except aiohttp.ConnectionTimeoutError as error:
            what = f"{self.address} took no connection within {CONNECT_S:g} s"
            raise RetryLater("connection", what) from error
        except TimeoutError as error:
            if progress.has_headers:
                what = f"{self.address} began an answer and did not end it"
                most_tries = _TRIES_OF_A_TRICKLE
            else:
                what, most_tries = f"{self.address} did not answer", None
            what = f"{what} within {self._timeout_s:g} s"
            raise RetryLater("timeout", what, most_tries=most_tries) from error
        except aiohttp.ServerDisconnectedError as error:
            what = f"{self.address} closed the connection without an answer"
            raise RetryLater("connection", what, is_at_once=True) from error
        except (aiohttp.ClientError, OSError) as error:
            what = redacted(f"{type(error).__name__}: {error}", self._secret)
            raise RetryLater("connection", f"{self.address}: {what}") from error
