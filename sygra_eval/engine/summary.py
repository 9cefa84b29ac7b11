"""The figures of a run: a pure function of its journal, and the one source of its exit code.

The report, the closing line, `--json` and the exit code all come from one `RunSummary`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from sygra_eval.engine.bound import Bound
from sygra_eval.engine.call_counts import Latency, Paid, SpentAt
from sygra_eval.engine.cost_estimate import CostEstimate
from sygra_eval.engine.critiques import Critiques
from sygra_eval.engine.damage import Damage
from sygra_eval.engine.ensembles import Member, ModelShare
from sygra_eval.engine.guard_counts import GuardTally
from sygra_eval.engine.measured import Measured
from sygra_eval.quality import Agreement, GateOutcome, Interval, wilson
from sygra_eval.values import InputAccount, Outcome, StopReason


class ExitCode(IntEnum):
    """How a run ended, for the shell; design.md section 6 has the table."""

    PASSED = 0
    GATE_FAILED = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NOTHING_SELECTED = 5
    WARNINGS = 6
    INCOMPLETE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one validator said over the run, final verdicts only.

    :ivar use: The type of validator behind the name; empty where that is not known.
    """

    validator: str
    is_required: bool
    passed: int
    failed: int
    errors: int
    skipped: int
    use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCount:
    """How often a validator erred on rows whose truth is known; undecided ones are in no rate.

    :ivar validator: Empty for all required ones together, as they decide an outcome.
    :ivar right: Rows that are right and were decided, `wrong` likewise.
    """

    validator: str
    right: int
    wrong: int
    false_accepts: int
    false_rejects: int
    undecided: int

    @property
    def false_accept_rate(self) -> Interval | None:
        """The share of wrong rows that were accepted."""
        return wilson(self.false_accepts, self.wrong)

    @property
    def false_reject_rate(self) -> Interval | None:
        """The share of right rows that were not accepted."""
        return wilson(self.false_rejects, self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why rows fell out, with up to three of their ids and `told` what each was told."""

    outcome: Outcome
    reason: str
    rows: int
    examples: tuple[str, ...]
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How strong the tests of the verified rows are, of those whose mutation score was measured.

    :ivar weak: Rows below `WEAK`; `weakest` holds the ids and scores of up to three of them.
    """

    rows: int
    median: float
    lowest: float
    weak: int
    weakest: tuple[tuple[str, float], ...]


WEAK = 0.8
"""A row whose mutation score is lower is weakly tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardCoding:
    """How many rows pass the tests that their author saw and fail those that it did not.

    :ivar rows: Such rows; `examples` holds up to three of their ids.
    :ivar of: Rows that pass all visible tests and have hidden ones.
    """

    rows: int
    of: int
    examples: tuple[str, ...] = ()

    @property
    def rate(self) -> Interval | None:
        """The measured rate of hard-coding."""
        return wilson(self.rows, self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakTests:
    """Rows whose tests a program passes that must not, or whose reference fails them.

    :ivar rows: Such rows, of the `of` whose tests were tried; `reasons` counts them by why.
    """

    rows: int
    of: int
    reasons: Mapping[str, int]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRates:
    """How many of several drafts pass, question by question.

    :ivar rows: Questions whose drafts were drawn for this; `judged` of them have a rate.
    :ivar drafts: All drafts that were judged.
    :ivar by_difficulty: Band -> rows and how many of them are verified; all bands are there.
    :ivar pass_at_1: The mean over questions; its interval is None where fewer than two are judged.
    :ivar left_band: Questions whose drawing ended early, outside the band that the suite asks for.
    :ivar unsolved: Ids of up to three questions of which no draft passed.
    """

    rows: int
    judged: int
    drafts: int
    by_difficulty: Mapping[str, tuple[int, int]]
    pass_at_1: float | None
    interval: Interval | None
    left_band: int
    unsolved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """Rows whose tests contradict their text.

    :ivar rows: Those that ended; they are in the counts of outcomes, and never verified.
    :ivar verified: Those that would have been verified: each is an alarm; `examples` are ids.
    """

    rows: int
    verified: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCount:
    """How many rows took an edge of the graph, and how often all of them together."""

    label: str
    rows: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEnd:
    """How many verified rows were asked for.

    :ivar last: Place in the source of the row that completed them; None where they are missed.
    """

    verified: int
    max_candidates: int | None
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """Every figure of the report.

    :ivar has_graph: False where the rows themselves were judged: no drafts, calls or loops.
    :ivar rows: Rows read; equals the outcomes' counts plus `not_reached` plus `surplus`.
    :ivar surplus: Rows that ended behind the one that completed the target; in no other figure
        but those of the calls.
    :ivar input: What became of the rows of the sources before; none where nothing happens to them.
    :ivar funnel: Label and count of rows, in order, from `rows read` to the last test group.
    :ivar stop_reasons: Per outcome, how often a loop stopped for which reason.
    :ivar rounds: Rounds taken -> rows; `verified_by_round`: round whose candidate was kept ->
        verified rows; `verified_by_sample`: drafts drawn -> verified rows kept in round 1.
    :ivar calls: Model calls in the journal; `calls_cached` of them answered by it on resume.
    :ivar wall_s: Seconds that the run took, over all its starts; `model_s`: sum over calls.
    :ivar cost_usd: None where a price is unknown.
    :ivar calls_from_cache: Calls that an earlier run had paid for; `saved_usd` is what they cost
        then, as far as it is known.
    :ivar warnings: Sentences a reader must know, such as author and critic being one model.
    """

    suite: str
    run: str
    folder: Path
    suite_sha256: str
    state: str  # running, finished, interrupted, incomplete
    rows: int
    counts: Mapping[Outcome, int]
    not_reached: int
    funnel: tuple[tuple[str, int], ...]
    stop_reasons: Mapping[Outcome, Mapping[StopReason, int]]
    verified_rate: Interval | None
    rounds: Mapping[int, int]
    verified_by_round: Mapping[int, int]
    verified_by_sample: Mapping[int, int]
    sentinels_refused: int
    rows_with_refused_sentinel: int
    repaired: tuple[str, ...]  # verified after a draft that failed or a refused stop; first ids
    validators: tuple[Tally, ...]
    causes: tuple[Cause, ...]
    calls: int
    calls_cached: int
    prompt_tokens: int
    completion_tokens: int
    has_estimated_tokens: bool
    retries: int
    wall_s: float
    model_s: float
    isolation: tuple[str, ...]
    trust: tuple[str, ...]
    models: tuple[tuple[str, str, str], ...]  # name in the suite, type, what it is
    warnings: tuple[str, ...]
    exit_code: ExitCode
    exit_reason: str
    cost_usd: float | None = None
    calls_from_cache: int = 0
    saved_usd: float = 0.0
    spent: tuple[SpentAt, ...] = ()
    guardrails: tuple[GuardTally, ...] = ()  # by node, where the suite has any
    edges: tuple[EdgeCount, ...] = ()  # none where all rows take the same way
    estimate: CostEstimate | None = None  # None where the run was not estimated first
    calls_from_plugins: int = 0
    repairs: int = 0  # calls that asked again for JSON which did not fit its schema
    strength: Strength | None = None  # None where no verified row has a mutation score
    grades: Mapping[str, int] = field(default_factory=dict)  # of the verified rows: grade -> rows
    hard_coding: HardCoding | None = None  # None where no row has hidden tests
    measured: Measured | None = None  # how the validators err, where the suite names a measure
    pass_rates: PassRates | None = None  # None where the suite asks for none
    weak_tests: WeakTests | None = None  # None where no row's tests were tried
    canaries: Canaries | None = None  # None where the suite marks none
    rate_by_topic: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # verified, judged
    repaired_rows: int = 0  # all of them, where not all are named
    to_load: str = "verified.parquet"  # where the verified rows are for `load_dataset`
    example_id: str | None = None  # a row worth showing: a repaired one, else a verified one
    columns: tuple[str, ...] = ()  # of the verified rows, in order
    damage: Damage = field(default_factory=Damage)  # of the journal
    card: Mapping[str, object] = field(default_factory=dict)  # what the suite says of the data
    report_formats: tuple[str, ...] = ()
    has_graph: bool = True
    errors: tuple[ErrorCount, ...] = ()  # of the validators, where the suite knows the truth
    members: tuple[Member, ...] = ()  # of the nodes that ask several models
    shares: tuple[ModelShare, ...] = ()  # of roles that not every row gave to the same model
    command: str = ""
    version: str = ""
    surplus: int = 0
    deselected: int = 0  # rows of the source that were passed over; they are in no rate
    repeats: int = 1  # of each row; they are rows of their own in every count
    input: tuple[InputAccount, ...] = ()
    target: TargetEnd | None = None  # None where the run has none
    gates: tuple[GateOutcome, ...] = ()  # none where the suite has none
    flaky_rows: int = 0  # they failed, as they were judged otherwise when judged again
    model_rows: tuple[ModelShare, ...] = ()  # as `shares`, of every role
    paid_rounds: tuple[Paid, ...] = ()  # what each round of the loops came to
    paid_drafts: tuple[Paid, ...] = ()  # what the first drafts came to, the second ones, …
    latencies: tuple[Latency, ...] = ()
    critiques: Critiques | None = None  # None where no critic was asked
    bound: Bound | None = None  # None where no endpoint was asked
    environment: Mapping[str, str] = field(default_factory=dict)  # of the last start
    rates: Mapping[Outcome, Interval] = field(default_factory=dict)  # where rows go together
    topic_rates: Mapping[str, Interval] = field(default_factory=dict)  # likewise
    questions: int | None = None  # that these are over; None where each row stands alone
    scored: str = ""  # the run or file whose candidates were judged again
    agreements: tuple[Agreement, ...] = ()  # of raters; none where a suite has fewer than two
