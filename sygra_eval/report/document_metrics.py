"""The suite's gates and the registered metrics as data."""

from collections.abc import Mapping

from sygra_eval.engine import RunSummary
from sygra_eval.quality import Agreement, GateOutcome
from sygra_eval.quality import Figure as Measured
from sygra_eval.report.figure import CONFIDENCE, Figure, counted, noted
from sygra_eval.values import MetricKind


def gates(summary: RunSummary) -> list[dict[str, object]]:
    """Return what became of each gate; the figures are those it was judged by."""
    return [_gate(gate, place) for place, gate in enumerate(summary.gates)]


def agreement(summary: RunSummary) -> list[dict[str, object]]:
    """Return how far raters agree, beyond chance; none where a suite has fewer than two."""
    return [_agreement(found) for found in summary.agreements]


def metrics(measured: Mapping[str, Measured]) -> dict[str, object]:
    """Return each metric over the rows; rows that broke it or have no value stand beside it."""
    return {name: _metric(name, figure) for name, figure in sorted(measured.items())}


def _gate(gate: GateOutcome, place: int) -> dict[str, object]:
    value: Figure = {"value": gate.value, "method": "noted", "query": "gates"}
    value["at"] = {"place": place}
    value["n"] = gate.n_judged
    if gate.value is None:
        value["reason"] = gate.reason
    if gate.lower is not None and gate.upper is not None:
        value |= {"lower": gate.lower, "upper": gate.upper}
    return {
        "name": gate.name,
        "state": gate.state.value,
        "reason": gate.reason,
        "kind": gate.kind,
        "metric": gate.metric,
        "asks": gate.asks,
        "group": gate.group or None,
        "is_warning": gate.is_warning,
        "figure": value,
        "errors": counted(gate.n_error, "gate_counts", place=place, what="errors"),
        "skipped": counted(gate.n_skipped, "gate_counts", place=place, what="skipped"),
    }


def _agreement(found: Agreement) -> dict[str, object]:
    def figure(what: str, value: float | None) -> Figure:
        return noted(value, "agreement", reason=found.why, name=found.name, what=what)

    beyond = figure("value", found.value)
    beyond["n"] = found.rows
    if found.low is not None and found.high is not None:
        beyond |= {"lower": found.low, "upper": found.high, "confidence": CONFIDENCE}
    counts = ("rows", "clusters", "lone", "errors", "labels", "unmatched")
    return {
        "name": found.name,
        "raters": list(found.raters),
        "statistic": found.statistic,
        "level": found.level,
        "beyond_chance": beyond,
        "observed": figure("observed", found.observed),
        **{what: figure(what, getattr(found, what)) for what in counts},
        "examples": list(found.examples),
        "pairs": [
            {
                "ratings": pair,
                "rows": counted(rows, "agreement_pairs", name=found.name, ratings=pair),
            }
            for pair, rows in found.pairs.items()
        ],
        "note": found.why or None,
    }


def _metric(name: str, measured: Measured) -> dict[str, object]:
    estimate, metric = measured.estimate, measured.metric
    figure: Figure = {
        "value": estimate.value,
        "method": "metric",
        "query": "metrics",
        "at": {"metric": name},
        "estimated_by": estimate.method,
    }
    if estimate.value is None:
        figure["reason"] = "no row has a value"
    if metric.kind is not MetricKind.SET:  # whose interval is drawn anew, from all rows at once
        figure["n"] = measured.n_judged
        if estimate.low is not None and estimate.high is not None:
            figure |= {"lower": estimate.low, "upper": estimate.high, "confidence": CONFIDENCE}
    return {
        "kind": metric.kind.value,
        "direction": metric.direction.value,
        "figure": figure,
        "errors": counted(measured.n_error, "metric_counts", metric=name, what="errors"),
        "skipped": counted(measured.n_skipped, "metric_counts", metric=name, what="skipped"),
    }
