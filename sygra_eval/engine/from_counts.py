"""From counts over the rows to the values of a `RunSummary`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from sygra_eval.engine.counting import Count
from sygra_eval.engine.outcome import GRADES
from sygra_eval.engine.summary import (
    WEAK,
    Canaries,
    Cause,
    EdgeCount,
    ErrorCount,
    HardCoding,
    PassRates,
    Strength,
    TargetEnd,
    WeakTests,
)
from sygra_eval.engine.target import Cut
from sygra_eval.quality import DIFFICULTIES, Interval, difficulty_of, mean_t, pass_at_k
from sygra_eval.suite import graph_of


def edges_of(count: Count, document: Mapping[str, Any]) -> tuple[EdgeCount, ...]:
    """Return how often each edge was taken, in the suite's order; none where there is one way."""
    if not count.edge_times:
        return ()
    labels = dict.fromkeys(edge.label for edge in graph_of(document).edges)
    return tuple(
        EdgeCount(label=label, rows=count.edge_rows[label], times=count.edge_times[label])
        for label in labels
    )


def errors_of(count: Count) -> tuple[ErrorCount, ...]:
    """Return the errors of each validator, those of all together last."""
    names = [*(name for name in count.known if name), *([""] if count.known else [])]
    return tuple(
        ErrorCount(
            validator=name,
            right=said["right", True] + said["right", False],
            wrong=said["wrong", True] + said["wrong", False],
            false_accepts=said["wrong", True],
            false_rejects=said["right", False],
            undecided=said["right", None] + said["wrong", None],
        )
        for name in names
        for said in [count.known[name]]
    )


def funnel_of(count: Count, rows: int) -> tuple[tuple[str, int], ...]:
    """Return the stages in order, also those that no record reached."""
    labels = ["drafted", "code found"] if count.has_graph else []
    for validator, groups in count.groups.items():
        labels += groups or [f"{validator} passes"]
    return (("rows read", rows), *((label, count.stages[label]) for label in labels))


def causes_of(count: Count) -> tuple[Cause, ...]:
    """Return why rows fell out, the most frequent cause first."""
    return tuple(
        Cause(
            outcome=outcome,
            reason=reason,
            rows=rows,
            examples=tuple(row_id for row_id, _ in count.causes[key]),
            told=tuple(told for _, told in count.causes[key]),
        )
        for key, rows in count.cause_rows.most_common()
        for outcome, reason in [key]
    )


def strength_of(count: Count) -> Strength | None:
    """Come to the figures from how often each score was seen: there are few different ones."""
    rows = count.scores.total()
    if not rows:
        return None
    ordered = sorted(count.scores.elements())
    return Strength(
        rows=rows,
        median=median(ordered),
        lowest=ordered[0],
        weak=sum(of for score, of in count.scores.items() if score < WEAK),
        weakest=tuple((row_id, score) for score, _, row_id in count.weakest if score < WEAK),
    )


def grades_of(count: Count) -> dict[str, int]:
    """Return the rows of each grade; that of no evidence only where there are such rows."""
    known = {grade: count.grades[grade] for grade in GRADES}
    return {grade: rows for grade, rows in known.items() if rows or grade != "none"}


def hard_coding_of(count: Count) -> HardCoding | None:
    """Return the rows that know the answers which they were shown; None without hidden tests."""
    if not count.with_hidden:
        return None
    return HardCoding(
        rows=count.hard_coded,
        of=count.passed_visible,
        examples=tuple(count.hard_coded_ids),
    )


def pass_rates_of(count: Count) -> PassRates | None:
    """Come to the figures from how often each rate was seen: there are few different ones."""
    if not count.rates:
        return None
    bands = {band.value: (0, 0) for band in DIFFICULTIES}
    at_1: Counter[float] = Counter()
    for (passed, judged), rows in count.rates.items():
        band, one = difficulty_of(passed, judged), pass_at_k(judged, passed, 1)
        if band is None or one is None:
            continue
        before, verified = bands[band.value]
        bands[band.value] = (before + rows, verified + count.rates_verified[passed, judged])
        at_1[one] += rows
    judged_rows = at_1.total()
    total = sum(value * rows for value, rows in at_1.items())
    return PassRates(
        rows=count.rates.total(),
        judged=judged_rows,
        drafts=sum(judged * rows for (_, judged), rows in count.rates.items()),
        by_difficulty=bands,
        pass_at_1=total / judged_rows if judged_rows else None,
        interval=_within_0_and_1(mean_t(at_1)),
        left_band=count.left_band,
        unsolved=tuple(count.unsolved_ids),
    )


def _within_0_and_1(interval: Interval | None) -> Interval | None:
    """Cut what no rate can be; without any spread nothing is known of it, so no interval is."""
    if interval is None or interval.low == interval.high:
        return None
    return replace(interval, low=max(0.0, interval.low), high=min(1.0, interval.high))


def weak_tests_of(count: Count) -> WeakTests | None:
    """Return the rows whose tests are weak; None where none was tried."""
    if not count.probed:
        return None
    return WeakTests(
        rows=count.weak.total(),
        of=count.probed,
        reasons=dict(sorted(count.weak.items(), key=lambda item: (-item[1], item[0]))),
        examples=tuple(count.weak_ids),
    )


def canaries_of(count: Count) -> Canaries | None:
    """Return what became of the canaries; None where the suite marks none."""
    if count.canary is None:
        return None
    return Canaries(
        rows=count.canaries.total(), verified=count.alarms, examples=tuple(count.alarm_ids)
    )


def target_end(cut: Cut) -> TargetEnd | None:
    """Return what was asked for; None where nothing was."""
    if cut.target is None:
        return None
    return TargetEnd(
        verified=cut.target.verified, max_candidates=cut.target.max_candidates, last=cut.last
    )
