"""Moves bytes to and from one HTTP server, and names what can go wrong on the way.

The only module of the room that imports aiohttp; `ServedModel.open` imports it. Redirects are never
followed: the key would go with them.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import aiohttp
from yarl import URL

from sygra_eval.models.replies import RAW_BYTES, RawReply, redacted, spoilt
from sygra_eval.models.streams import Collector, Lines
from sygra_eval.models.tls import why_untrusted
from sygra_eval.values import CallFailed, RetryLater

MOST_BODY_BYTES = 8 * 1024 * 1024
MOST_STREAM_BYTES = 128 * 1024 * 1024  # each token of a stream comes in its own JSON
CONNECT_S = 10.0
GAP_S = 30.0  # between two pieces of a streamed answer
_END_S = 1.0  # for the end of a body whose answer is whole
_TRIES_OF_A_TRICKLE = 3


@dataclass(slots=True)
class _Progress:
    """How far one exchange came, for the words of its failure."""

    has_headers: bool = False


class Transport:
    """One session with one server; not more calls at once than the gate lets through."""

    def __init__(
        self,
        base_url: str,
        *,
        secret: str,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = base_url.rstrip("/")
        self._secret = secret
        self._timeout_s = timeout_s
        self._session = aiohttp.ClientSession(
            # The gate is the limit.
            connector=aiohttp.TCPConnector(limit=0, ssl=True if tls is None else tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Content-Type": "application/json",
                "User-Agent": "sygra-eval",
                **(headers or {}),
            },
            timeout=aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S),
        )
        self._urls: dict[str, URL] = {}

    @property
    def secret(self) -> str:
        """The key that is sent, to be cut out of what is shown."""
        return self._secret

    async def post(self, path: str, body: bytes) -> RawReply:
        """Send `body` to `path`; raise `RetryLater` when no whole reply comes back."""
        progress = _Progress()
        with self._failures_named(progress):
            async with self._session.post(
                self._url(path), data=body, allow_redirects=False
            ) as response:
                progress.has_headers = True
                return await self._reply(response)

    async def post_file(
        self, path: str, form: bytes, *, content_type: str, timeout_s: float
    ) -> RawReply:
        """Send a form with a file, which may take longer than a call."""
        progress, headers = _Progress(), {"Content-Type": content_type}
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S)
        with self._failures_named(progress, limit_s=timeout_s):
            async with self._session.post(
                self._url(path), data=form, allow_redirects=False, headers=headers, timeout=timeout
            ) as response:
                progress.has_headers = True
                return await self._reply(response)

    async def post_for_stream(self, path: str, body: bytes, collector: Collector) -> RawReply:
        """Send `body` and put the streamed answer together; its parts are in no one's hands before.

        A server that answers whole, as one that refuses does, is read as such.

        :raises RetryLater: When no whole answer comes, or none for `GAP_S` in its middle.
        """
        progress, sent_at_s = _Progress(), time.monotonic()
        with self._failures_named(progress):
            async with self._session.post(
                self._url(path), data=body, allow_redirects=False
            ) as response:
                progress.has_headers = True
                if response.status != 200 or response.content_type == "application/json":
                    return await self._reply(response)
                return await self._collected(response, collector, sent_at_s)

    async def _collected(
        self, response: aiohttp.ClientResponse, collector: Collector, sent_at_s: float
    ) -> RawReply:
        reply = self._reply_of(response, b"")
        lines, received, first_text_s, head = Lines(), 0, None, b""
        while chunk := await self._next_chunk(response, is_first=not received):
            received += len(chunk)
            if len(head) < 2 * RAW_BYTES:  # for whoever looks at an answer that is of no use
                head += chunk
            try:
                for event in lines.feed(chunk):
                    collector.take(event)
            except ValueError:
                spoilt(replace(reply, body=head), "a stream of what is not JSON")
            if first_text_s is None and collector.has_text:
                first_text_s = time.monotonic() - sent_at_s
            text_bytes = max(collector.characters, len(lines.pending))
            if text_bytes > MOST_BODY_BYTES or received > MOST_STREAM_BYTES:
                response.close()
                limit = f"{MOST_BODY_BYTES // 2**20} MiB"
                raise CallFailed("too_large", f"{self.address} sent more than {limit}")
            if lines.is_ended:
                await self._leave_tidily(response)
                break
        with contextlib.suppress(ValueError):
            for event in lines.finish():
                collector.take(event)
        payload = collector.payload(is_ended=lines.is_ended)
        if payload is None:
            spoilt(replace(reply, body=head), "a stream that ends before the answer does")
        reply = replace(reply, body=head[: 2 * RAW_BYTES])
        return replace(reply, payload=payload, first_text_s=first_text_s)

    async def _next_chunk(self, response: aiohttp.ClientResponse, *, is_first: bool) -> bytes:
        if is_first:  # it may take as long as the model needs to begin
            return await response.content.readany()
        try:
            async with asyncio.timeout(GAP_S) as gap:
                return await response.content.readany()
        except TimeoutError as error:
            if not gap.expired():
                raise
            response.close()
            what = f"{self.address} stalled: nothing came for {GAP_S:g} s in the middle of a stream"
            raise RetryLater("timeout", what, most_tries=_TRIES_OF_A_TRICKLE) from error

    async def _leave_tidily(self, response: aiohttp.ClientResponse) -> None:
        """Read the end of a body, so that its connection can be used again."""
        with contextlib.suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_END_S):
                await response.content.readany()

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = URL(f"{self.address}/{path}")
        return url

    async def get(self, path: str, *, timeout_s: float) -> RawReply:
        """Fetch `path` below the base URL; raise `RetryLater` when no whole reply comes back."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S)
        with self._failures_named(_Progress()):
            async with self._session.get(
                self._url(path), allow_redirects=False, timeout=timeout
            ) as response:
                return await self._reply(response)

    async def get_lines(self, path: str, take: Callable[[bytes], None]) -> RawReply:
        """Fetch a file and hand it over line by line; the reply has a body only of a refusal.

        A file takes as long as it takes; nothing for `GAP_S` is a failure.

        :raises RetryLater: When it does not come to its end; some lines were handed over then.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=GAP_S)
        with self._failures_named(_Progress(has_headers=True), limit_s=GAP_S):
            async with self._session.get(
                self._url(path), allow_redirects=False, timeout=timeout
            ) as response:
                if response.status != 200:
                    return await self._reply(response)
                pending = bytearray()
                async for chunk in response.content.iter_any():
                    pending += chunk
                    *lines, rest = pending.split(b"\n")
                    for line in lines:
                        take(bytes(line))
                    pending = bytearray(rest)
                    if len(pending) > MOST_BODY_BYTES:
                        response.close()
                        limit = f"{MOST_BODY_BYTES // 2**20} MiB"
                        raise CallFailed("too_large", f"{self.address} sent a line above {limit}")
                take(bytes(pending))
                return self._reply_of(response, b"")

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
        return self._reply_of(response, bytes(body))

    def _reply_of(self, response: aiohttp.ClientResponse, body: bytes) -> RawReply:
        return RawReply(
            status=response.status,
            headers=response.headers,
            body=body,
            address=self.address,
            secret=self._secret,
        )

    @contextlib.contextmanager
    def _failures_named(self, progress: _Progress, limit_s: float | None = None) -> Iterator[None]:
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
            what = f"{what} within {limit_s or self._timeout_s:g} s"
            raise RetryLater("timeout", what, most_tries=most_tries) from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise RetryLater("certificate", self._untrusted(error)) from error
        except aiohttp.ClientConnectorSSLError as error:
            what = redacted(str(error.os_error), self._secret)
            told = f"{self.address} does not speak TLS as we do ({what}); is it `http://`?"
            raise RetryLater("connection", told) from error
        except aiohttp.ServerDisconnectedError as error:
            what = f"{self.address} closed the connection without an answer"
            raise RetryLater("connection", what, is_at_once=True) from error
        except (aiohttp.ClientError, OSError) as error:
            what = redacted(f"{type(error).__name__}: {error}", self._secret)
            raise RetryLater("connection", f"{self.address}: {what}") from error

    def _untrusted(self, error: aiohttp.ClientConnectorCertificateError) -> str:
        cause = error.certificate_error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return why_untrusted(self.address, cause)
        return redacted(f"the certificate of {self.address} is not trusted: {cause}", self._secret)
