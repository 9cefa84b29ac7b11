"""The keys of a `critique_loop` node, and what can be wrong with them."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sygra_eval.nodes.bounds import bound_of, longest_answer
from sygra_eval.nodes.evidence import MAX_CHARS
from sygra_eval.suite import AskedByName, ModelOrRoute, Prompt, RoutedChoice
from sygra_eval.values import (
    BoundScope,
    CallBound,
    Length,
    Problem,
    Scope,
    longest_of,
    sum_of,
    wilson,
)

DEFAULT_SENTINEL = "NO MORE FEEDBACK"
DEFAULT_CRITIQUE = """\
You review an answer to a programming question.

Question:
{task}

Answer:
{candidate}

Result of the checks:
{evidence}

If every line of the result says PASSED, your whole reply is NO MORE FEEDBACK
If a line says FAILED, reply with at most three short points that say what to change and why."""
REFUSED_STOP = "The answer is not finished: the checks do not pass.\n{evidence}"
DEFAULT_REVISION = """\
Your answer was checked.

{evidence}

{critique}

Write the whole corrected answer again, with the complete code in one Python block."""
CHARS_OF_OUR_WORDS = 500
"""More than the built-in prompts of critique and revision hold beside what is put into them."""
LOOP_VARIABLES = frozenset({"candidate", "evidence", "critique", "round"})


class RateSamples(BaseModel):
    """Drafts drawn to learn how many of them pass, and not until one does.

    Drawing ends early when the interval of the rate lies outside the band.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal["rate"]
    k: int = Field(ge=2, le=64, description="at most so many drafts")
    band: tuple[float, float] | None = Field(
        default=None, description="the pass rates asked for, as `[0.2, 0.8]`"
    )

    @model_validator(mode="after")
    def names_a_band(self) -> "RateSamples":
        """Refuse a band that no rate lies in."""
        if self.band is not None and not 0 <= self.band[0] < self.band[1] <= 1:
            raise PydanticCustomError("wrong-value", "`band` is two rates, the lower one first")
        return self

    def has_left_band(self, passed: int, judged: int) -> bool:
        """Say whether the 95 % interval of the rate so far lies outside the band."""
        interval = wilson(passed, judged)
        if self.band is None or interval is None:
            return False
        return interval.high < self.band[0] or interval.low > self.band[1]


Samples = Annotated[int, Field(ge=1, le=64)] | RateSamples


def _unseen(
    prompt: Prompt, models: tuple[str, ...], scope: Scope, at: tuple[str, ...]
) -> Iterator[Problem]:
    """Yield the problem of a step that would be shown images which its model cannot take."""
    for problem in prompt.problems(scope, at, models=models):
        if problem.code == "no-images":
            yield problem


class DraftStep(BaseModel):
    """How the first candidates are made."""

    model_config = ConfigDict(extra="forbid")

    model: ModelOrRoute
    prompt: Prompt
    samples: Samples = Field(
        default=1, description="drawn one by one until one passes, or `{mode: rate, k: 8}`"
    )

    @property
    def most(self) -> int:
        """At most so many drafts are drawn."""
        return self.samples if isinstance(self.samples, int) else self.samples.k

    @property
    def rate(self) -> RateSamples | None:
        """How the pass rate is measured, where it is."""
        return None if isinstance(self.samples, int) else self.samples


class CritiqueStep(BaseModel):
    """Who criticises; without a prompt the built-in one is used.

    Where it answers in JSON, a field that is the whole stop phrase says it.
    """

    model_config = ConfigDict(extra="forbid")

    model: AskedByName
    prompt: Prompt | None = None


class ReviseStep(BaseModel):
    """Who revises; without a prompt the conversation of the draft goes on."""

    model_config = ConfigDict(extra="forbid")

    model: ModelOrRoute
    prompt: Prompt | None = None


class Until(BaseModel):
    """What ends the loop: the critic's phrase, granted by the validators in `accepted_by`."""

    model_config = ConfigDict(extra="forbid")

    sentinel: str | None = Field(default=None, min_length=1)
    accepted_by: list[str] = Field(default_factory=list)


class Budget(BaseModel):
    """Bounds for one row."""

    model_config = ConfigDict(extra="forbid")

    tokens: int = Field(gt=0, description="no further call once so many are spent")


class EvidenceBudget(BaseModel):
    """How much of what the checks said author and critic are told."""

    model_config = ConfigDict(extra="forbid")

    max_chars: int = Field(default=MAX_CHARS, ge=200, le=100_000)


