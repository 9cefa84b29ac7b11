"""The least time that a run's calls could take, and which limit says so (docs/reports.md).

Each model is looked at for itself: its calls one after the other, as many at once as it allows; its
requests and its tokens a minute. The widest of these is the bound: with endless machines of ours,
and rows enough in flight at every moment, the run would have taken this long.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.engine.call_counts import Latency, SpentAt

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model allows; None where nothing is known of it."""

    in_flight: int | None = None
    rpm: float | None = None
    tpm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The least time that the calls of a run could take.

    :ivar seconds: None where no model's limits are known.
    :ivar model: Whose limit it is; `limit` which one: `in_flight`, `rpm` or `tpm`, `at` this much.
    :ivar left_out: Models whose calls are many at once, and nobody knows how many.
    """

    seconds: float | None
    model: str = ""
    limit: str = ""
    at: float | None = None
    left_out: tuple[str, ...] = ()

    def ratio(self, wall_s: float) -> float | None:
        """Return how many times the bound a run took."""
        return wall_s / self.seconds if self.seconds else None


def bound_of(
    latencies: Iterable[Latency], spent: Iterable[SpentAt], limits: Mapping[str, Limits]
) -> Bound | None:
    """Return the bound; None where no endpoint was asked."""
    seconds: dict[str, float] = {}
    for one in latencies:
        seconds[one.model] = seconds.get(one.model, 0.0) + one.total_s
    sent: dict[str, tuple[int, int]] = {}
    for at in spent:
        calls, tokens = sent.get(at.model, (0, 0))
        sent[at.model] = calls + at.spent.sent, tokens + at.spent.tokens
    if not seconds:
        return None
    found = [
        (needed, model, limit, most)
        for model in seconds
        for needed, limit, most in _needed(
            seconds[model], *sent.get(model, (0, 0)), limits.get(model, Limits())
        )
    ]
    left_out = tuple(
        sorted(model for model in seconds if limits.get(model, Limits()).in_flight is None)
    )
    if not found:
        return Bound(seconds=None, left_out=left_out)
    needed, model, limit, most = max(found, key=lambda one: (one[0], one[1], one[2]))
    return Bound(seconds=needed, model=model, limit=limit, at=most, left_out=left_out)


def limits_in(started: Mapping[str, Any] | None, suite: Mapping[str, Any]) -> dict[str, Limits]:
    """Return what each model allowed: as the run's start noted it, else as the suite names it."""
    noted = (started or {}).get("limits")
    if isinstance(noted, Mapping):
        return {str(name): Limits(**one) for name, one in noted.items()}
    return {
        name: Limits(
            in_flight=model.get("max_concurrency"), rpm=model.get("rpm"), tpm=model.get("tpm")
        )
        for name, model in (suite.get("models") or {}).items()
        if isinstance(model, Mapping)
    }


def _needed(
    seconds: float, calls: int, tokens: int, limits: Limits
) -> Iterator[tuple[float, str, float]]:
    if limits.in_flight:
        yield seconds / limits.in_flight, "in_flight", limits.in_flight
    if limits.rpm:
        yield calls / limits.rpm * MINUTE_S, "rpm", limits.rpm
    if limits.tpm:
        yield tokens / limits.tpm * MINUTE_S, "tpm", limits.tpm
