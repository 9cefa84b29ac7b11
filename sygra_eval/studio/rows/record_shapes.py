"""The shapes of one row's story; `record` fills them."""

from sygra_eval.studio.rows.texts import Text
from sygra_eval.studio.told import Told


class Variable(Told):
    """One variable of a record; what is no text is shown as JSON.

    :ivar before: What it was before this step; null where it is new.
    """

    name: str
    value: Text
    before: Text | None = None


class StateStep(Told):
    """What one visit of a node left behind.

    :ivar node: The node, with the number of a later visit behind `#`.
    :ivar set: The variables that it added or changed; all others stay as they were.
    """

    node: str
    set: list[Variable]
    models: list[str]


class CallLine(Told):
    """One call on the time axis; times are seconds since the record's first call began.

    :ivar step: What it was for in its loop: `draft`, `critique` or `revise`; else empty.
    :ivar began: Null in journals that did not note times.
    """

    number: int
    node: str
    step: str
    visit: int
    sample: int
    model: str
    began: float | None
    ended: float | None
    latency_s: float
    first_text_s: float | None
    cost_usd: float | None
    prompt_tokens: int
    completion_tokens: int
    tries: int
    is_cached: bool
    finish_reason: str


class CaseTold(Told):
    """A test that failed."""

    test: Text
    input: Text
    expected: Text
    got: Text
    traceback: Text


class Group(Told):
    """How many tests of a group passed."""

    group: str
    passed: int
    total: int


class VerdictTold(Told):
    """What one validator said, with what proves it."""

    validator: str
    status: str
    score: float | None
    reason: Text
    trust: str
    is_required: bool
    command: list[str]
    exit_code: int | None
    output: Text | None
    isolation: str
    limit_s: float | None
    cases: list[CaseTold]
    tests: list[Group]
    measures: dict[str, float]


class AttemptTold(Told):
    """One candidate of a round.

    :ivar call: The number of the call that it is the answer of, where that is known.
    :ivar fixed: Tests that failed in the candidate kept before and pass in this one; `broken` the
        other way round. Only what the evidence says.
    """

    sample: int
    label: str
    answer: Text
    code: Text | None
    extraction: str
    evidence: Text
    verdicts: list[VerdictTold]
    is_accepted: bool
    is_kept: bool
    tokens: int
    latency_s: float
    call: int | None
    fixed: list[str]
    broken: list[str]


class CritiqueTold(Told):
    """What the critic said.

    :ivar sentinel: `granted`: it said stop and the checks agreed; `refused`: they did not.
    :ivar is_ignored: The next revision touches nothing that it names; null where that cannot be
        said.
    """

    text: Text
    sentinel: str
    tokens: int
    latency_s: float
    call: int | None
    is_ignored: bool | None


class RoundTold(Told):
    """One round.

    :ivar shown: Which attempt the lane shows: the kept one, else the last.
    :ivar against: The round whose candidate the attempts were compared with, as its place in the
        record's rounds; null for the first of its loop.
    :ivar checked_s: Seconds from its last answer to what came next: checks, and waiting for them.
    """

    node: str
    number: int
    kind: str
    attempts: list[AttemptTold]
    shown: int
    against: int | None
    critique: CritiqueTold | None
    checked_s: float | None
    choice: str
    unanswered: list[str]


class LoopTold(Told):
    """How the loop ended."""

    node: str
    stop_reason: str
    rounds: int
    samples: int
    refused: int
    kept_round: int
    tokens: int


class GuardTold(Told):
    """What a guardrail said of a call."""

    name: str
    status: str
    reason: Text
    at: str
    node: str
    visit: int
    sample: int
    is_blocking: bool


class FaultTold(Told):
    """A try of a call that gave no answer."""

    node: str
    visit: int
    sample: int
    kind: str
    message: str
    raw: Text
    is_final: bool


class RecordTold(Told):
    """One row's story.

    :ivar outcome: `running` where it has not ended.
    :ivar why: How it came to its outcome, in a sentence.
    :ivar input: The row as it came from the source.
    :ivar added: What the run added to it beyond what is shown elsewhere.
    :ivar way: The edges that it took.
    :ivar damaged: Parts of it that the journal has and nobody can read.
    """

    row: str
    index: int | None
    outcome: str
    why: str
    reason: Text
    began: float | None
    ended_s: float | None
    input: list[Variable]
    rounds: list[RoundTold]
    loop: LoopTold | None
    calls: list[CallLine]
    states: list[StateStep]
    answer: Text | None
    code: Text | None
    added: list[Variable]
    verdicts: list[VerdictTold]
    guards: list[GuardTold]
    faults: list[FaultTold]
    notes: list[str]
    way: list[str]
    weak_tests: str | None
    damaged: int
