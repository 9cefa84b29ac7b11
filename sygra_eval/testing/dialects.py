"""The protocols that the scripted server speaks: where a chat arrives, and how it is answered.

What a script answers is a chat completion in OpenAI's form; a dialect hears a request as one of
that form and says the answer in its own. Which one is meant shows in the path, so one server speaks
all of them at once.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.testing.pictures import (
    anthropic_picture,
    bedrock_picture,
    gemini_picture,
    ollama_message,
    response_part,
)

ChatBody = Mapping[str, Any]
Completion = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One protocol.

    :ivar paths: Where chats are posted, as patterns of aiohttp's router.
    :ivar hear: Reads a request as a chat-completions body.
    :ivar tell: Writes a completion whole.
    :ivar pieces: Writes it as the events of a stream, where it can.
    """

    name: str
    paths: tuple[str, ...]
    hear: Callable[[ChatBody], ChatBody]
    tell: Callable[[Completion], Mapping[str, Any]]
    pieces: Callable[[Completion], Iterator[bytes]] | None = None


def _as_it_is(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return value


def _first(completion: Completion) -> tuple[dict[str, Any], str]:
    choice = completion["choices"][0]
    return choice["message"], choice["finish_reason"]


def _cut(text: object) -> list[str]:
    """Cut a text into pieces as a stream would bring it, but not into thousands."""
    if isinstance(text, list):
        text = _text_of(text)
    if not isinstance(text, str):
        return []
    size = max(4, len(text) // 500)
    return [text[at : at + size] for at in range(0, len(text), size)]


def _event(payload: Any, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + json.dumps(payload).encode() + b"\n\n"


def _chat_pieces(completion: Completion) -> Iterator[bytes]:
    head = {"object": "chat.completion.chunk", "model": completion["model"]}
    yield b": a comment keeps the connection alive\n\n"
    for choice in completion["choices"]:
        message, index = choice["message"], choice["index"]
        deltas: list[dict[str, Any]] = [{"role": "assistant"}]
        deltas += [{"reasoning_content": piece} for piece in _cut(message.get("reasoning_content"))]
        if message.get("content") == "":
            deltas.append({"content": ""})
        deltas += [{"content": piece} for piece in _cut(message.get("content"))]
        deltas += [{"refusal": piece} for piece in _cut(message.get("refusal"))]
        for number, call in enumerate(message.get("tool_calls", ())):
            function = call["function"]
            opened = {"id": call["id"], "function": {"name": function["name"], "arguments": ""}}
            deltas.append({"tool_calls": [{"index": number, **opened}]})
            deltas += [
                {"tool_calls": [{"index": number, "function": {"arguments": piece}}]}
                for piece in _cut(function["arguments"])
            ]
        for delta in deltas:
            yield _event({**head, "choices": [{"index": index, "delta": delta}]})
        last = {"index": index, "delta": {}, "finish_reason": choice["finish_reason"]}
        if "logprobs" in choice:
            last["logprobs"] = choice["logprobs"]
        yield _event({**head, "choices": [last]})
    yield _event({**head, "choices": [], "usage": completion["usage"]})
    yield b"data: [DONE]\n\n"


def _hear_completion(body: ChatBody) -> ChatBody:
    return {**body, "messages": [{"role": "user", "content": body["prompt"]}]}


def _tell_completion(completion: Completion) -> Mapping[str, Any]:
    choices = [
        {
            "index": choice["index"],
            "text": choice["message"]["content"],
            "finish_reason": choice["finish_reason"],
        }
        for choice in completion["choices"]
    ]
    return {**completion, "object": "text_completion", "choices": choices}


def _completion_pieces(completion: Completion) -> Iterator[bytes]:
    whole = _tell_completion(completion)
    head = {"object": whole["object"], "model": whole["model"]}
    for choice in whole["choices"]:
        for piece in _cut(choice["text"]):
            part = {"index": choice["index"], "text": piece, "finish_reason": None}
            yield _event({**head, "choices": [part]})
        yield _event({**head, "choices": [{**choice, "text": ""}]})
    yield _event({**head, "choices": [], "usage": whole["usage"]})
    yield b"data: [DONE]\n\n"


def _hear_response(body: ChatBody) -> ChatBody:
    return {**body, "messages": [_heard(message, response_part) for message in body["input"]]}


def _heard(message: Mapping[str, Any], part_of: Callable[[Any], Any]) -> Mapping[str, Any]:
    """Return a message whose parts are brought into OpenAI's form; text stays text."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part_of(part) for part in content]}


def _hear_ollama(body: ChatBody) -> ChatBody:
    return {**body, "messages": [ollama_message(message) for message in body["messages"]]}


def _tell_response(completion: Completion) -> Mapping[str, Any]:
    message, reason = _first(completion)
    output: list[dict[str, Any]] = []
    if message.get("reasoning_content"):
        summary = [{"type": "summary_text", "text": message["reasoning_content"]}]
        output.append({"type": "reasoning", "summary": summary})
    if message.get("content") is not None:
        part = {"type": "output_text", "text": message["content"]}
        output.append({"type": "message", "role": "assistant", "content": [part]})
    for call in message.get("tool_calls", ()):
        output.append({"type": "function_call", "call_id": call["id"], **call["function"]})
    usage = completion["usage"]
    return {
        "object": "response",
        "model": completion["model"],
        "status": "incomplete" if reason == "length" else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if reason == "length" else None,
        "error": None,
        "output": output,
        "usage": {
            "input_tokens": usage.get("prompt_tokens"),
            "output_tokens": usage.get("completion_tokens"),
        },
    }


def _response_pieces(completion: Completion) -> Iterator[bytes]:
    whole = _tell_response(completion)
    yield _event({"type": "response.created", "response": {"status": "in_progress"}}, "created")
    for piece in _cut(_first(completion)[0].get("content")):
        yield _event({"type": "response.output_text.delta", "delta": piece}, "delta")
    kind = f"response.{whole['status']}"
    yield _event({"type": kind, "response": whole}, kind)


def _tell_ollama(completion: Completion) -> Mapping[str, Any]:
    message, reason = _first(completion)
    said: dict[str, Any] = {"role": "assistant", "content": message["content"]}
    if message.get("reasoning_content"):
        said["thinking"] = message["reasoning_content"]
    if message.get("tool_calls"):
        said["content"] = message["content"] or ""
        said["tool_calls"] = [
            {"function": {"name": call["function"]["name"], "arguments": _arguments(call)}}
            for call in message["tool_calls"]
        ]
    usage = completion["usage"] or {}
    return {
        "model": completion["model"],
        "message": said,
        "done": True,
        "done_reason": reason,
        "prompt_eval_count": usage.get("prompt_tokens"),
        "eval_count": usage.get("completion_tokens"),
    }


def _arguments(call: Mapping[str, Any]) -> Any:
    return json.loads(call["function"]["arguments"])


def _ollama_pieces(completion: Completion) -> Iterator[bytes]:
    whole = dict(_tell_ollama(completion))
    said = whole.pop("message")
    for key in ("thinking", "content"):
        for piece in _cut(said.get(key)):
            line = {"model": whole["model"], "message": {key: piece}, "done": False}
            yield json.dumps(line).encode() + b"\n"
    last = {"role": "assistant", "content": "", "tool_calls": said.get("tool_calls", [])}
    yield json.dumps({**whole, "message": last}).encode() + b"\n"


def _text_of(content: object) -> str:
    """Return the text of a message's content, which may come in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part.get("text", "")) for part in parts)


def _hear_anthropic(body: ChatBody) -> ChatBody:
    system = _text_of(body.get("system", ""))
    said = [
        {"role": m["role"], "content": _content_of(m["content"], anthropic_picture)}
        for m in body["messages"]
    ]
    opened = [{"role": "system", "content": system}] if system else []
    return {**body, "messages": opened + said}


def _content_of(
    content: object, picture: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
) -> object:
    """Return a message's text, or its parts in OpenAI's form where there are images among them."""
    parts = (
        [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    )
    shown = [picture(part) for part in parts]
    if not any(shown):
        return _text_of(content)
    return [
        image or {"type": "text", "text": str(part.get("text", ""))}
        for image, part in zip(shown, parts, strict=True)
    ]


def _tell_anthropic(completion: Completion) -> Mapping[str, Any]:
    message, reason = _first(completion)
    content: list[dict[str, Any]] = []
    if message.get("reasoning_content"):
        thought = message["reasoning_content"]
        content.append({"type": "thinking", "thinking": thought, "signature": "none"})
    content.append({"type": "text", "text": message["content"]})
    content += [
        {
            "type": "tool_use",
            "id": call["id"],
            "name": call["function"]["name"],
            "input": _arguments(call),
        }
        for call in message.get("tool_calls", ())
    ]
    usage = completion["usage"]
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": completion["model"],
        "content": content,
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}.get(reason, reason),
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
        },
    }


def _hear_gemini(body: ChatBody) -> ChatBody:
    system = body.get("systemInstruction") or body.get("system_instruction") or {}
    opened = [{"role": "system", "content": _text_of(system["parts"])}] if system else []
    said = [
        {
            "role": "assistant" if content.get("role") == "model" else "user",
            "content": _content_of(content["parts"], gemini_picture),
        }
        for content in body["contents"]
    ]
    return {**body, "messages": opened + said}


def _tell_gemini(completion: Completion) -> Mapping[str, Any]:
    message, reason = _first(completion)
    parts: list[dict[str, Any]] = []
    if message.get("reasoning_content"):
        parts.append({"text": message["reasoning_content"], "thought": True})
    parts.append({"text": message["content"]})
    usage = completion["usage"]
    prompt, answer = usage["prompt_tokens"], usage["completion_tokens"]
    finish = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    return {
        "candidates": [
            {
                "index": 0,
                "content": {"role": "model", "parts": parts},
                "finishReason": finish.get(reason, "OTHER"),
            }
        ],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": answer,
            "totalTokenCount": prompt + answer,
        },
        "modelVersion": completion["model"],
    }


