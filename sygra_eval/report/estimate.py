"""How often a run's validators err, by what was measured: the suite's own figures, else ours.

Ours stand in `measured.json`, which `python -m benchmarks.measured` writes. A stack that was not
measured as it is has no figure: that of another is not its own.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sygra_eval.engine import Counts, Measured, RunSummary, Tally, shipped_from
from sygra_eval.report.figures import UNKNOWN, bounds

_FILE = Path(__file__).with_name("measured.json")


@cache
def shipped() -> Measured:
    """Return what was measured of the validators that we ship."""
    return shipped_from(_FILE.read_text(encoding="utf-8"))


def measured_for(summary: RunSummary) -> Measured:
    """Return the figures that belong to a run."""
    return summary.measured if summary.measured is not None else shipped()


def estimate_of(summary: RunSummary, tally: Tally) -> Counts | None:
    """Return how often one validator errs; None where nobody has measured it."""
    return measured_for(summary).of([tally.use]) if tally.use else None


def estimate_of_all(summary: RunSummary) -> Counts | None:
    """Return how often the required validators err together."""
    required = {tally.use for tally in summary.validators if tally.is_required}
    return measured_for(summary).of(required) if required else None


def has_estimate(summary: RunSummary) -> bool:
    """Say whether any of the run's validators was measured."""
    return any(estimate_of(summary, tally) for tally in summary.validators)


def cells(counts: Counts | None) -> tuple[str, str]:
    """Return false accepts and false rejects, of how many."""
    if counts is None:
        return UNKNOWN, UNKNOWN
    return (
        f"{counts.false_accepts} / {counts.decided_wrong}",
        f"{counts.false_rejects} / {counts.decided_right}",
    )


def estimate_notes(summary: RunSummary) -> Iterator[str]:
    """Yield what the estimate is of, where it comes from, and that of all required together."""
    if not has_estimate(summary):
        return
    yield (
        "false acc., false rej.: of answers known to be wrong those that it accepts, of answers "
        f"known to be right those that it does not; measured by {measured_for(summary).source}"
    )
    if sum(tally.is_required for tally in summary.validators) < 2:
        return
    together = estimate_of_all(summary)
    if together is None:
        yield f"all required together: {UNKNOWN}, this stack was not measured"
        return
    accepts, rejects = cells(together)
    yield (
        f"all required together: false acc. {accepts} (95 % interval "
        f"{bounds(together.false_accept_rate)}), false rej. {rejects} (95 % interval "
        f"{bounds(together.false_reject_rate)})"
    )
