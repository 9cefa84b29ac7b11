"""The keys of a `critique_loop` node, and what can be wrong with them."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.suite import ModelByName, Prompt
from sygra_eval.values import Problem, Scope

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
LOOP_VARIABLES = frozenset({"candidate", "evidence", "critique", "round"})


class DraftStep(BaseModel):
    """How the first candidates are made."""

    model_config = ConfigDict(extra="forbid")

    model: ModelByName
    prompt: Prompt
    samples: int = Field(default=1, ge=1, le=64, description="drawn one by one until one passes")


class CritiqueStep(BaseModel):
    """Who criticises; without a prompt the built-in one is used."""

    model_config = ConfigDict(extra="forbid")

    model: ModelByName
    prompt: Prompt | None = None


class ReviseStep(BaseModel):
    """Who revises; without a prompt the conversation of the draft goes on."""

    model_config = ConfigDict(extra="forbid")

    model: ModelByName
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

    def outputs(self) -> tuple[str, ...]:
        """Return the variable that holds the kept answer."""
        return (self.output,)

    def candidate_output(self) -> str:
        """Return the variable that is judged where the suite does not say which."""
        return self.output

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield unknown models, variables and validators, and a loop that cannot end well."""
        yield from self.draft.model.problems(scope, ("draft", "model"))
        yield from self.draft.prompt.problems(scope, ("draft", "prompt"))
        inside = replace(scope, variables=scope.variables | LOOP_VARIABLES)
        for name, step in (("critique", self.critique), ("revise", self.revise)):
            if step is None:
                continue
            yield from step.model.problems(scope, (name, "model"))
            if step.prompt is not None:
                yield from step.prompt.problems(inside, (name, "prompt"))
        yield from self._exit_problems(scope)

    def _exit_problems(self, scope: Scope) -> Iterator[Problem]:
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
