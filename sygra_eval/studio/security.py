"""Who may ask what: every request passes here before any route sees it. Start at `Guard`.

Order matters, and each refusal has a status of its own: a host name that is not ours 421 (DNS
rebinding), another origin or another site 403, no token 401, a change without our header or where
nothing may be changed 403, a body that is no JSON 415, too long 413 (431 of a head), too slow 408.
What is no HTTP at all, a Host header that is missing or there twice included, ends with 400 before
it comes here (RFC 9112, 3.2). There are no CORS headers, so no other page can read an answer.
"""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sygra_eval.studio.masking import Mask

CHANGE_HEADER: Final = "x-sygra-eval"
MOST_BODY: Final = 4 * 1024 * 1024
MOST_HEAD: Final = 16 * 1024
BODY_S: Final = 10.0
"""Seconds in which a body has to be there: all of it, not each of its pieces."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
_READS: Final = frozenset({"GET", "HEAD"})
_CSP: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; "
    "form-action 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
_CLOSED: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>sygra_eval Studio</title>
<h1>This Studio does not know you</h1>
<p>Open the link that <code>sygra-eval studio</code> printed. It is another one at each start.</p>
</html>
"""
_LOG = logging.getLogger("sygra_eval.studio")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a Studio listens, and what opens it.

    :ivar host: What is listened on.
    :ivar hosts: Names under which it may be asked, without the port.
    :ivar token: What the link carries; new at each start.
    """

    port: int
    host: str = "127.0.0.1"
    hosts: frozenset[str] = LOOPBACK
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def cookie(self) -> str:
        """Its name carries the port: cookies do not tell ports apart."""
        return f"sygra_eval_{self.port}"

    @property
    def link(self) -> str:
        """The address that opens it."""
        host = self.host if self.host in self.hosts else min(self.hosts)
        return f"http://{_in_address(host)}:{self.port}/?token={self.token}"

    def names(self, host: str) -> bool:
        """Say whether a Host header names this Studio, as browsers write it."""
        asked = host.lower()
        return any(
            asked == f"{name}:{self.port}" or (self.port == _HTTP and asked == name)
            for name in map(_in_address, self.hosts)
        )

    def owns(self, origin: str) -> bool:
        """Say whether an Origin header is of our own page."""
        scheme, _, host = origin.partition("://")
        return scheme == "http" and self.names(host)

    def opens(self, token: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())


_HTTP: Final = 80  # the port that browsers leave out


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()


class Guard:
    """The outermost layer of the server.

    :param secrets: What must not leave, asked for at each answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        door: Door,
        is_read_only: bool,
        secrets: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._app = app
        self._door = door
        self._is_read_only = is_read_only
        self._secrets = secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on; each answer gets the headers."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there is no WebSocket here
        has_begun = False
        mask = Mask(self._secrets)

        async def with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            elif message["type"] == "http.response.body" and not _is_of_the_build(scope):
                body = mask.over(message.get("body", b""), is_last=not message.get("more_body"))
                message = {**message, "body": body}
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is None and scope["method"] not in _READS:
                refusal, receive = await _whole(receive)
            answer = self._app if refusal is None else refusal
            await answer(scope, receive, with_headers)
        except Exception:  # the boundary of the server: nothing of it is told to the browser
            _LOG.exception("an answer could not be given")
            if has_begun:
                raise  # the connection is cut: half an answer must not look like a whole one
            broken = refused(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Studio failed; what happened is in the terminal that it was started in",
            )
            await broken(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if _length(scope) > MOST_HEAD:
            why = f"address and headers hold at most {MOST_HEAD} bytes"
            return refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, why)
        if len(headers.getlist("host")) != 1 or not self._door.names(headers["host"]):
            return refused(HTTPStatus.MISDIRECTED_REQUEST, "this host name is not Studio's")
        if not scope["raw_path"].startswith(b"/"):  # `GET http://elsewhere/`, as to a proxy
            return refused(HTTPStatus.MISDIRECTED_REQUEST, "Studio is no proxy")
        origins = headers.getlist("origin")
        if origins and not (len(origins) == 1 and self._door.owns(origins[0])):
            return refused(HTTPStatus.FORBIDDEN, "another origin may not ask")
        site = headers.get("sec-fetch-site", "none")
        if site not in {"none", "same-origin"} and not _is_visit(scope, headers):
            return refused(HTTPStatus.FORBIDDEN, "another site may not ask")
        tokens = _tokens(scope)
        if tokens:
            return self._entering(tokens, headers)
        if not self._is_known(headers):
            return _unknown(headers)
        if scope["method"] in _READS:
            return _refused_read(headers)
        return self._refused_change(headers)

    def _entering(self, tokens: list[str], headers: Headers) -> Response:
        """Trade the link's token for the cookie; then it is gone from the address."""
        if len(tokens) != 1 or not self._door.opens(tokens[0]):
            return _unknown(headers)
        answer = Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": "./"})
        answer.set_cookie(self._door.cookie, self._door.token, httponly=True, samesite="lax")
        return answer

    def _is_known(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._door.opens(given.strip())
        # Any program of this machine may set cookies for all its ports, so ours is looked for among
        # what may be there, in whatever form; http.cookies gives up at the first odd one.
        pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
        return any(
            name == self._door.cookie and self._door.opens(value) for name, _, value in pairs
        )

    def _refused_change(self, headers: Headers) -> Response | None:
        if headers.get(CHANGE_HEADER) != "1":
            return refused(HTTPStatus.FORBIDDEN, "a change needs the header `X-Sygra-Eval: 1`")
        if self._is_read_only:
            return refused(
                HTTPStatus.FORBIDDEN, "this Studio is read-only: start it without --read-only"
            )
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and int(length) <= MOST_BODY):
            return _too_long()
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if _has_body(headers) and kind != "application/json":
            return refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a body is application/json")
        return None


