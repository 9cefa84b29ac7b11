"""What a run would come to, from the rows that ended in an earlier one; nothing is asked."""

from pathlib import Path

from sygra_eval.engine.cost_estimate import CostEstimate, estimate_of
from sygra_eval.engine.time_estimate import SampleTime
from sygra_eval.journal import open_readonly
from sygra_eval.values import Budget


def estimate_from_run(folder: Path, rows: int | None) -> CostEstimate | None:
    """Return what so many rows would come to; None where too few rows have ended to say anything.

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
        return estimate_of(reader, rows=rows, is_spread=False, budget=Budget(), sample_time=time)
