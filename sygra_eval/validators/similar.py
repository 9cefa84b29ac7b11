"""Validator `similar`: the answer means what a column does, or something else, by their vectors.

Both vectors are made by one model; the column may also hold a vector that was made before.
"""

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from sygra_eval.validators.bounds import Bounds, text_beside, within
from sygra_eval.validators.unit_tests_config import unknown_column
from sygra_eval.validators.verdicts import says
from sygra_eval.values import (
    BadAnswer,
    Candidate,
    Problem,
    Scope,
    Status,
    Task,
    ValidatorContext,
    Verdict,
    cosine,
    finite,
    one_text,
    vector_of,
)


class SimilarConfig(Bounds):
    """Keys of `similar`.

    :ivar to: A column with a text, or with a vector by the same model.
    """

    to: str

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a model that makes no vectors, and a column that nothing provides."""
        yield from self.model.problems(scope, ("model",), tasks=(Task.EMBEDDINGS,))
        yield from unknown_column(self.to, ("to",), scope)


async def similar(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the cosine of the two vectors keeps to its bounds."""
    config = ctx.validator.config
    assert isinstance(config, SimilarConfig)  # noqa: S101 - registered with this model
    if not candidate.text.strip():
        return says(ctx, Status.FAIL, "the answer is empty")
    beside = ctx.columns.get(config.to)
    if _is_vector(beside):
        other: Sequence[float] = beside
    else:
        text = text_beside(ctx, config.to)
        if isinstance(text, Verdict):
            return text
        other = await _vector(text, config, ctx, step="reference")
    try:
        value = cosine(await _vector(candidate.text, config, ctx, step="answer"), other)
    except BadAnswer as error:
        return says(ctx, Status.ERROR, str(error))
    return within(ctx, value, what="cosine", at_least=config.at_least, at_most=config.at_most)


async def _vector(
    text: str, config: SimilarConfig, ctx: ValidatorContext, *, step: str
) -> tuple[float, ...]:
    response = await ctx.complete(
        one_text(text), model=config.model.name, step=step, parameters=config.model.parameters
    )
    return vector_of(response)


def _is_vector(value: object) -> TypeGuard[list[float]]:
    return isinstance(value, list) and bool(value) and all(finite(one) is not None for one in value)
