"""What one node leaves behind for one record, while it runs and in the journal."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sygra_eval.engine.images import messages_from_json, messages_to_json
from sygra_eval.journal import (
    ensemble_end_from_json,
    ensemble_end_to_json,
    guard_from_json,
    guard_to_json,
    loop_end_from_json,
    loop_end_to_json,
)
from sygra_eval.values import (
    ChatResponse,
    EnsembleEnd,
    GuardVerdict,
    LoopEnd,
    Message,
    ModelUse,
    SygraEvalError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one node left behind for one record.

    :ivar notes: What the row has to say of the answers.
    :ivar cut: Digests of the answers that are not whole.
    :ivar ended_at: The node, where the record came no further; not journalled, as its end is.
    :ivar inner: What the nodes of a graph inside it left, without what they added there.
    """

    additions: Mapping[str, object]
    models: tuple[ModelUse, ...]
    messages: tuple[Message, ...]
    loop: LoopEnd | None
    ensemble: EnsembleEnd | None = None
    notes: tuple[str, ...] = ()
    cut: frozenset[str] = frozenset()
    inner: "tuple[Visit, ...]" = ()
    guards: tuple[GuardVerdict, ...] = ()
    ended_at: str = ""

    def flat(self) -> "list[Visit]":
        """Return it behind those inside it."""
        return [*self.inner, self]


@dataclass(slots=True)
class Trace:
    """What happens during one visit, while it happens.

    :ivar asked: A place per call in the order in which they began, which no latency changes;
        `notes`, `guards` and `stopped` by these places.
    """

    asked: list[ModelUse | None] = field(default_factory=list)
    messages: tuple[Message, ...] = ()
    loop: LoopEnd | None = None
    ensemble: EnsembleEnd | None = None
    notes: dict[int, list[str]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    inner: list[Visit] = field(default_factory=list)
    guards: dict[int, list[GuardVerdict]] = field(default_factory=dict)
    stopped: dict[int, SygraEvalError] = field(default_factory=dict)

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """The models that answered, each use of one once."""
        return tuple(dict.fromkeys(use for use in self.asked if use is not None))

    def note(self, response: ChatResponse, place: int, told: str) -> None:
        """Keep what the row has to say of the answer to the call that began at this place."""
        if response.notes:
            self.notes[place] = [f"{told}: {note}" for note in response.notes]
        if response.is_cut:
            self.cut.add(digest_of(response.text))
        elif self.cut:  # the same text came whole
            self.cut.discard(digest_of(response.text))

    def visit(self, additions: Mapping[str, object], *, ended_at: str = "") -> Visit:
        """Return what is left behind."""
        return Visit(
            additions=additions,
            models=self.models,
            messages=self.messages,
            loop=self.loop,
            ensemble=self.ensemble,
            notes=tuple(note for place in sorted(self.notes) for note in self.notes[place]),
            cut=frozenset(self.cut),
            inner=tuple(replace(visit, additions={}, inner=()) for visit in self.inner),
            guards=tuple(one for place in sorted(self.guards) for one in self.guards[place]),
            ended_at=ended_at,
        )

    def raise_if_stopped(self) -> None:
        """Raise what a guardrail stopped the visit with, whatever the node made of that.

        Of several calls side by side it is the one that began first, whichever was answered first.
        """
        if self.stopped:
            raise self.stopped[min(self.stopped)]


def digest_of(text: str) -> str:
    """Return what stands for a text in the journal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def visit_to_json(visit: Visit) -> dict[str, Any]:
    """Return a visit as the journal keeps it; what only some have is left out of the others."""
    data: dict[str, Any] = {
        "additions": dict(visit.additions),
        "models": [[use.role, use.name, use.model, use.parameters] for use in visit.models],
        "messages": messages_to_json(visit.messages),
        "loop": None if visit.loop is None else loop_end_to_json(visit.loop),
    }
    if visit.ensemble is not None:
        data["ensemble"] = ensemble_end_to_json(visit.ensemble)
    if visit.notes:
        data["notes"] = list(visit.notes)
    if visit.cut:
        data["cut"] = sorted(visit.cut)
    if visit.guards:
        data["guards"] = [guard_to_json(one) for one in visit.guards]
    if visit.inner:
        data["inner"] = [visit_to_json(one) for one in visit.inner]
    return data


def visit_from_json(data: Mapping[str, Any]) -> Visit:
    """Return the visit that `visit_to_json` was given."""
    ensemble = data.get("ensemble")
    return Visit(
        additions=data["additions"],
        models=tuple(
            ModelUse(role=role, name=name, model=model, parameters=parameters)
            for role, name, model, parameters in data["models"]
        ),
        messages=messages_from_json(data["messages"]),
        loop=None if data["loop"] is None else loop_end_from_json(data["loop"]),
        ensemble=None if ensemble is None else ensemble_end_from_json(ensemble),
        notes=tuple(data.get("notes", ())),
        cut=frozenset(data.get("cut", ())),
        inner=tuple(visit_from_json(one) for one in data.get("inner", ())),
        guards=tuple(guard_from_json(one) for one in data.get("guards", ())),
    )
