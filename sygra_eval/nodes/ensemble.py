"""Several models, or one several times, asked at once; what befalls one costs no other's answer.

Start at `ask_all`, with calls from `in_turn`. Each call has a place of its own in the run, named by
the label, so a resumed run repeats none.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sygra_eval.suite import ModelChoice, ModelOrRoute, Name
from sygra_eval.values import (
    Attempt,
    CallFailed,
    ChatResponse,
    Interrupted,
    Message,
    NodeContext,
    Round,
    RoundKind,
)

Models = Annotated[dict[Name, ModelOrRoute], Field(min_length=1)]
"""In a suite: `models: {LABEL: MODEL}`; a label says in a row's provenance who did what."""

OnFail = Literal["fail", "skip"]
"""What a model without an answer does to the row: fail it, or be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call: whom, and the label and sample that tell it from the others; see `in_turn`.

    :ivar label: Empty where one model is asked several times.
    """

    label: str
    model: ModelChoice
    sample: int

    @property
    def name(self) -> str:
        """What people call whom it asks."""
        return self.label or self.model.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One call that was answered."""

    asked: Asked
    response: ChatResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """What came of all calls, in the order in which they were asked."""

    answered: tuple[Answered, ...] = ()
    failures: tuple[tuple[Asked, CallFailed], ...] = ()

    @property
    def unanswered(self) -> tuple[tuple[str, str], ...]:
        """Label and reason of each call that failed."""
        return tuple((asked.name, str(failure)) for asked, failure in self.failures)

    def as_round(self, node: str) -> Round:
        """Return the replies as the journal keeps them; nobody has judged them."""
        return Round(
            node=node,
            number=1,
            attempts=tuple(_attempt(one) for one in self.answered),
            kind=RoundKind.REPLIES,
            unanswered=self.unanswered,
        )

    def require(self, on_fail: OnFail, node: str) -> None:
        """Go on with the answers, or raise.

        :raises CallFailed: When one failed and the suite does not skip, or when all did.
        """
        if not self.failures or (on_fail == "skip" and self.answered):
            return
        asked, first = self.failures[0]
        if len(self.failures) == 1 or on_fail == "fail":
            who = f"`{asked.name}` of `{node}` did not answer"
            raise CallFailed(first.kind, f"{who}: {first.message}")
        told = "; ".join(f"`{label}`: {why}" for label, why in self.unanswered)
        raise CallFailed(first.kind, f"nobody answered `{node}`: {told}")


def _attempt(one: Answered) -> Attempt:
    return Attempt(
        sample=one.asked.sample,
        label=one.asked.name,
        answer=one.response.text,
        code=None,
        extraction="",
        evidence="",
        verdicts=(),
        is_accepted=False,
        is_kept=False,
        diff="",
        tokens=one.response.usage.total,
        latency_s=one.response.latency_s,
    )


def in_turn(choices: Iterable[tuple[str, ModelChoice]]) -> list[Asked]:
    """Return one call for each label and model, in their order.

    Calls that ask the same are samples of it, also under several labels: a cache across runs, which
    knows no label, then keeps them apart.
    """
    alike: Counter[tuple[str, str]] = Counter()
    asked = []
    for label, model in choices:
        what = (model.name, json.dumps(model.parameters, sort_keys=True, default=repr))
        asked.append(Asked(label=label, model=model, sample=alike[what]))
        alike[what] += 1
    return asked


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
                on_length=one.model.on_length,
            )
            for one in asked
        ),
        return_exceptions=True,
    )
    _raise_what_is_no_failed_call(results)
    both = list(zip(asked, results, strict=True))
    return Replies(
        answered=tuple(
            Answered(asked=one, response=result)
            for one, result in both
            if isinstance(result, ChatResponse)
        ),
        failures=tuple((one, result) for one, result in both if isinstance(result, CallFailed)),
    )


def _raise_what_is_no_failed_call(results: Sequence[ChatResponse | BaseException]) -> None:
    """Raise the first error that says nothing of a model; a run that drains before all others."""
    errors = [
        result
        for result in results
        if isinstance(result, BaseException) and not isinstance(result, CallFailed)
    ]
    for error in sorted(errors, key=lambda error: not isinstance(error, Interrupted)):
        raise error
