"""What a critique loop leaves behind: every round, and the reason why it stopped."""

from dataclasses import dataclass
from enum import StrEnum

from sygra_eval.values.judging import Verdict


class StopReason(StrEnum):
    """Why a loop stopped; it never decides the outcome."""

    SENTINEL = "sentinel"
    ACCEPTED = "accepted"
    NO_CHANGE = "no_change"
    MAX_ROUNDS = "max_rounds"
    BUDGET = "budget"
    TIMEOUT = "timeout"
    ERROR = "error"
    GUARDRAIL = "guardrail"


class Sentinel(StrEnum):
    """What became of the critic's stop phrase in a round."""

    ABSENT = "absent"
    GRANTED = "granted"
    REFUSED = "refused"


class RoundKind(StrEnum):
    """What a round is of: a loop's turn, candidates to choose from, or replies side by side."""

    LOOP = "loop"
    CANDIDATES = "candidates"
    REPLIES = "replies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One candidate of a round: a draft (round 1 may have several) or a revision.

    :ivar label: Whose it is, where several models were asked.
    :ivar is_accepted: The loop's accepting validators passed.
    :ivar is_kept: It became the candidate that the loop goes on with.
    :ivar diff: Unified diff from the candidate kept before, empty for the first.
    """

    sample: int
    answer: str
    code: str | None
    extraction: str
    evidence: str
    verdicts: tuple[Verdict, ...]
    is_accepted: bool
    is_kept: bool
    diff: str
    tokens: int
    latency_s: float
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One turn of a loop: its attempts, then what the critic said of the kept candidate.

    :ivar number: 1 for the drafts; each revision begins another.
    :ivar critique: The critic's reply; None when the critic was not asked.
    :ivar critique_tokens: Tokens of the critic's call, 0 when not asked.
    :ivar choice: Which candidate was kept and why, where there were several to choose from.
    :ivar unanswered: Who gave no answer though asked, and why, where the suite goes on without.
    """

    node: str
    number: int
    attempts: tuple[Attempt, ...]
    critique: str | None = None
    sentinel: Sentinel = Sentinel.ABSENT
    critique_tokens: int = 0
    critique_latency_s: float = 0.0
    kind: RoundKind = RoundKind.LOOP
    choice: str = ""
    unanswered: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleEnd:
    """What came of a node that asks several models for one record, or one several times.

    :ivar answered: Labels of those that answered, each once, and `unanswered` of those that did
        not at least once.
    :ivar kept: The label of the candidate that was kept; empty where nothing had to be chosen.
    """

    node: str
    answered: tuple[str, ...]
    unanswered: tuple[str, ...] = ()
    kept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRate:
    """How many drafts of a question pass.

    :ivar passed: Of those that were judged; one whose judges skipped it is in neither.
    :ivar has_left_band: Drawing ended as the interval was outside the band asked for.
    """

    passed: int
    judged: int
    has_left_band: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopEnd:
    """How a loop ended for one record.

    :ivar samples: Drafts that were drawn.
    :ivar kept_round: The round whose candidate was kept.
    :ivar rate: How many drafts pass, where the suite asks for that.
    :ivar is_loose: The stop phrase stood inside other words, and a task of SyGra took it for one.
    """

    node: str
    stop_reason: StopReason
    rounds: int
    samples: int
    sentinels_refused: int
    tokens: int
    kept_round: int
    rate: DraftRate | None = None
    is_loose: bool = False
