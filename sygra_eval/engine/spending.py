"""What a run may spend, and what it has: money, tokens, calls and time, over all its starts.

In a suite with a batch model, a call that finds no room waits for those in flight to end, and the
run ends when there are none.

A call is let through when what was spent, together with the most that the calls in flight may come
to, is below every bound. So a run ends at most one call beyond its budget, and what it ends with is
incomplete and can be resumed with a higher one. Answers from a cache or a journal cost nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from sygra_eval.engine.stop import StopSignal
from sygra_eval.journal import JournalReader
from sygra_eval.models import Gateway
from sygra_eval.values import Budget, ChatRequest, ChatResponse, SygraEvalError, UsageError

NANO = 1_000_000_000


class BudgetReached(SygraEvalError):
    """The next call may not be sent; the message says which bound it was."""


@dataclass(slots=True)
class Amount:
    """So much money (in billionths of a dollar), so many tokens and calls."""

    nano_usd: int = 0
    tokens: int = 0
    calls: int = 0

    def add(self, other: "Amount", sign: int = 1) -> None:
        """Add to it, or take away."""
        self.nano_usd += sign * other.nano_usd
        self.tokens += sign * other.tokens
        self.calls += sign * other.calls


@dataclass(slots=True)
class Spending:
    """What one run has spent; `reserved` is the most that its calls in flight may come to."""

    budget: Budget
    spent: Amount
    reserved: Amount
    _patient: deque[asyncio.Future[None]] = field(default_factory=deque)

    @classmethod
    def after(cls, reader: JournalReader, budget: Budget) -> "Spending":
        """Begin with what earlier starts of the run spent."""
        if budget == Budget():
            return cls(budget, Amount(), Amount())
        calls = reader.calls_summary()
        sent = calls.calls - calls.from_cache
        tokens = calls.prompt_tokens + calls.completion_tokens - calls.cached_answer_tokens
        return cls(budget, Amount(calls.cost_nano_usd or 0, tokens, sent), Amount())

    def reserve(self, most: Amount) -> None:
        """Note that a call is sent.

        :raises BudgetReached: When it may not be.
        """
        if reached := self._reached():
            raise BudgetReached(reached)
        self.reserved.add(most)
        self._wake_next()

    def settle(self, most: Amount, response: ChatResponse | None) -> None:
        """Note that a call ended, and what it came to; None when it gave no answer."""
        self.reserved.add(most, sign=-1)
        if response is not None:
            self.spent.add(Amount(response.cost_nano_usd or 0, response.usage.total, 1))
        self._wake_next()

    async def another_ended(self) -> bool:
        """Wait until a call in flight has ended, so that there may be room; False if there is none.

        What thousands of calls of a batch may come to is far from what they do, so a budget that
        is reached by the former is no reason to end the run.
        """
        if not self.reserved.calls:
            return False
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._patient.append(waiting)
        await waiting
        return True

    def wake_all(self) -> None:
        """End all waiting, as the run ends."""
        while self._patient:
            self._wake_next()

    def _wake_next(self) -> None:
        """Let one try again; when it succeeds, it wakes the next."""
        while self._patient:
            waiting = self._patient.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return

    def _reached(self) -> str:
        """Say which bound leaves no room for another call."""
        budget, spent, reserved = self.budget, self.spent, self.reserved
        for bound, so_far, in_flight, told in (
            (
                None if budget.usd is None else budget.usd * NANO,
                spent.nano_usd,
                reserved.nano_usd,
                f"{spent.nano_usd / NANO:.4f} of {budget.usd} USD are spent",
            ),
            (
                budget.tokens,
                spent.tokens,
                reserved.tokens,
                f"{spent.tokens} of {budget.tokens} tokens are spent",
            ),
            (
                budget.calls,
                spent.calls,
                reserved.calls,
                f"{spent.calls} of {budget.calls} calls are made",
            ),
        ):
            if bound is not None and so_far + in_flight >= bound:
                return f"budget reached: {told}"
        return ""


def most_of(gateway: Gateway, model: str, request: ChatRequest) -> Amount:
    """Return the most that a call may come to, as far as that can be told before."""
    usage = gateway.most_usage(model, request)
    return Amount(gateway.cost_of(model, usage) or 0, usage.total, 1)


def refuse_unpriced(budget: Budget, gateway: Gateway) -> None:
    """Refuse a budget of money where a price is not known.

    :raises UsageError: With the models and why.
    """
    if budget.usd is None:
        return
    if unknown := gateway.unpriced:
        told = "; ".join(f"`{name}`: {why}" for name, why in unknown.items())
        raise UsageError(
            f"a budget in USD needs the price of every model, and some have none ({told}); give "
            "them `price: {input: …, output: …}` in USD per million tokens, or `price: free`"
        )


@contextlib.contextmanager
def within_time(budget: Budget, reader: JournalReader, stop: StopSignal) -> Iterator[None]:
    """Drain the run when its time is up; what earlier starts took counts."""
    if budget.time_s is None:
        yield
        return
    ends = (event.data.get("wall_s") for event in reader.events())
    took_s = sum(wall_s for wall_s in ends if isinstance(wall_s, float | int))
    told = f"budget reached: {budget.time_s:g} seconds are over"
    left_s = max(0.0, budget.time_s - took_s)
    timer = asyncio.get_running_loop().call_later(left_s, stop.give_up, told)
    try:
        yield
    finally:
        timer.cancel()


def chosen(before: Budget, asked: Budget) -> Budget:
    """Return a budget with the bounds that were asked for in the place of its own."""
    return Budget(
        usd=before.usd if asked.usd is None else asked.usd,
        tokens=before.tokens if asked.tokens is None else asked.tokens,
        calls=before.calls if asked.calls is None else asked.calls,
        time_s=before.time_s if asked.time_s is None else asked.time_s,
    )
