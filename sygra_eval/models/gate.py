"""Decides when a call may be sent: one gate per endpoint and account, shared by all its models.

A caller waits in one queue, records that are in a loop already before new ones (short memory, early
results), and gets an `Admission` on which it says how the call ended. Four rules let it through:
the limit of calls in flight, which adapts to what the endpoint bears (`adaptive`); requests and
tokens per minute (`buckets`); the circuit, which is open while the endpoint is down (`breaker`).
Whoever waits to try again holds no slot. Limits may be changed while calls run.
"""

import asyncio
import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import TracebackType
from typing import Protocol

from sygra_eval.models.adaptive import AdaptiveLimit
from sygra_eval.models.breaker import Breaker
from sygra_eval.models.buckets import Bucket, held
from sygra_eval.models.gate_view import GateView, view_of
from sygra_eval.values import Allowance, Allowances, ChatModel, ModelSpec

Clock = Callable[[], float]


class Rank(IntEnum):
    """Who goes first where not all may go."""

    BEGUN = 0
    NEW = 1


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that wants to be sent.

    :ivar record: The breaker counts distinct ones.
    :ivar tokens: What it will use at most, as far as that can be told before.
    """

    record: str = ""
    rank: Rank = Rank.NEW
    tokens: int = 0


@dataclass(slots=True, eq=False)
class Admission:
    """The right to send one call. Say how it ended once, before the `with` block is left."""

    gate: "Gate"
    ask: Ask
    sent_at_s: float
    _is_told: bool = False
    _tokens_from: Bucket | None = None

    def answered(self) -> None:
        """Say that a good answer came."""
        gate, now_s = self.gate, self.gate.clock()
        gate.limit.answered(now_s, in_flight=gate.in_flight, took_s=now_s - self.sent_at_s)
        gate.breaker.answered(self.ask.record, now_s)
        self._is_told = True

    def used(self, tokens: int) -> None:
        """Say how many tokens it used in the end."""
        if (bucket := self.gate.tokens) is not None:  # it may be new since the call was sent
            bucket.correct(self.ask.tokens if bucket is self._tokens_from else 0, tokens)

    def refused(self, after_s: float | None = None) -> None:
        """Say that the endpoint had too much to do (429, 503, 529)."""
        now_s = self.gate.clock()
        self.gate.refusals += 1
        self.gate.limit.refused(now_s, in_flight=self.gate.in_flight, after_s=after_s)
        self.gate.breaker.answered(self.ask.record, now_s)
        self._is_told = True

    def declined(self) -> None:
        """Say that it answered with a refusal of this very call, as a prompt that is too long."""
        self.gate.breaker.answered(self.ask.record, self.gate.clock())
        self._is_told = True

    def failed(self) -> None:
        """Say that no answer came, or one of a broken server."""
        self.gate.limit.troubled()
        self.gate.breaker.failed(self.ask.record, self.gate.clock())
        self._is_told = True

    async def __aenter__(self) -> "Admission":
        if not self.gate.enter_at_once(self.ask):
            await self.gate.enter(self.ask)
        self.sent_at_s, self._tokens_from = self.gate.clock(), self.gate.tokens
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Give the slot back."""
        if not self._is_told:
            self.gate.breaker.given_up()
        self.gate.leave()


