"""The variables of a record: which exist, and how several writers come together.

A variable exists only where something declares it: a column of the first row, `output_keys`, a
placeholder of a prompt, a sampler's attribute, and two that are always there. What a node adds
under another name is dropped without a word, as tasks rely on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MESSAGES, HISTORY = "messages", "__chat_history__"
APPENDED = (MESSAGES, HISTORY)
_PLACEHOLDER = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")


class StateFault(Exception):
    """What nodes added does not come together."""


def declared(nodes: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the variables that a graph declares, beside the columns of its rows."""
    return frozenset((*APPENDED, *(name for node in nodes.values() for name in _of(node))))


def _of(node: Mapping[str, Any]) -> Iterator[str]:
    keys = node.get("output_keys")
    if isinstance(keys, str):
        yield keys
    elif isinstance(keys, list):
        yield from (str(key) for key in keys)
    yield from placeholders(node.get("prompt"))
    if node.get("node_type") == "weighted_sampler":
        yield from node.get("attributes") or {}


def placeholders(prompt: Any) -> Iterator[str]:
    """Yield the names in braces of a prompt."""
    if isinstance(prompt, str):
        for found in _PLACEHOLDER.findall(prompt):
            yield re.split(r"[!:]", found, maxsplit=1)[0]
    elif isinstance(prompt, dict):
        for one in prompt.values():
            yield from placeholders(one)
    elif isinstance(prompt, list):
        for one in prompt:
            yield from placeholders(one)


def media_columns(nodes: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the variables that prompts show as images and play as sounds."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        for part in _parts_in(node.get("prompt")):
            kind = str(part.get("type")).removesuffix("_url")
            if kind in ("image", "audio"):
                shown = found.setdefault(kind, [])
                shown += [n for n in placeholders(part.get(f"{kind}_url")) if n not in shown]
    return found


def _parts_in(prompt: Any) -> Iterator[Mapping[str, Any]]:
    for message in prompt if isinstance(prompt, list) else ():
        for said in message.values() if isinstance(message, dict) else ():
            if isinstance(said, list):
                yield from (part for part in said if isinstance(part, dict))


def merged(
    state: Mapping[str, Any],
    updates: Sequence[tuple[str, Mapping[str, Any]]],
    names: frozenset[str],
) -> dict[str, Any]:
    """Return the state after one step, of what each of its nodes added.

    :raises StateFault: When two nodes of the step write one variable.
    """
    after = dict(state)
    writers: dict[str, str] = {}
    for node, update in updates:
        for name, value in update.items():
            if name not in names:
                continue
            if name in APPENDED:
                if not isinstance(value, list):
                    told = f"node `{node}` set `{name}` to {type(value).__name__}, a list is needed"
                    raise StateFault(told)
                after[name] = [*after.get(name, ()), *value]
                continue
            if writers.setdefault(name, node) != node:
                raise StateFault(
                    f"nodes `{writers[name]}` and `{node}` write `{name}` in one step, and neither "
                    "comes before the other"
                )
            after[name] = value
    return after
