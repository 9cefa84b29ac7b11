"""Reads an HTTP reply of a chat-completions server: an answer, or the failure that it is.

Values in, values out: nothing here waits or sends. Start at `answer_of`, which reads the form of
OpenAI's chat completions; what other servers say is brought into that form first (`responses`,
`ollama`, `streams`). Refusals by status are in `refusals`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from sygra_eval.models import fast_json
from sygra_eval.models.buckets import allowances
from sygra_eval.models.reasoning import separated
from sygra_eval.values import CallFailed, ChatRequest, ChatResponse, RetryLater, ToolCall, Usage

HEAD_CHARACTERS = 300
RAW_BYTES = 2 * 1024
TRIES_OF_A_BAD_BODY = 3
_CHARACTERS_PER_TOKEN = 4
SHORTEST_KEY = 16  # `EMPTY`, `none` or `test` are no secrets, and words of an answer
TOKENS_OF_AN_IMAGE = 1500  # of the largest that usual servers take, more or less
_ABSURD_TOKENS = 10_000_000
_MODEL_NAME_CHARACTERS = 200
_KEY_LIKE = re.compile(r"\b(?:sk|pk)-[\w.*-]{6,}|\bBearer\s+\S{6,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """What came over the wire, and where from.

    :ivar headers: Looked up by lower-case name; what aiohttp gives ignores case.
    :ivar secret: The key that was sent; it is cut out of everything that is shown.
    :ivar payload: What a streamed answer came to; of its body only the beginning is kept.
    :ivar first_text_s: Seconds until its first text.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str
    secret: str = field(default="", repr=False)
    payload: Mapping[str, object] | None = field(default=None, repr=False)
    first_text_s: float | None = None

    def head(self) -> str:
        """Return the beginning of the body on one line, without secrets or control characters."""
        body = self.body.replace(self.secret.encode(), b"[key]") if self.secret else self.body
        text = body[: 8 * HEAD_CHARACTERS].decode("utf-8", "replace")
        return redacted(text, self.secret) or "empty body"

    def raw(self) -> str:
        """Return the first 2 KB as they came: what is no UTF-8 as escapes, and no secret.

        Secrets are cut out of more than is kept, so that none is left by half at the end.
        """
        text = self.body[: 2 * RAW_BYTES].decode("utf-8", "backslashreplace")
        return _without(self.secret, text)[:RAW_BYTES]