def _hear_bedrock(body: ChatBody) -> ChatBody:
    system = _text_of(body.get("system", []))
    opened = [{"role": "system", "content": system}] if system else []
    said = [
        {"role": m["role"], "content": _content_of(m["content"], bedrock_picture)}
        for m in body["messages"]
    ]
    return {**body, "messages": opened + said}


def _tell_bedrock(completion: Completion) -> Mapping[str, Any]:
    message, reason = _first(completion)
    usage = completion["usage"]
    prompt, answer = usage["prompt_tokens"], usage["completion_tokens"]
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": message["content"]}]}},
        "stopReason": {"stop": "end_turn", "length": "max_tokens"}.get(reason, reason),
        "usage": {
            "inputTokens": prompt,
            "outputTokens": answer,
            "totalTokens": prompt + answer,
        },
        "metrics": {"latencyMs": 1},
    }


DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "openai",  # vLLM, and whatever else has a `base_url`
        ("/v1/chat/completions",),
        _as_it_is,
        _as_it_is,
        _chat_pieces,
    ),
    Dialect(
        "azure",
        ("/openai/deployments/{model}/chat/completions", "/openai/v1/chat/completions"),
        _as_it_is,
        _as_it_is,
        _chat_pieces,
    ),
    Dialect(
        "responses",
        ("/v1/responses", "/openai/v1/responses"),
        _hear_response,
        _tell_response,
        _response_pieces,
    ),
    Dialect(
        "completions",
        ("/v1/completions",),
        _hear_completion,
        _tell_completion,
        _completion_pieces,
    ),
    Dialect("ollama", ("/api/chat",), _hear_ollama, _tell_ollama, _ollama_pieces),
    Dialect("anthropic", ("/v1/messages",), _hear_anthropic, _tell_anthropic),
    Dialect("gemini", ("/v1beta/models/{call}", "/models/{call}"), _hear_gemini, _tell_gemini),
    Dialect("bedrock", ("/model/{model}/converse",), _hear_bedrock, _tell_bedrock),
)
