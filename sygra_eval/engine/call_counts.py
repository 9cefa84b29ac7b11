"""Counts the calls of a run, one by one: by model and node, by round and draft, how long they took.

Of each call eight bytes are kept, its time, so that percentiles are exact.
"""

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import fsum
from typing import TypeVar

from sygra_eval.journal import JournalReader, Spent, StoredCall, repaired_step

_VISIT = re.compile(r"#[0-9]+(?=/|$)")
_LOOP_STEPS = frozenset({"draft", "critique", "revise"})
_Key = TypeVar("_Key")
PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentAt:
    """What the calls of one model at one place of the graph came to; they add up to the run's."""

    model: str
    node: str
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long the calls of one model at one step took that an endpoint was asked.

    :ivar percentiles: By nearest rank: the time that so many of a hundred calls did not exceed.
    """

    step: str
    model: str
    calls: int
    percentiles: Mapping[int, float]
    slowest_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What the calls of one round, or of one further draft, came to."""

    number: int
    spent: Spent


@dataclass(slots=True)
class CallCount:
    """Counts over the calls; memory grows by eight bytes a call."""

    spent: dict[tuple[str, str], Spent] = field(default_factory=dict)
    _rounds: dict[int, Spent] = field(default_factory=dict)
    _drafts: dict[int, Spent] = field(default_factory=dict)
    _times: dict[tuple[str, str], "array[float]"] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: JournalReader) -> "CallCount":
        """Count all calls of a journal."""
        count = cls()
        for call in reader.stored_calls():
            count.take(call)
        return count

    def take(self, call: StoredCall) -> None:
        """Count one call."""
        _part(self.spent, (call.model, call.node)).take_stored(call.node, call.data)
        step = step_of(call.node)
        loop_step = loop_step_of(step)
        if loop_step:
            _part(self._rounds, call.visit).take_stored(call.node, call.data)
        if loop_step == "draft":
            _part(self._drafts, call.sample + 1).take_stored(call.node, call.data)
        if was_sent(call):
            times = self._times.get(at := (step, call.model))
            if times is None:
                times = self._times[at] = array("d")
            times.append(call.data["latency_s"])

    @property
    def by_model_and_node(self) -> tuple[SpentAt, ...]:
        """Return the parts in an order that does not depend on which call ended first."""
        return tuple(
            SpentAt(model=model, node=node, spent=part)
            for (model, node), part in sorted(self.spent.items(), key=lambda item: item[0])
        )

    @property
    def rounds(self) -> tuple[Paid, ...]:
        """Return what each round's calls came to; those of a draft are in round 1."""
        return _paid(self._rounds)

    @property
    def drafts(self) -> tuple[Paid, ...]:
        """Return what the first drafts came to, the second ones, and so on."""
        return _paid(self._drafts)

    def latencies(self) -> Iterator[Latency]:
        """Yield how long calls took, step by step and model by model."""
        for (step, model), times in sorted(self._times.items(), key=lambda item: item[0]):
            ordered = sorted(times)
            yield Latency(
                step=step,
                model=model,
                calls=len(ordered),
                percentiles={share: nearest_rank(ordered, share) for share in PERCENTILES},
                slowest_s=ordered[-1],
                total_s=fsum(ordered),
            )


def nearest_rank(ordered: list[float], share: int) -> float:
    """Return the least value that `share` of a hundred values do not exceed."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def step_of(node: str) -> str:
    """Return the place in the graph, whichever visit it was and whether it was asked again."""
    return repaired_step(_VISIT.sub("", node))


def loop_step_of(step: str) -> str:
    """Return what a call did in a loop: `draft`, `critique` or `revise`; empty elsewhere."""
    node, _, last = step.rpartition("/")
    return last if node and last in _LOOP_STEPS and not node.startswith("validator:") else ""


def was_sent(call: StoredCall) -> bool:
    """Say whether an endpoint was asked, as neither a cache nor a plugin answered."""
    return not (call.data.get("from_plugin") or call.data.get("is_cached", False))


def _part(parts: dict[_Key, Spent], key: _Key) -> Spent:
    part = parts.get(key)
    if part is None:
        part = parts[key] = Spent()
    return part


def _paid(parts: Mapping[int, Spent]) -> tuple[Paid, ...]:
    return tuple(Paid(number=number, spent=parts[number]) for number in sorted(parts))
