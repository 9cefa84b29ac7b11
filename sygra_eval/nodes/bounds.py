"""What nodes may come to ask at most, where a route may choose the model."""

from sygra_eval.suite import ModelChoice
from sygra_eval.values import BoundScope, CallBound, Length, longest_of


def bound_of(model: ModelChoice, calls: int, prompt: Length) -> CallBound:
    """Return a bound of so many calls of a model, or of whichever a route chooses."""
    first, *others = model.names()
    return CallBound(
        model=first,
        or_models=tuple(others),
        parameters=model.parameters,
        calls=calls,
        prompt=prompt,
    )


def longest_answer(model: ModelChoice, scope: BoundScope) -> Length:
    """Return how long an answer may be, whoever gives it."""
    return longest_of(*(scope.answer(name, model.parameters) for name in model.names()))
