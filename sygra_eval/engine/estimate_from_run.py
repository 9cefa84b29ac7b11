"""What a run would come to, from the rows that ended in an earlier one; nothing is asked."""

from dataclasses import replace
from pathlib import Path

from sygra_eval.engine.cost_estimate import CostEstimate, estimate_of
from sygra_eval.engine.time_estimate import SampleTime
from sygra_eval.journal import open_readonly
from sygra_eval.quality import Interval
from sygra_eval.values import Budget

PER_ROWS = 100_000
"""Rows that an estimate is made for before it is scaled: so many that the earlier run's are few."""


def estimate_from_run(folder: Path, rows: int | None) -> CostEstimate | None:
    """Return what so many rows would come to; None where too few rows have ended to say anything.

    They are other rows than those of that run, which are a sample. So the estimate is that of a
    mean, times the rows; where nobody knows how many there are, it is for a thousand.

    How long they take is not said: that depends on what the endpoints let through then.

    :raises UsageError: When the folder is no run, or its journal cannot be read.
    """
    time = SampleTime(
        wall_s=0.0,
        row_s=(),
        views=(),
        endpoints={},
        rpm={},
        tpm={},
        places=0,
        rows_at_once=1,
    )
    with open_readonly(folder / "journal.db") as reader:
        found = estimate_of(
            reader, rows=PER_ROWS, is_spread=False, budget=Budget(), sample_time=time
        )
    if found is None:
        return None
    of = 1_000 if rows is None else rows

    def scaled(interval: Interval) -> Interval:
        share = of / PER_ROWS
        return Interval(
            estimate=interval.estimate * share, low=interval.low * share, high=interval.high * share
        )

    return replace(
        found,
        rows=rows,
        per_rows=of,
        calls=scaled(found.calls),
        prompt_tokens=scaled(found.prompt_tokens),
        completion_tokens=scaled(found.completion_tokens),
        tokens=scaled(found.tokens),
        usd=None if found.usd is None else scaled(found.usd),
        time=None,
    )
