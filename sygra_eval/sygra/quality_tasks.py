"""What `data_quality` asks to be said of each row: done here where it can be computed from it.

The result stands in `quality_metadata`. Tasks that need a tokenizer, a reward model or a served one
with probabilities are told, and so is the judge: a validator of ours gives a verdict instead.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sygra_eval.validators import language_of

Tag = Callable[[str, list[dict[str, Any]]], dict[str, Any]]
KEY, JUDGED = "quality_metadata", "llm_based_quality"
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_MTLD = 0.72
"""The type-token ratio at which a segment of MTLD ends, as its authors chose it."""

NEEDS: Mapping[str, str] = {
    "conversation_pretokenization": "a tokenizer of Hugging Face, which no task here asks for",
    "metadata_tagging": "a model that tags: run SyGra's task of that name on the rows, `sygra-eval "
    "run sygra/internal/data_quality/metadata_tagging` with them as the side file's `source`",
    JUDGED: "a model that judges: name it as `judge: ALIAS` in `sygra_eval.yaml` beside the task, "
    "and each row has its verdict",
    "ppl_score": "a served model that gives the probabilities of its prompt's tokens: run SyGra's "
    "own tool on the rows (`python -m sygra.tools`)",
    "reward_score": "a reward model and a GPU: a validator `{use: reward, model: NAME}` in the "
    "side file asks one that is served, else run SyGra's own tool (`python -m sygra.tools`)",
}


def tagger_of(
    asked: Mapping[str, Any],
) -> Callable[[dict[str, Any]], Iterable[dict[str, Any]]] | None:
    """Return what adds `quality_metadata` to a row; None where nothing is computed."""
    tags = [TASKS[name] for name in _names(asked) if name in TASKS]
    if not tags:
        return None

    def tagged(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        said = [one for one in row.get("conversation") or () if isinstance(one, Mapping)]
        turns = [dict(one) for one in said]
        text = "\n".join(str(one.get("content") or "") for one in turns)
        found = dict(row.get(KEY) or {})
        for tag in tags:
            found |= tag(text, turns)
        yield {**row, KEY: found} if turns else row

    return tagged


def said_of(asked: Mapping[str, Any], *, has_judge: bool = False) -> Iterator[str]:
    """Yield sentences about the tasks that are not done.

    :param has_judge: `llm_based_quality` is a validator of the run.
    """
    for name in _names(asked):
        if name not in TASKS and not (has_judge and name == JUDGED):
            yield f"data_quality: `{name}` was not done: it needs {NEEDS.get(name, 'SyGra')}"


def _names(asked: Mapping[str, Any]) -> list[str]:
    listed = asked.get("tasks")
    entries = listed if isinstance(listed, list) else []
    names = [str(one.get("name")) if isinstance(one, Mapping) else str(one) for one in entries]
    return names or list(TASKS)


def _lexical_diversity(text: str, turns: list[dict[str, Any]]) -> dict[str, Any]:
    del turns
    words = [word.lower() for word in _WORD.findall(text)]
    if not words:
        return {"ttr": None, "mtld": None}
    forward, backward = _mtld(words), _mtld(words[::-1])
    known = forward is not None and backward is not None
    mean = (forward + backward) / 2 if known else None  # type: ignore[operator]
    return {"ttr": len(set(words)) / len(words), "mtld": mean}


def _mtld(words: list[str]) -> float | None:
    """Return the mean length of the segments that keep their variety; None if none ever ends."""
    segments, seen, count = 0.0, set[str](), 0
    for word in words:
        seen.add(word)
        count += 1
        if len(seen) / count <= _MTLD:
            segments, seen, count = segments + 1, set(), 0
    if count:
        segments += (1 - len(seen) / count) / (1 - _MTLD)
    return len(words) / segments if segments else None


def _characteristics(text: str, turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Count characters and words: what a tokenizer counts depends on a model of SyGra's choice."""
    target = str(turns[-1].get("content") or "") if turns else ""
    counts = {
        "num_turns": len(turns) // 2,
        "num_messages": len(turns),
        "num_characters": len(text),
        "num_words": len(_WORD.findall(text)),
        "num_target_characters": len(target),
        "num_target_words": len(_WORD.findall(target)),
    }
    return {"data_characteristics": counts}


def _language(text: str, turns: list[dict[str, Any]]) -> dict[str, Any]:
    del turns
    found = language_of(text)
    return {"languages": [] if found is None else [found]}


TASKS: Mapping[str, Tag] = {
    "language_tagging": _language,
    "lexical_diversity": _lexical_diversity,
    "data_characteristics": _characteristics,
}
