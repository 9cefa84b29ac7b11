"""Answers of the loopback server for exported suites: a function of the messages alone."""

import hashlib
import json
import re
from typing import Any

from sygra_eval.testing.replies import Reply, completion

BODIES = {
    "add": ("return a + b", "return a - b"),
    "neg": ("return -a", "return a"),
    "last": ("return a[-1] if a else None", "return a[-1]"),
}
SAID = ("NO MORE FEEDBACK.", "Look at the edges.", "no more feedback, but it is wrong")


def answer(body: Any) -> Reply:
    """Criticise, write a function that is right or wrong, or say some words."""
    text = json.dumps([[one["role"], one["content"]] for one in body["messages"]])
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
    last = body["messages"][-1]["content"]
    if isinstance(last, str) and last.startswith("JSON plan"):
        return completion(json.dumps({"title": f"T{digest[0]}", "steps": ["a", digest[1]]}))
    if isinstance(last, str) and last.startswith("JSON rate"):
        return completion(f'```json\n{{"effort":  "{("low", "high")[digest[0] % 2]}"}}\n```')
    if isinstance(last, str) and last.startswith("Round"):
        return completion(SAID[digest[0] % len(SAID)])
    if found := re.search(r"assert (\w+)\(", text):
        code = BODIES[found[1]][digest[1] % 2]
        said = f"Here {digest[2] % 5}:\n```python\ndef {found[1]}(a, b=0):\n    {code}\n```"
        return completion(said)
    return completion(f"words {digest.hex()[:8]}")


def calls_of(requests: list[Any]) -> list[str]:
    """Return what was asked, in an order of its own: messages and parameters."""
    kept = ("messages", "temperature", "top_p", "max_tokens")
    return sorted(
        json.dumps({key: one.get(key) for key in kept}, sort_keys=True) for one in requests
    )
