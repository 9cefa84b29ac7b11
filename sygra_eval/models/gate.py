"""Bounds calls in flight, first come, first served.

`Gates` gives every endpoint one gate, shared by all models that name it, and every model a gate of
its own within that: what a user names as a model's `max_concurrency` holds for that model, however
wide its neighbours on the same endpoint are.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType

from sygra_eval.values import ChatModel


class Gate:
    """At most `limit` callers at once are inside `async with gate.slot()`.

    :ivar in_flight: Callers inside.
    :ivar waiting: Callers in the queue.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self.waiting = 0
        self._free = asyncio.Semaphore(limit)

    def slot(self) -> "Gate":
        """Return what to enter; the gate itself, as a slot has no state of its own."""
        return self

    async def __aenter__(self) -> None:
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.in_flight += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.in_flight -= 1
        self._free.release()


class Gates:
    """The gates of a suite's models."""

    def __init__(self, models: Mapping[str, ChatModel]) -> None:
        widest: dict[str, int] = defaultdict(int)
        for model in models.values():
            widest[model.endpoint] = max(widest[model.endpoint], model.max_in_flight)
        self._shared = {endpoint: Gate(limit) for endpoint, limit in widest.items()}
        self._own = {name: Gate(model.max_in_flight) for name, model in models.items()}
        self._endpoints = {name: model.endpoint for name, model in models.items()}

    @property
    def in_flight(self) -> int:
        """Calls that an endpoint is working on."""
        return sum(gate.in_flight for gate in self._shared.values())

    @property
    def waiting(self) -> int:
        """Calls that want a slot."""
        return sum(gate.waiting for gate in (*self._shared.values(), *self._own.values()))

    def of(self, endpoint: str) -> Gate:
        """Return the gate of an endpoint."""
        return self._shared[endpoint]

    @asynccontextmanager
    async def slot(self, name: str) -> AsyncIterator[None]:
        """Hold a slot for one try of the model `name`."""
        async with self._own[name].slot(), self._shared[self._endpoints[name]].slot():
            yield
