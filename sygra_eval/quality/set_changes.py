"""The change of one figure that a whole set has, as costs per verified row, by the bootstrap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sygra_eval.quality.resampling import bootstrap_of_units, share_beyond
from sygra_eval.quality.sides import question_of, set_resamples, set_value
from sygra_eval.values import Interval, MeasuredRow, Metric

Pair = tuple[Sequence[MeasuredRow], Sequence[MeasuredRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChange:
    """Both figures, the difference with its interval, and how rarely draws lie beyond 0."""

    before: float
    after: float
    change: Interval
    p: float


def change_of_set(
    metric: Metric,
    before: Sequence[MeasuredRow],
    after: Sequence[MeasuredRow],
    cluster_of: Callable[[str], str],
    matched: set[str],
    *,
    seed: int,
    confidence: float,
) -> SetChange | None:
    """Draw the matched rows again, both sides of a row together.

    :returns: None where the metric has no value on one of the sides, or fewer than two clusters.
    """
    groups: dict[str, tuple[list[MeasuredRow], list[MeasuredRow]]] = {}
    for index, rows in enumerate((before, after)):
        for row in sorted(rows, key=lambda row: row.id):
            if (question := question_of(row.id)) in matched:
                groups.setdefault(cluster_of(question), ([], []))[index].append(row)
    units: list[Pair] = [groups[name] for name in sorted(groups)]
    was, now = (set_value(metric, _all(units, side)) for side in (0, 1))
    if was is None or now is None:
        return None
    drawn: list[float] = []

    def difference(units: Sequence[Pair]) -> float | None:
        first, second = (set_value(metric, _all(units, side)) for side in (0, 1))
        if first is None or second is None:
            return None
        drawn.append(second - first)
        return drawn[-1]

    interval = bootstrap_of_units(
        units,
        difference,
        seed=seed,
        resamples=set_resamples(len(before) + len(after)),
        confidence=confidence,
    )
    if interval is None:
        return None
    p = 1.0 if was == now else share_beyond(drawn[1:])
    return SetChange(before=was, after=now, change=interval, p=p)


def _all(units: Sequence[Pair], side: int) -> list[MeasuredRow]:
    return [row for unit in units for row in unit[side]]
