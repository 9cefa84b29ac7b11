"""Runs a suite: rows in, one accounted outcome per row out, everything in the journal.

`run_suite` checks, proves that models and sandbox work, lets validators prepare (`preparing`),
takes every row to its outcome (`record.settle`; models are asked through `asking` alone), and
writes the run folder as a view of the journal (`folder`). `resume_run` goes on with a run that was
stopped or killed. What a run comes to is one `RunSummary`; what it may spend is `spending`, what it
will take `cost_estimate` says from its first rows and `upper_bound` before any. `recheck` says
whether a run folder still holds, `measure_truth` how often validators err.
"""

from sygra_eval.engine.cost_estimate import BudgetOutlook, CostEstimate, estimate_to_json
from sygra_eval.engine.estimating import EstimateFirst
from sygra_eval.engine.measured import Counts, Measured, shipped_from
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.outcome import grade_of, outcome_of
from sygra_eval.engine.plan import suite_folder_of
from sygra_eval.engine.progress import Progress, SpentSoFar
from sygra_eval.engine.reading import NothingSelected
from sygra_eval.engine.recheck import Recheck, recheck
from sygra_eval.engine.run import resume_run, run_suite
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.summarise import summarise
from sygra_eval.engine.summary import (
    WEAK,
    Canaries,
    Cause,
    ErrorCount,
    ExitCode,
    HardCoding,
    PassRates,
    RunSummary,
    SpentAt,
    Strength,
    Tally,
    WeakTests,
)
from sygra_eval.engine.time_estimate import TimeEstimate
from sygra_eval.engine.truth import (
    DEFAULT_VALIDATORS,
    Complaint,
    ErrorRates,
    TruthReport,
    measure_truth,
)
from sygra_eval.engine.upper_bound import UpperBound, upper_bound_of

__all__ = [
    "DEFAULT_VALIDATORS",
    "WEAK",
    "BudgetOutlook",
    "Canaries",
    "Cause",
    "Complaint",
    "CostEstimate",
    "Counts",
    "ErrorCount",
    "ErrorRates",
    "EstimateFirst",
    "ExitCode",
    "HardCoding",
    "Measured",
    "NothingSelected",
    "PassRates",
    "Progress",
    "Recheck",
    "RunOptions",
    "RunSummary",
    "SpentAt",
    "SpentSoFar",
    "StopSignal",
    "Strength",
    "Tally",
    "TimeEstimate",
    "TruthReport",
    "UpperBound",
    "WeakTests",
    "estimate_to_json",
    "grade_of",
    "measure_truth",
    "outcome_of",
    "recheck",
    "resume_run",
    "run_suite",
    "shipped_from",
    "suite_folder_of",
    "summarise",
    "upper_bound_of",
]
