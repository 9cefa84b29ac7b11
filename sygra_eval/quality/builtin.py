"""The metrics that come with us, registered as anybody's would be."""

from collections.abc import Sequence

from sygra_eval.hookspecs import RegisterMetric, hookimpl
from sygra_eval.quality.pass_rate import pass_at_k, pass_hat_k
from sygra_eval.values import (
    Direction,
    Each,
    MeasuredRow,
    MetricError,
    MetricKind,
    Outcome,
    Status,
)


@hookimpl
def sygra_register_metrics(register: RegisterMetric) -> None:
    """Register rates of outcomes and validators, scores, tries, rounds and costs."""
    rate, mean, whole = MetricKind.RATE, MetricKind.MEAN, MetricKind.SET
    higher, lower = Direction.HIGHER, Direction.LOWER
    register("verified_rate", verified, kind=rate, direction=higher)
    register("{}_rate", passes, kind=rate, direction=higher, each=Each.VALIDATOR)
    register("{}_score", score, kind=mean, direction=higher, each=Each.VALIDATOR, bounds=(0.0, 1.0))
    register("pass@{}", one_passes, kind=rate, direction=higher, each=Each.K)
    register("pass^{}", all_pass, kind=rate, direction=higher, each=Each.K)
    register("rounds", rounds, kind=mean, direction=lower)
    register(
        "cost_per_verified_row",
        cost_per_verified_row,
        kind=whole,
        direction=lower,
        sees_verdicts=False,
    )


def verified(row: MeasuredRow) -> bool | None:
    """Say whether a row was verified; what failed by infrastructure was not judged."""
    if row.outcome is Outcome.FAILED:
        raise MetricError(row.reason)
    return None if row.outcome is Outcome.UNJUDGED else row.outcome is Outcome.VERIFIED


def passes(row: MeasuredRow, validator: str) -> bool | None:
    """Say whether a row passed one validator."""
    said = row.verdicts.get(validator)
    if said is None or said.status is Status.SKIP:
        return None
    if said.status is Status.ERROR:
        raise MetricError(said.reason)
    return said.status is Status.PASS


def score(row: MeasuredRow, validator: str) -> float | None:
    """Return what one validator scored a row."""
    said = row.verdicts.get(validator)
    if said is not None and said.status is Status.ERROR:
        raise MetricError(said.reason)
    return None if said is None else said.score


def one_passes(row: MeasuredRow, k: int) -> float | None:
    """Return how likely one of `k` answers to the row's question passes."""
    if row.drawn is None or row.passed is None:
        return None
    return pass_at_k(row.drawn, row.passed, k)


def all_pass(row: MeasuredRow, k: int) -> float | None:
    """Return how likely all of `k` answers to the row's question pass."""
    if row.drawn is None or row.passed is None:
        return None
    return pass_hat_k(row.drawn, row.passed, k)


def rounds(row: MeasuredRow) -> int | None:
    """Return how many rounds a row's loop took."""
    return row.rounds


def cost_per_verified_row(rows: Sequence[MeasuredRow]) -> float | None:
    """Return what all rows cost, for each that was verified; None where a price is not known."""
    costs = [row.cost_usd for row in rows]
    known = [cost for cost in costs if cost is not None]
    number = sum(row.outcome is Outcome.VERIFIED for row in rows)
    if not number or len(known) < len(costs) or not any(row.tokens for row in rows):
        return None
    return sum(known) / number
