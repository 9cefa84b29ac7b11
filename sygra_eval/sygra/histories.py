"""What a node with `chat_history` is shown of the talk so far: all in one turn, or turn by turn."""

from collections.abc import Mapping, Sequence
from typing import Any

from sygra_eval.sygra.prompts import as_asked, as_chat, said
from sygra_eval.sygra.state import HISTORY
from sygra_eval.values import Message

SINGLE, MULTI = "singleturn", "multiturn"
WINDOW = 5
_BEFORE = (
    "This is a conversation in which each speaker plays a role. Stay in yours, and say what your "
    "character would say.",
    "The conversation up to now, between the organizer and the speakers:",
)
_AFTER = (
    "\nIt is your turn, as {}. Say your next turn alone, without a label or remarks, so that the "
    "talk can go on."
)


def with_history(
    messages: list[Message],
    node: str,
    config: Mapping[str, Any],
    properties: Mapping[str, Any],
    state: Mapping[str, Any],
) -> list[Message]:
    """Return a prompt with the talk so far in it, where node and graph want that."""
    history = state.get(HISTORY) or []
    if not config.get("chat_history") or not history:
        return messages
    window = int(properties.get("chat_history_window_size", WINDOW))
    match properties.get("chat_conversation"):
        case "singleturn":
            return [Message("user", _in_one_turn(history, window, node))]
        case "multiturn":
            return _turn_by_turn(messages, history, window)
    return messages


def entry(
    node: str, request: Sequence[Message], response: str, *, of_agent: bool = False
) -> dict[str, Any]:
    """Return what is kept of a node's turn; of an agent's request roles and contents alone."""
    told = as_chat if of_agent else as_asked
    return {"name": node, "request": [told(one) for one in request], "response": response}


def _in_one_turn(history: list[Any], window: int, node: str) -> str:
    lines = list(_BEFORE)
    for place, turn in enumerate([history[0], *history[-window:]]):
        if place == 0:
            first = (one["content"] for one in turn["request"] if one["role"] == "user")
            lines.append(f"Organizer: {next(first, '')}")
        lines.append(f"{turn['name']}: {turn['response']}")
    return "\n".join((*lines, _AFTER.format(node)))


def _turn_by_turn(messages: list[Message], history: list[Any], window: int) -> list[Message]:
    """Put turns that have roles between the system's message and the rest."""
    turns = history
    if len(history) > window:
        turns = history[-window:]
        while turns and turns[0].get("role", "user") != "user":
            turns = turns[1:]
    shown = list(said([_turn(one) for one in turns if "role" in one]))
    system = [one for one in messages if one.role == "system"][-1:]
    if not system:
        return [*shown, *messages]
    return [*system, *shown, *(one for one in messages if one.role != "system")]


def _turn(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"role": one["role"], "content": one.get("content")}
    if one.get("tool_calls"):
        calls = one["tool_calls"]
        kept["tool_calls"] = calls if isinstance(calls, list) else [calls]
    if "tool_call_id" in one:
        kept["tool_call_id"] = one["tool_call_id"]
    return kept
