"""Classifies what is not an answer: by status, by the error's own code, by what it says.

The kinds are stable words of the report; whether another try may help is in the type that is
returned: `RetryLater` or a final `CallFailed`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from sygra_eval.models import fast_json
from sygra_eval.models.buckets import allowances
from sygra_eval.models.replies import TRIES_OF_A_BAD_BODY, RawReply
from sygra_eval.values import CallFailed, RetryLater

_QUOTA_CODES = ("insufficient_quota", "billing")  # only codes: some say "quota" of a rate limit
_QUOTA = ("credit balance is too low", "insufficient credit", "insufficient balance")
_TOO_LONG = (
    "context_length",
    "context length",
    "context size",
    "context window",
    "exceed_context",
    "prompt is too long",
    "too many tokens",
)
_TOO_LONG_AS_TROUBLE = ("is too large to process",)  # llama.cpp says so with 500
_REFUSED = ("content_filter", "content_policy", "content management policy", "responsible ai")
_STATUS_OF_CODE = {
    "rate_limit": 429,
    "too_many_requests": 429,
    "overloaded": 529,
    "unavailable": 503,
    "timeout": 504,
    "server_error": 500,
    "internal": 500,
    "invalid_api_key": 401,
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
    "invalid_request": 400,
}


@dataclass(frozen=True, slots=True)
class _Said:
    """An error's own words in lower case."""

    code: str
    message: str
    status: int | None = None

    def names(self, words: tuple[str, ...]) -> bool:
        return any(word in self.code or word in self.message for word in words)


def refusal_of(reply: RawReply, *, now_s: float) -> CallFailed:
    """Return the failure that a reply with another status than 200 is.

    :param now_s: Seconds since the epoch, to read a `Retry-After` that is a date.
    """
    after_s = retry_after_s(reply.headers, now_s=now_s)
    return _classified(reply.status, _said_in(reply), reply, after_s=after_s)


def error_in_200(error: object, reply: RawReply, *, now_s: float) -> CallFailed:
    """Return the failure that a body `{"error": …}` with the status 200 is: as if by its code."""
    said = _said(error)
    words = said.code or said.message
    status = said.status or next((s for word, s in _STATUS_OF_CODE.items() if word in words), None)
    after_s = retry_after_s(reply.headers, now_s=now_s)
    if status or said.names((*_QUOTA_CODES, *_QUOTA, *_TOO_LONG, *_REFUSED)):
        return _classified(status or 400, said, reply, after_s=after_s)
    message = f"{reply.address} answered 200 with an error: {reply.head()}"
    most_tries, raw = TRIES_OF_A_BAD_BODY, reply.raw()
    return RetryLater("bad_body", message, after_s=after_s, most_tries=most_tries, raw=raw)


def refusal_in(code: str, message: str) -> CallFailed:
    """Return the failure that an error's code is, where there is no reply to read it from."""
    if any(word in code.lower() for word in _QUOTA_CODES):
        return CallFailed("quota", f"{message}; top up the account, then resume the run")
    status = next((s for word, s in _STATUS_OF_CODE.items() if word in code.lower()), 400)
    if status >= 500 or status == 429:
        return RetryLater("server_error", message)
    kinds = {401: "refused_key", 403: "refused_key", 404: "not_found"}
    return CallFailed(kinds.get(status, "bad_request"), message)


def _classified(status: int, said: _Said, reply: RawReply, *, after_s: float | None) -> CallFailed:
    what = f"{reply.address} answered {reply.status}: {reply.head()}"
    if status == 402 or said.names(_QUOTA) or any(word in said.code for word in _QUOTA_CODES):
        return CallFailed("quota", f"{what}; top up the account, then resume the run")
    match status:
        case 401 | 403:
            advice = "check the key that `api_key_env` or `api_key_keyring` names"
            return CallFailed("refused_key", f"{what}; {advice}")
        case 429:
            said_left = allowances(reply.headers)
            return RetryLater("rate_limited", what, after_s=after_s, allowances=said_left)
        case 503 | 529:
            return RetryLater("overloaded", what, after_s=after_s)
        case 501 | 505:
            return CallFailed("bad_request", what, raw=reply.raw())
        case 500 if said.names(_TOO_LONG_AS_TROUBLE):
            return CallFailed("too_long", what, raw=reply.raw())
        case _ if status >= 500 or status in (408, 409, 425):
            return RetryLater("server_error", what, after_s=after_s)
        case _ if 300 <= status < 400:
            advice = "redirects are not followed, write the final address as `base_url`"
            return CallFailed("redirected", f"{what}; {advice}")
        case _ if said.names(_TOO_LONG):
            return CallFailed("too_long", what, raw=reply.raw())
        case _ if said.names(_REFUSED):
            return CallFailed("refused", what, raw=reply.raw())
        case 404:
            return CallFailed("not_found", f"{what}; is the model's name right, and the address?")
        case _:
            return CallFailed("bad_request", what, raw=reply.raw())


def _said_in(reply: RawReply) -> _Said:
    try:
        payload = fast_json.loads(reply.body)
    except ValueError:
        return _Said("", reply.head().lower())
    return _said(payload.get("error", payload) if isinstance(payload, dict) else payload)


def _said(error: object) -> _Said:
    if not isinstance(error, dict):
        return _Said("", str(error).lower())
    code = " ".join(str(error[key]) for key in ("type", "code") if error.get(key) is not None)
    return _Said(code.lower(), str(error.get("message", "")).lower(), _status_in(error))


def _status_in(error: Mapping[object, object]) -> int | None:
    try:
        status = int(str(error.get("code")))
    except ValueError:
        return None
    return status if 400 <= status < 600 else None


_MOST_BY_DATE_S = 300.0


def retry_after_s(headers: Mapping[str, str], *, now_s: float) -> float | None:
    """Return how many seconds a server asks to wait: `retry-after-ms`, or `retry-after`.

    A date is only as good as both clocks: past, or far off, it is the clock that is wrong.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        at_s = parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
    return min(max(0.0, at_s - now_s), _MOST_BY_DATE_S)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
