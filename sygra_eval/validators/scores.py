"""Validators `reward`, `score` and `classify`: a model gives the answer a number, and no words.

A model that does not answer is an `error`, and never a 0; so is an answer that holds another number
of values than was asked for. What is asked is sent together with what other rows ask. An answer
that holds the marks of chat templates could end its own turn and praise itself in the next, so they
are shown as escapes, as a judge sees them.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sygra_eval.suite import ModelByName, TextTemplate
from sygra_eval.validators.bounds import Bounds, text_beside, within
from sygra_eval.validators.judge_prompt import harmless
from sygra_eval.validators.unit_tests_config import unknown_column
from sygra_eval.validators.verdicts import in_one_line, says
from sygra_eval.values import (
    Candidate,
    Message,
    Problem,
    Scope,
    Status,
    Task,
    ValidatorContext,
    Verdict,
    classes_of,
    one_text,
    pair,
    score_of,
)

_EMPTY = "the answer is empty"


class RewardConfig(Bounds):
    """Keys of `reward`.

    :ivar prompt: What was answered: the two go as a conversation, in the model's own template.
        Without it the answer goes as it stands.
    """

    prompt: TextTemplate | None = None

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a model that gives no rewards, and variables that nothing provides."""
        yield from self.model.problems(scope, ("model",), tasks=(Task.REWARD, Task.CLASSIFY))
        if self.prompt is not None:
            yield from self.prompt.problems(scope, ("prompt",))


class ScoreConfig(Bounds):
    """Keys of `score`.

    :ivar to: The column that the answer is scored against; it is the first text of the pair.
    """

    to: str

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a model that scores no pairs, and a column that nothing provides."""
        yield from self.model.problems(scope, ("model",), tasks=(Task.SCORE,))
        yield from unknown_column(self.to, ("to",), scope)


class ClassifyConfig(BaseModel):
    """Keys of `classify`.

    :ivar label: The class that the answer is to be of, with a probability of `at_least`.
    :ivar not_: Or the class that it must not be of, with one of `at_most`.
    :ivar prompt: What was answered, as in `reward`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelByName
    label: str | None = Field(default=None, min_length=1)
    not_: str | None = Field(default=None, alias="not", min_length=1)
    at_least: float | None = Field(default=None, gt=0, le=1)
    at_most: float | None = Field(default=None, ge=0, lt=1)
    prompt: TextTemplate | None = None

    @model_validator(mode="after")
    def names_one_class(self) -> "ClassifyConfig":
        """Refuse two classes, none, and a bound that belongs to the other."""
        if (self.label is None) == (self.not_ is None):
            raise ValueError("name one class: `label` that it is to be, or `not` that it must not")
        if self.label is not None and (self.at_least is None or self.at_most is not None):
            raise ValueError("say how probable `label` has to be: `at_least`, and no `at_most`")
        if self.not_ is not None and (self.at_most is None or self.at_least is not None):
            raise ValueError("say how probable `not` may be: `at_most`, and no `at_least`")
        return self

    @property
    def named(self) -> str:
        """The class that is looked at."""
        return self.label or self.not_ or ""

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a model that knows no classes, and a class that it has not.

        A server names the likeliest class alone, so only the suite can say that there is one of
        this name: a misspelt `not` would let everything pass.
        """
        yield from self.model.problems(scope, ("model",), tasks=(Task.CLASSIFY,))
        if self.prompt is not None:
            yield from self.prompt.problems(scope, ("prompt",))
        labels = scope.labels.get(self.model.name, ())
        if scope.tasks.get(self.model.name) != Task.CLASSIFY or self.named in labels:
            return
        at = ("label",) if self.label is not None else ("not",)
        known = ", ".join(labels)
        yield Problem(
            code="unknown-class",
            message=f"the model `{self.model.name}` has no class `{self.named}`"
            if labels
            else f"the classes of the model `{self.model.name}` are not named",
            at=at,
            within=self.named,
            fix=f"write one of: {known}"
            if labels
            else f"add `labels: [...]` to `{self.model.name}`, in the model's own order",
        )


async def reward(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when a reward model gives the answer enough."""
    config = ctx.validator.config
    assert isinstance(config, RewardConfig)  # noqa: S101 - registered with this model
    if not candidate.text.strip():
        return says(ctx, Status.FAIL, _EMPTY)
    response = await ctx.complete(
        _asked(candidate, config.prompt, ctx),
        model=config.model.name,
        parameters=config.model.parameters,
    )
    value = score_of(response)
    return within(ctx, value, what="reward", at_least=config.at_least, at_most=config.at_most)


async def score(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when a cross-encoder scores the pair of a column and the answer high enough."""
    config = ctx.validator.config
    assert isinstance(config, ScoreConfig)  # noqa: S101 - registered with this model
    if not candidate.text.strip():
        return says(ctx, Status.FAIL, _EMPTY)
    beside = text_beside(ctx, config.to)
    if isinstance(beside, Verdict):
        return beside
    response = await ctx.complete(
        pair(harmless(beside), harmless(candidate.text)),
        model=config.model.name,
        parameters=config.model.parameters,
    )
    value = score_of(response)
    return within(ctx, value, what="score", at_least=config.at_least, at_most=config.at_most)


async def classify(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the answer is of a class, or is not, with enough certainty."""
    config = ctx.validator.config
    assert isinstance(config, ClassifyConfig)  # noqa: S101 - registered with this model
    if not candidate.text.strip():
        return says(ctx, Status.FAIL, _EMPTY)
    response = await ctx.complete(
        _asked(candidate, config.prompt, ctx),
        model=config.model.name,
        parameters=config.model.parameters,
    )
    classes = classes_of(response)
    probability = classes.of(config.named)
    if probability is None:
        known = ", ".join(in_one_line(name) for name in classes.names if name) or "none by name"
        reason = f"the model has no class `{config.named}`; it has {known}"
        return says(ctx, Status.ERROR, reason)
    if not 0 <= probability <= 1:
        reason = f"the model says {probability:g} of `{config.named}`, which is no probability"
        return says(ctx, Status.ERROR, reason)
    what = f"probability of `{config.named}`"
    return within(ctx, probability, what=what, at_least=config.at_least, at_most=config.at_most)


def _asked(
    candidate: Candidate, prompt: TextTemplate | None, ctx: ValidatorContext
) -> tuple[Message, ...]:
    """Return the answer alone, or as the answer to its prompt."""
    answer = harmless(candidate.text)
    if prompt is None:
        return one_text(answer)
    return Message("user", harmless(prompt.render(ctx.columns))), Message("assistant", answer)
