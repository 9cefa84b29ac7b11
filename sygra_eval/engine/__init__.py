"""Runs a suite: rows in, one accounted outcome per row out, everything in the journal.

`run_suite` checks, proves that models and sandbox work, lets validators prepare (`preparing`),
takes every row to its outcome (`record.settle`; models are asked through `asking` alone, for JSON
by way of `structured`; `call_hooks` are the plugins around it), and writes the run folder as a view
of the journal (`folder`). `resume_run` goes on with a run that was stopped or killed, and where
somebody agrees, with another plan (`plan_changes`). What a run comes to is one `RunSummary`; what
it may spend is `spending`, what it will take `cost_estimate` says from its first rows and
`upper_bound` before any. `recheck` says whether a run folder still holds, `keep_ledger` where every
row of the input ended, `health` whether its journal is sound, `measure_truth` how often validators
err. `finding` looks for rows of a run, by a condition or a pattern, and `asked` finds out
what a row's calls asked. `finished_rows` hands a run to
the metrics, `compare_two` compares it with another, `score` judges its candidates again, and
`bless` makes it the baseline of its suite; `gating` judges what the suite asks of it. While a run
goes, `live` says what it does and takes other limits, through the socket of `control`; `look_at`
and `change_limits` are the other side.
"""

from sygra_eval.engine.asked import Asked, asked_in
from sygra_eval.engine.bench import Bench
from sygra_eval.engine.blessing import Blessed, bless
from sygra_eval.engine.bound import Bound, limits_in
from sygra_eval.engine.call_counts import Latency, Paid, SpentAt, loop_step_of, step_of, was_sent
from sygra_eval.engine.canaries import has_held, mark_of
from sygra_eval.engine.collecting import Collected, collect_suite
from sygra_eval.engine.comparing import (
    Compared,
    NothingMatched,
    compare_two,
    compare_with_first,
)
from sygra_eval.engine.control_client import (
    ControlRefused,
    NotRunning,
    change_limits,
    go_on_with,
    look_at,
    pause_run,
    process_of,
    stop_run,
    watch_run,
)
from sygra_eval.engine.cost_estimate import BudgetOutlook, CostEstimate, estimate_to_json
from sygra_eval.engine.counting import cause_of
from sygra_eval.engine.critiques import Critiques, heard_in, is_ignored
from sygra_eval.engine.data_files import data_files_in, is_lines_of
from sygra_eval.engine.ensembles import Member, ModelShare
from sygra_eval.engine.estimate_from_run import estimate_from_run
from sygra_eval.engine.estimating import EstimateFirst
from sygra_eval.engine.event_loop import run_in_loop
from sygra_eval.engine.existing_runs import (
    KnownRun,
    exit_of,
    known_run,
    known_runs,
    rows_asked,
)
from sygra_eval.engine.finding import (
    Match,
    Part,
    Where,
    found_in,
    pattern_of,
    rows_where,
    variables_of,
    where_of,
)
from sygra_eval.engine.finished_rows import plugins_of_run, side_of_run
from sygra_eval.engine.first_rows import StageRows, first_rows
from sygra_eval.engine.gate_exit import how_gates_ended
from sygra_eval.engine.guard_counts import GuardTally
from sygra_eval.engine.health import JOURNAL, examine_run, repair_run
from sygra_eval.engine.images import image_rules
from sygra_eval.engine.judging_again import AskedAgain, SaidAgain, judged_again
from sygra_eval.engine.labels import problems_of_labels
from sygra_eval.engine.ledger import NOT_REACHED, Account, Ledger, LedgerLine, keep_ledger
from sygra_eval.engine.live_view import Acknowledged, EndpointState, LiveView
from sygra_eval.engine.meant import SuiteDeselected, with_selection
from sygra_eval.engine.measured import Counts, Measured, shipped_from
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.outcome import grade_of, outcome_of
from sygra_eval.engine.plan import recorded_models, suite_folder_of, suite_path_of, target_in
from sygra_eval.engine.plan_changes import PlanChange
from sygra_eval.engine.preflight import StoppedEarly
from sygra_eval.engine.progress import Progress, SpentSoFar
from sygra_eval.engine.questions import name_of_question
from sygra_eval.engine.reading import NothingSelected, limited, named, source_of
from sygra_eval.engine.recheck import Claim, Recheck, recheck
from sygra_eval.engine.removing import (
    Leftover,
    collect_garbage,
    refuse_removal,
    remove_run,
)
from sygra_eval.engine.reporting import (
    GOING_ON,
    ReportContext,
    ReportOptions,
    ReportRow,
    chunks_of,
    parts_of,
    put_view,
)
from sygra_eval.engine.row_ids import ids_asked_of, ids_in, written_ids
from sygra_eval.engine.run import resume_run, run_suite
from sygra_eval.engine.scoring import Scored, score
from sygra_eval.engine.selecting import LastTime, Named, SelectedSource, Selection, id_of, tags_of
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.stored import source_row
from sygra_eval.engine.structured import fitted, response_format
from sygra_eval.engine.summarise import suite_document, summarise
from sygra_eval.engine.summary import (
    WEAK,
    Canaries,
    Cause,
    EdgeCount,
    ErrorCount,
    ExitCode,
    HardCoding,
    PassRates,
    RunSummary,
    Strength,
    Tally,
    TargetEnd,
    WeakTests,
)
from sygra_eval.engine.target import SURPLUS, that_count
from sygra_eval.engine.time_estimate import TimeEstimate
from sygra_eval.engine.truth import (
    DEFAULT_VALIDATORS,
    Complaint,
    ErrorRates,
    TruthReport,
    measure_truth,
)
from sygra_eval.engine.upper_bound import UpperBound, upper_bound_of
from sygra_eval.journal import DISK_WAIT_S

