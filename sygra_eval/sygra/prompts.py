"""Renders a node's prompt as tasks expect it: f-strings whose names are any text without dots.

What a row says is never looked at for braces again.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Any

from sygra_eval.sygra.media_kinds import as_input_audio
from sygra_eval.sygra.state import placeholders
from sygra_eval.values import ImageRef, Message, Part, TextPart, content_of

ROLES = ("system", "user", "assistant", "tool")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OF_TYPE = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}


class PromptFault(Exception):
    """A prompt cannot be rendered for a record."""


class _Strict(Formatter):
    """Takes names whole, and says what is missing."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        del args
        if not field_name or field_name.isdigit() or set(field_name) & set(".["):
            raise PromptFault(
                f"`{{{field_name}}}` is no name of a variable: it has a dot, a bracket, or is a "
                "number; a brace that is meant is doubled, `{{`"
            )
        if field_name not in kwargs:
            raise PromptFault(f"the prompt names `{{{field_name}}}`, which has no value yet")
        return kwargs[field_name], field_name


_FORMATTER = _Strict()


def text_of(template: str, state: Mapping[str, Any]) -> str:
    """Return a template with the variables of a record in it.

    :raises PromptFault: When a name has no value, or a brace stands alone.
    """
    try:
        return _FORMATTER.vformat(template, (), state)
    except PromptFault:
        raise
    except (ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        raise PromptFault(f"the prompt cannot be rendered: {error}") from error


def rendered(prompt: Any, state: Mapping[str, Any]) -> list[Message]:
    """Return the messages that a node's `prompt` lists; only the first key of each counts."""
    messages = []
    for given in prompt or ():
        role = next(iter(given), "")
        if role not in ROLES:
            continue
        content = given[role]
        if role == "tool":
            first = content[0] if isinstance(content, list) else content
            more = json.dumps({"tool_call_id": str(first.get("tool_call_id", ""))})
            messages.append(Message("tool", str(first.get("content", "")), more=more))
        elif isinstance(content, str):
            messages.append(Message(role, text_of(content, state)))
        else:
            parts = [part for one in content for part in _parts(one, state)]
            messages.append(_of_parts(role, parts))
    return messages


def _of_parts(role: str, parts: list[Part | dict[str, Any]]) -> Message:
    """Return a message of parts; one with sound says itself what is sent."""
    known = tuple(part for part in parts if not isinstance(part, dict))
    if len(known) == len(parts):
        return Message(role, content_of(known), known)  # a list stays one, of texts alone too
    sent = [part if isinstance(part, dict) else _wire(part) for part in parts]
    text = "".join(part.text for part in known if isinstance(part, TextPart))
    return Message(role, text, more=json.dumps({"content": sent}))


def _wire(part: Part) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": str(getattr(part, "value", ""))}}


def _parts(given: Mapping[str, Any], state: Mapping[str, Any]) -> Iterator[Part | dict[str, Any]]:
    match kind := given.get("type"):
        case "text":
            yield TextPart(text_of(str(given.get("text", "")), state))
        case "image_url":
            address = given.get("image_url")
            address = address.get("url") if isinstance(address, dict) else address
            for value, is_from_row in _values(str(address), state):
                yield ImageRef(value=value, is_from_row=is_from_row)
        case "audio_url":
            address = given.get("audio_url")
            address = address.get("url") if isinstance(address, dict) else address
            for value, _ in _values(str(address), state):
                sound = as_input_audio(str(value))
                if sound is None:
                    raise PromptFault(f"`{str(value)[:60]}` is no sound: no file of it was found")
                yield sound
        case _:
            raise PromptFault(f"there is no part of type `{kind}`")


def _values(template: str, state: Mapping[str, Any]) -> Iterator[tuple[Any, bool]]:
    """Yield what a media part shows: the variable's value, or each of a list; else the text."""
    names = list(placeholders(template))
    if len(names) != 1 or template.strip() != "{" + names[0] + "}":
        yield text_of(template, state), bool(names)
        return
    if names[0] not in state:
        raise PromptFault(f"the prompt names `{{{names[0]}}}`, which has no value yet")
    value = state[names[0]]
    for one in value if isinstance(value, list) else [value]:
        if one is not None:
            yield one, True


def said(messages: Any) -> Iterator[Message]:
    """Yield the messages that a state holds, in whichever form a task left them.

    :raises PromptFault: When they are none.
    """
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        raise PromptFault(f"messages are {type(messages).__name__}, a list is needed")
    for one in messages:
        yield _said(one)


def _said(one: Any) -> Message:
    if isinstance(one, str):
        return Message("user", one)
    if isinstance(one, tuple) and len(one) == 2:
        return Message(str(one[0]), str(one[1]))
    if isinstance(one, dict):
        more = {key: value for key, value in one.items() if key not in ("role", "content")}
        return _message(str(one.get("role", "user")), one.get("content"), more)
    role = _OF_TYPE.get(getattr(one, "type", ""), "")
    if not role:
        raise PromptFault(f"a message is {type(one).__name__}, which is none of langchain's")
    more = {}
    if (name := getattr(one, "name", None)) and _NAME.fullmatch(name):  # P18
        more["name"] = name
    if calls := getattr(one, "tool_calls", None):
        more["tool_calls"] = [_call(call) for call in calls]
    if role == "tool":
        more["tool_call_id"] = one.tool_call_id
    return _message(role, one.content, more)


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": call["name"], "arguments": json.dumps(call["args"])}
    return {"id": call.get("id") or "", "type": "function", "function": function}


def _message(role: str, content: Any, more: Mapping[str, Any]) -> Message:
    told = json.dumps(more) if more else ""
    if isinstance(content, list):
        parts = tuple(
            TextPart(part)
            if isinstance(part, str)
            else TextPart(str(part.get("text", "")))
            if part.get("type") == "text"
            else ImageRef(value=_address(part), is_from_row=True)
            for part in content
        )
        return Message(role, content_of(parts), parts, told)
    return Message(role, "" if content is None else str(content), more=told)


def _address(part: Mapping[str, Any]) -> Any:
    address = part.get("image_url")
    return address.get("url") if isinstance(address, dict) else address


def as_asked(message: Message) -> dict[str, Any]:
    """Return a message as the history of an `llm` node holds it: as it was sent."""
    told = as_chat(message)
    more = json.loads(message.more) if message.more else {}
    name = {"name": more.pop("name")} if "name" in more else {}
    return {"content": told["content"], **name, "role": told["role"], **more}


def as_chat(message: Message) -> dict[str, Any]:
    """Return a message as histories and rows hold it."""
    if not message.parts:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": part.text}
        if isinstance(part, TextPart)
        else {"type": "image_url", "image_url": {"url": str(getattr(part, "value", ""))}}
        for part in message.parts
    ]
    return {"role": message.role, "content": parts}