def refused(status: HTTPStatus, why: str) -> Response:
    """Return the answer to what is not allowed, in the shape of every error here."""
    return JSONResponse(
        {"error": {"code": status.phrase.lower().replace(" ", "-"), "message": why}}, status
    )


def _unknown(headers: Headers) -> Response:
    """Refuse who has no token: a person, who typed the address, in a page's words."""
    if "text/html" in headers.get("accept", ""):
        return HTMLResponse(_CLOSED, HTTPStatus.UNAUTHORIZED)
    return refused(HTTPStatus.UNAUTHORIZED, "open the link that `sygra-eval studio` printed")


def _too_long() -> Response:
    return refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body holds at most {MOST_BODY} bytes")


def _is_of_the_build(scope: Scope) -> bool:
    """Say whether the answer is the page's own code: no key is in it, and a word of it may be one.

    Local servers are given keys such as `undefined` and `password`.
    """
    return not scope["path"].startswith("/api/")


def _length(scope: Scope) -> int:
    address = len(scope["raw_path"]) + len(scope["query_string"])
    return address + sum(len(name) + len(value) for name, value in scope["headers"])


def _tokens(scope: Scope) -> list[str]:
    """Return what the link carries; it opens the page, and no other address."""
    if scope["method"] != "GET" or scope["path"] != "/" or not scope["query_string"]:
        return []
    query = scope["query_string"].decode("latin-1")
    return parse_qs(query, keep_blank_values=True).get("token", [])


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Say whether somebody followed a link to the page: that shows it and lets nobody read it.

    The browser says so of the redirect behind the link too.
    """
    return (
        scope["method"] == "GET"
        and scope["path"] == "/"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _refused_read(headers: Headers) -> Response | None:
    if _has_body(headers):
        return refused(HTTPStatus.BAD_REQUEST, "a question has no body")
    return None


async def _whole(receive: Receive) -> tuple[Response | None, Receive]:
    """Take in a body, whatever its headers promised; routes get it in one piece.

    :returns: A refusal, or what gives the body and then what `receive` gives.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return refused(HTTPStatus.BAD_REQUEST, "the body ended too early"), receive
                body += message.get("body", b"")
                if len(body) > MOST_BODY:
                    return _too_long(), receive
                if not message.get("more_body"):
                    break
    except TimeoutError:
        why = f"the body did not come within {BODY_S:g} s"
        return refused(HTTPStatus.REQUEST_TIMEOUT, why), receive
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return None, given
