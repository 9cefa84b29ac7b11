"""A comparison as data; what is unknown is null."""

from collections.abc import Sequence

from sygra_eval.quality import Change, Comparison, Flip, Side, differing_settings
from sygra_eval.report.comparison import FLIPS, each_verified, flips_of


def comparison_json(
    *found: Comparison, exit_code: int, is_whole: bool = False
) -> dict[str, object]:
    """Return everything as data: of several comparisons with one side, each of them.

    :param is_whole: The ids of rows that did not turn too.
    """
    settings = {"settings": _settings(found)}
    if len(found) == 1:
        return _comparison_json(found[0], exit_code, is_whole=is_whole) | settings
    return {
        "exit": exit_code,
        "tests": found[0].tests,
        "alpha": found[0].rules.alpha,
        "margin": found[0].rules.margin,
        "comparisons": [
            _comparison_json(one, exit_code if one.regressions else 0, is_whole=is_whole)
            for one in found
        ],
        **settings,
    }


def _comparison_json(
    comparison: Comparison, exit_code: int, *, is_whole: bool
) -> dict[str, object]:
    return {
        "before": _side_json(comparison.before),
        "after": _side_json(comparison.after),
        "exit": exit_code,
        "matched": comparison.matched,
        "changed_input": list(comparison.changed_input),
        "only_before": comparison.only_before,
        "only_after": comparison.only_after,
        "alpha": comparison.rules.alpha,
        "margin": comparison.rules.margin,
        "tests": comparison.tests,
        "metrics": {
            one.metric.name: _change_json(one, is_whole=is_whole) for one in comparison.changes
        },
        "same_as": dict(comparison.same_as),
        "regressions": [one.metric.name for one in comparison.regressions],
        "notes": list(comparison.notes),
    }


def _settings(found: Sequence[Comparison]) -> list[dict[str, object]]:
    sides = [found[0].before, *(one.after for one in found)]
    return [
        {"setting": one.setting, "values": list(one.values)} for one in differing_settings(sides)
    ]


def _side_json(side: Side) -> dict[str, object]:
    facts, spending, rate = side.facts, side.facts.spending, side.facts.rate
    return {
        "name": facts.name,
        "kind": facts.kind,
        "suite": facts.suite or None,
        "suite_sha256": facts.suite_sha256 or None,
        "rows": len(side.inputs),
        "verified": spending.verified if spending is not None else None,
        "verified_rate": None
        if rate is None
        else {"value": rate.estimate, "low": rate.low, "high": rate.high},
        "cost_usd": spending.cost_usd if spending is not None else None,
        "tokens": spending.tokens if spending is not None else None,
        "seconds": spending.seconds if spending is not None else None,
        "rounds": {}
        if spending is None
        else {str(number): rows for number, rows in sorted(spending.rounds.items())},
        "latency": []
        if spending is None
        else [
            {
                "step": one.step,
                "model": one.model,
                "calls": one.calls,
                "p50_s": one.p50_s,
                "p90_s": one.p90_s,
            }
            for one in spending.steps
        ],
        "cost_per_verified_row": each_verified(spending).cost_usd,
        "tokens_per_verified_row": each_verified(spending).tokens,
        "seconds_per_verified_row": each_verified(spending).seconds,
    }


def _change_json(change: Change, *, is_whole: bool) -> dict[str, object]:
    metric, interval, lone = change.metric, change.change, change.unmatched
    return {
        "kind": metric.kind.value,
        "direction": metric.direction.value,
        "version": metric.version,
        "n": change.n,
        "clusters": change.clusters or None,
        "before": change.before,
        "after": change.after,
        "change": interval.estimate if interval is not None else None,
        "low": interval.low if interval is not None else None,
        "high": interval.high if interval is not None else None,
        "test": change.test or None,
        "p": change.p,
        "p_exact": change.p_exact,
        "p_holm": change.p_holm,
        "smallest": change.smallest,
        "verdict": None if change.why_none else change.verdict.value,
        "why_none": change.why_none or None,
        "is_regression": change.is_regression,
        **{kind: [_flip_json(flip) for flip in flips_of(change, kind)] for kind in FLIPS},
        **(
            {"both": list(change.flips.both), "neither": list(change.flips.neither)}
            if is_whole
            else {}
        ),
        "passed_twice": len(change.flips.both),
        "failed_twice": len(change.flips.neither),
        "flaky": change.flips.flaky,
        "unmatched": None
        if lone is None
        else {
            "before": lone.before,
            "n_before": lone.n_before,
            "after": lone.after,
            "n_after": lone.n_after,
            "low": lone.change.low if lone.change is not None else None,
            "high": lone.change.high if lone.change is not None else None,
            "p": lone.p,
        },
    }


def _flip_json(flip: Flip) -> dict[str, str]:
    return {"id": flip.id, "before": flip.before, "after": flip.after}
