"""What a metric is, and what it sees of a row that has ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sygra_eval.values.judging import Status
from sygra_eval.values.rows import Outcome


class MetricKind(StrEnum):
    """A rate of rows that pass, a mean of figures of rows, or one figure of all rows."""

    RATE = "rate"
    MEAN = "mean"
    SET = "set"


class Direction(StrEnum):
    """Which way is better; with none a change is `moved`, neither better nor worse."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"


class Each(StrEnum):
    """What a metric is made anew for: each validator of the run, or each number of tries."""

    VALIDATOR = "validator"
    K = "k"


class MetricError(Exception):
    """A row has no value for a reason that is not its quality: it is counted as an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """What one validator said of a row.

    :ivar votes: Of a judge, how many could be used; `score` is the share of them that pass.
    """

    status: Status
    score: float | None = None
    reason: str = ""
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """A row that has ended, as metrics see it.

    :ivar verdicts: By the validator's name.
    :ivar columns: Of the data file's row: those of the source, and ours.
    :ivar cluster: Rows of one cluster go together: repeats of one row, or the suite's `cluster`.
    :ivar rounds: That its loop took; None without one.
    :ivar drawn: Answers to its question that were judged, of which `passed` pass.
    :ivar cost_usd: Of its calls; None where a price is not known.
    """

    id: str
    outcome: Outcome
    reason: str = ""
    verdicts: Mapping[str, RowVerdict] = field(default_factory=dict)
    columns: Mapping[str, object] = field(default_factory=dict)
    cluster: str = ""
    rounds: int | None = None
    drawn: int | None = None
    passed: int | None = None
    cost_usd: float | None = 0.0
    tokens: int = 0


RowFigure = float | bool | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of a run, under a name.

    :ivar measure: Of a rate or a mean `measure(row)`, with `each` `measure(row, of)`: the row's
        value, None where it has none (skipped), or an exception, which counts as an error and never
        as 0. Of a set `measure(rows)`: the figure itself, or None.
    :ivar version: Raise it when the same rows give other values: unequal ones are not compared.
    :ivar each: Such a metric's name has a `{}` in it, as `{}_rate`.
    :ivar bounds: The least and the greatest value there can be, of a mean; rates have 0 and 1.
    :ivar sees_verdicts: False of a set whose rows need not keep their verdicts.
    :ivar tries: Of so many answers to a question; set by `of`.
    :ivar columns: Which a set looks at; its rows are kept, and of their columns only these.
    """

    name: str
    measure: Callable[..., RowFigure]
    kind: MetricKind
    direction: Direction = Direction.NONE
    version: int = 1
    each: Each | None = None
    bounds: tuple[float, float] | None = None
    columns: tuple[str, ...] = ()
    tries: int | None = None
    sees_verdicts: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", MetricKind(self.kind))
        object.__setattr__(self, "direction", Direction(self.direction))
        if not isinstance(self.version, int) or self.version < 1:
            raise ValueError(f"metric `{self.name}`: version {self.version!r} is no whole number")
        if (self.each is not None) != ("{}" in self.name):
            raise ValueError(f"metric `{self.name}`: `each` and a {{}} in the name go together")
        if self.each is not None and self.kind is MetricKind.SET:
            raise ValueError(f"metric `{self.name}`: a set has one figure, not one each")
        if self.kind is MetricKind.RATE:
            object.__setattr__(self, "bounds", (0.0, 1.0))

    def of(self, one: str) -> "Metric":
        """Return the metric of one validator, or of one number of tries."""
        what: object = int(one) if self.each is Each.K else one
        measure = self.measure
        return replace(
            self,
            name=self.name.replace("{}", one),
            measure=lambda row: measure(row, what),
            each=None,
            tries=int(one) if self.each is Each.K else None,
        )


SetFunction = Callable[[Sequence[MeasuredRow]], RowFigure]
