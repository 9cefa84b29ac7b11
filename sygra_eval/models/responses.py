"""OpenAI's responses API (`api: responses`), brought into the form of chat completions."""

from collections.abc import Callable, Mapping
from typing import Any

from sygra_eval.models.streams import Event, listed
from sygra_eval.values import ChatRequest, Image, Message, wire_text

_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
_LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})


def asked(request: ChatRequest, model: str) -> dict[str, Any]:
    """Return the body to send; nothing is kept on the server unless `store` says so."""
    messages = [_message(message) for message in request.messages]
    parameters = dict(request.parameters)
    if (wanted := _format_of(parameters.get("response_format"))) is not None:
        given = parameters.get("text")
        del parameters["response_format"]
        parameters["text"] = {**(given if isinstance(given, dict) else {}), "format": wanted}
    return {"store": False, **parameters, "model": model, "input": messages}


def _format_of(response_format: object) -> dict[str, Any] | None:
    """Translate the `response_format` of chats; None where there is none, or an unknown one."""
    match response_format:
        case {"type": "json_schema", "json_schema": dict(told)}:
            return {"type": "json_schema", **told}
        case {"type": "json_object" | "text" as kind}:
            return {"type": kind}
    return None


def _message(message: Message) -> dict[str, Any]:
    """Return a message as responses have it, whose parts are named otherwise."""
    if not message.parts:
        return message.as_dict()
    text = "output_text" if message.role == "assistant" else "input_text"
    content = [
        {"type": "input_image", "image_url": part.address}
        if isinstance(part, Image)
        else {"type": text, "text": wire_text(part)}
        for part in message.parts
    ]
    return {"role": message.role, "content": content}


def completed(payload: object) -> object:
    """Return a response as a chat completion; what is none stays as it is."""
    if not isinstance(payload, dict) or not isinstance(payload.get("output"), list):
        return payload
    message: dict[str, Any] = {"role": "assistant", "content": None}
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Event] = []
    logprobs: list[object] = []
    for item in payload["output"]:
        match item:
            case {"type": "message", "content": list(parts)}:
                for part in filter(_is_mapping, parts):
                    if part.get("type") == "refusal":
                        message["refusal"] = part.get("refusal")
                    elif isinstance(part.get("text"), str):
                        texts.append(part["text"])
                        logprobs += listed(part.get("logprobs"))
            case {"type": "reasoning"}:
                parts = listed(item.get("summary")) + listed(item.get("content"))
                thoughts += [
                    part["text"]
                    for part in filter(_is_mapping, parts)
                    if isinstance(part.get("text"), str)
                ]
            case {"type": "function_call", "name": name}:
                function = {"name": name, "arguments": item.get("arguments")}
                calls.append({"id": item.get("call_id"), "function": function})
    if texts:
        message["content"] = "".join(texts)
    if thoughts:
        message["reasoning_content"] = "\n\n".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": _reason(payload, bool(calls))}
    if logprobs:
        choice["logprobs"] = {"content": logprobs}
    return {"choices": [choice], "usage": _usage(payload), "model": payload.get("model")}


def _is_mapping(part: object) -> bool:
    return isinstance(part, dict)


def _reason(payload: Mapping[str, Any], has_calls: bool) -> str:  # noqa: FBT001 - a fact
    details = payload.get("incomplete_details")
    if isinstance(details, dict) and (why := details.get("reason")):
        return _REASONS.get(str(why), str(why))
    return "tool_calls" if has_calls else "stop"


def _usage(payload: Mapping[str, Any]) -> Event | None:
    usage = payload.get("usage")
    if not isinstance(usage, dict):
        return None
    return {
        "prompt_tokens": usage.get("input_tokens"),
        "completion_tokens": usage.get("output_tokens"),
        "prompt_tokens_details": usage.get("input_tokens_details"),
        "completion_tokens_details": usage.get("output_tokens_details"),
    }


class ResponseCollector:
    """Takes the events of a streamed response; the last one holds all of it."""

    def __init__(self) -> None:
        self.has_text = False
        self.characters = 0
        self.on_text: Callable[[str], None] | None = None
        self._whole: Event | None = None

    def take(self, event: Event) -> None:
        """Take one event."""
        kind = event.get("type")
        if kind == "response.output_text.delta" and isinstance(event.get("delta"), str):
            self.has_text = True
            self.characters += len(event["delta"])
            if self.on_text is not None:
                self.on_text(event["delta"])
        elif str(kind) in _LAST and isinstance(event.get("response"), dict):
            self._whole = event["response"]
        elif kind == "error" or event.get("error"):
            self._whole = {"error": event.get("error") or event}

    def payload(self, *, is_ended: bool) -> Event | None:
        """Return the response."""
        del is_ended
        return self._whole
