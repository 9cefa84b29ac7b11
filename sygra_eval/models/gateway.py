"""Asks models by name: a slot for every try, patience between tries, one verdict on the preflight.

Retries live here once, so every model type has them, and a call that waits holds no slot.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise

from sygra_eval.journal import request_hash
from sygra_eval.models.abilities import has_json_mode, takes_images
from sygra_eval.models.answer_cache import AnswerCache
from sygra_eval.models.batch_ledger import BatchLedger, OpenBatch
from sygra_eval.models.batching import desks_of, is_batched
from sygra_eval.models.gate import Ask, Gates, Rank, Turn
from sygra_eval.models.gate_view import GateView
from sygra_eval.models.limits import Limits
from sygra_eval.models.outage import MOST_OUTAGE_S, Outage
from sygra_eval.models.patience import Chance, Patience
from sygra_eval.models.prices import UnknownPrice, cost_nano_usd, price_of
from sygra_eval.models.replies import TOKENS_OF_AN_IMAGE
from sygra_eval.models.texts import count_of
from sygra_eval.models.together import (
    FULL_REQUESTS,
    OF_ITS_TEXTS,
    BeforeTry,
    Together,
    batch_size_of,
    refuse_another_task,
    tries_of_many,
)
from sygra_eval.values import (
    CallFailed,
    ChatModel,
    ChatRequest,
    ChatResponse,
    EndpointLost,
    Interrupted,
    ModelSpec,
    ModelUnavailable,
    Price,
    RetryLater,
    Task,
    Usage,
    is_chat,
    task_of,
)

_log = logging.getLogger(__name__)

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]
OnFailure = Callable[[str, CallFailed], None]
"""Told of every try that failed: which model of the suite, and how."""
CHARACTERS_PER_TOKEN = 4
TOKENS_OF_AN_ANSWER = 256  # where the request does not bound them
_TOO_BUSY = ("rate_limited", "overloaded")


def _nothing() -> None:
    return None


def _untold(name: str, failure: CallFailed) -> None:
    del name, failure


class Gateway:
    """The models of one run behind their gates.

    :ivar models: By the names that the suite gives them.
    :ivar prices: What the tokens of each cost, or why that is not known.
    :ivar limits: Changes them while calls run.
    :ivar asleep: Calls that wait to be tried again, without a slot; `when_asleep` is called as one
        begins to.
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
        self.limits = Limits(self._gates, specs or {}, possible=_possible(self.models))
        self.prices: dict[str, Price | UnknownPrice] = {
            name: price_of(model, (specs or {}).get(name)) for name, model in self.models.items()
        }
        self._outages = {
            model.endpoint: Outage(self._gates.of(model.endpoint).breaker, most_outage_s)
            for model in self.models.values()
        }
        self.asleep = 0
        self.when_asleep: Callable[[], None] = _nothing
        self._specs = dict(specs or {})
        self._together = {
            name: Together(batch_size_of(model), partial(self._asked, name))
            for name, model in self.models.items()
            if batch_size_of(model) > 1
        }
        self._batched = frozenset(n for n, m in self.models.items() if is_batched(m))
        self._cache, self._writes_cache = cache, writes_cache
        self._patience = patience or Patience()
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

    @property
    def gates(self) -> Gates:
        """The gates that its calls go through."""
        return self._gates

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
        texts = sum(
            (one.most - 1) * min(FULL_REQUESTS, self.models[name].max_in_flight)
            for name, one in self._together.items()
        )
        return self._gates.capacity + texts

    @property
    def views(self) -> tuple[GateView, ...]:
        """What the gate of every endpoint is doing now."""
        return self._gates.views()

    @property
    def model_views(self) -> tuple[GateView, ...]:
        """What every model's own gate is doing now, which is before that of its endpoint."""
        return tuple(self._gates.own(name).view() for name in self.models)

    def interrupt(self, error: Exception) -> None:
        """End with an error whatever waits to be sent or for a batch; calls in flight go on."""
        self._gates.interrupt(error)
        for desk in desks_of(self.models.values()):
            desk.interrupt(error)

    def hold(self, *, is_held: bool) -> None:
        """Let no call through, or let them through again; calls in flight go on."""
        self._gates.hold(is_held=is_held)

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
        on_failure: OnFailure = _untold,
    ) -> ChatResponse:
        """Return the answer of the model `name`, after as many tries as patience allows.

        :param record: Whom the call is for: an endpoint is down when it fails many records.
        :param has_begun: The record has had answers before, so it goes before new ones.
        :param before_try: Called with the slot in hand, before each try; what it raises ends the
            call, so that a caller who waited for a slot may still change his mind.
        :param on_failure: Told of every try that failed, also where a later one did not.
        :raises CallFailed: When the refusal is final or patience is used up.
        :raises EndpointLost: When no call to this endpoint has a prospect any more.
        """
        refuse_another_task(name, self.models[name], request)
        if (kept := self.kept(name, request)) is not None:
            return kept
        send = self._chained if self._has_stand_ins(name) else self._sent
        response = await send(name, request, record, has_begun, before_try, on_failure)
        if self._cache is not None and self._writes_cache:
            self._keep(self._cache, name, request, response)
        return response

    def _keep(
        self, cache: AnswerCache, name: str, request: ChatRequest, response: ChatResponse
    ) -> None:
        # A stand-in is one of this suite's alone, and another model's answer is none of this one.
        is_its_own = not (response.answered_by or self.is_another(name, response.model_seen))
        if request.site and is_its_own:
            asked = request_hash(self.models[name].identity, request)
            cache.keep(asked, request.site.sample, response)

    def _has_stand_ins(self, name: str) -> bool:
        return name in self._specs and bool(self._specs[name].fallback.to)

    async def _chained(
        self,
        name: str,
        request: ChatRequest,
        record: str,
        has_begun: bool,  # noqa: FBT001 - of the caller's
        before_try: Callable[[], None],
        on_failure: OnFailure,
    ) -> ChatResponse:
        """Ask the model, and those that stand in for it when it fails in one of their ways."""
        fallback = self._specs[name].fallback
        for one, following in pairwise((name, *fallback.to, None)):
            assert one is not None  # noqa: S101 - only the last is
            asked = (
                request if one == name else self._asked_of(one, instead_of=name, request=request)
            )
            try:
                response = await self._sent(one, asked, record, has_begun, before_try, on_failure)
            except CallFailed as failure:
                if following is None or failure.kind not in fallback.on:
                    raise
                told = {"model": one, "instead": following, "kind": failure.kind}
                _log.info("fell_back", extra=told)
            else:
                return response if one == name else replace(response, answered_by=one)
        raise AssertionError("the last model answers or raises")

    def asked_in_turn(self, name: str, request: ChatRequest) -> tuple[tuple[str, ChatRequest], ...]:
        """Return the models that may come to be asked, and what each of them is asked."""
        stand_ins = self._specs[name].fallback.to if self._has_stand_ins(name) else ()
        others = ((one, self._asked_of(one, name, request)) for one in stand_ins)
        return ((name, request), *others)

    def _asked_of(self, name: str, instead_of: str, request: ChatRequest) -> ChatRequest:
        """Return the request with the parameters of the model that stands in; a node's own stay."""
        before = self._specs[instead_of].parameters
        own = {k: v for k, v in request.parameters.items() if k not in before or before[k] != v}
        if not has_json_mode(self.models[name]):
            own.pop("response_format", None)  # whoever asked for JSON checks what comes
        parameters = {**self._specs[name].parameters, **own}
        return replace(request, parameters=parameters)

    def kept(self, name: str, request: ChatRequest) -> ChatResponse | None:
        """Return the answer that an earlier run had to the same request; it costs nothing now."""
        if self._cache is None or request.site is None:
            return None
        asked = request_hash(self.models[name].identity, request)
        kept = self._cache.find(asked, request.site.sample)
        if kept is None or self.is_another(name, kept.model_seen):
            return None
        cost = kept.cost_nano_usd
        return replace(
            kept, latency_s=0.0, tries=1, is_cached=True, cost_nano_usd=0, saved_nano_usd=cost
        )

    async def _sent(
        self,
        name: str,
        request: ChatRequest,
        record: str,
        has_begun: bool,  # noqa: FBT001 - of the caller's
        before_try: Callable[[], None],
        on_failure: OnFailure,
    ) -> ChatResponse:
        """Ask the model, a text together with those of other records where it takes several."""
        together = self._together.get(name)
        if together is None or is_chat(request.messages):
            return await self._asked(name, request, record, has_begun, before_try, on_failure)
        try:
            return await together.complete(request, record, has_begun, before_try)
        except CallFailed as failure:
            on_failure(name, failure)
            raise

    async def _asked(
        self,
        name: str,
        request: ChatRequest,
        record: str,
        has_begun: bool,  # noqa: FBT001 - of the caller's
        before_try: BeforeTry,
        on_failure: OnFailure = _untold,
    ) -> ChatResponse:
        """Ask the model until it answers; `before_try` may put another request in place."""
        rank = Rank.BEGUN if has_begun else Rank.NEW
        if request.has_images and not takes_images(self.models[name]):
            what = f"model `{name}` takes text alone, and it is shown images"
            raise CallFailed("no_images", f"{what}: name one that sees")
        ask = Ask(record, rank, self._tokens_of(name, request))
        failures: list[RetryLater] = []
        admitted_s: float | None = None
        while True:
            async with self._gates.turn(name, ask) as turn:
                request = before_try() or request
                admitted_s = self._clock() if admitted_s is None else admitted_s
                try:
                    response = await self._try(name, request)
                except CallFailed as failure:
                    on_failure(name, failure)
                    self._note(failure, turn, name, count_of(request.messages))
                    if not isinstance(failure, RetryLater):
                        raise
                    failures.append(failure.with_traceback(None))  # which leads back here
                else:
                    turn.answered(tokens=response.usage.total, said=response.allowances)
                    self._outages[self._gates.endpoints[name]].answered(count_of(request.messages))
                    return replace(  # these are the gateway's own, whatever a model type says
                        response,
                        is_cached=False,
                        saved_nano_usd=None,
                        answered_by="",
                        from_plugin="",
                        latency_s=self._clock() - admitted_s,
                        tries=len(failures) + 1,
                        cost_nano_usd=self.cost_of(name, response.usage),
                    )
            most_tries = tries_of_many(failures[-1], request) or self._patience.tries
            # A batch takes as long as it takes, so only the tries of its calls are bounded.
            waited_s = 0.0 if name in self._batched else self._clock() - admitted_s
            wait_s = self._patience.next_wait_s(
                failures, waited_s=waited_s, most_tries=most_tries, chance=self._chance
            )
            self.asleep += 1
            self.when_asleep()
            try:
                await self._sleep(wait_s)
            finally:
                self.asleep -= 1

    def can_tell_another(self, name: str) -> bool:
        """Say whether it shows in a model's answers which model gave them."""
        model = self.models[name]
        return getattr(model, "is_named_as_served", False) and hasattr(model, "is_another")

    def is_another(self, name: str, seen: str) -> bool:
        """Say whether another model than the one behind a name gave an answer."""
        model = self.models[name]
        tell = getattr(model, "is_another", None)
        return tell is not None and bool(tell(seen))

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
        asked += TOKENS_OF_AN_IMAGE * request.images
        parameters = request.parameters
        most = parameters.get("max_tokens", parameters.get("max_completion_tokens"))
        answer = most if isinstance(most, int) else TOKENS_OF_AN_ANSWER
        choices = parameters.get("n")
        answer *= choices if isinstance(choices, int) and choices > 1 else 1
        answer = answer if task_of(self.models[name]) in (Task.CHAT, Task.ANY) else 0
        return Usage(prompt_tokens=asked, completion_tokens=answer, is_estimated=True)

    def _tokens_of(self, name: str, request: ChatRequest) -> int:
        """Estimate what a call will use, where somebody counts it."""
        own, shared = self._gates.own(name), self._gates.of(self._gates.endpoints[name])
        is_counted = own.tokens is not None or shared.tokens is not None
        return self.most_usage(name, request).total if is_counted else 0

    def _note(self, failure: CallFailed, turn: Turn, name: str, calls: int) -> None:
        """Tell the gate how a try ended; what a batch brings says nothing of the endpoint's state.

        :param calls: Texts in it; where one of several may be to blame, it is asked again alone
            before anything is said of the endpoint.
        :raises EndpointLost: When it was the last one.
        """
        endpoint = self._gates.endpoints[name]
        if name in self._batched:
            turn.declined()
        elif failure.kind in _TOO_BUSY and isinstance(failure, RetryLater):
            turn.refused(failure.after_s, failure.allowances)
        elif isinstance(failure, RetryLater):
            turn.failed()
        else:
            turn.declined()
        is_final = not isinstance(failure, RetryLater)
        if calls > 1 and is_final and failure.kind in OF_ITS_TEXTS:
            return
        if why := self._outages[endpoint].verdict(failure, self._clock(), calls):
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

    async def close(self) -> None:
        """Close all models; one that fails to close does not keep the others open."""
        for together in self._together.values():
            await together.close()
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        closing = (model.close() for model in self.models.values())
        results = await asyncio.gather(*closing, return_exceptions=True)
        for name, result in zip(self.models, results, strict=True):
            if isinstance(result, BaseException):
                _log.warning("model_not_closed", extra={"model": name, "error": repr(result)})


def _possible(models: Mapping[str, ChatModel]) -> dict[str, int]:
    """Return what models can take at once that have engines of their own, as `embedded`."""
    told = ((name, getattr(model, "engines", None)) for name, model in models.items())
    return {name: engines for name, engines in told if isinstance(engines, int)}


def _problem(error: BaseException) -> str:
    if isinstance(error, ModelUnavailable):
        return str(error)
    if isinstance(error, Exception):  # the boundary to a model type, which may be a plugin's
        return f"could not be opened: {type(error).__name__}: {error}"
    raise error
