"""How long a whole run will take, from its first few rows, and what bounds it.

Each thing that lets through only so much at a time is a bound: calls in flight and requests or
tokens a minute of each endpoint, places where code runs, and the longest row. A run takes as long
as the tightest of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sygra_eval.journal import JournalledCall
from sygra_eval.models import GateView
from sygra_eval.quality import Interval, total_of

_CLEARLY = 1.2
"""Other work bounds a run where it takes so much longer than calls do: rows also wait for calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTime:
    """What was measured while the sample ran.

    :ivar wall_s: Seconds that it took in all; `row_s` each of its rows.
    :ivar endpoints: Endpoint of each model by name, `rpm` and `tpm` what the suite allows it.
    :ivar places: Executions at a time; 0 where no code is run. `rows_at_once`: rows in flight.
    """

    wall_s: float
    row_s: Sequence[float]
    views: Sequence[GateView] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    rpm: Mapping[str, float] = field(default_factory=dict)
    tpm: Mapping[str, float] = field(default_factory=dict)
    places: int = 0
    rows_at_once: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEstimate:
    """Seconds that all rows will take, those of the sample among them, and what bounds them."""

    seconds: Interval
    bound_by: str


@dataclass(frozen=True, slots=True)
class _Bound:
    what: str
    left: Interval


def time_of(
    calls: Sequence[JournalledCall],
    ended: set[str],
    rows: int,
    sample: SampleTime,
) -> TimeEstimate | None:
    """Return the time of `rows` rows; None where it is unknown, as where a cache answered."""
    if any(call.response.is_cached for call in calls):
        return None
    bounds = [*_of_endpoints(calls, ended, rows, sample), *_of_models(calls, ended, rows, sample)]
    if sample.row_s:
        longest = max(sample.row_s) if len(sample.row_s) < rows else 0.0
        bounds.append(_Bound("its longest row", _exactly(longest)))
    of_calls_s = max((bound.left.estimate for bound in bounds), default=0.0)
    # How fast other work goes depends on what else the machine does: it bounds from above alone.
    least_s = max((bound.left.low for bound in bounds), default=0.0)
    bounds += (
        bound
        for bound in _of_other_work(calls, rows, sample)
        if bound.left.estimate > _CLEARLY * of_calls_s
    )
    if not bounds:
        return None
    tightest = max(bounds, key=lambda bound: bound.left.estimate)
    return TimeEstimate(
        seconds=Interval(
            estimate=sample.wall_s + tightest.left.estimate,
            low=sample.wall_s + least_s,
            high=sample.wall_s + max(bound.left.high for bound in bounds),
        ),
        bound_by=tightest.what,
    )


def _of_endpoints(
    calls: Sequence[JournalledCall], ended: set[str], rows: int, sample: SampleTime
) -> Iterator[_Bound]:
    """Yield what each endpoint bounds: calls in flight, and what it says of a minute."""
    for view in sample.views:
        own = [call for call in calls if sample.endpoints.get(call.model) == view.endpoint]
        latency = [(call, call.response.latency_s) for call in own]
        at_once = f"{view.limit} call{'s' if view.limit > 1 else ''} in flight at {view.endpoint}"
        yield from _bound(at_once, latency, ended, rows, per_s=view.limit)
        yield from _a_minute(
            view.endpoint, own, ended, rows, (view.requests_per_minute, view.tokens_per_minute)
        )


def _of_models(
    calls: Sequence[JournalledCall], ended: set[str], rows: int, sample: SampleTime
) -> Iterator[_Bound]:
    """Yield what the suite allows each model in a minute."""
    for model in sample.endpoints:
        own = [call for call in calls if call.model == model]
        allowed = (sample.rpm.get(model), sample.tpm.get(model))
        yield from _a_minute(f"`{model}`", own, ended, rows, allowed)


def _a_minute(
    who: str,
    own: Sequence[JournalledCall],
    ended: set[str],
    rows: int,
    allowed: tuple[float | None, float | None],
) -> Iterator[_Bound]:
    requests, tokens = allowed
    if requests:
        tries = [(call, float(call.response.tries)) for call in own]
        what = f"{requests:g} requests a minute of {who}"
        yield from _bound(what, tries, ended, rows, per_s=requests / 60)
    if tokens:
        used = [(call, float(call.response.usage.total)) for call in own]
        yield from _bound(
            f"{tokens:g} tokens a minute of {who}", used, ended, rows, per_s=tokens / 60
        )


def _of_other_work(
    calls: Sequence[JournalledCall], rows: int, sample: SampleTime
) -> Iterator[_Bound]:
    """Yield what the work beside calls bounds; never more than the pace of the sample says.

    The sample's rows waited for each other, so what they took in all may be far too much.
    """
    total = total_of(sample.row_s, rows)
    in_rows_s = sum(sample.row_s)
    if total is None or in_rows_s <= 0:
        return
    left = _left(total, in_rows_s)
    pace_s = sample.wall_s * (rows - len(sample.row_s)) / len(sample.row_s)
    beside_s = in_rows_s - sum(call.response.latency_s for call in calls)
    if sample.places and beside_s > 0:
        at_places = _times(left, beside_s / in_rows_s / sample.places)
        yield _Bound(f"running and judging code, {sample.places} at a time", _to(pace_s, at_places))
    at_once = _times(left, 1 / sample.rows_at_once)
    yield _Bound(f"{sample.rows_at_once} rows at a time", _to(pace_s, at_once))


def _to(most_s: float, interval: Interval) -> Interval:
    """Return it scaled down where its estimate is more than that."""
    if interval.estimate <= most_s:
        return interval
    return _times(interval, most_s / interval.estimate)


def _bound(
    what: str,
    figures: Sequence[tuple[JournalledCall, float]],
    ended: set[str],
    rows: int,
    *,
    per_s: float,
) -> Iterator[_Bound]:
    """Yield a bound from what each call is of it."""
    by_row = dict.fromkeys(ended, 0.0)
    for call, figure in figures:
        if call.site.record in by_row:
            by_row[call.site.record] += figure
    total = total_of(list(by_row.values()), rows)
    if total is not None and per_s > 0:
        yield _Bound(what, _times(_left(total, sum(by_row.values())), 1 / per_s))


def _left(total: Interval, done: float) -> Interval:
    """Return what comes beside what is done."""
    return Interval(
        estimate=max(0.0, total.estimate - done),
        low=max(0.0, total.low - done),
        high=max(0.0, total.high - done),
    )


def _times(interval: Interval, factor: float) -> Interval:
    return Interval(
        estimate=interval.estimate * factor,
        low=interval.low * factor,
        high=interval.high * factor,
    )


def _exactly(seconds: float) -> Interval:
    return Interval(estimate=seconds, low=seconds, high=seconds)
