"""Asks models by name: a slot for every try, patience between tries, one verdict on the preflight.

Retries live here once, so every model type has them, and a call that waits holds no slot.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from sygra_eval.journal import request_hash
from sygra_eval.models.answer_cache import AnswerCache
from sygra_eval.models.batch_ledger import BatchLedger, OpenBatch
from sygra_eval.models.batching import desks_of, is_batched
from sygra_eval.models.gate import Ask, Gates, GateView, Rank, Turn
from sygra_eval.models.outage import MOST_OUTAGE_S, Outage
from sygra_eval.models.prices import UnknownPrice, cost_nano_usd, price_of
from sygra_eval.values import (
    CallFailed,
    ChatModel,
    ChatRequest,
    ChatResponse,
    EndpointLost,
    Fallback,
    Interrupted,
    ModelSpec,
    ModelUnavailable,
    Price,
    RetryLater,
    Usage,
)

_log = logging.getLogger(__name__)

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]
Chance = Callable[[], float]
CHARACTERS_PER_TOKEN = 4
TOKENS_OF_AN_ANSWER = 256  # where the request does not bound them
_TOO_BUSY = ("rate_limited", "overloaded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long one call is tried.

    :ivar tries: Requests that are sent at most; `RetryLater.most_tries` counts those alike.
    :ivar deadline_s: Seconds after admission from which no further try begins.
    :ivar base_s: Upper end of the first wait; it doubles with each try, up to `cap_s`.
    """

    tries: int = 6
    deadline_s: float = 600.0
    base_s: float = 0.5
    cap_s: float = 30.0

    def wait_s(self, failure: RetryLater, tries: int, chance: Chance) -> float:
        """Return how long to wait after `tries` tries: full jitter, never less than was asked.

        What the server asked for is stretched by up to a quarter, so that a crowd which was told
        the same second does not come back in the same second.
        """
        if failure.is_at_once and tries == 1:
            return 0.0
        back_off = chance() * min(self.cap_s, self.base_s * 2.0 ** (tries - 1))
        if failure.after_s is None:
            return back_off
        return max(failure.after_s, back_off) * (1 + chance() / 4)


def _nothing() -> None:
    return None


