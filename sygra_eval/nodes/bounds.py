"""What nodes may come to ask at most, where a route may choose the model."""

import json

from sygra_eval.suite import AskedModel, ModelChoice
from sygra_eval.values import (
    MOST_QUOTED,
    MOST_REPAIRS,
    BoundScope,
    CallBound,
    Length,
    longest_of,
    sum_of,
)

CHARS_OF_A_REPAIR = 2_000
"""More than the words of a repair hold beside reply and schema: what is wrong is said in a few."""


def bound_of(model: ModelChoice, calls: int, prompt: Length) -> CallBound:
    """Return a bound of so many calls of a model, or of whichever a route chooses.

    JSON by a schema may be asked for again, and is then shown with what is wrong with it.
    """
    first, *others = model.names()
    structured = model.structured if isinstance(model, AskedModel) else None
    if structured is not None:
        schema = len(json.dumps(structured.schema))
        calls *= 1 + MOST_REPAIRS
        prompt = sum_of(prompt, MOST_QUOTED + 2 * schema + CHARS_OF_A_REPAIR)
    return CallBound(
        model=first,
        or_models=tuple(others),
        parameters=model.parameters,
        calls=calls,
        prompt=prompt,
        on_length=model.on_length,
    )


def longest_answer(model: ModelChoice, scope: BoundScope) -> Length:
    """Return how long an answer may be, whoever gives it."""
    return longest_of(*(scope.answer(name, model.parameters) for name in model.names()))
