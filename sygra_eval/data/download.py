"""Downloads one address as a stream of bytes: all of them, or an error that says why not.

A download that broke off goes on where it did (`Range`), as long as the server says that the file
is still the same. What a suite keeps secret goes to the suite's own server and to no other.
"""

import http.client
import io
import socket
import ssl
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from sygra_eval.values import UsageError

MOST_TRIES = 4
PAUSE_S = 1.0
_MOST_PAUSE_S = 60.0
_CHUNK = 1 << 16
_MOST_REDIRECTS = 5
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class DownloadFailed(UsageError):
    """Why there is no whole file."""


class _Passing(Exception):
    """What another try may mend."""

    def __init__(self, what: str, after_s: float | None = None) -> None:
        super().__init__(what)
        self.after_s = after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What is downloaded.

    :ivar secrets: Headers with their values, for the server of `url` alone.
    :ivar timeout_s: How long the server may send nothing.
    """

    url: str
    secrets: Mapping[str, str]
    most_bytes: int
    timeout_s: float


class Download(io.RawIOBase):
    """The bytes of a file that a server has."""

    def __init__(self, address: Address, given_up: Event) -> None:
        self._chunks = _chunks(address, given_up)
        self._held = memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read a few bytes.

        :raises DownloadFailed: When the file does not come whole.
        """
        if not self._held:
            self._held = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def close(self) -> None:
        """Close the connection."""
        self._chunks.close()
        super().close()


def _chunks(address: Address, given_up: Event) -> Generator[bytes, None, None]:
    at, tries, begun = 0, 0, _Begun()
    while True:
        try:
            for chunk in _from(address, at, begun):
                at, tries = at + len(chunk), 0
                yield chunk
                if given_up.is_set():
                    return
        except _Passing as passing:
            tries += 1
            if tries == MOST_TRIES or (at and not begun.validator):
                got = f" after {at:,} bytes" if at else ""
                raise DownloadFailed(f"{address.url}: {passing}{got}") from passing
            pause = passing.after_s if passing.after_s is not None else PAUSE_S * 2 ** (tries - 1)
            if given_up.wait(min(pause, _MOST_PAUSE_S)):
                return
        else:
            return


@dataclass(slots=True)
class _Begun:
    """What the first answer said of the file."""

    validator: str = ""
    total: int | None = None


def _from(address: Address, at: int, begun: _Begun) -> Iterator[bytes]:
    """Yield the bytes from a place on.

    :raises _Passing: When it breaks off.
    :raises DownloadFailed: When another try is of no use.
    """
    with _answer(address, at, begun) as answer:
        if at == 0:
            _begin(address, answer, begun)
        elif answer.status != http.client.PARTIAL_CONTENT:
            raise DownloadFailed(
                f"{address.url}: it broke off after {at:,} bytes, and the file is another one by "
                "now, or the server gives no parts of it"
            )
        while True:
            try:
                chunk = answer.read1(_CHUNK)
            except (http.client.HTTPException, OSError) as error:
                raise _Passing(f"the answer broke off: {_said(error, address)}") from error
            if not chunk:
                break
            at += len(chunk)
            if at > address.most_bytes:
                raise too_long(address)
            yield chunk
    if begun.total is not None and at != begun.total:
        raise _Passing(f"the answer broke off: {at:,} of {begun.total:,} bytes came")


def too_long(address: Address) -> DownloadFailed:
    """Return the error of a file that is longer than the suite allows."""
    return DownloadFailed(
        f"{address.url}: it has more than {address.most_bytes >> 20:,} MiB; where that is right, "
        "say so by `most_mib`"
    )


def _begin(address: Address, answer: Any, begun: _Begun) -> None:
    if answer.status != http.client.OK:
        raise DownloadFailed(f"{address.url}: the server answered {answer.status} {answer.reason}")
    encoding = (answer.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "zstd"):
        raise DownloadFailed(f"{address.url}: it is packed as `{encoding}`, which is not known")
    length = answer.headers.get("Content-Length")
    begun.total = int(length) if length is not None and length.isdigit() else None
    if begun.total is None and not answer.chunked:
        raise DownloadFailed(
            f"{address.url}: the server does not say how long the file is, so nobody would see "
            "that rows are missing; download it and name the file"
        )
    if begun.total is not None and begun.total > address.most_bytes:
        raise too_long(address)
    etag = answer.headers.get("ETag") or ""
    is_strong = etag.startswith('"')
    begun.validator = etag if is_strong else answer.headers.get("Last-Modified") or ""


def _answer(address: Address, at: int, begun: _Begun) -> Any:
    """Ask for the file from a place on, and return the open answer."""
    request = urllib.request.Request(address.url, headers={"Accept-Encoding": "identity"})  # noqa: S310 - http and https alone have handlers
    request.add_header("User-Agent", "sygra-eval")
    for name, value in address.secrets.items():
        request.add_unredirected_header(name, value)
    if at:
        request.add_header("Range", f"bytes={at}-")
        request.add_header("If-Range", begun.validator)
    try:
        return _opener(address).open(request, timeout=address.timeout_s)
    except HTTPError as error:
        with error:
            what = f"the server answered {error.code} {error.reason}"
            if error.code // 100 == 3:  # those that can be followed were
                raise DownloadFailed(
                    f"{address.url}: it is redirected in a circle, too often, or to no address"
                ) from None
            if error.code in _PASSING:
                after = error.headers.get("Retry-After") or ""
                raise _Passing(what, float(after) if after.isdigit() else None) from None
            raise DownloadFailed(f"{address.url}: {what}{_advice(error.code, address)}") from None
    except (URLError, http.client.HTTPException, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        said = _said(reason, address)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise DownloadFailed(f"{address.url}: {said}") from None
        raise _Passing(said) from None


def _advice(code: int, address: Address) -> str:
    if code not in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return ""
    if address.secrets:
        return "; is the value of `headers_env` right?"
    return "; a key goes into an environment variable, and its name into `headers_env`"


def _said(error: object, address: Address) -> str:
    match error:
        case socket.gaierror():
            return f"there is no host `{urlsplit(address.url).hostname}`: {error.strerror}"
        case TimeoutError():
            return f"nothing came for {address.timeout_s:g} s"
        case ConnectionRefusedError():
            return "nothing listens there"
        case _:
            return str(error) or type(error).__name__


def _opener(address: Address) -> urllib.request.OpenerDirector:
    """Return what opens http and https, and neither files nor anything else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _Redirects(address),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects; secrets stay with the server that they are for."""

    max_redirections = _MOST_REDIRECTS

    def __init__(self, address: Address) -> None:
        self._address = address

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request to where the file is now."""
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in ("http", "https"):
            fp.close()
            raise DownloadFailed(f"{self._address.url}: it is redirected to {after.scheme}:")
        if before.scheme == "https" and after.scheme != "https":
            fp.close()
            raise DownloadFailed(
                f"{self._address.url}: it is redirected from https to {after.scheme}, which anybody"
                " on the way could read and change"
            )
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        own = urlsplit(self._address.url)
        if request is not None and (own.scheme, own.netloc) == (after.scheme, after.netloc):
            for name, value in self._address.secrets.items():
                request.add_unredirected_header(name, value)
        return request
