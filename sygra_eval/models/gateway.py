"""Asks models by name: a slot for every try, patience between tries, one verdict on the preflight.

Retries live here once, so every model type has them, and a call that waits holds no slot.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from sygra_eval.models.gate import Gates
from sygra_eval.values import (
    CallFailed,
    ChatModel,
    ChatRequest,
    ChatResponse,
    ModelUnavailable,
    RetryLater,
)

_log = logging.getLogger(__name__)

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]
Chance = Callable[[], float]


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
    """

    def __init__(
        self,
        models: Mapping[str, ChatModel],
        *,
        patience: Patience | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        chance: Chance = random.random,
    ) -> None:
        self.models = dict(models)
        self._gates = Gates(self.models)
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
        """Calls that all endpoints together take at once."""
        limits = {model.endpoint: 0 for model in self.models.values()}
        return sum(self._gates.of(endpoint).limit for endpoint in limits)

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
        self, name: str, request: ChatRequest, *, before_try: Callable[[], None] = _nothing
    ) -> ChatResponse:
        """Return the answer of the model `name`, after as many tries as patience allows.

        :param before_try: Called with the slot in hand, before each try; what it raises ends the
            call, so that a caller who waited for a slot may still change his mind.
        :raises CallFailed: When the refusal is final or patience is used up.
        """
        failures: list[RetryLater] = []
        admitted_s: float | None = None
        while True:
            async with self._gates.slot(name):
                before_try()
                admitted_s = self._clock() if admitted_s is None else admitted_s
                try:
                    response = await self._try(name, request)
                except RetryLater as failure:
                    failures.append(failure)
                else:
                    latency_s = self._clock() - admitted_s
                    return replace(response, latency_s=latency_s, tries=len(failures) + 1)
            await self._sleep(self._wait_s(failures, waited_s=self._clock() - admitted_s))

    async def _try(self, name: str, request: ChatRequest) -> ChatResponse:
        try:
            response = await self.models[name].complete(request)
        except CallFailed:
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
