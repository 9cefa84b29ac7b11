"""What the loopback server answers to generated tasks: a function of the request alone."""

import hashlib
import json
import re
from typing import Any

from sygra_eval.testing.replies import Reply, completion

_VALUES = {"string": "a b", "integer": 3, "number": 1.5, "boolean": True, "array": [1, "x"]}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_OURS = ("model", "messages", "stream", "stream_options")


def answer(body: Any) -> Reply:
    """Call a tool, answer in JSON where that is asked for, or say words of several shapes."""
    messages = body["messages"]
    said = json.dumps([[one["role"], _content(one)] for one in messages])
    digest = hashlib.sha1(said.encode(), usedforsecurity=False).digest()
    mark = digest.hex()[:6]
    if body.get("tools") and not any(one["role"] == "tool" for one in messages):
        return _calls(body["tools"], digest, mark)
    if form := body.get("response_format"):
        return completion(_as_json(form["json_schema"]["schema"], digest))
    if "format instructions" in said or "JSON schema" in said:
        return completion(_after_instructions(digest))
    return completion(_words(digest, mark))


def _content(message: Any) -> Any:
    """Return what a message says; of a tool's error each system tells in words of its own."""
    content = message.get("content")
    is_error = message["role"] == "tool" and str(content).startswith("Error")
    return "Error" if is_error else content


def _words(digest: bytes, mark: str) -> str:
    shapes = (
        f"words {mark}",
        f"  padded {mark}\n",
        f'{{"k": "{mark}"}}',
        f"[1, {digest[1]}]",
        f"two\nlines {mark}",
        f"braces {{x}} {mark} größe \N{SNOWMAN}",
        str(digest[1]),
        f"NO MORE FEEDBACK {mark}",
        f"words again {mark}",
        "" if digest[1] % 4 == 0 else f"\ttab {mark}",
    )
    return shapes[digest[0] % len(shapes)]


def _calls(tools: list[Any], digest: bytes, mark: str) -> Reply:
    if digest[0] % 4 == 0:
        return completion(f"no tool {mark}")
    picked = tools[digest[1] % len(tools)]["function"]
    given = {
        name: _VALUES.get(told.get("type"), "v") if digest[2] % 5 else 1
        for name, told in picked["parameters"].get("properties", {}).items()
    }
    call = {"name": picked["name"], "arguments": json.dumps(given)}
    return completion("" if digest[3] % 2 else f"calling {mark}", tool_calls=[call])


def _as_json(schema: Any, digest: bytes) -> str:
    made = {
        name: _VALUES.get(told.get("type"), {"a": 1})
        for name, told in schema.get("properties", {}).items()
    }
    match digest[0] % 6:
        case 0:
            return f"```json\n{json.dumps(made)}\n```"
        case 1:
            return json.dumps({name: [{}] for name in made})
        case 2:
            return "no JSON at all"
    return json.dumps(made, indent=digest[1] % 3 or None)


def _after_instructions(digest: bytes) -> str:
    shapes = ("still none", '{"title": "t", "count": 4}', '```\n{"count": 4, "title": "ü"}\n```')
    return shapes[digest[0] % len(shapes)]


def asked(body: Any) -> str:
    """Return what of a request both systems have to agree on, as text."""
    messages = []
    for one in body["messages"]:
        kept = {key: value for key, value in one.items() if value not in (None, [], "")}
        if "content" in kept:
            kept["content"] = _content(one)
        if not _NAME.fullmatch(kept.get("name", "x")):
            del kept["name"]  # P18
        messages.append(kept)
    rest = {key: value for key, value in body.items() if key not in _OURS}
    for tool in rest.get("tools", ()):
        tool["function"]["parameters"].pop("required", None)  # P23
    return json.dumps({"messages": messages, **rest}, sort_keys=True, ensure_ascii=False)
