"""Who may ask what: every request passes here before any route sees it. Start at `Guard`.

Order matters, and each refusal has a status of its own: a host name that is not ours 421 (DNS
rebinding), another origin or another site 403, no token 401, a change without our header or without
JSON 403 or 415, too long a body 413, a change where nothing may be changed 403. There are no CORS
headers at all, so no other page can read an answer.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CHANGE_HEADER: Final = "x-sygra-eval"
MOST_BODY: Final = 4 * 1024 * 1024
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
}


@dataclass(frozen=True, slots=True)
class Door:
    """Where a Studio listens, and what opens it.

    :ivar hosts: Names under which it may be asked, without the port.
    :ivar token: What the link carries; new at each start.
    """

    port: int
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost"})
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def cookie(self) -> str:
        """Its name carries the port: cookies do not tell ports apart."""
        return f"sygra_eval_{self.port}"

    @property
    def link(self) -> str:
        """The address that opens it; the first host is the one that is printed."""
        host = "127.0.0.1" if "127.0.0.1" in self.hosts else min(self.hosts)
        return f"http://{host}:{self.port}/?token={self.token}"

    def names(self, host: str) -> bool:
        """Say whether a Host header names this Studio."""
        name, _, port = host.rpartition(":")
        return name.strip("[]").lower() in self.hosts and port == str(self.port)

    def owns(self, origin: str) -> bool:
        """Say whether an Origin header is of our own page."""
        scheme, _, host = origin.partition("://")
        return scheme == "http" and self.names(host)

    def opens(self, token: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())


class Guard:
    """The outermost layer of the server."""

    def __init__(self, app: ASGIApp, *, door: Door, is_read_only: bool) -> None:
        self._app = app
        self._door = door
        self._is_read_only = is_read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on; each answer gets the headers."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there is no WebSocket here

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, with_headers)
            return
        await self._app(scope, _bounded(receive), with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or not self._door.names(headers["host"]):
            return refused(HTTPStatus.MISDIRECTED_REQUEST, "this host name is not Studio's")
        origins = headers.getlist("origin")
        if origins and not (len(origins) == 1 and self._door.owns(origins[0])):
            return refused(HTTPStatus.FORBIDDEN, "another origin may not ask")
        entering = self._entering(scope)
        site = headers.get("sec-fetch-site", "none")
        if site in {"cross-site", "same-site"} and not (entering and _is_navigation(headers)):
            return refused(HTTPStatus.FORBIDDEN, "another site may not ask")
        if entering is not None:
            return entering
        if not self._is_known(headers):
            return refused(
                HTTPStatus.UNAUTHORIZED, "open the link that `sygra-eval studio` printed"
            )
        if scope["method"] in _READS:
            return None
        return self._refused_change(headers)

    def _entering(self, scope: Scope) -> Response | None:
        """Trade the link's token for the cookie."""
        if scope["method"] != "GET" or scope["path"] != "/" or not scope["query_string"]:
            return None
        tokens = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if len(tokens) != 1 or not self._door.opens(tokens[0]):
            return None
        answer = Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": "/"})
        answer.set_cookie(self._door.cookie, self._door.token, httponly=True, samesite="lax")
        answer.headers["cache-control"] = "no-store"
        return answer

    def _is_known(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._door.opens(given.strip())
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._door.cookie)
        except CookieError:
            return False
        return cookie is not None and self._door.opens(cookie.value)

    def _refused_change(self, headers: Headers) -> Response | None:
        if headers.get(CHANGE_HEADER) != "1":
            return refused(HTTPStatus.FORBIDDEN, "a change needs the header `X-Sygra-Eval: 1`")
        if self._is_read_only:
            return refused(
                HTTPStatus.FORBIDDEN, "this Studio is read-only: start it without --read-only"
            )
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BODY:
            return refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body holds at most {MOST_BODY} bytes"
            )
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        has_body = length != "0" or "transfer-encoding" in headers
        if has_body and kind != "application/json":
            return refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a body is application/json")
        return None


class BodyTooLong(Exception):
    """A body without a length went on for too long."""


def refused(status: HTTPStatus, why: str) -> Response:
    """Return the answer to what is not allowed, in the shape of every error here."""
    return JSONResponse(
        {"error": {"code": status.phrase.lower().replace(" ", "-"), "message": why}}, status
    )


def _is_navigation(headers: Headers) -> bool:
    """Say whether somebody clicked a link: it shows a page and lets nobody read it."""
    return (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )


def _bounded(receive: Receive) -> Receive:
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MOST_BODY:
            raise BodyTooLong
        return message

    return bounded
