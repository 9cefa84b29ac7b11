"""What the scripted server answers: good answers in any dialect, and replies that are none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

JSON_TYPE = {"Content-Type": "application/json"}


def as_json(payload: Any) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(payload).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply of the server.

    :ivar delay_s: Seconds before the first byte.
    :ivar pause_s: Seconds between the body's bytes.
    :ivar is_cut_off: The connection is reset when the body's half is out.
    :ivar is_dropped: The connection is closed and nothing is sent.
    :ivar completion: What it says as a chat completion, to be written in the dialect that is asked
        in, whole or in pieces; without it the body goes out as it is.
    :ivar stalls: In the middle nothing comes any more, and the connection stays open.
    :ivar ends_early: A stream ends in its middle as if it were whole.
    :ivar promises_bytes: So many more than come are announced.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    pause_s: float = 0.0
    is_cut_off: bool = False
    is_dropped: bool = False
    completion: Mapping[str, Any] | None = field(default=None, repr=False)
    stalls: bool = False
    ends_early: bool = False
    promises_bytes: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it is sent at once and as it is."""
        broken = self.is_cut_off or self.stalls or self.ends_early
        return not (broken or self.pause_s or self.promises_bytes)

    @property
    def has_no_end(self) -> bool:
        """Whether whoever waits for it has to leave."""
        return self.delay_s == float("inf") or self.stalls or self.pause_s > 0

    def paused(self, pause_s: float) -> "Reply":
        """Return it with so many seconds between its bytes, or between the pieces of a stream."""
        return replace(self, pause_s=pause_s)

    @property
    def is_paid(self) -> bool:
        """Whether a provider would bill it: what was generated, wherever it got lost."""
        return self.status == 200 and self.completion is not None


def completion(
    text: Any,
    *,
    finish_reason: str = "stop",
    usage: Mapping[str, Any] | None = None,
    model: str = "scripted",
    delay_s: float = 0.0,
    reasoning: str = "",
    tool_calls: Sequence[Mapping[str, Any]] = (),
    others: Sequence[str] = (),
    logprobs: Sequence[tuple[str, float]] = (),
) -> Reply:
    """Answer with `text`; its usage is counted in words unless it is given.

    :param tool_calls: Each as `{"name": …, "arguments": JSON text}`.
    :param others: Texts of further choices.
    """
    words = len(text.split()) if isinstance(text, str) else 1
    answered = max(1, words)
    counted = {"prompt_tokens": 1, "completion_tokens": answered, "total_tokens": 1 + answered}
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if reasoning:
        message["reasoning_content"] = reasoning
    if tool_calls:
        message["tool_calls"] = [
            {"id": f"call_{index}", "type": "function", "function": dict(call)}
            for index, call in enumerate(tool_calls)
        ]
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": finish_reason}
    if logprobs:
        choice["logprobs"] = {"content": [{"token": t, "logprob": p} for t, p in logprobs]}
    further = [
        {"index": index, "message": {"content": other}, "finish_reason": "stop"}
        for index, other in enumerate(others, 1)
    ]
    payload = {
        "object": "chat.completion",
        "model": model,
        "choices": [choice, *further],
        "usage": counted if usage is None else usage,
    }
    return Reply(body=as_json(payload), headers=JSON_TYPE, delay_s=delay_s, completion=payload)


def rate_limited(retry_after_s: float | None = None) -> Reply:
    """Refuse with 429, and with `Retry-After` where a time is given."""
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    return status(429, {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}, headers)


def status(code: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with a status; `body` is sent as JSON, or as it is when it is text or bytes."""
    raw = body.encode() if isinstance(body, str) else body
    raw = raw if isinstance(raw, bytes) else as_json(body)
    return Reply(status=code, body=raw, headers={**JSON_TYPE, **(headers or {})})


def hang() -> Reply:
    """Take the request and never answer."""
    return Reply(delay_s=float("inf"))


def garbage(body: bytes | str = "<html>Bad gateway</html>") -> Reply:
    """Answer 200 with a body that is no completion."""
    return status(200, body)


def dropped() -> Reply:
    """Close the connection without an answer."""
    return Reply(is_dropped=True)


def cut_off(text: str = "half an answer") -> Reply:
    """Reset the connection in the middle of an answer."""
    return replace(completion(text), is_cut_off=True)


def trickle(text: str = "slowly", *, pause_s: float = 1.0) -> Reply:
    """Send an answer byte by byte."""
    return replace(completion(text), pause_s=pause_s)


def stalled(text: str = "half of it and then nothing") -> Reply:
    """Begin an answer, and send nothing more."""
    return replace(completion(text), stalls=True)


def ended_early(text: str = "half of it and then the end") -> Reply:
    """End a stream in the middle of the answer, without a word."""
    return replace(completion(text), ends_early=True)