class Gateway:
    """The models of one run behind their gates.

    :ivar models: By the names that the suite gives them.
    :ivar prices: What the tokens of each cost, or why that is not known.
    :param specs: What the suite says of each; a model that is not in it has named limits.
    :param cache: Answers of earlier runs, which are given before a model is asked; the gateway
        closes it. With `writes_cache` new answers are kept there too.
    :param most_outage_s: For how long an endpoint may be down before it ends the run.
    """

    def __init__(
        self,
        models: Mapping[str, ChatModel],
        *,
        specs: Mapping[str, ModelSpec] | None = None,
        patience: Patience | None = None,
        most_outage_s: float = MOST_OUTAGE_S,
        cache: AnswerCache | None = None,
        writes_cache: bool = False,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        chance: Chance = random.random,
    ) -> None:
        self.models = dict(models)
        self._gates = Gates(self.models, specs or {}, clock=clock)
        self.prices: dict[str, Price | UnknownPrice] = {
            name: price_of(model, (specs or {}).get(name)) for name, model in self.models.items()
        }
        self._outages = {
            model.endpoint: Outage(self._gates.of(model.endpoint).breaker, most_outage_s)
            for model in self.models.values()
        }
        self._specs = dict(specs or {})
        self._batched = frozenset(n for n, m in self.models.items() if is_batched(m))
        self._cache, self._writes_cache = cache, writes_cache
        self._patience = patience or Patience()
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

    @property
    def in_flight(self) -> int:
        """Calls that an endpoint is working on now."""
        return self._gates.in_flight

    @property
    def waiting(self) -> int:
        """Calls that want a slot now."""
        return self._gates.waiting

    @property
    def capacity(self) -> int:
        """Calls that all endpoints together may come to take at once."""
        return self._gates.capacity

    @property
    def views(self) -> tuple[GateView, ...]:
        """What the gate of every endpoint is doing now."""
        return self._gates.views()

    def allow_most(self, endpoint: str, most: int) -> None:
        """Take another upper bound of calls in flight for an endpoint, while calls run."""
        self._gates.of(endpoint).allow_most(most)

    def interrupt(self, error: Exception) -> None:
        """End with an error whatever waits to be sent or for a batch; calls in flight go on."""
        self._gates.interrupt(error)
        for desk in desks_of(self.models.values()):
            desk.interrupt(error)

    @property
    def batch_capacity(self) -> int:
        """Calls that may wait for batches at once."""
        return sum(self.models[name].max_in_flight for name in self._batched)

    @property
    def batched(self) -> frozenset[str]:
        """The models whose calls wait for batches."""
        return self._batched

    @property
    def open_batches(self) -> tuple[OpenBatch, ...]:
        """The batches that servers work on now."""
        return tuple(one for desk in desks_of(self.models.values()) for one in desk.open_batches)

    def remember_batches(self, ledger: BatchLedger) -> None:
        """Note batches of the open models there, and take up what is noted."""
        for desk in desks_of(self.models.values()):
            desk.go_on_with(ledger)

    async def settle_batches(self) -> None:
        """Have what is being submitted noted; no call is waiting any more."""
        for desk in desks_of(self.models.values()):
            await desk.settle()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the models found odd when they were opened."""
        return tuple(
            f"{name}: {text}"
            for name, model in self.models.items()
            for text in getattr(model, "warnings", ())
        )

    async def open(self) -> None:
        """Open all models at once.

        :raises ModelUnavailable: With the problems of all models; those that opened are closed.
        """
        results = await asyncio.gather(
            *(model.open() for model in self.models.values()), return_exceptions=True
        )
        problems: dict[str, list[str]] = {}
        for name, result in zip(self.models, results, strict=True):
            if isinstance(result, BaseException):
                problems.setdefault(_problem(result), []).append(name)
        if problems:
            await self.close()
            lines = (f"{', '.join(names)}: {text}" for text, names in problems.items())
            raise ModelUnavailable("\n".join(lines))

    async def complete(
        self,
        name: str,
        request: ChatRequest,
        *,
        record: str = "",
        has_begun: bool = False,
        before_try: Callable[[], None] = _nothing,
    ) -> ChatResponse:
        """Return the answer of the model `name`, after as many tries as patience allows.

        :param record: Whom the call is for: an endpoint is down when it fails many records.
        :param has_begun: The record has had answers before, so it goes before new ones.
        :param before_try: Called with the slot in hand, before each try; what it raises ends the
            call, so that a caller who waited for a slot may still change his mind.
        :raises CallFailed: When the refusal is final or patience is used up.
        :raises EndpointLost: When no call to this endpoint has a prospect any more.
        """
        if (kept := self._kept(name, request)) is not None:
            return kept
        response = await self._chained(name, request, record, has_begun, before_try)
        is_its_own = not response.answered_by  # a stand-in is one of this suite's alone
        if self._cache is not None and self._writes_cache and request.site and is_its_own:
            asked = request_hash(self.models[name].identity, request)
            self._cache.keep(asked, request.site.sample, response)
        return response

    async def _chained(
        self,
        name: str,
        request: ChatRequest,
        record: str,
        has_begun: bool,  # noqa: FBT001 - of the caller's
        before_try: Callable[[], None],
    ) -> ChatResponse:
        """Ask the model, and those that stand in for it when it fails in one of their ways."""
        fallback = self._specs[name].fallback if name in self._specs else Fallback()
        for one, following in pairwise((name, *fallback.to, None)):
            assert one is not None  # noqa: S101 - only the last is
            asked = (
                request if one == name else self._asked_of(one, instead_of=name, request=request)
            )
            try:
                response = await self._asked(one, asked, record, has_begun, before_try)
            except CallFailed as failure:
                if following is None or failure.kind not in fallback.on:
                    raise
                told = {"model": one, "instead": following, "kind": failure.kind}
                _log.info("fell_back", extra=told)
            else:
                return response if one == name else replace(response, answered_by=one)
        raise AssertionError("the last model answers or raises")

    def _asked_of(self, name: str, instead_of: str, request: ChatRequest) -> ChatRequest:
        """Return the request with the parameters of the model that stands in; a node's own stay."""
        before = self._specs[instead_of].parameters
        own = {k: v for k, v in request.parameters.items() if k not in before or before[k] != v}
        parameters = {**self._specs[name].parameters, **own}
        return replace(request, parameters=parameters)

    def _kept(self, name: str, request: ChatRequest) -> ChatResponse | None:
        """Return the answer that an earlier run had to the same request; it costs nothing now."""
        if self._cache is None or request.site is None:
            return None
        asked = request_hash(self.models[name].identity, request)
        kept = self._cache.find(asked, request.site.sample)
        if kept is None:
            return None
        cost = kept.cost_nano_usd
        return replace(
            kept, latency_s=0.0, tries=1, is_cached=True, cost_nano_usd=0, saved_nano_usd=cost
        )

    async def _asked(
        self,
        name: str,
        request: ChatRequest,
        record: str,
        has_begun: bool,  # noqa: FBT001 - of the caller's
        before_try: Callable[[], None],
    ) -> ChatResponse:
        """Ask the model until it answers."""
        rank = Rank.BEGUN if has_begun else Rank.NEW
        ask = Ask(record, rank, self._tokens_of(name, request))
        failures: list[RetryLater] = []
        admitted_s: float | None = None
        while True:
            async with self._gates.turn(name, ask) as turn:
                before_try()
                admitted_s = self._clock() if admitted_s is None else admitted_s
                try:
                    response = await self._try(name, request)
                except CallFailed as failure:
                    self._note(failure, turn, name)
                    if not isinstance(failure, RetryLater):
                        raise
                    failures.append(failure)
                else:
                    turn.answered(tokens=response.usage.total, said=response.allowances)
                    self._outages[self.models[name].endpoint].answered()
                    return replace(  # these are the gateway's own, whatever a model type says
                        response,
                        is_cached=False,
                        saved_nano_usd=None,
                        answered_by="",
                        latency_s=self._clock() - admitted_s,
                        tries=len(failures) + 1,
                        cost_nano_usd=self.cost_of(name, response.usage),
                    )
            # A batch takes as long as it takes, so only the tries of its calls are bounded.
            waited_s = 0.0 if name in self._batched else self._clock() - admitted_s
            await self._sleep(self._wait_s(failures, waited_s=waited_s))

    @property
    def unpriced(self) -> dict[str, str]:
        """The models whose price is not known, and why."""
        return {n: p.why for n, p in self.prices.items() if isinstance(p, UnknownPrice)}

    def cost_of(self, name: str, usage: Usage) -> int | None:
        """Return what tokens cost, in billionths of a dollar; None is unknown."""
        price = self.prices[name]
        return (
            None
            if isinstance(price, UnknownPrice)
            else cost_nano_usd(price, usage, is_batch=name in self._batched)
        )

    def most_usage(self, name: str, request: ChatRequest) -> Usage:
        """Estimate the most that a call will use: by its characters, and with a whole answer."""
        asked = sum(len(message.content) for message in request.messages) // CHARACTERS_PER_TOKEN
        parameters = request.parameters
        most = parameters.get("max_tokens", parameters.get("max_completion_tokens"))
        answer = most if isinstance(most, int) else TOKENS_OF_AN_ANSWER
        return Usage(prompt_tokens=asked, completion_tokens=answer, is_estimated=True)

    def _tokens_of(self, name: str, request: ChatRequest) -> int:
        """Estimate what a call will use, where somebody counts it."""
        is_counted = self._gates.own(name).tokens is not None
        return self.most_usage(name, request).total if is_counted else 0

    def _note(self, failure: CallFailed, turn: Turn, name: str) -> None:
        """Tell the gate how a try ended; what a batch brings says nothing of the endpoint's state.

        :raises EndpointLost: When it was the last one.
        """
        endpoint = self.models[name].endpoint
        if name in self._batched:
            turn.declined()
        elif failure.kind in _TOO_BUSY and isinstance(failure, RetryLater):
            turn.refused(failure.after_s, failure.allowances)
        elif isinstance(failure, RetryLater):
            turn.failed()
        else:
            turn.declined()
        if why := self._outages[endpoint].verdict(failure, self._clock()):
            lost = EndpointLost(failure.kind, f"the run cannot go on: {why}")
            self._gates.interrupt(lost, endpoint)
            raise lost from failure

    async def _try(self, name: str, request: ChatRequest) -> ChatResponse:
        try:
            response = await self.models[name].complete(request)
        except (CallFailed, Interrupted):
            raise
        except Exception as error:  # the boundary to a model type, which may be a plugin's
            what = f"model `{name}` broke: {type(error).__name__}: {error}"
            raise CallFailed("model_broke", what) from error
        if not isinstance(response, ChatResponse):
            raise CallFailed("model_broke", f"model `{name}` returned {type(response).__name__}")
        return response

    def _wait_s(self, failures: list[RetryLater], *, waited_s: float) -> float:
        """Return how long to wait for the next try, or give the call up."""
        last, tries = failures[-1], len(failures)
        counted = "1 try" if tries == 1 else f"{tries} tries"
        alike = sum(failure.kind == last.kind for failure in failures)
        if tries >= self._patience.tries or (last.most_tries and alike >= last.most_tries):
            raise CallFailed(last.kind, f"{last.message} (gave up after {counted})") from last
        wait_s = self._patience.wait_s(last, tries, self._chance)
        if waited_s + wait_s > self._patience.deadline_s:
            limit = f"the next would start after the limit of {self._patience.deadline_s:g} s"
            raise CallFailed(last.kind, f"{last.message} ({counted}; {limit})") from last
        return wait_s

    async def close(self) -> None:
        """Close all models; one that fails to close does not keep the others open."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        closing = (model.close() for model in self.models.values())
        results = await asyncio.gather(*closing, return_exceptions=True)
        for name, result in zip(self.models, results, strict=True):
            if isinstance(result, BaseException):
                _log.warning("model_not_closed", extra={"model": name, "error": repr(result)})


def _problem(error: BaseException) -> str:
    if isinstance(error, ModelUnavailable):
        return str(error)
    if isinstance(error, Exception):  # the boundary to a model type, which may be a plugin's
        return f"could not be opened: {type(error).__name__}: {error}"
    raise error