def redacted(text: str, secret: str) -> str:
    """Cut out the key, what looks like one, and whatever is not plain text; keep the beginning."""
    text = _without(secret, text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= HEAD_CHARACTERS else text[:HEAD_CHARACTERS] + "…"


def _without(secret: str, text: str) -> str:
    """Cut out the key, also as some write it in JSON, and what looks like one."""
    if secret:
        text = text.replace(secret, "[key]").replace(secret.replace("/", "\\/"), "[key]")
    return _KEY_LIKE.sub("[key]", text)


def json_of(reply: RawReply) -> object:
    """Parse the body; raise `RetryLater` for one that is no JSON."""
    if reply.payload is not None:
        return reply.payload
    try:
        return fast_json.loads(reply.body)
    except ValueError:
        spoilt(reply, "not JSON")


def spoilt(reply: RawReply, why: str, kind: str = "bad_body") -> NoReturn:
    """Refuse a reply that has the right status and no usable body."""
    message = f"{reply.address} answered {reply.status} with a body that is {why}: {reply.head()}"
    raise RetryLater(kind, message, most_tries=TRIES_OF_A_BAD_BODY, raw=reply.raw())


def answer_of(payload: object, reply: RawReply, request: ChatRequest) -> ChatResponse:
    """Read a chat completion; a key that it echoes is cut out of it.

    :raises CallFailed: `refused`, when the model or a filter declined.
    :raises RetryLater: `bad_body` or `empty`.
    """
    response = _answer_in(payload, reply, request)
    if len(reply.secret) >= SHORTEST_KEY and _holds(response, reply.secret):
        response = _answer_in(_cut_out(payload, reply.secret), reply, request)
    return response


def _answer_in(payload: object, reply: RawReply, request: ChatRequest) -> ChatResponse:
    if not isinstance(payload, dict):
        spoilt(reply, "no JSON object")
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        spoilt(reply, "without choices", "empty")
    message, finish_reason = choices[0].get("message"), choices[0].get("finish_reason")
    if not isinstance(message, dict):
        spoilt(reply, "without a message", "empty")
    if message.get("refusal") or finish_reason == "content_filter":
        said = redacted(str(message.get("refusal") or finish_reason), reply.secret)
        told = f"{reply.address}: the model declined: {said}"
        raise CallFailed("refused", told, raw=reply.raw())
    reasoning, text = _said_in(message)
    calls = _tool_calls_in(message) if "tools" in request.parameters else ()
    if text is None and (calls or finish_reason == "length"):
        text = ""  # what there was to say is in the calls, or the tokens went into the reasoning
    if text is None:
        spoilt(reply, "without content", "empty")
    if "\0" in text or not _is_unicode(text):
        spoilt(reply, "broken text (a NUL or half a surrogate pair)")
    seen = payload.get("model")
    return ChatResponse(
        text=text,
        finish_reason=finish_reason if isinstance(finish_reason, str) else "unknown",
        usage=_usage_of(payload.get("usage"), request, reasoning + text),
        model_seen=seen[:_MODEL_NAME_CHARACTERS] if isinstance(seen, str) else "",
        reasoning=reasoning,
        tool_calls=calls,
        others=_others_in(choices[1:]) if len(choices) > 1 else (),
        logprobs=_logprobs_in(choices[0].get("logprobs")),
        first_text_s=reply.first_text_s,
        allowances=allowances(reply.headers),
    )


def _holds(response: ChatResponse, secret: str) -> bool:
    """Say whether the key is in what is kept, as of a proxy that echoes what it was sent."""
    said = [response.text, response.reasoning, response.model_seen, response.finish_reason]
    said += response.others
    said += [text for call in response.tool_calls for text in (call.name, call.arguments, call.id)]
    return any(secret in text for text in said)


def _cut_out(said: object, secret: str) -> object:
    """Cut the key out of every text; logprobs, which spell it piece by piece, are left out."""
    if isinstance(said, str):
        return said.replace(secret, "[key]")
    if isinstance(said, dict):
        return {key: _cut_out(one, secret) for key, one in said.items() if key != "logprobs"}
    return [_cut_out(one, secret) for one in said] if isinstance(said, list) else said


def _said_in(message: Mapping[str, object]) -> tuple[str, str | None]:
    """Return reasoning and text; servers call the first by two names, or write it inline."""
    text = _text_of(message.get("content"))
    for key in ("reasoning_content", "reasoning"):
        said = message.get(key)
        if isinstance(said, str) and said:
            return said, text
    return ("", None) if text is None else separated(text)


def _tool_calls_in(message: Mapping[str, object]) -> tuple[ToolCall, ...]:
    listed = message.get("tool_calls")
    calls = []
    for entry in listed if isinstance(listed, list) else ():
        function = entry.get("function") if isinstance(entry, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            continue
        given = function.get("arguments")
        arguments = given if isinstance(given, str) else fast_json.dumps(given or {}).decode()
        call_id = entry.get("id")
        calls.append(
            ToolCall(
                name=function["name"],
                arguments=arguments,
                id=call_id if isinstance(call_id, str) else "",
            )
        )
    return tuple(calls)


def _others_in(choices: list[object]) -> tuple[str, ...]:
    """Return the texts of further choices; one without a text is left out."""
    found = []
    for choice in choices:
        message = choice.get("message") if isinstance(choice, dict) else None
        text = _said_in(message)[1] if isinstance(message, dict) else None
        if text is not None:
            found.append(text)
    return tuple(found)


def _logprobs_in(logprobs: object) -> tuple[tuple[str, float], ...]:
    listed = logprobs.get("content") if isinstance(logprobs, dict) else None
    return tuple(
        (entry["token"], float(entry["logprob"]))
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
        and isinstance(entry.get("token"), str)
        and isinstance(entry.get("logprob"), int | float)
        and math.isfinite(entry["logprob"])
    )


def _text_of(content: object) -> str | None:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [part.get("text") if isinstance(part, dict) else part for part in content]
    found = [text for text in texts if isinstance(text, str)]
    return "".join(found) if found else None


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _usage_of(usage: object, request: ChatRequest, text: str) -> Usage:
    if isinstance(usage, dict):
        prompt = credible(usage.get("prompt_tokens"), at_least=1)
        completion = credible(usage.get("completion_tokens"), at_least=1 if text else 0)
        if prompt is not None and completion is not None:
            cached = _part(usage, "prompt_tokens_details", "cached_tokens", of=prompt)
            thought = _part(usage, "completion_tokens_details", "reasoning_tokens", of=completion)
            return Usage(
                prompt_tokens=prompt,
                completion_tokens=completion,
                cached_tokens=cached,
                reasoning_tokens=thought,
            )
    return estimated_usage(request, text)


def _part(usage: Mapping[object, object], details: str, key: str, *, of: int) -> int:
    """Read a part of the tokens; one that cannot be part of them is taken for none."""
    said = usage.get(details)
    tokens = credible(said.get(key), at_least=0) if isinstance(said, dict) else None
    return tokens if tokens is not None and tokens <= of else 0


def credible(tokens: object, *, at_least: int) -> int | None:
    """Return a number of tokens that a server says; None where it cannot be one."""
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        return None
    return tokens if at_least <= tokens <= _ABSURD_TOKENS else None


def estimated_usage(request: ChatRequest, text: str) -> Usage:
    """Estimate tokens from characters, and say that it is an estimate."""
    asked = sum(len(message.content) for message in request.messages)
    seen = TOKENS_OF_AN_IMAGE * request.images
    return Usage(
        prompt_tokens=math.ceil(asked / _CHARACTERS_PER_TOKEN) + seen,
        completion_tokens=math.ceil(len(text) / _CHARACTERS_PER_TOKEN),
        is_estimated=True,
    )
