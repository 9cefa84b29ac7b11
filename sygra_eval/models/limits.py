"""Changes the limits of models and endpoints while calls run. Start at `Limits.change`.

All changes of one request are looked at before any is made, so that a mistake in the second leaves
the first undone.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sygra_eval.models.gate import Gate, Gates
from sygra_eval.values import ModelSpec, UsageError

MOST_CALLS = 4_096  # as many as one run ever has records in flight


class Limit(StrEnum):
    """What may be changed, by the words of a suite."""

    MAX_CONCURRENCY = "max_concurrency"
    RPM = "rpm"
    TPM = "tpm"


class LimitRefused(UsageError):
    """A change that cannot be made; none of those that came with it was."""


@dataclass(frozen=True, slots=True)
class LimitChange:
    """What is asked for.

    :ivar of: A model's name, an endpoint, or an endpoint's address where that is enough.
    :ivar to: The new limit; None takes a rate away.
    """

    of: str
    limit: Limit
    to: float | None


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """What was done; `before` and `after` are None where there was, or is, no limit."""

    of: str
    limit: Limit
    before: float | None
    after: float | None


@dataclass(slots=True)
class Limits:
    """The limits of one run's gates.

    A model's `max_concurrency` is its own; the gate of its endpoint follows to the widest of its
    models, unless the endpoint's was named. Where an endpoint is given more, the models follow for
    which the suite names nothing.

    :ivar possible: By model, what it can take at most, where it knows: as many as it has engines.
    :ivar when_changed: Called after every change.
    """

    gates: Gates
    specs: Mapping[str, ModelSpec]
    possible: Mapping[str, int] = field(default_factory=dict)
    when_changed: Callable[[], None] | None = None
    _bound: set[str] = field(default_factory=set)  # endpoints with a limit of their own
    _named: set[str] = field(default_factory=set)  # models, beside those of the suite

    def change(self, changes: Iterable[LimitChange]) -> tuple[LimitChanged, ...]:
        """Make all changes, or none.

        :raises LimitRefused: With the reason.
        """
        found = [(self._found(change.of), self._sound(change)) for change in changes]
        changed = tuple(self._changed(name, change) for name, change in found)
        if self.when_changed is not None:
            self.when_changed()
        return changed

    def _found(self, of: str) -> str:
        """Return the model or the endpoint that is meant."""
        endpoints = dict.fromkeys(self.gates.endpoints.values())
        if of in self.gates.endpoints or of in endpoints:
            return of
        at_address = [endpoint for endpoint in endpoints if of in endpoint.split()]
        if len(at_address) == 1:
            return at_address[0]
        models, known = _listed(self.gates.endpoints), _listed(endpoints)
        if at_address:
            raise LimitRefused(f"`{of}` is more than one endpoint: {_listed(at_address)}")
        raise LimitRefused(f"`{of}` is no model ({models}) and no endpoint ({known}) of this run")

    def _sound(self, change: LimitChange) -> LimitChange:
        """Refuse a limit that is none, or that a model cannot come to."""
        told, to = f"{change.limit} of `{change.of}`", change.to
        if change.limit is not Limit.MAX_CONCURRENCY:
            if to is not None and not 0 < to < math.inf:
                raise LimitRefused(f"{told}: {to:g} a minute is no rate; write a number above 0")
            return change
        if to is None:
            raise LimitRefused(f"{told}: write a number; calls in flight always have a limit")
        if not (1 <= to <= MOST_CALLS and to == int(to)):
            raise LimitRefused(f"{told}: {to:g} is no whole number from 1 to {MOST_CALLS}")
        if to > (possible := self.possible.get(change.of, MOST_CALLS)):
            raise LimitRefused(f"{told}: {to:g} is more than the {possible} engines of this start")
        return change

    def _changed(self, name: str, change: LimitChange) -> LimitChanged:
        is_model = name in self.gates.endpoints
        gate = self.gates.own(name) if is_model else self.gates.of(name)
        before = _limit_of(gate, change.limit)
        match change.limit:
            case Limit.RPM:
                gate.hold_requests(change.to)
            case Limit.TPM:
                gate.hold_tokens(change.to)
            case Limit.MAX_CONCURRENCY if is_model:
                self._widen_model(name, int(change.to or 0))
            case Limit.MAX_CONCURRENCY:
                self._widen_endpoint(name, int(change.to or 0))
        return LimitChanged(name, change.limit, before, _limit_of(gate, change.limit))

    def _widen_model(self, name: str, most: int) -> None:
        self._named.add(name)
        self.gates.own(name).allow_most(most)
        endpoint = self.gates.endpoints[name]
        shared = self.gates.of(endpoint)
        if endpoint in self._bound:
            shared.allow_most(shared.limit.most, named=most)
        else:
            models = self._models_at(endpoint)
            widest = max(self.gates.own(model).limit.most for model in models)
            shared.allow_most(widest, named=most)

    def _widen_endpoint(self, endpoint: str, most: int) -> None:
        self._bound.add(endpoint)
        self.gates.of(endpoint).allow_most(most, named=most)
        for model in self._models_at(endpoint):
            own = self.gates.own(model)
            if not self._is_named(model) and own.limit.most < most:
                own.allow_most(min(most, self.possible.get(model, most)))

    def _models_at(self, endpoint: str) -> list[str]:
        return [name for name, place in self.gates.endpoints.items() if place == endpoint]

    def _is_named(self, model: str) -> bool:
        spec = self.specs.get(model)
        return model in self._named or spec is None or spec.max_concurrency is not None


def _limit_of(gate: Gate, limit: Limit) -> float | None:
    match limit:
        case Limit.MAX_CONCURRENCY:
            return gate.limit.most
        case Limit.RPM:
            return gate.requests.per_minute if gate.requests else None
        case Limit.TPM:
            return gate.tokens.per_minute if gate.tokens else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
