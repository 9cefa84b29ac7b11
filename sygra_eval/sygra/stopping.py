"""Why a loop of a task ended: its own Python decides, and we say on what grounds (P12).

A critic's stop phrase that stands inside other text ends such loops too. So the last critique is
looked at once more, by the strict rule of our own loops: the phrase and nothing else. A row whose
loop ended otherwise has `max_rounds`, and the flag `sentinel_loose` where the phrase stood inside.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sygra_eval.sygra.config import TaskConfig
from sygra_eval.sygra.state import HISTORY, MESSAGES
from sygra_eval.sygra.walking import Walked
from sygra_eval.values import Attempt, LoopEnd, Round, Sentinel, StopReason

_PHRASES = ("NO MORE FEEDBACK",)


def loop_end(
    config: TaskConfig, record: Walked, tokens: int = 0
) -> tuple[LoopEnd | None, dict[str, Any]]:
    """Return how the loop of a record ended, and flags; None where it has none."""
    visits = Counter(record.path)
    critic = record.ends[-1] if record.ends else ""
    if critic not in in_loops(config):
        return None, {}
    phrase = phrase_of(config.nodes, critic)
    rounds = visits[critic]
    flags: dict[str, Any] = {"loop": critic, "rounds": rounds}
    if not phrase:
        return None, {**flags, "stopped_by": "condition"}
    said = _last_words(record, critic)
    is_strict = _plain(said) == _plain(phrase)
    is_loose = not is_strict and _plain(phrase) in said.casefold()
    if is_loose:
        flags["sentinel_loose"] = True
    reason = StopReason.SENTINEL if is_strict else StopReason.MAX_ROUNDS
    end = LoopEnd(
        node=critic,
        stop_reason=reason,
        rounds=rounds,
        samples=1,
        sentinels_refused=0,
        tokens=tokens,
        kept_round=rounds,
        is_loose=is_loose,
    )
    return end, {**flags, "stopped_by": reason.value}


def rounds_of(critic: str, phrase: str, record: Walked) -> Iterator[Round]:
    """Yield the turns of a loop that talks in `messages`: drafts, and what the critic said."""
    drafts: list[str] = []
    number = 0
    for message in record.state.get(MESSAGES) or []:
        kind, text = getattr(message, "type", ""), str(getattr(message, "content", ""))
        if kind == "ai":
            drafts.append(text)
        elif kind == "human" and drafts:
            number += 1
            yield _round(critic, number, drafts, text, phrase)
            drafts = []
    if drafts:
        yield _round(critic, number + 1, drafts, None, phrase)


def _round(critic: str, number: int, drafts: list[str], critique: str | None, phrase: str) -> Round:
    is_phrase = _plain(critique or "") == _plain(phrase)  # inside other words it is none
    return Round(
        node=critic,
        number=number,
        attempts=tuple(_attempt(place, text, len(drafts)) for place, text in enumerate(drafts)),
        critique=critique,
        sentinel=Sentinel.GRANTED if is_phrase else Sentinel.ABSENT,
    )


def _attempt(place: int, text: str, drafts: int) -> Attempt:
    return Attempt(
        sample=place,
        answer=text,
        code=None,
        extraction="not looked for inside a task of SyGra",
        evidence="",
        verdicts=(),
        is_accepted=False,
        is_kept=place == drafts - 1,
        diff="",
        tokens=0,
        latency_s=0.0,
    )


def in_loops(config: TaskConfig) -> frozenset[str]:
    """Return the nodes that a record may come to again."""
    follows: dict[str, set[str]] = {}
    for edge in config.edges:
        ways = edge.get("path_map")
        pairs = ways.get("$pairs") if isinstance(ways, Mapping) and "$pairs" in ways else None
        targets = (
            {edge["to"]}
            if ways is None
            else {target for _, target in pairs}
            if pairs is not None
            else set(ways.values())
        )
        follows.setdefault(edge["from"], set()).update(targets)
    found = set()
    for start in follows:
        seen, waiting = set(), [start]
        while waiting:
            for name in follows.get(waiting.pop(), ()):
                if name not in seen:
                    seen.add(name)
                    waiting.append(name)
        if start in seen:
            found.add(start)
    return frozenset(found)


def phrase_of(nodes: Mapping[str, Any], critic: str) -> str:
    """Return the stop phrase that a critic's prompt names, as `NO MORE FEEDBACK`."""
    text = str(nodes.get(critic, {}).get("prompt", ""))
    return next((phrase for phrase in _PHRASES if phrase in text), "")


def _last_words(record: Walked, critic: str) -> str:
    for message in reversed(record.state.get(MESSAGES) or []):
        if getattr(message, "name", None) == critic or getattr(message, "type", "") == "human":
            return str(message.content)
    history = record.state.get(HISTORY) or []
    return str(history[-1].get("response", "")) if history else ""


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".!?…,;: ").casefold()
