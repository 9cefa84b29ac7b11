"""What is told of a run, whole by `GET /api/runs/{suite}/{run}` and in pieces by the events."""

from typing import Literal

from sygra_eval.studio.graphs import GraphValidator, SuiteGraph
from sygra_eval.studio.told import Told

RunState = Literal[
    "starting", "running", "paused", "draining", "finished", "interrupted", "incomplete", "killed",
    "unreadable",
]  # fmt: skip
"""`starting`: its process lives and its folder is not there yet. `killed`: nobody works on it and
nothing says how it ended; it can be resumed, as `interrupted` and `incomplete` can."""


class Outcomes(Told):
    """Rows by where they ended."""

    verified: int
    rejected: int
    failed: int
    unjudged: int


class NodeCount(Told):
    """What happened at a node; `waiting` and `running` only while somebody can be asked.

    :ivar waiting: Records that are at it and whose call waits for a slot, a rate or a budget.
    :ivar running: Records that are at it otherwise: a call or a validator is at work.
    :ivar ok: Visits that it was gone through.
    :ivar failed: Records that ended at it by an error.
    :ivar blocked: Records that ended at it by a guardrail.
    :ivar guards: What guardrails said of its calls, by what came of it, as in `GuardCount`.
    :ivar calls: Answers that it had, those of a cache too.
    :ivar latency_s: Of the answers that were sent for, on average; None without any.
    :ivar cost_usd: What its calls cost, as far as it is known.
    """

    waiting: int
    running: int
    ok: int
    failed: int
    blocked: int
    guards: dict[str, int]
    calls: int
    tokens: int
    cost_usd: float
    latency_s: float | None


class EdgeCount(Told):
    """How often an edge was taken, by all records together."""

    source: str
    target: str
    times: int


LoopStep = Literal["draft", "verify", "critique", "revise"]


class LoopSteps(Told):
    """How often the steps of a loop were taken in the rounds that are journalled.

    :ivar draft: Drafts, several of a record that draws several; those that came to no answer are
        in no round.
    :ivar verify: Candidates that were judged.
    :ivar critique: Replies of the critic, one that stops the loop too.
    :ivar revise: Revisions that were asked for; one may come to no answer.
    :ivar back: Revisions that were judged, by the way back from `revise` to `verify`.
    """

    draft: int
    verify: int
    critique: int
    revise: int
    back: int


class LoopCount(Told):
    """How a loop went for the records that came out of it; `steps` and `by_round` for all.

    :ivar node: A node that goes round by itself.
    :ivar ended: So many records; `rounds_min` to `rounds_max` are of these, None without any.
    :ivar stop_reasons: By reason, as `sentinel` or `max_rounds`, so many of them.
    :ivar by_round: By a round's number, so many records that had it, the open ones too.
    :ivar refused: Stop phrases that validators did not grant.
    """

    node: str
    ended: int
    rounds_min: int | None
    rounds_max: int | None
    rounds_mean: float | None
    stop_reasons: dict[str, int]
    by_round: dict[str, int]
    steps: LoopSteps
    refused: int


class ValidatorCount(Told):
    """What a validator said of the records that ended."""

    passed: int
    failed: int
    error: int
    skipped: int


class GuardCount(Told):
    """What came of a guardrail, so often: `passed`, `failed`, `blocked`, `error`, `skipped`."""

    name: str
    actions: dict[str, int]


class RunBudget(Told):
    """Bounds of a run; None is no bound."""

    cost_usd: float | None
    tokens: int | None
    calls: int | None
    time_s: float | None


class Spending(Told):
    """What a run came to.

    :ivar cost_usd: Of the calls whose price is known; of `unpriced` calls it is not.
    :ivar all_cost_usd: What all rows will have come to at the rate so far; None while unknown.
    :ivar left_usd: Of the budget; None where there is none. `left_tokens` likewise.
    """

    cost_usd: float
    tokens: int
    calls: int
    from_cache: int
    unpriced: int
    all_cost_usd: float | None
    all_tokens: int | None
    budget: RunBudget
    left_usd: float | None
    left_tokens: int | None


class Pace(Told):
    """How fast it goes.

    :ivar rows_per_s: Of the last half minute; None while nothing ended, or nothing goes.
    :ivar elapsed_s: Of this start.
    :ivar left_s: Until its end at this pace; None while unknown.
    """

    rows_per_s: float | None
    elapsed_s: float
    left_s: float | None


