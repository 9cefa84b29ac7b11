"""What a comparison comes to, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sygra_eval.quality.sides import Side
from sygra_eval.values import Interval, Metric


class ChangeVerdict(StrEnum):
    """What can be said of a change; `no evidence` is not `equivalent`."""

    BETTER = "better"
    WORSE = "worse"
    MOVED = "moved"
    EQUIVALENT = "equivalent"
    NO_EVIDENCE = "no evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a comparison is decided by.

    :ivar margin: A change that lies inside it for certain is none: of 0..1 for rates, else a share
        of the first side's mean.
    :ivar max_drop: A change for the worse that may be larger than this is a regression too.
    """

    alpha: float = 0.05
    margin: float = 0.02
    max_drop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A row that went from pass to fail or back, or to or from an error, with both reasons."""

    id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """The rows of a rate that are not what they were, and the ids of those that are.

    :ivar both: They passed on both sides; `neither` on none.
    """

    fixed: tuple[Flip, ...] = ()
    broken: tuple[Flip, ...] = ()
    to_error: tuple[Flip, ...] = ()
    from_error: tuple[Flip, ...] = ()
    both: tuple[str, ...] = ()
    neither: tuple[str, ...] = ()
    flaky: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """The same metric over rows that one side alone has; they are different rows."""

    before: float | None
    n_before: int
    after: float | None
    n_after: int
    change: Interval | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one metric.

    :ivar n: Rows that both sides judged, in so many `clusters` that are independent.
    :ivar p: Of the test named; `p_exact` is McNemar's beside its mid-p; `p_holm` is corrected.
    :ivar smallest: The change that `n` rows would have shown in 80 %; None: not known, or none.
    :ivar why_none: Why no change could be tested.
    """

    metric: Metric
    n: int
    clusters: int = 0
    before: float | None = None
    after: float | None = None
    change: Interval | None = None
    test: str = ""
    p: float | None = None
    p_exact: float | None = None
    p_holm: float | None = None
    smallest: float | None = None
    verdict: ChangeVerdict = ChangeVerdict.NO_EVIDENCE
    is_regression: bool = False
    flips: Flips = field(default_factory=Flips)
    unmatched: Unmatched | None = None
    why_none: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison:
    """All that is said of two sides; it has no text of its own, as a `Side` has none.

    :ivar matched: Rows with one id and, as far as is known, one input.
    :ivar same_as: Metrics that say the same of every row as another, and were not tested again.
    :ivar tests: So many tests p is corrected for: of this comparison, and of those made with it.
    """

    before: Side
    after: Side
    matched: int
    changed_input: tuple[str, ...]
    only_before: int
    only_after: int
    changes: tuple[Change, ...]
    same_as: Mapping[str, str]
    rules: Rules
    tests: int = 0
    notes: tuple[str, ...] = ()

    @property
    def regressions(self) -> tuple[Change, ...]:
        """Those that are worse, or that may have dropped too far."""
        return tuple(change for change in self.changes if change.is_regression)
