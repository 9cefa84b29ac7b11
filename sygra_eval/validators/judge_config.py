"""The keys of the validator `judge`, checked before anything is spent."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sygra_eval.suite import ModelByName
from sygra_eval.validators.unit_tests_config import unknown_column
from sygra_eval.values import BoundScope, CallBound, Problem, Scope, sum_of

Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
DEFAULT_COLUMN = "question"
CHARS_OF_OUR_WORDS = 3_000
"""More than its instructions hold beside the rubric and what is judged."""
CANARY_VOTES = 11
"""So many votes the canaries of `judge_canaries` take at most."""
CHARS_OF_A_COLUMN = 300
"""At least so much of a column is shown, however long the answer is; with its name and marks."""
ANSWER, FIRST, SECOND = "answer to judge", "first answer", "second answer"


class BadAnswer(BaseModel):
    """An answer that fails this rubric, where those that we ship may not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bad: str = Field(min_length=1, max_length=4_000)


class JudgeConfig(BaseModel):
    """Keys of `judge`.

    :ivar verdicts: The scale, of which the judge names one; `passes` are those that pass.
    :ivar votes: How often it is asked; each vote is a sample of its own.
    :ivar against: A column with another answer: the judge says which of the two is better.
    :ivar swap: Ask in both orders; a judge that then says something else has said nothing.
    :ivar tie: What a tie comes to.
    :ivar min_agreement: The share of the votes that a pass needs.
    :ivar show: Columns of the row that the judge sees; by default `question`, where there is one.
    :ivar max_chars: Characters of answers and columns in one prompt.
    :ivar canaries: Test the judge on bribes before the first row; `{bad: TEXT}` names an answer
        that fails this rubric.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelByName
    rubric: str = Field(min_length=1, max_length=20_000)
    verdicts: tuple[Word, ...] = Field(default=("pass", "fail"), min_length=2, max_length=20)
    passes: tuple[Word, ...] = Field(default=("pass",), min_length=1)
    votes: int = Field(default=1, ge=1, le=25)
    against: str | None = None
    swap: bool | None = None
    tie: Literal["fail", "pass", "skip"] = "fail"
    min_agreement: float = Field(default=0.0, ge=0, le=1)
    show: tuple[str, ...] | None = None
    max_chars: int = Field(default=8_000, ge=200, le=1_000_000)
    canaries: bool | BadAnswer = True

    @model_validator(mode="after")
    def says_something(self) -> "JudgeConfig":
        """Refuse a scale on which everything or nothing passes, and half a comparison."""
        if not self.rubric.strip():
            raise ValueError("the rubric is empty: there is nothing to judge by")
        if taken := sorted({ANSWER, FIRST, SECOND}.intersection(self.show or ())):
            raise ValueError(f"`{taken[0]}` is what the answers are called: rename the column")
        scale = [word.casefold() for word in self.verdicts]
        if len(set(scale)) < len(scale):
            raise ValueError("two of the `verdicts` are the same word")
        passing = {word.casefold() for word in self.passes}
        if self.against is None:
            if "passes" not in self.model_fields_set and "pass" not in scale:
                raise ValueError("say which of the `verdicts` pass: `passes: [...]`")
            if strange := sorted(passing - set(scale)):
                raise ValueError(f"`passes` names `{strange[0]}`, which is not in `verdicts`")
            if passing == set(scale):
                raise ValueError("every one of the `verdicts` passes: nothing would be judged")
        elif not {"verdicts", "passes"}.isdisjoint(self.model_fields_set):
            raise ValueError("with `against` the judge says which is better: no `verdicts`")
        elif self.swap is False:
            raise ValueError("`against` in one order measures the order: take `swap` out")
        return self

    @property
    def asks_both_orders(self) -> bool:
        """Whether each vote is two calls."""
        return self.swap is True or self.against is not None

    def most_calls(self, scope: BoundScope) -> Iterable[CallBound]:
        """Yield what it asks of one row: all votes in both orders, each with a reminder."""
        columns = 1 if self.show is None else len(self.show)
        shown = self.max_chars + columns * CHARS_OF_A_COLUMN
        yield from self._most(self.votes * scope.judgings, shown, scope)

    def most_calls_once(self, scope: BoundScope) -> Iterable[CallBound]:
        """Yield what its canaries ask before the first row."""
        if self.canaries is not False:
            shown = len(self.canaries.bad) if isinstance(self.canaries, BadAnswer) else 0
            yield from self._most(CANARY_VOTES, 2 * shown, scope)

    def _most(self, votes: int, shown: int, scope: BoundScope) -> Iterable[CallBound]:
        model, parameters = self.model.name, self.model.parameters
        calls = votes * (2 if self.asks_both_orders else 1)
        prompt = len(self.rubric) + shown + CHARS_OF_OUR_WORDS
        for length in (prompt, sum_of(prompt, scope.answer(model, parameters))):
            yield CallBound(model=model, parameters=parameters, calls=calls, prompt=length)

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report a model that the suite has not, and columns that nothing provides."""
        yield from self.model.problems(scope, ("model",))
        if self.against is not None:
            yield from unknown_column(self.against, ("against",), scope)
        for index, column in enumerate(self.show or ()):
            yield from unknown_column(column, ("show", index), scope)