__all__ = [
    "DEFAULT_VALIDATORS",
    "DISK_WAIT_S",
    "GOING_ON",
    "JOURNAL",
    "NOT_REACHED",
    "SURPLUS",
    "WEAK",
    "Account",
    "Acknowledged",
    "Asked",
    "AskedAgain",
    "Bench",
    "Blessed",
    "Bound",
    "BudgetOutlook",
    "Canaries",
    "Cause",
    "Claim",
    "Collected",
    "Compared",
    "Complaint",
    "ControlRefused",
    "CostEstimate",
    "Counts",
    "Critiques",
    "EdgeCount",
    "EndpointState",
    "ErrorCount",
    "ErrorRates",
    "EstimateFirst",
    "ExitCode",
    "GuardTally",
    "HardCoding",
    "KnownRun",
    "LastTime",
    "Latency",
    "Ledger",
    "LedgerLine",
    "Leftover",
    "LiveView",
    "Match",
    "Measured",
    "Member",
    "ModelShare",
    "Named",
    "NotRunning",
    "NothingMatched",
    "NothingSelected",
    "Paid",
    "Part",
    "PassRates",
    "PlanChange",
    "Progress",
    "Recheck",
    "ReportContext",
    "ReportOptions",
    "ReportRow",
    "RunOptions",
    "RunSummary",
    "SaidAgain",
    "Scored",
    "SelectedSource",
    "Selection",
    "SpentAt",
    "SpentSoFar",
    "StageRows",
    "StopSignal",
    "StoppedEarly",
    "Strength",
    "SuiteDeselected",
    "Tally",
    "TargetEnd",
    "TimeEstimate",
    "TruthReport",
    "UpperBound",
    "WeakTests",
    "Where",
    "asked_in",
    "bless",
    "cause_of",
    "change_limits",
    "chunks_of",
    "collect_garbage",
    "collect_suite",
    "compare_two",
    "compare_with_first",
    "data_files_in",
    "estimate_from_run",
    "estimate_to_json",
    "examine_run",
    "exit_of",
    "first_rows",
    "fitted",
    "found_in",
    "go_on_with",
    "grade_of",
    "has_held",
    "heard_in",
    "how_gates_ended",
    "id_of",
    "ids_asked_of",
    "ids_in",
    "image_rules",
    "is_ignored",
    "is_lines_of",
    "judged_again",
    "keep_ledger",
    "known_run",
    "known_runs",
    "limited",
    "limits_in",
    "look_at",
    "loop_step_of",
    "mark_of",
    "measure_truth",
    "name_of_question",
    "named",
    "outcome_of",
    "parts_of",
    "pattern_of",
    "pause_run",
    "plugins_of_run",
    "problems_of_labels",
    "process_of",
    "put_view",
    "recheck",
    "recorded_models",
    "refuse_removal",
    "remove_run",
    "repair_run",
    "response_format",
    "resume_run",
    "rows_asked",
    "rows_where",
    "run_in_loop",
    "run_suite",
    "score",
    "shipped_from",
    "side_of_run",
    "source_of",
    "source_row",
    "step_of",
    "stop_run",
    "suite_document",
    "suite_folder_of",
    "suite_path_of",
    "summarise",
    "tags_of",
    "target_in",
    "that_count",
    "upper_bound_of",
    "variables_of",
    "was_sent",
    "watch_run",
    "where_of",
    "with_selection",
    "written_ids",
]
