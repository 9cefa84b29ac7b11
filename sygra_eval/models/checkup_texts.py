"""The steps of `checkup` for a model of vectors, classes, scores or rewards.

One request carries three texts of which the first and the last are the same: a server that leaves
one out, or hands them back in another order, is found out before a run pays for that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sygra_eval.values import (
    BadAnswer,
    CallFailed,
    ChatRequest,
    ChatResponse,
    Message,
    ModelSpec,
    Task,
    classes_of,
    cosine,
    one_text,
    pair,
    score_of,
    vector_of,
)

ALIKE = 0.99  # servers round, and batches round otherwise
_CAT, _TAX = "The cat sat on the mat.", "Income tax is due in April."

Ask = Callable[[ChatRequest], Awaitable[ChatResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of it.

    :ivar kind: Of the failure; empty where there is none.
    :ivar is_odd: It answers, and a run should not rely on it.
    """

    told: str
    kind: str = ""
    is_odd: bool = False
    response: ChatResponse | None = None


async def texts_answered(spec: ModelSpec, task: Task, ask: Ask) -> Told:
    """Ask for three texts at once, and say what came."""
    requests = [
        ChatRequest(messages=messages, parameters=spec.parameters) for messages in _asked(task)
    ]
    try:
        answers = await asyncio.gather(*map(ask, requests))
        told, is_odd = _read(task, answers)
    except CallFailed as error:
        return Told(told=error.message, kind=error.kind)
    except BadAnswer as error:
        return Told(told=str(error), kind="wrong_shape")
    return Told(told=told, is_odd=is_odd, response=answers[0])


def _asked(task: Task) -> list[tuple[Message, ...]]:
    if task is Task.SCORE:
        return [pair(_CAT, other) for other in (_CAT, _TAX, _CAT)]
    return [one_text(text) for text in (_CAT, _TAX, _CAT)]


def _read(task: Task, answers: list[ChatResponse]) -> tuple[str, bool]:
    """Return what is to be said of three answers, and whether it is odd."""
    if task is Task.EMBEDDINGS:
        first, other, again = map(vector_of, answers)
        if cosine(first, again) < ALIKE:
            return "the same text has two vectors in one request: their order is not kept", True
        if cosine(first, other) > 1 - 1e-6:
            return "two texts have the same vector", True
        return f"a vector of {len(first)} numbers", False
    if task is Task.CLASSIFY:
        first_of, _, again_of = map(classes_of, answers)
        if first_of.label != again_of.label:
            return "the same text has two classes in one request: their order is not kept", True
        count = len(first_of.probabilities)
        named = "named" if all(first_of.names) else "only the likeliest named: say `labels`"
        told = f"`{first_of.label}` with {first_of.probability:.4g}, of {count} classes, {named}"
        return told, False
    one, _, other_one = map(score_of, answers)
    if abs(one - other_one) > (1 - ALIKE) * max(1.0, abs(one)):
        return "the same text has two scores in one request: their order is not kept", True
    return f"{one:.4g} for {'a text and itself' if task is Task.SCORE else 'a text'}", False