class Later(Protocol):
    """Call something in so many seconds."""

    def __call__(self, seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
        """Return what cancels it."""
        ...


def _later(seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
    return asyncio.get_running_loop().call_later(seconds, callback)


Waiting = tuple[Rank, int, Ask, "asyncio.Future[None]"]


@dataclass(slots=True, eq=False)
class Gate:
    """Lets calls through as the rules allow, in order.

    :ivar in_flight: Calls that were let through and have not ended.
    :ivar refusals: Tries that were answered with "too much to do".
    :ivar is_held: Nobody is let through, while the run is paused.
    :ivar waiting_elsewhere: Callers in the queues of other processes that have shares of it.
    """

    endpoint: str
    limit: AdaptiveLimit
    requests: Bucket | None = None
    tokens: Bucket | None = None
    breaker: Breaker = field(default_factory=Breaker)
    clock: Clock = time.monotonic
    later: Later = _later
    in_flight: int = 0
    refusals: int = 0
    waiting_elsewhere: int = 0
    is_held: bool = False
    _queue: list[Waiting] = field(default_factory=list)
    _asked: int = 0
    _wake: asyncio.Handle | None = None
    _wake_at_s: float = 0.0

    def slot(self, ask: Ask) -> Admission:
        """Return what to enter before a call is sent."""
        return Admission(self, ask, 0.0)

    @property
    def waiting(self) -> int:
        """Callers in the queue."""
        return self.waiting_elsewhere + sum(not future.done() for *_, future in self._queue)

    def view(self) -> GateView:
        """Return what it is doing now."""
        return view_of(self)

    def allow_most(self, most: int, *, named: int | None = None) -> None:
        """Take another upper bound of calls in flight, while calls run.

        :param named: The limit that a person named; as at the start, the gate goes there at once.
        """
        self.limit.allow_most(most)
        if named is not None:
            self.limit.begin_at(named)
        self._admit()

    def hold(self, *, is_held: bool) -> None:
        """Let nobody through, or let them through again."""
        self.is_held = is_held
        self._admit()

    def hold_requests(self, per_minute: float | None) -> None:
        """Take another rate of requests, while calls run; None takes the named one away."""
        self.requests = held(self.requests, per_minute, self.clock())
        self._admit()

    def hold_tokens(self, per_minute: float | None) -> None:
        """Take another rate of tokens, while calls run; None takes the named one away."""
        self.tokens = held(self.tokens, per_minute, self.clock())
        self._admit()

    def heard(self, said: Allowances | None) -> None:
        """Believe what an endpoint says is left of requests and tokens."""
        if said is None:
            return
        now_s = self.clock()
        if said.requests is not None:
            self.requests = self.requests or _told(said.requests, now_s)
            if self.requests is not None:
                ours = max(0, self.in_flight - 1)  # sent, and perhaps not counted there yet
                self.requests.heard(said.requests, now_s, in_flight_amount=ours)
        if said.tokens is not None:
            self.tokens = self.tokens or _told(said.tokens, now_s)
            if self.tokens is not None:
                self.tokens.heard(said.tokens, now_s)

    def interrupt(self, error: Exception) -> None:
        """End the waiting of everybody in the queue with an error."""
        queue, self._queue = self._queue, []
        for *_, future in queue:
            if not future.done():
                future.set_exception(error)

    def enter_at_once(self, ask: Ask) -> bool:
        """Enter where nobody has to wait, and say whether that was so."""
        if self._queue or self._wait_s(ask) != 0:
            return False
        self._let(ask)
        return True

    async def enter(self, ask: Ask) -> None:
        """Wait until a call may be sent; whoever enters has to leave."""
        if self.enter_at_once(ask):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked += 1
        heapq.heappush(self._queue, (ask.rank, self._asked, ask, future))
        self._admit()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.breaker.given_up()
                self.leave()  # it was let through in the moment in which it was cancelled
            raise

    def leave(self) -> None:
        """Give the slot back."""
        self.in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        """Let through whoever may go, and come back when the next one may."""
        while self._queue:
            *_, ask, future = self._queue[0]
            if future.done():  # cancelled
                heapq.heappop(self._queue)
                continue
            wait_s = self._wait_s(ask)
            if wait_s == 0:
                heapq.heappop(self._queue)
                self._let(ask)
                future.set_result(None)
                continue
            if wait_s is not None:
                self._come_back_in(wait_s)
            return

    def _wait_s(self, ask: Ask) -> float | None:
        """Return in how many seconds it may go; None when that depends on a call in flight."""
        if self.is_held or self.in_flight >= self.limit.current:
            return None
        now_s = self.clock()
        closed_s = self.breaker.wait_s(now_s)
        if closed_s is None:
            return None
        request_s = self.requests.wait_s(1, now_s) if self.requests else 0.0
        token_s = self.tokens.wait_s(ask.tokens, now_s) if self.tokens else 0.0
        return max(closed_s, request_s, token_s)

    def _let(self, ask: Ask) -> None:
        self.in_flight += 1
        self.breaker.sent()
        if self.requests is not None:
            self.requests.take(1, self.clock())
        if self.tokens is not None:
            self.tokens.take(ask.tokens, self.clock())

    def _come_back_in(self, wait_s: float) -> None:
        at_s = self.clock() + wait_s
        if self._wake is not None:
            if self._wake_at_s <= at_s:
                return
            self._wake.cancel()
        self._wake, self._wake_at_s = self.later(wait_s, self._woken), at_s

    def _woken(self) -> None:
        self._wake = None
        self._admit()


def _told(said: Allowance, now_s: float) -> Bucket | None:
    """Make a bucket for a limit that only the endpoint has named."""
    if not said.per_minute:
        return None
    return Bucket(per_minute=said.per_minute, filled_at_s=now_s, is_named=False)


@dataclass(slots=True, eq=False)
class Turn:
    """The right to send one call to a model: that of the model, and then that of its endpoint."""

    own: Admission
    shared: Admission

    async def __aenter__(self) -> "Turn":
        await self.own.__aenter__()
        try:
            await self.shared.__aenter__()
        except BaseException:
            self.own.end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shared.end()
        self.own.end()

    def answered(self, *, tokens: int, said: Allowances | None) -> None:
        """Say that a good answer came, what it used, and what the endpoint says is left."""
        self.shared.answered()
        self.shared.used(tokens)
        self.own.used(tokens)
        self.own.gate.heard(said)

    def refused(self, after_s: float | None, said: Allowances | None) -> None:
        """Say that the endpoint had too much to do."""
        self.shared.refused(after_s)
        self.own.gate.heard(said)

    def declined(self) -> None:
        """Say that it refused this very call."""
        self.shared.declined()

    def failed(self) -> None:
        """Say that no answer came, or one of a broken server."""
        self.shared.failed()


class Gates:
    """The gates of a suite's models: one per endpoint, and one per model before it.

    What a user names for a model (`max_concurrency`, `rpm`, `tpm`) holds for that model, however
    wide its neighbours on the same endpoint are. The endpoint's gate adapts, up to the widest of
    its models; it starts there where a user named that, and slowly where nobody did.
    """

    def __init__(
        self,
        models: Mapping[str, ChatModel],
        specs: Mapping[str, ModelSpec],
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        widest: dict[str, int] = defaultdict(int)
        named: dict[str, int] = defaultdict(int)
        for name, model in models.items():
            widest[model.endpoint] = max(widest[model.endpoint], model.max_in_flight)
            is_named = name not in specs or specs[name].max_concurrency is not None
            if is_named or specs[name].batch is not None:  # who waits for a batch loads nobody
                named[model.endpoint] = max(named[model.endpoint], model.max_in_flight)
        self._shared = {
            endpoint: Gate(endpoint, AdaptiveLimit(most=most, current=named[endpoint]), clock=clock)
            for endpoint, most in widest.items()
        }
        self._own = {
            name: Gate(
                name,
                AdaptiveLimit(most=model.max_in_flight, current=model.max_in_flight),
                requests=_named_rate(specs.get(name), "rpm", clock),
                tokens=_named_rate(specs.get(name), "tpm", clock),
                clock=clock,
            )
            for name, model in models.items()
        }
        self._endpoints = {name: model.endpoint for name, model in models.items()}

    @property
    def by_name(self) -> Mapping[str, Gate]:
        """All gates: of models by name, of endpoints by `endpoint NAME`; no model's has a space."""
        shared = {f"endpoint {name}": gate for name, gate in self._shared.items()}
        return {**self._own, **shared}

    @property
    def in_flight(self) -> int:
        """Calls that an endpoint is working on."""
        return sum(gate.in_flight for gate in self._shared.values())

    @property
    def waiting(self) -> int:
        """Calls that want a slot."""
        return sum(gate.waiting for gate in (*self._shared.values(), *self._own.values()))

    @property
    def capacity(self) -> int:
        """Calls that all endpoints together may come to take at once."""
        return sum(gate.limit.most for gate in self._shared.values())

    def of(self, endpoint: str) -> Gate:
        """Return the gate of an endpoint."""
        return self._shared[endpoint]

    def own(self, name: str) -> Gate:
        """Return the gate of a model, which is before that of its endpoint."""
        return self._own[name]

    def views(self) -> tuple[GateView, ...]:
        """Return what every endpoint's gate is doing now."""
        return tuple(gate.view() for gate in self._shared.values())

    @property
    def endpoints(self) -> Mapping[str, str]:
        """The endpoint of every model, by the model's name."""
        return self._endpoints

    def hold(self, *, is_held: bool) -> None:
        """Hold all that want to go, or let them go again."""
        for gate in (*self._own.values(), *self._shared.values()):
            gate.hold(is_held=is_held)

    def interrupt(self, error: Exception, endpoint: str | None = None) -> None:
        """End the waiting for an endpoint, or for all, with an error."""
        for name, gate in self._own.items():
            if endpoint in {None, self._endpoints[name]}:
                gate.interrupt(error)
        for gate in self._shared.values():
            if endpoint in {None, gate.endpoint}:
                gate.interrupt(error)

    def turn(self, name: str, ask: Ask) -> Turn:
        """Return what to enter before one try of the model `name` is sent."""
        return Turn(self._own[name].slot(ask), self._shared[self._endpoints[name]].slot(ask))


def _named_rate(spec: ModelSpec | None, key: str, clock: Clock) -> Bucket | None:
    per_minute = None if spec is None else getattr(spec, key)
    return None if per_minute is None else Bucket(per_minute=per_minute, filled_at_s=clock())
