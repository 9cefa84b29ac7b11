"""What became of a gate, and how one is judged by the rows of a run.

A metric without a value is an error, never a pass. Rows with an error are in no metric, so a gate
that holds on too few of the rows is an error as well (`min_coverage`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from sygra_eval.quality.changes import Change, Comparison
from sygra_eval.quality.means import Estimate
from sygra_eval.quality.raters import Agreement
from sygra_eval.quality.rates import clopper_pearson
from sygra_eval.quality.resampling import bootstrap_mean, seed_of
from sygra_eval.quality.sides import Figure, Side, figure_of, shown
from sygra_eval.suite import Gate, GateKind
from sygra_eval.values import MetricKind


class GateState(StrEnum):
    """How a gate ended."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOutcome:
    """What became of a gate, or of one group or metric of it.

    :ivar index: The gate's place in the suite; `asks` what it asks for.
    :ivar group: The value of `group_by` that this is about; empty for all rows.
    :ivar reason: The figures that decided, or why it was not judged.
    :ivar is_warning: It fails no run.
    """

    index: int
    kind: str
    metric: str
    asks: str
    group: str = ""
    state: GateState
    reason: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    n_judged: int = 0
    n_error: int = 0
    n_skipped: int = 0
    is_warning: bool = False

    @property
    def name(self) -> str:
        """The gate as people read it."""
        group = f" of {shown(self.group)}" if self.group else ""
        return f"{shown(self.metric)}{group} {self.asks}"

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        return {**asdict(self), "state": self.state.value}


def outcome_from_json(data: Mapping[str, Any]) -> GateOutcome:
    """Return what `as_json` was given."""
    return GateOutcome(**{**data, "state": GateState(data["state"])})


def skipped(gate: Gate, why: str, *, group: str = "") -> GateOutcome:
    """Return the outcome of a gate that is not judged."""
    return _outcome(gate, GateState.SKIPPED, why, group=group)


def broken(gate: Gate, why: str, *, group: str = "") -> GateOutcome:
    """Return the outcome of a gate that cannot be judged."""
    return _outcome(gate, GateState.ERROR, why, group=group)


def judged_metric(gate: Gate, side: Side, *, unfit: int = 0, group: str = "") -> GateOutcome:
    """Judge a gate on a metric by some rows.

    :param unfit: Rows of which nobody can say whether they belong to these; they are errors.
    """
    figure = figure_of(side, gate.metric, confidence=1 - gate.alpha)
    estimate, why = _by_method(gate, side, figure)
    judged, errors = figure.n_judged, figure.n_error + unfit
    told = replace(
        _outcome(gate, GateState.ERROR, why, group=group),
        value=estimate.value,
        lower=estimate.low,
        upper=estimate.high,
        n_judged=judged,
        n_error=errors,
        n_skipped=figure.n_skipped,
    )
    if judged < gate.min_n and not (judged == 0 and gate.min_n == 1):
        why = f"{_counts(judged, errors)}, fewer than min_n {gate.min_n}"
        is_small = judged + errors < gate.min_n  # else it is the errors that leave too few
        return replace(told, state=GateState.SKIPPED if is_small else told.state, reason=why)
    if estimate.value is None:
        found = side.metrics[gate.metric]
        first = next(iter((*found.errors.values(), *found.lacking.values())), "")
        first = f": {shown(first, most=200)}" if first else ""
        return replace(told, reason=why or f"no value: {_counts(judged, errors)}{first}")
    missing = [key for key, _ in gate.bounds if _figure(estimate, key) is None]
    if missing:
        return replace(told, reason=why or f"no {missing[0]} bound: {_counts(judged, errors)}")
    holds = all(bound.holds(_figure(estimate, key) or 0.0) for key, bound in gate.bounds)
    said = f"{_said(gate, estimate)} of {_counts(judged, errors)}"
    if not holds:
        return replace(told, state=_failed(gate), reason=said)
    coverage = judged / (judged + errors) if errors else 1.0
    if coverage < gate.min_coverage:
        why = f"only {coverage:.1%} were judged, min_coverage is {gate.min_coverage:.1%}: {said}"
        return replace(told, reason=why)
    return replace(told, state=GateState.PASSED, reason=said)


def judged_agreement(gate: Gate, found: Agreement, *, unfit: int = 0) -> GateOutcome:
    """Judge a bound on how far raters agree; rows that a validator broke on count as errors."""
    errors = found.errors + unfit
    told = replace(
        _outcome(gate, GateState.ERROR, found.why),
        value=found.value,
        lower=found.low,
        upper=found.high,
        n_judged=found.rows,
        n_error=errors,
        n_skipped=found.lone - found.errors,
    )
    if found.rows and found.rows < gate.min_n:
        why = f"{_counts(found.rows, errors)}, fewer than min_n {gate.min_n}"
        is_small = found.rows + errors < gate.min_n
        return replace(told, state=GateState.SKIPPED if is_small else told.state, reason=why)
    if found.value is None:
        return replace(told, reason=f"no value: {found.why}")
    figures = {"value": found.value, "lower": found.low, "upper": found.high}
    missing = [key for key, _ in gate.bounds if figures[key] is None]
    if missing:
        return replace(told, reason=f"no {missing[0]} bound: {_counts(found.rows, errors)}")
    estimate = Estimate(value=found.value, low=found.low, high=found.high)
    said = f"{found.statistic}: {_said(gate, estimate)} of {_counts(found.rows, errors)}"
    if not all(bound.holds(figures[key] or 0.0) for key, bound in gate.bounds):
        return replace(told, state=_failed(gate), reason=said)
    coverage = found.rows / (found.rows + errors)
    if coverage < gate.min_coverage:
        why = f"only {coverage:.1%} were judged, min_coverage is {gate.min_coverage:.1%}: {said}"
        return replace(told, reason=why)
    return replace(told, state=GateState.PASSED, reason=said)