class CritiqueLoopConfig(BaseModel):
    """The keys of a `critique_loop` node."""

    model_config = ConfigDict(extra="forbid")

    draft: DraftStep
    critique: CritiqueStep | None = None
    revise: ReviseStep | None = None
    until: Until | None = None
    max_rounds: int = Field(default=4, ge=1, le=100)
    budget: Budget | None = None
    timeout: float | None = Field(
        default=None, gt=0, description="seconds of model time after which no further call is made"
    )
    output: str = "answer"
    evidence: EvidenceBudget = Field(default_factory=EvidenceBudget)

    @property
    def sentinel(self) -> str | None:
        """The stop phrase: by default the usual one where there is a critic, else none."""
        if self.until is not None:
            return self.until.sentinel
        return DEFAULT_SENTINEL if self.critique is not None else None

    @property
    def accepted_by(self) -> tuple[str, ...]:
        """Names of the validators that grant a stop."""
        return tuple(self.until.accepted_by) if self.until is not None else ()

    def models(self) -> tuple[RoutedChoice, ...]:
        """Return who is asked, step by step."""
        steps = (self.draft, self.critique, self.revise)
        return tuple(step.model for step in steps if step is not None)

    def steps(self) -> tuple[str, ...]:
        """Return where its calls come from, inside the node."""
        return ("draft", "critique", "revise") if self.critique else ("draft", "revise")

    def outputs(self) -> tuple[str, ...]:
        """Return the variable that holds the kept answer."""
        return (self.output,)

    def candidate_output(self) -> str:
        """Return the variable that is judged where the suite does not say which."""
        return self.output

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield unknown models, variables and validators, and a loop that cannot end well."""
        yield from self.draft.model.problems(scope, ("draft", "model"))
        prompt, authors = self.draft.prompt, self.draft.model.names()
        yield from prompt.problems(scope, ("draft", "prompt"), models=authors)
        inside = replace(scope, variables=scope.variables | LOOP_VARIABLES)
        for name, step in (("critique", self.critique), ("revise", self.revise)):
            if step is None:
                continue
            yield from step.model.problems(scope, (name, "model"))
            if step.prompt is not None:
                at = (name, "prompt")
                yield from step.prompt.problems(inside, at, models=step.model.names())
            else:  # it is shown what the author was
                others = tuple(one for one in step.model.names() if one not in authors)
                yield from _unseen(prompt, others, scope, (name, "model"))
        yield from self._exit_problems(scope)

    @property
    def most_judgings(self) -> int:
        """How often validators look at an answer in the loop, at most."""
        return self.draft.most + self.max_rounds - 1

    def most_calls(self, scope: BoundScope) -> Iterator[CallBound]:
        """Yield what all drafts and all rounds ask at most."""
        draft, revise = self.draft, self.revise
        reviser = draft.model if revise is None else revise.model
        drafted = draft.prompt.length(scope.variables, scope.longest)
        answer = longest_of(longest_answer(draft.model, scope), longest_answer(reviser, scope))
        critique: Length = 0
        if self.critique is not None:
            critique = longest_answer(self.critique.model, scope)
        evidence = self.evidence.max_chars
        feedback = longest_of(critique, evidence + CHARS_OF_OUR_WORDS)
        inside = {"candidate": answer, "evidence": evidence, "critique": feedback, "round": 3}
        longest = {**scope.longest, **inside}
        yield bound_of(draft.model, draft.most, drafted)
        if self.critique is not None:
            written = self.critique.prompt
            yield bound_of(
                self.critique.model,
                self.max_rounds,
                sum_of(drafted, answer, evidence, CHARS_OF_OUR_WORDS)
                if written is None
                else written.length(scope.variables, longest),
            )
        written = None if revise is None else revise.prompt
        yield bound_of(
            reviser,
            self.max_rounds - 1,
            sum_of(drafted, answer, evidence, feedback, CHARS_OF_OUR_WORDS)
            if written is None
            else written.length(scope.variables, longest),
        )

    def _exit_problems(self, scope: Scope) -> Iterator[Problem]:
        if self.draft.rate is not None and not scope.validators:
            yield Problem(
                code="no-pass-rate",
                message="`mode: rate` counts the drafts that pass, and no validator judges them",
                at=("draft", "samples"),
                fix="add `quality: {validators: [{use: ...}]}`",
            )
        for index, name in enumerate(self.accepted_by):
            if name not in scope.validators:
                near = get_close_matches(name, scope.validators, n=1)
                known = ", ".join(sorted(scope.validators)) or "none"
                yield Problem(
                    code="unknown-validator",
                    message=f"the suite has no validator `{name}`",
                    at=("until", "accepted_by", index),
                    within=name,
                    fix=f"write `{near[0]}`" if near else f"name one of: {known}",
                )
        if self.sentinel is not None and self.critique is None:
            yield Problem(
                code="no-exit",
                message="a sentinel without `critique`: nobody can say it",
                at=("until", "sentinel"),
                fix="add `critique: {model: NAME}` or take `sentinel` out",
            )
        if self.sentinel is None and not self.accepted_by:
            yield Problem(
                code="no-exit",
                message="the loop has neither a sentinel nor `accepted_by`, so only "
                "`max_rounds` ends it",
                at=("until",) if self.until is not None else (),
                fix="add `until: {accepted_by: [VALIDATOR]}`",
            )
