"""Who is let through when; the clock and the timer are handed in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sygra_eval.models import Ask, Gate, Rank
from sygra_eval.models.adaptive import AdaptiveLimit
from sygra_eval.models.breaker import Circuit
from sygra_eval.models.buckets import Bucket
from sygra_eval.values import Allowance, Allowances


@dataclass
class Timer:
    """A clock, and what is to be called when."""

    now_s: float = 0.0
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def later(self, seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
        self.due.append((self.now_s + seconds, callback))
        return asyncio.Handle(callback, (), asyncio.get_running_loop())

    async def advance(self, seconds: float) -> None:
        self.now_s += seconds
        due, self.due = self.due, []
        for at_s, callback in due:
            if at_s <= self.now_s:
                callback()
            else:
                self.due.append((at_s, callback))
        await settled()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def gate_of(timer):
    def make(limit: int = 1, **rules: object) -> Gate:
        adaptive = AdaptiveLimit(most=limit, current=limit)
        return Gate("server", adaptive, clock=timer, later=timer.later, **rules)

    return make


class Caller:
    """Enters a gate, keeps the slot until it is told how its call ended."""

    def __init__(self, gate: Gate, ask: Ask, entered: list[str]) -> None:
        self.ask, self.entered = ask, entered
        self.ends: asyncio.Event = asyncio.Event()
        self.how: Callable[..., None] = lambda admission: admission.answered()
        self.task = asyncio.create_task(self.calls(gate))

    async def calls(self, gate: Gate) -> None:
        async with gate.slot(self.ask) as admission:
            self.entered.append(self.ask.record)
            await self.ends.wait()
            self.how(admission)

    async def end(self, how: Callable[..., None] | None = None) -> None:
        self.how = how or self.how
        self.ends.set()
        await settled()


async def asking(gate: Gate, *asks: Ask) -> tuple[list[str], list[Caller]]:
    entered: list[str] = []
    callers = []
    for ask in asks:
        callers.append(Caller(gate, ask, entered))
        await settled()
    return entered, callers


async def test_records_that_have_begun_go_before_new_ones_and_each_in_order(gate_of):
    gate = gate_of(1)
    entered, callers = await asking(
        gate,
        Ask("first"),
        Ask("new 1"),
        Ask("new 2"),
        Ask("begun 1", Rank.BEGUN),
        Ask("begun 2", Rank.BEGUN),
    )

    assert (entered, gate.in_flight, gate.waiting) == (["first"], 1, 4)
    for record in ("first", "begun 1", "begun 2", "new 1", "new 2"):
        await next(c for c in callers if c.ask.record == record).end()

    assert entered == ["first", "begun 1", "begun 2", "new 1", "new 2"]
    assert (gate.in_flight, gate.waiting) == (0, 0)


async def test_a_new_caller_does_not_overtake_the_queue(gate_of):
    gate = gate_of(1)
    entered, callers = await asking(gate, Ask("first"), Ask("second"))

    callers[0].ends.set()
    overtaking = Caller(gate, Ask("late"), entered)
    await settled()

    assert entered == ["first", "second"]
    await callers[1].end()
    await overtaking.end()


async def test_requests_per_minute_hold_and_the_gate_comes_back_by_itself(gate_of, timer):
    gate = gate_of(10, requests=Bucket(per_minute=12, filled_at_s=0.0))  # two at once
    entered, callers = await asking(gate, *(Ask(str(n)) for n in range(4)))

    assert entered == ["0", "1"]
    await timer.advance(5)
    assert entered == ["0", "1", "2"]
    await timer.advance(5)

    assert entered == ["0", "1", "2", "3"]
    for caller in callers:
        await caller.end()


async def test_tokens_per_minute_hold_and_are_put_right(gate_of, timer):
    gate = gate_of(10, tokens=Bucket(per_minute=600, filled_at_s=0.0))  # a hundred at once
    entered, callers = await asking(gate, Ask("0", tokens=100), Ask("1", tokens=50))

    await callers[0].end(lambda admission: admission.used(30))
    await timer.advance(0)

    assert entered == ["0", "1"]
    await callers[1].end()


async def test_what_the_endpoint_says_is_left_is_believed(gate_of, timer):
    gate = gate_of(10)
    gate.heard(Allowances(requests=Allowance(per_minute=60, remaining=1)))

    entered, callers = await asking(gate, Ask("0"), Ask("1"))

    assert entered == ["0"]
    assert gate.view().requests_per_minute == 60
    await timer.advance(1)
    assert entered == ["0", "1"]
    for caller in callers:
        await caller.end()


async def test_while_the_endpoint_is_down_one_call_tries_and_the_others_wait(gate_of, timer):
    gate = gate_of(50)
    for number in range(11):
        gate.breaker.failed(f"r{number}", float(number))
    timer.now_s = 10.0

    entered, callers = await asking(gate, *(Ask(str(n)) for n in range(3)))

    assert (entered, gate.view().circuit) == ([], Circuit.OPEN)
    await timer.advance(5)
    assert (entered, gate.view().circuit) == (["0"], Circuit.HALF_OPEN)
    await callers[0].end(lambda admission: admission.failed())
    assert entered == ["0"]
    await timer.advance(10)
    assert entered == ["0", "1"]
    await callers[1].end()

    assert (entered, gate.view().circuit) == (["0", "1", "2"], Circuit.CLOSED)
    await callers[2].end()


async def test_a_try_that_is_cancelled_leaves_the_next_one_to_try(gate_of, timer):
    gate = gate_of(50)
    for number in range(11):
        gate.breaker.failed(f"r{number}", float(number))
    timer.now_s = 10.0
    entered, callers = await asking(gate, Ask("0"), Ask("1"))
    await timer.advance(5)

    callers[0].task.cancel()
    await settled()

    assert entered == ["0", "1"]
    await callers[1].end()
    assert gate.in_flight == 0


async def test_whoever_waits_can_be_interrupted_and_whoever_is_inside_stays(gate_of):
    gate = gate_of(1)
    entered, callers = await asking(gate, Ask("inside"), Ask("waits"))

    gate.interrupt(RuntimeError("enough"))
    await settled()

    with pytest.raises(RuntimeError, match="enough"):
        await callers[1].task
    assert (gate.in_flight, gate.waiting) == (1, 0)
    await callers[0].end()
    assert entered == ["inside"]


async def test_a_cancelled_waiter_gives_up_its_place_even_in_the_moment_it_is_let_through(gate_of):
    gate = gate_of(1)
    _, callers = await asking(gate, Ask("inside"), Ask("waits"), Ask("next"))

    callers[0].ends.set()
    await asyncio.sleep(0)  # the slot is handed on in this step
    callers[1].task.cancel()
    await settled()
    await callers[2].end()

    assert callers[2].task.done()
    assert (gate.in_flight, gate.waiting) == (0, 0)


async def test_the_limit_may_be_raised_while_calls_wait(gate_of):
    gate = gate_of(1)
    gate.limit.most = 8
    entered, callers = await asking(gate, Ask("0"), Ask("1"), Ask("2"))

    gate.limit.current = 2
    gate.allow_most(2)
    await settled()

    assert (entered, gate.view().most) == (["0", "1"], 2)
    for caller in callers:
        await caller.end()


async def test_many_refusals_lower_the_limit_and_the_view_shows_it(gate_of):
    gate = gate_of(100)

    for _ in range(100):
        async with gate.slot(Ask("r")) as admission:
            admission.refused(after_s=1.0)

    view = gate.view()
    assert (view.limit, view.most, view.ceiling, view.cuts) == (70, 100, 100, 1)
