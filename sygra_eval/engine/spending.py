"""What a run may spend, and what it has: money, tokens, calls and time, over all its starts.

A call is let through when what was spent, together with the most that the calls in flight may come
to, is below every bound; else it waits for those to end, as most come to less than their most. So a
run ends at most one call beyond its budget and hardly below it, and what it ends with is incomplete
and can be resumed with a higher one. Answers from a cache or a journal cost nothing.
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
    """What one run has spent; `reserved` is the most that its calls in flight may come to.

    :ivar unpriced: Calls whose price is not known, so that the money is more than is known.
    :ivar largest: The most that one call of this start came to.
    :ivar open: By record that has not ended, what it came to so far in this start; `of_open` is
        their sum.
    :ivar of_unknown_cost: Records that have not ended and a call whose price is not known.
    :ivar of_ended: What the records came to that ended in this start, `rows_ended` of them.
    """

    budget: Budget
    spent: Amount = field(default_factory=Amount)
    reserved: Amount = field(default_factory=Amount)
    unpriced: int = 0
    largest: Amount = field(default_factory=Amount)
    open: dict[str, Amount] = field(default_factory=dict)
    of_open: Amount = field(default_factory=Amount)
    of_ended: Amount = field(default_factory=Amount)
    rows_ended: int = 0
    of_unknown_cost: set[str] = field(default_factory=set)
    _waiting: deque[tuple[Amount, asyncio.Future[None]]] = field(default_factory=deque)

    @classmethod
    def after(cls, reader: JournalReader, budget: Budget) -> "Spending":
        """Begin with what earlier starts of the run spent."""
        before = reader.calls_summary()
        spent = Amount(before.known_nano_usd, before.tokens, before.sent)
        return cls(budget, spent, unpriced=before.unpriced)

    @property
    def is_bounded(self) -> bool:
        """Whether calls may have to wait here."""
        return self.budget.usd is not None or bool(self.budget.tokens or self.budget.calls)

    async def reserve(self, most: Amount) -> None:
        """Return when a call may be sent; `settle` it when it has ended.

        :raises BudgetReached: When no further call may be sent.
        """
        if not self._waiting and self._has_room():
            self.reserved.add(most)
            return
        if reached := self._reached():
            raise BudgetReached(reached)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((most, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(most)  # it was let through in the same moment
            raise

    def settle(self, most: Amount, response: ChatResponse | None, record: str = "") -> None:
        """Note that a call ended, and what it came to; None when it gave no answer."""
        if response is not None and not response.is_cached:
            came_to = Amount(response.cost_nano_usd or 0, response.usage.total, 1)
            self.spent.add(came_to)
            self.largest.nano_usd = max(self.largest.nano_usd, came_to.nano_usd)
            self.largest.tokens = max(self.largest.tokens, came_to.tokens)
            self.unpriced += response.cost_nano_usd is None
            if record and response.cost_nano_usd is None:
                self.of_unknown_cost.add(record)
            if record:
                self.open.setdefault(record, Amount()).add(came_to)
                self.of_open.add(came_to)
        self._release(most)

    def cost_usd_of(self, record: str) -> float | None:
        """Return what an open record cost; None without calls, or where one has no price."""
        spent = self.open.get(record)
        return None if spent is None or record in self.of_unknown_cost else spent.nano_usd / NANO

    def ended(self, record: str) -> None:
        """Note that a record has its outcome: it asks for nothing any more."""
        self.of_unknown_cost.discard(record)
        came_to = self.open.pop(record, Amount())
        self.rows_ended += 1
        self.of_open.add(came_to, sign=-1)
        self.of_ended.add(came_to)

    def interrupt(self, error: Exception) -> None:
        """End with an error whatever waits to be let through."""
        while self._waiting:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(error)

    def give_back(self, most: Amount) -> None:
        """Take back what was set aside for a call whose cost is counted elsewhere."""
        self._release(most)

    def _release(self, most: Amount) -> None:
        """Take back what was set aside, and let through who waits, in their order."""
        self.reserved.add(most, sign=-1)
        while self._waiting and self._has_room():
            wanted, waiter = self._waiting.popleft()
            if not waiter.done():
                self.reserved.add(wanted)
                waiter.set_result(None)
        if self._waiting and (reached := self._reached()):
            self.interrupt(BudgetReached(reached))

    def _has_room(self) -> bool:
        """Say whether a further call may be sent now."""
        budget, spent, reserved = self.budget, self.spent, self.reserved
        return (
            (budget.usd is None or spent.nano_usd + reserved.nano_usd < budget.usd * NANO)
            and (budget.tokens is None or spent.tokens + reserved.tokens < budget.tokens)
            and (budget.calls is None or spent.calls + reserved.calls < budget.calls)
        )

    def _reached(self) -> str:
        """Say which bound leaves no room for another call, whatever those in flight come to."""
        budget, spent = self.budget, self.spent
        usd, told = spent.nano_usd / NANO, ""
        if budget.usd is not None and spent.nano_usd >= budget.usd * NANO:
            told = f"{usd:.4f} of {budget.usd} USD are spent"
        elif budget.tokens is not None and spent.tokens >= budget.tokens:
            told = f"{spent.tokens} of {budget.tokens} tokens are spent"
        elif budget.calls is not None and spent.calls >= budget.calls:
            told = f"{spent.calls} of {budget.calls} calls are made"
        return f"budget reached: {told}" if told else ""


def most_of(gateway: Gateway, model: str, request: ChatRequest, largest: Amount) -> Amount:
    """Return the most that a call may come to, as far as that can be told before.

    Who answers is one of several where there are stand-ins, so the dearest of them counts. Where
    the request does not bound the answer, it may come to what the `largest` so far came to.
    """
    most = Amount(calls=1)
    for one, asked in gateway.asked_in_turn(model, request):
        usage = gateway.most_usage(one, asked)
        known = largest if is_open(asked) else Amount()
        most.nano_usd = max(most.nano_usd, gateway.cost_of(one, usage) or 0, known.nano_usd)
        most.tokens = max(most.tokens, usage.total, known.tokens)
    return most


def is_open(request: ChatRequest) -> bool:
    """Say whether a request leaves it to the model how long its answer is."""
    parameters = request.parameters
    return not isinstance(
        parameters.get("max_tokens", parameters.get("max_completion_tokens")), int
    )


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
def within_time(budget: Budget, took_s: float, stop: StopSignal) -> Iterator[None]:
    """Drain the run when its time is up; `took_s` of it is gone already."""
    if budget.time_s is None:
        yield
        return
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