class RunCounts(Told):
    """All counts of a run, as its journal has them. Told whole each time, so none can be missed.

    :ivar rows: Rows that ended; `total` is None where the source has too many to count.
    :ivar in_flight: Records that are begun and have not ended; 0 unless the run goes.
    :ivar nodes: By name; of a node inside another one `outer/inner`.
    :ivar is_whole: All of the journal is read; else it is being read, and more counts come.
    :ivar damaged: Rows of the journal that cannot be read; they are in no count.
    :ivar is_live: `waiting` and `running` of the nodes were just asked for; else they are 0.
    """

    state: RunState
    rows: int
    total: int | None
    in_flight: int
    outcomes: Outcomes
    verified_low: float | None
    verified_high: float | None
    nodes: dict[str, NodeCount]
    edges: list[EdgeCount]
    loops: list[LoopCount]
    validators: dict[str, ValidatorCount]
    guardrails: list[GuardCount]
    spending: Spending
    pace: Pace
    is_whole: bool
    is_live: bool
    damaged: int


class EndpointNow(Told):
    """The gate of an endpoint, or of a model, of a run that goes; None is no limit.

    :ivar of: By which `PATCH …/limits` names it.
    """

    of: str
    is_model: bool
    in_flight: int
    waiting: int
    max_concurrency: int
    requests_per_minute: float | None
    tokens_per_minute: float | None
    circuit: str | None


class Control(Told):
    """What can be done to the run now, and what it answers.

    :ivar can_pause: And go on, stop, and be given other limits: its process can be asked.
    :ivar can_kill: Its process is known to be ours.
    :ivar can_resume: Nobody works on it, and it has rows that are left.
    :ivar why_not: Why it cannot be asked, where it goes and cannot.
    :ivar has_deltas: Texts come as they are made; not of a run with several processes.
    """

    can_pause: bool
    can_kill: bool
    can_resume: bool
    why_not: str
    has_deltas: bool


class EndedRow(Told):
    """A row that ended."""

    row: str
    index: int
    outcome: str
    reason: str


class FinishedRound(Told):
    """A round that a record finished.

    :ivar node: Whose loop; `number` from 1.
    :ivar accepted: A candidate of it passed what the loop asks.
    :ivar passed: So many tests passed of `tests`, where the validators count them.
    :ivar sentinel: `absent`, `granted` or `refused`, as the journal has it.
    """

    row: str
    node: str
    number: int
    accepted: bool
    passed: int | None
    tests: int | None
    sentinel: str


class FinishedVisit(Told):
    """A record that went through a node."""

    row: str
    node: str


class Moved(Told):
    """What happened since the last such event, the newest of it; `left_out` more are not told."""

    rows: list[EndedRow]
    rounds: list[FinishedRound]
    visits: list[FinishedVisit]
    left_out: int


class Delta(Told):
    """A piece of an answer that is being written.

    :ivar node: As `RunCounts.nodes` names it; empty where a `validator` asks.
    :ivar step: Of a node that goes round by itself, what it asked for; None of other nodes.
    :ivar call: Names the call: node, step, round, sample and try; a new one begins from nothing.
    :ivar is_cut: More came than is told at once.
    """

    row: str
    node: str
    step: LoopStep | None
    validator: str | None
    call: str
    text: str
    is_cut: bool


class RunSnapshot(Told):
    """A run as its page shows it.

    :ivar command: The command line for the same run; keys are named and never in it.
    :ivar suite_path: Where its suite was, relative to the workspace; None where it is not in it.
    :ivar exit_code: Of the command, as its report says; None until it is written.
    :ivar exit_reason: Why it is that.
    :ivar error: Why it ended before its folder was there, with what it printed last.
    """

    suite: str
    run: str
    suite_path: str | None
    variant: str
    command: str
    started: str | None
    cause: str
    exit_code: int | None
    exit_reason: str
    gates: list[str]
    warnings: list[str]
    isolation: str
    graph: SuiteGraph | None
    validators: list[GraphValidator]
    counts: RunCounts
    endpoints: list[EndpointNow]
    control: Control
    error: str


class Rate(Told):
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


class RunCard(Told):
    """A run in the list, one of the command line too; everywhere with the same figures.

    :ivar verified_rate: As its report has it, over questions where rows repeat them; of a run
        that is not over, over the rows that ended. None before one did.
    :ivar cost_usd: None where a price is unknown.
    """

    suite: str
    run: str
    state: RunState
    last: str | None
    outcomes: Outcomes
    total: int | None
    verified_rate: Rate | None
    cost_usd: float | None
    size: int
    error: str
