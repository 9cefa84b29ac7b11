"""Every fault that an endpoint has been seen with, by name, with what a call has to come to.

`FAULTS` is the catalogue; `Chaos` lets some calls meet some of them, chosen by the hash of seed,
request and attempt alone, so that a run can be repeated with the same faults.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from sygra_eval.testing.replies import (
    JSON_TYPE,
    Reply,
    as_json,
    cut_off,
    dropped,
    ended_early,
    garbage,
    hang,
    rate_limited,
    stalled,
    status,
    trickle,
)

ANSWERED = "answered"
RETRIED = "retried"
FLAGGED = "flagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to go wrong.

    :ivar make: The reply that is it, made of the one that would have been good.
    :ivar once: What a call comes to that meets it once: `retried` (and then answered), `answered`
        (it does no harm) or the kind of failure.
    :ivar always: The kind of failure when every try meets it; `answered` where it does no harm.
    :ivar in_row: What an answer with it makes of a row: `flagged`, where the row has to say so, or
        the kind of failure that a run takes it for; empty where the row is as without.
    """

    name: str
    make: Callable[[Reply], Reply]
    once: str
    always: str
    in_row: str = ""


def _error(code: int, message: str, *, word: str = "", **headers: str) -> Callable[[Reply], Reply]:
    error = {"message": message, **({"code": word} if word else {})}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda good: status(code, {"error": error}, sent)


def _fixed(make: Callable[[], Reply]) -> Callable[[Reply], Reply]:
    return lambda good: make()


def _told(**changes: Any) -> Callable[[Reply], Reply]:
    """Change top-level keys of the good completion."""
    return lambda good: _changed(good, lambda payload: payload | changes)


def _choice(**changes: Any) -> Callable[[Reply], Reply]:
    """Change keys of its first choice."""

    def change(payload: dict[str, Any]) -> dict[str, Any]:
        first, *others = payload["choices"]
        return payload | {"choices": [first | changes, *others]}

    return lambda good: _changed(good, change)


def _message(**changes: Any) -> Callable[[Reply], Reply]:
    """Change keys of its message."""

    def change(payload: dict[str, Any]) -> dict[str, Any]:
        first, *others = payload["choices"]
        message = first["message"] | changes
        return payload | {"choices": [first | {"message": message}, *others]}

    return lambda good: _changed(good, change)


