"""Sends the lines of `otlp` to a collector by OTLP/HTTP in JSON, which needs no package of theirs.

Where to and with which headers is said by OpenTelemetry's own environment variables. Headers hold
keys, so no message shows them.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sygra_eval.report.otlp import batches
from sygra_eval.report.text_safety import one_line
from sygra_eval.values import UsageError

if TYPE_CHECKING:
    import aiohttp

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
DEFAULT_TIMEOUT_S = 10.0
TRIES = 5
MOST_WAIT_S = 30.0
MOST_SAID = 300
_AGAIN = frozenset({429, 502, 503, 504})
_SIGNALS = {"v1/traces": "TRACES", "v1/metrics": "METRICS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Where requests are sent.

    :ivar urls: By the path that OTLP has for them.
    """

    urls: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = DEFAULT_TIMEOUT_S


@dataclass(slots=True)
class Sent:
    """What became of the requests."""

    requests: int = 0
    rejected: int = 0
    notes: list[str] = field(default_factory=list)


def collector_of(environment: Mapping[str, str]) -> Collector:
    """Read where to send from the environment, as OpenTelemetry's specification has it.

    :raises UsageError: When it does not say, or says what is no address or needs another protocol.
    """
    base = environment.get(ENDPOINT, "").strip()
    urls = {}
    for path, signal in _SIGNALS.items():
        own = environment.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "").strip()
        url = own or (f"{base.rstrip('/')}/{path}" if base else "")
        if urlsplit(url).scheme not in {"http", "https"}:
            told = f"`{one_line(url)}` is no address" if url else "nothing says where to send to"
            raise UsageError(f"{told}: set {ENDPOINT}, as to http://127.0.0.1:4318")
        urls[path] = url
    protocol = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").strip()
    if protocol == "grpc":
        raise UsageError(
            "OTEL_EXPORTER_OTLP_PROTOCOL=grpc: this sends OTLP/HTTP (port 4318, and not 4317); "
            "unset it, or write a file and let a collector read it"
        )
    return Collector(
        urls=urls,
        headers=_headers(environment.get("OTEL_EXPORTER_OTLP_HEADERS", "")),
        timeout_s=_seconds(environment.get("OTEL_EXPORTER_OTLP_TIMEOUT", "")),
    )


def send(lines: Iterable[str], collector: Collector) -> Sent:
    """Send the lines one after the other.

    :raises UsageError: When the collector cannot be reached or takes none of it.
    """
    return asyncio.run(_send(lines, collector))


async def _send(lines: Iterable[str], collector: Collector) -> Sent:
    import aiohttp  # heavy, and every verb loads the views

    sent = Sent()
    timeout = aiohttp.ClientTimeout(total=collector.timeout_s)
    headers = {"Content-Type": "application/json", **collector.headers}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        for path, line in batches(lines):
            await _post(session, collector.urls[path], line, sent)
            sent.requests += 1
    return sent


async def _post(session: "aiohttp.ClientSession", url: str, line: str, sent: Sent) -> None:
    """Send one request; try again where the collector asks for it, a few times."""
    from aiohttp import ClientError

    for attempt in range(1, TRIES + 1):
        try:
            async with session.post(url, data=line.encode(), allow_redirects=False) as response:
                body = (await response.content.read(64 * 1024)).decode("utf-8", "replace")
                status, again = response.status, response.headers.get("Retry-After", "")
        except (ClientError, TimeoutError) as error:
            told = one_line(str(error)) or type(error).__name__
            raise UsageError(f"{one_line(url)} cannot be reached: {told}") from error
        if status in _AGAIN and attempt < TRIES:
            await asyncio.sleep(_wait_s(again, attempt))
            continue
        break
    if status == 415:
        raise UsageError(
            f"{one_line(url)} takes no JSON; put an OpenTelemetry collector before it, whose "
            "receiver `otlp` takes both, or write a file by --to FILE"
        )
    if not 200 <= status < 300:
        raise UsageError(f"{one_line(url)} answered {status}: {one_line(body[:MOST_SAID])}")
    _note_rejected(body, sent)


def _note_rejected(body: str, sent: Sent) -> None:
    """Count what a collector took the request without."""
    try:
        partial = json.loads(body or "{}").get("partialSuccess") or {}
        count = int(partial.get("rejectedSpans") or partial.get("rejectedDataPoints") or 0)
        said = str(partial.get("errorMessage") or "")
    except (ValueError, AttributeError, TypeError):
        return  # it answered otherwise, and took it
    sent.rejected += count
    if said:
        sent.notes.append(one_line(said[:MOST_SAID]))


def _wait_s(again: str, attempt: int) -> float:
    try:
        return min(max(float(again), 0.0), MOST_WAIT_S)
    except ValueError:
        return min(2.0**attempt / 4, MOST_WAIT_S)


def _headers(text: str) -> dict[str, str]:
    """Read `name=value,name=value`, percent-encoded."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs}


def _seconds(milliseconds: str) -> float:
    try:
        found = float(milliseconds) / 1000
    except ValueError:
        return DEFAULT_TIMEOUT_S
    return found if found > 0 else DEFAULT_TIMEOUT_S
