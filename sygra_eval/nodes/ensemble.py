"""Several models, or one several times, asked at once; what befalls one costs no other's answer.

Start at `ask_all`. Each call has a place of its own in the run, named by the label, so a resumed
run repeats none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sygra_eval.suite import ModelChoice, ModelOrRoute, Name
from sygra_eval.values import CallFailed, ChatResponse, Interrupted, Message, NodeContext

Models = Annotated[dict[Name, ModelOrRoute], Field(min_length=1)]
"""In a suite: `models: {LABEL: MODEL}`; a label says in a row's provenance who did what."""

OnFail = Literal["fail", "skip"]
"""What a model without an answer does to the row: fail it, or be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call: whom, and the label and sample that tell it from the others."""

    label: str
    model: ModelChoice
    sample: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One call that was answered."""

    asked: Asked
    response: ChatResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """What came of all calls, in the order in which they were asked.

    :ivar unanswered: Label and reason of each call that failed.
    """

    answered: tuple[Answered, ...]
    failures: Mapping[str, CallFailed]

    @property
    def unanswered(self) -> tuple[tuple[str, str], ...]:
        """Label and reason of each call that failed."""
        return tuple((label, str(failure)) for label, failure in self.failures.items())

    def require(self, on_fail: OnFail, node: str) -> None:
        """Go on with the answers, or raise.

        :raises CallFailed: When one failed and the suite does not skip, or when all did.
        """
        if not self.failures or (on_fail == "skip" and self.answered):
            return
        label, first = next(iter(self.failures.items()))
        if len(self.failures) == 1 or on_fail == "fail":
            raise CallFailed(first.kind, f"`{label}` of `{node}` did not answer: {first.message}")
        told = "; ".join(f"`{label}`: {failure}" for label, failure in self.failures.items())
        raise CallFailed(first.kind, f"none of the models of `{node}` answered: {told}")


async def ask_all(
    asked: Sequence[Asked], messages: tuple[Message, ...], ctx: NodeContext
) -> Replies:
    """Ask all at once and wait for every one: what was paid for is journalled, whoever failed.

    :raises Interrupted: When the run drains before all could be asked.
    """
    results = await asyncio.gather(
        *(
            ctx.complete(
                messages,
                model=one.model.name,
                step=one.label,
                sample=one.sample,
                parameters=one.model.parameters,
            )
            for one in asked
        ),
        return_exceptions=True,
    )
    _raise_what_is_no_failed_call(results)
    answered, failures = [], {}
    for one, result in zip(asked, results, strict=True):
        if isinstance(result, ChatResponse):
            answered.append(Answered(asked=one, response=result))
        elif isinstance(result, CallFailed):
            failures[_named(one, asked)] = result
    return Replies(answered=tuple(answered), failures=failures)


def _raise_what_is_no_failed_call(results: Sequence[ChatResponse | BaseException]) -> None:
    """Raise the first error that says nothing of a model; a run that drains before all others."""
    errors = [
        result
        for result in results
        if isinstance(result, BaseException) and not isinstance(result, CallFailed)
    ]
    for error in sorted(errors, key=lambda error: not isinstance(error, Interrupted)):
        raise error


def _named(one: Asked, asked: Sequence[Asked]) -> str:
    """Name a call by its label, and by its number where the label was asked more than once."""
    label = one.label or one.model.name
    of_the_label = sum(other.label == one.label for other in asked)
    return label if of_the_label == 1 else f"{label} {one.sample + 1}"