def _changed(good: Reply, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Reply:
    payload = change(dict(good.completion or json.loads(good.body)))
    return replace(good, completion=payload, body=as_json(payload))


def _raw(change: Callable[[bytes], bytes], **headers: str) -> Callable[[Reply], Reply]:
    """Change the bytes of the body; the reply is then sent as it is in every dialect."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda good: Reply(body=change(good.body), headers={**JSON_TYPE, **sent})


def _in_parts(good: Reply) -> Reply:
    def change(payload: dict[str, Any]) -> dict[str, Any]:
        first, *others = payload["choices"]
        text = str(first["message"]["content"])
        halves = text[: len(text) // 2], text[len(text) // 2 :]
        parts = [{"type": "text", "text": half} for half in halves]
        message = first["message"] | {"content": parts}
        return payload | {"choices": [first | {"message": message}, *others]}

    return _changed(good, change)


def _several(good: Reply) -> Reply:
    def change(payload: dict[str, Any]) -> dict[str, Any]:
        other = {"index": 1, "message": {"content": "another"}, "finish_reason": "stop"}
        return payload | {"choices": [*payload["choices"], other]}

    return _changed(good, change)


def _circling(good: Reply) -> Reply:
    return _choice(finish_reason="length")(_message(content="round and " * 200)(good))


_WORDS = "the answer to this question is one that a broken server sends with every token two times"
_DOUBLED = " ".join(f"{word} {word}" for word in _WORDS.split())
_CALL = [{"id": "c", "type": "function", "function": {"name": "rm", "arguments": "{}"}}]
_RESET = {"x-ratelimit-limit-requests": "60000", "x-ratelimit-remaining-requests": "0"}
_BUSY = ("rate_limited", "overloaded", "server_error")

# name, reply, outcome of meeting it once, kind of meeting it always
_TABLE: tuple[tuple[str, Callable[[Reply], Reply], str, str], ...] = (
    # Too much asked: the share of these moves the limit of calls in flight.
    ("429_seconds", _fixed(lambda: rate_limited(retry_after_s=1)), RETRIED, "rate_limited"),
    (
        "429_date",
        lambda good: status(429, {}, {"Retry-After": formatdate(usegmt=True)}),
        RETRIED,
        "rate_limited",
    ),
    ("429_milliseconds", _error(429, "slow", retry_after_ms="20"), RETRIED, "rate_limited"),
    (
        "429_reset",
        lambda good: status(429, {}, {**_RESET, "x-ratelimit-reset-requests": "20ms"}),
        RETRIED,
        "rate_limited",
    ),
    ("429_bare", _fixed(rate_limited), RETRIED, "rate_limited"),
    ("503_seconds", _error(503, "busy", Retry_After="1"), RETRIED, "overloaded"),
    ("529", _error(529, "overloaded"), RETRIED, "overloaded"),
    # Account and key.
    ("429_quota", _error(429, "pay", word="insufficient_quota"), "quota", "quota"),
    ("402", _error(402, "pay first"), "quota", "quota"),
    ("401", _error(401, "no such key", word="invalid_api_key"), "refused_key", "refused_key"),
    ("403", _error(403, "not you"), "refused_key", "refused_key"),
    # This very request.
    (
        "404_model",
        _error(404, "no such model", word="model_not_found"),
        "not_found",
        "not_found",
    ),
    ("400_parameter", _error(400, "unknown parameter top_z"), "bad_request", "bad_request"),
    (
        "400_context",
        _error(400, "past the context length", word="context_length_exceeded"),
        "too_long",
        "too_long",
    ),
    ("400_filter", _error(400, "filtered", word="content_filter"), "refused", "refused"),
    ("filtered", _choice(finish_reason="content_filter"), "refused", "refused"),
    ("refusal", _message(content=None, refusal="I will not."), "refused", "refused"),
    # The server's trouble.
    *(
        (str(code), _error(code, "trouble"), RETRIED, "server_error")
        for code in (408, 500, 502, 504, 520, 521, 522, 523, 524)
    ),
    # The connection.
    ("dropped", _fixed(dropped), RETRIED, "connection"),
    ("cut_off", _fixed(cut_off), RETRIED, "connection"),
    ("hang", _fixed(hang), RETRIED, "timeout"),
    ("trickle", _fixed(lambda: trickle(pause_s=0.02)), RETRIED, "timeout"),
    ("stall", _fixed(stalled), RETRIED, "timeout"),
    # Bodies that are none.
    ("html", _fixed(garbage), RETRIED, "bad_body"),
    ("empty_body", _raw(lambda body: b""), RETRIED, "bad_body"),
    ("truncated", _raw(lambda body: body[: len(body) // 2]), RETRIED, "bad_body"),
    ("too_short", lambda good: replace(good, promises_bytes=7), RETRIED, "connection"),
    ("bad_gzip", _raw(lambda body: b"no gzip", Content_Encoding="gzip"), RETRIED, "connection"),
    (
        "latin_1",
        _raw(
            lambda body: b'{"choices": [{"message": {"content": "caf\xe9"}}]}',
            Content_Type="application/json; charset=latin-1",
        ),
        RETRIED,
        "bad_body",
    ),
    ("bad_utf_8", _raw(lambda body: body[:-1] + b'\xff\xfe"}'), RETRIED, "bad_body"),
    ("byte_order_mark", _raw(lambda body: b"\xef\xbb\xbf" + body), RETRIED, "bad_body"),
    ("nul", _message(content="a\0b"), RETRIED, "bad_body"),
    ("surrogate", _message(content="\ud800"), RETRIED, "bad_body"),
    (
        "error_in_200",
        _fixed(lambda: status(200, {"error": {"code": "overloaded", "message": "busy"}})),
        RETRIED,
        "overloaded",
    ),
    ("no_choices", _raw(lambda body: b'{"choices": [], "message": null}'), RETRIED, "empty"),
    (
        "null_message",
        _raw(lambda body: b'{"choices": [{"message": null}], "message": null}'),
        RETRIED,
        "empty",
    ),
    ("null_content", _message(content=None), RETRIED, "empty"),
    ("tool_call_alone", _message(content=None, tool_calls=_CALL), RETRIED, "empty"),
    (
        "endless",
        lambda good: _message(content="again " * 1_800_000)(good),
        "too_large",
        "too_large",
    ),
    # Answers that a run does not take: see `_IN_ROW`.
    ("repetition", _circling, ANSWERED, ANSWERED),
    ("doubled_words", _message(content=_DOUBLED), ANSWERED, ANSWERED),
    # Odd, and harmless.
    ("parts", _in_parts, ANSWERED, ANSWERED),
    ("length", _choice(finish_reason="length"), ANSWERED, ANSWERED),
    ("unasked_tool_call", _message(tool_calls=_CALL), ANSWERED, ANSWERED),
    ("several_choices", _several, ANSWERED, ANSWERED),
    ("no_usage", _told(usage={}), ANSWERED, ANSWERED),
    (
        "null_usage",
        _told(usage={"prompt_tokens": None, "completion_tokens": None}),
        ANSWERED,
        ANSWERED,
    ),
    (
        "negative_usage",
        _told(usage={"prompt_tokens": -3, "completion_tokens": -1}),
        ANSWERED,
        ANSWERED,
    ),
    (
        "absurd_usage",
        _told(usage={"prompt_tokens": 3, "completion_tokens": 10**15}),
        ANSWERED,
        ANSWERED,
    ),
    ("other_model", _told(model="another-model"), ANSWERED, ANSWERED),
    # Doors that lead elsewhere.
    (
        "redirect",
        lambda good: status(308, None, {"Location": "http://elsewhere.invalid/v1"}),
        "redirected",
        "redirected",
    ),
    (
        "huge_headers",
        lambda good: replace(good, headers={**good.headers, "X-Padding": "x" * 100_000}),
        RETRIED,
        "connection",
    ),
)
_IN_ROW = {
    "repetition": "repetition",
    "doubled_words": "repetition",
    "length": FLAGGED,
    "other_model": FLAGGED,
}
FAULTS: Mapping[str, Fault] = {
    name: Fault(name=name, make=make, once=once, always=always, in_row=_IN_ROW.get(name, ""))
    for name, make, once, always in (
        *_TABLE,
        ("ends_early", _fixed(ended_early), RETRIED, "bad_body"),
    )
}
PASSING = tuple(
    name for name, fault in FAULTS.items() if fault.once in (RETRIED, ANSWERED) and not fault.in_row
)
"""Faults after which a call comes to its answer: a run with them ends as one without."""


def hash_of(body: Mapping[str, Any]) -> str:
    """Return the hash of a request's canonical JSON."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class Chaos:
    """Chooses the fault of each try.

    :ivar share: Of the tries that meet one.
    :ivar most_attempts: From this attempt on a request is answered, so that a call can end.
    """

    names: tuple[str, ...]
    share: float = 0.2
    seed: int = 0
    most_attempts: int = 3
    _attempts: Counter[str] = field(default_factory=Counter)

    def fault_for(self, body: Mapping[str, Any]) -> Fault | None:
        """Return the fault that this try meets."""
        request = hash_of(body)
        self._attempts[request] += 1
        attempt = self._attempts[request]
        if attempt >= self.most_attempts:
            return None
        digest = hashlib.sha256(f"{self.seed} {request} {attempt}".encode()).digest()
        if int.from_bytes(digest[:8], "big") / 2**64 >= self.share:
            return None
        return FAULTS[self.names[int.from_bytes(digest[8:16], "big") % len(self.names)]]


def chaos_of(names: Iterable[str], *, share: float, seed: int) -> Chaos:
    """Return the chaos of these faults.

    :raises ValueError: When there is no such fault.
    """
    chosen = tuple(names)
    if unknown := [name for name in chosen if name not in FAULTS]:
        raise ValueError(f"there is no fault {unknown[0]!r}; known: {', '.join(FAULTS)}")
    return Chaos(chosen, share=share, seed=seed)
