"""What workers share: limits in shares of them, and budgets, call by call.

A limit of calls or of a rate is divided between the workers, and divided anew when somebody changes
it while the run goes. A budget is asked for before each call: whether there is room is decided in
one place, as without workers, so its cap holds as exactly. A lease is given back when the call has
ended, or when the worker that had it is gone.
"""

import asyncio
from collections.abc import Callable
from itertools import count

from sygra_eval.engine.spending import Amount, BudgetReached, Spending
from sygra_eval.values import Budget, ChatResponse, Frame

Say = Callable[..., None]


def amount_to_json(amount: Amount) -> list[int]:
    """Return it as a list."""
    return [amount.nano_usd, amount.tokens, amount.calls]


def amount_from_json(stored: list[int]) -> Amount:
    """Return what `amount_to_json` was given."""
    return Amount(*stored)


class LeasedSpending(Spending):
    """A worker's: what its calls came to, and the asking for room in the run's budget."""

    def __init__(self, budget: Budget, say: Say) -> None:
        super().__init__(budget)
        self._say = say
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._leases: dict[int, int] = {}  # by the identity of what was reserved

    async def reserve(self, most: Amount) -> None:
        """Return when a call may be sent; `settle` it when it has ended.

        :raises BudgetReached: When no further call may be sent.
        """
        if not self.is_bounded:
            return
        number = next(self._numbers)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        self._say("reserve", lease=number, most=amount_to_json(most))
        try:
            await future
        except BaseException:
            self._say("release", lease=number)
            raise
        finally:
            del self._asked[number]
        self._leases[id(most)] = number

    def settle(self, most: Amount, response: ChatResponse | None, record: str = "") -> None:
        """Note that a call ended, and what it came to; None when it gave no answer."""
        super().settle(most, response, record)
        if (number := self._leases.pop(id(most), None)) is not None:
            self._say("release", lease=number)

    def answered(self, frame: Frame) -> None:
        """Take the answer to a question for room."""
        future = self._asked.get(frame["lease"])
        if future is None or future.done():
            return
        if frame["why"]:
            future.set_exception(BudgetReached(frame["why"]))
        else:
            future.set_result(None)

    def interrupt(self, error: Exception) -> None:
        """End with an error whatever waits to be let through."""
        for future in self._asked.values():
            if not future.done():
                future.set_exception(error)

    def _release(self, most: Amount) -> None:
        """Nothing is set aside here."""