def judged_errors(gate: Gate, failed: int, rows: int) -> GateOutcome:
    """Judge a bound on the rows that failed."""
    if not rows:
        return broken(gate, "no row ended")
    is_held = gate.bounds[0][1].holds(failed / rows)
    return replace(
        _outcome(
            gate,
            GateState.PASSED if is_held else _failed(gate),
            f"{failed} of {rows} rows failed, {failed / rows:.2%}",
        ),
        value=failed / rows,
        n_judged=rows - failed,
        n_error=failed,
    )


def judged_shares(gate: Gate, counts: Counter[str], *, unfit: int = 0) -> GateOutcome:
    """Judge how far the values of a column are from what was wanted: half the summed distance."""
    rows = counts.total()
    if not rows:
        return broken(gate, "no row has a value", group="")
    if rows < gate.min_n:
        return skipped(gate, f"{rows} rows, fewer than min_n {gate.min_n}")
    distances = {
        value: counts[value] / rows - gate.wanted.get(value, 0.0)
        for value in counts.keys() | gate.wanted.keys()
    }
    distance = sum(map(abs, distances.values())) / 2
    far = max(sorted(distances), key=lambda value: abs(distances[value]))
    reason = (
        f"total variation {distance:.3f} of {_counts(rows, unfit)}; furthest: {shown(far)} "
        f"{counts[far] / rows:.1%} of wanted {gate.wanted.get(far, 0.0):.1%}"
    )
    state = GateState.PASSED if distance <= gate.max_tv + 1e-12 else _failed(gate)
    if state is GateState.PASSED and unfit and rows / (rows + unfit) < gate.min_coverage:
        state = GateState.ERROR
    return replace(_outcome(gate, state, reason), value=distance, n_judged=rows, n_error=unfit)


def judged_changes(gate: Gate, comparison: Comparison) -> Iterator[GateOutcome]:
    """Yield what became of a gate on a baseline, metric by metric."""
    if not comparison.changes:
        yield broken(gate, "nothing could be compared")
    for change in comparison.changes:
        yield _of_change(gate, change)


def _of_change(gate: Gate, change: Change) -> GateOutcome:
    name = change.metric.name
    told = replace(_outcome(gate, GateState.ERROR, change.why_none), metric=name, n_judged=change.n)
    if change.before is None or change.after is None:
        return replace(told, reason=change.why_none or "no row was compared")
    interval = change.change
    if interval is not None:
        told = replace(told, value=interval.estimate, lower=interval.low, upper=interval.high)
    if gate.test not in {"", "none"} and gate.test not in change.test.lower():
        why = f"tested by {change.test or 'nothing'}, {gate.test} was asked for"
        return replace(told, reason=why)
    p = "" if change.p_holm is None else f", p {change.p_holm:.3g}"
    said = f"{change.before:.4g} to {change.after:.4g} over {change.n} rows: {change.verdict}{p}"
    is_worse = change.is_regression
    if gate.test == "none":
        drop = change.before - change.after
        drop = -drop if change.metric.direction == "lower" else drop
        is_worse, said = drop > (gate.max_drop or 0.0), f"{said.split(':')[0]}, not tested"
    return replace(told, state=_failed(gate) if is_worse else GateState.PASSED, reason=said)


def _by_method(gate: Gate, side: Side, figure: Figure) -> tuple[Estimate, str]:
    """Return the figure with the interval of the method that was asked for."""
    found = figure.estimate
    values = side.metrics[gate.metric].values
    if gate.method == "exact":
        if found.method != "wilson" or found.clusters != found.n:
            return replace(found, low=None, high=None), "`exact` is for rows that stand alone"
        passed = round(sum(values.values()))
        exact = clopper_pearson(passed, len(values), confidence=1 - gate.alpha)
        if exact is not None:
            return replace(found, low=exact.low, high=exact.high, method="exact"), ""
    if gate.method == "bootstrap" and figure.metric.kind is MetricKind.MEAN:
        clusters: dict[str, list[float]] = {}
        for one in sorted(values):
            clusters.setdefault(side.clusters.get(one, one), []).append(values[one])
        interval = bootstrap_mean(
            list(clusters.values()),
            seed=seed_of(side.facts.suite_sha256, gate.metric),
            confidence=1 - gate.alpha,
        )
        ends = (None, None) if interval is None else (interval.low, interval.high)
        return replace(found, low=ends[0], high=ends[1], method="bootstrap"), ""
    return found, ""


def _figure(estimate: Estimate, key: str) -> float | None:
    return {"value": estimate.value, "lower": estimate.low, "upper": estimate.high}[key]


def _said(gate: Gate, estimate: Estimate) -> str:
    words = {"value": "value", "lower": "lower bound", "upper": "upper bound"}
    return ", ".join(f"{words[key]} {_figure(estimate, key):.4g}" for key, _ in gate.bounds)


def _counts(judged: int, errors: int) -> str:
    rows = f"{judged} row{'' if judged == 1 else 's'}"
    return f"{rows}, {errors} with errors" if errors else rows


def _failed(gate: Gate) -> GateState:
    return GateState.WARNED if gate.is_warning else GateState.FAILED


def _outcome(gate: Gate, state: GateState, reason: str, *, group: str = "") -> GateOutcome:
    is_of_baseline = gate.kind is GateKind.BASELINE and gate.baseline is not None
    return GateOutcome(
        index=gate.index,
        kind=gate.kind.value,
        metric=gate.baseline.name if is_of_baseline and gate.baseline else gate.metric,
        asks=gate.asks,
        group=group,
        state=state,
        reason=reason,
        is_warning=gate.is_warning,
    )
