"""The values of all rows by metric: of a run, a baseline or a file, so one side of a comparison.

`Measuring` takes finished rows one by one and keeps of each what its metrics say; `figure_of` is
one metric over all of them with its interval.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sygra_eval.quality.means import Estimate, clustered_mean, clustered_rate
from sygra_eval.quality.resampling import bootstrap_of_units, seed_of
from sygra_eval.values import Each, Interval, MeasuredRow, Metric, MetricKind, Outcome, RowFigure

_REPEAT = re.compile(r"::r\d+$")
_KS = (1, 2, 5, 10, 20, 50, 100)
_SET_WORK = 20_000_000
_MOST_RESAMPLES, _FEWEST_RESAMPLES = 2_000, 200
_MOST_TEXT = 300
_LONGEST_SHOWN = 60
_SHARED = {0.0: 0.0, 1.0: 1.0}
"""Most values of a rate are one of these: there is one of each, not one for each row."""
FIRST_VERSION = "1"
"""Of a validator of which no other is known."""
MOST_VALUE = 1e100
"""Squares and sums of larger values overflow."""


def shown(text: str, *, most: int = _LONGEST_SHOWN) -> str:
    """Return text of a file as a message may hold it: short, and nothing a terminal obeys."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return short if short.isprintable() else repr(short)


def question_of(row_id: str) -> str:
    """Return the row that an id belongs to: repeats of one row end in `::rN`."""
    return _REPEAT.sub("", row_id)


@dataclass(slots=True, kw_only=True)
class RowValues:
    """What one metric says of rows, by their ids.

    :ivar errors: Rows that have no value for a reason that is not their quality, and the reason.
    :ivar reasons: Why rows of a rate do not pass.
    :ivar lacking: Why a question has no value that is of several tries: it had fewer.
    """

    metric: Metric
    values: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """How long the calls of one model at one step took."""

    step: str
    model: str
    calls: int
    p50_s: float | None
    p90_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run took; None is unknown, never 0.

    :ivar rounds: How many rows ended after so many rounds of a loop.
    """

    verified: int
    cost_usd: float | None
    tokens: int | None
    seconds: float | None
    rounds: Mapping[int, int] = field(default_factory=dict)
    steps: tuple[StepTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of where values came from.

    :ivar kind: `run`, `baseline` or `file`.
    :ivar validators: What stands for the settings of each.
    :ivar versions: Of each validator; one that is not there has the first.
    :ivar rate: The verified rate of all its rows, as its report has it.
    :ivar settings: What it was asked and made with, by place; empty where that is not known.
    """

    kind: str
    name: str
    suite: str = ""
    suite_sha256: str = ""
    data_sha256: str = ""
    validators: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    isolation: tuple[str, ...] = ()
    version: str = ""
    spending: Spending | None = None
    rate: Interval | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True, repr=False)
class Side:
    """One side of a comparison.

    It has no text of its own: `asyncio.run` makes one of whatever a coroutine returns, and that of
    a million rows took as much memory and time as the comparison.

    :ivar inputs: What stands for each row's input; empty where that is not known.
    :ivar clusters: Of rows that do not stand alone.
    :ivar fixed: Figures of sets that came without their rows, as those of a baseline do.
    :ivar rows: All rows, where a metric of the whole set needs them.
    :ivar left_out: Columns that are no metric, and why.
    """

    facts: Facts
    inputs: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, RowValues] = field(default_factory=dict)
    fixed: dict[str, float] = field(default_factory=dict)
    rows: list[MeasuredRow] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def questions(self) -> int:
        """Return how many rows there are when repeats count as one."""
        return len({question_of(row) for row in self.inputs})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric over all rows of a side: judged, broken and skipped rows stand beside it."""

    name: str
    metric: Metric
    estimate: Estimate
    n_judged: int
    n_error: int
    n_skipped: int


@dataclass(slots=True)
class _Tries:
    """The repeats of a row that were judged, and how many of them are verified."""

    first: str
    drawn: int = 0
    passed: int = 0


class Measuring:
    """Takes finished rows to the values of all metrics."""

    def __init__(self, metrics: Iterable[Metric], facts: Facts) -> None:
        self.side = Side(facts=facts)
        self._plain: list[RowValues] = []
        self._families: list[Metric] = []
        self._keeps_rows = False
        self._keeps_verdicts = False
        self._kept_columns: set[str] = set()
        for metric in metrics:
            if metric.each is not None:
                self._families.append(metric)
                continue
            values = self.side.metrics[metric.name] = RowValues(metric=metric)
            if metric.kind is MetricKind.SET:
                self._keeps_rows = True
                self._keeps_verdicts |= metric.sees_verdicts
                self._kept_columns.update(metric.columns)
            else:
                self._plain.append(values)
        self._by_one: dict[tuple[Each, str], list[RowValues]] = {}
        self._tries: dict[str, _Tries] = {}

    def take(self, row: MeasuredRow, *, input_hash: str = "") -> None:
        """Measure one row."""
        self.side.inputs[row.id] = input_hash
        cluster = row.cluster or question_of(row.id)
        if cluster != row.id:
            self.side.clusters[row.id] = cluster
        if self._keeps_rows:
            kept = {name: row.columns[name] for name in self._kept_columns & row.columns.keys()}
            verdicts = row.verdicts if self._keeps_verdicts else {}
            self.side.rows.append(replace(row, columns=kept, verdicts=verdicts))
        tried = self._tried(row)
        for values in self._plain:
            is_of_tries = values.metric.tries is not None
            _measure(values, tried if is_of_tries else row, "" if is_of_tries else row.reason)
        for name, said in row.verdicts.items():
            for values in self._family(Each.VALIDATOR, name):
                _measure(values, row, said.reason)
        for k in _KS if tried.drawn else ():
            if k <= (tried.drawn or 0):
                for values in self._family(Each.K, str(k)):
                    _measure(values, tried, "")

    def _tried(self, row: MeasuredRow) -> MeasuredRow:
        """Return a row with the tries at its question: its own drafts, or its repeats so far.

        Repeats have one value together, under the id of the first; one that failed by
        infrastructure was no try.
        """
        question = question_of(row.id)
        if row.drawn is not None or question == row.id:
            return row
        tries = self._tries.setdefault(question, _Tries(first=row.id))
        if row.outcome in (Outcome.VERIFIED, Outcome.REJECTED):
            tries.drawn += 1
            tries.passed += row.outcome is Outcome.VERIFIED
        return replace(row, id=tries.first, drawn=tries.drawn, passed=tries.passed)

    def _family(self, each: Each, one: str) -> list[RowValues]:
        """Return the metrics of one validator, made when it is seen first."""
        if (each, one) not in self._by_one:
            found = []
            for metric in self._families:
                if metric.each is each:
                    made = metric.of(one)
                    if made.name not in self.side.metrics:  # one that is registered so wins
                        self.side.metrics[made.name] = RowValues(metric=made, of=one)
                        found.append(self.side.metrics[made.name])
            self._by_one[each, one] = found
        return self._by_one[each, one]


def _measure(values: RowValues, row: MeasuredRow, reason: str) -> None:
    """Keep what a metric says of one row; one that breaks costs this row's value alone."""
    try:
        value = _sound(values.metric, values.metric.measure(row))
    except Exception as error:  # noqa: BLE001 - the boundary to plugins
        values.errors[row.id] = str(error)[:_MOST_TEXT] or type(error).__name__
        return
    if value is None:
        if values.metric.tries is not None and row.drawn is not None:
            values.lacking[row.id] = (
                f"{row.drawn} tries at it were judged, fewer than {values.metric.tries}"
            )
        return
    values.lacking.pop(row.id, None)
    values.values[row.id] = value
    if values.metric.kind is MetricKind.RATE and value < 1 and reason:
        values.reasons[row.id] = reason[:_MOST_TEXT]


def _sound(metric: Metric, value: RowFigure) -> float | None:
    """Return a value that is one.

    :raises ValueError: When it is not; TypeError when it is not even a number.
    """
    if value is None:
        return None
    if not isinstance(value, bool | int | float):
        raise TypeError(f"the metric returned {type(value).__name__}, not a number")
    if not abs(value) <= MOST_VALUE:  # so written, this refuses what is no number too
        raise ValueError(
            f"the metric returned {float(value):g}, with which nothing can be computed"
        )
    if metric.kind is MetricKind.RATE and not 0 <= value <= 1:
        raise ValueError(f"the metric returned {value}, which is no rate")
    return _SHARED[value] if value in _SHARED else float(value)


def figure_of(side: Side, name: str, *, confidence: float = 0.95) -> Figure:
    """Return one metric over all rows, its interval over clusters where rows go together."""
    found = side.metrics[name]
    if found.metric.kind is MetricKind.SET:
        return _set_figure(side, found.metric, confidence)
    ids = sorted(found.values)
    values = [found.values[one] for one in ids]
    clusters = [side.clusters.get(one, one) for one in ids]
    over = clustered_rate if found.metric.kind is MetricKind.RATE else clustered_mean
    judged, errors = len(ids), len(found.errors)
    rows = side.questions() if found.metric.tries is not None else len(side.inputs)
    return Figure(
        name=name,
        metric=found.metric,
        estimate=over(values, clusters, confidence=confidence),
        n_judged=judged,
        n_error=errors,
        n_skipped=rows - judged - errors,
    )


def _set_figure(side: Side, metric: Metric, confidence: float) -> Figure:
    figure = Figure(
        name=metric.name,
        metric=metric,
        estimate=Estimate(value=side.fixed.get(metric.name), method="bootstrap"),
        n_judged=len(side.rows),
        n_error=0,
        n_skipped=0,
    )
    groups = clusters_of(side)
    if not groups:
        return figure
    try:
        value = _sound(metric, metric.measure(side.rows))
    except Exception as error:  # noqa: BLE001 - the boundary to plugins
        side.metrics[metric.name].errors[""] = str(error)[:_MOST_TEXT] or type(error).__name__
        return replace(figure, n_judged=0, n_error=1)
    interval = bootstrap_of_units(
        groups,
        lambda drawn: set_value(metric, [row for group in drawn for row in group]),
        seed=seed_of(side.facts.suite_sha256, metric.name),
        resamples=set_resamples(len(side.rows)),
        confidence=confidence,
    )
    if interval is None:
        return replace(figure, estimate=Estimate(value=value, n=len(side.rows)))
    return replace(
        figure,
        estimate=Estimate(
            value=value,
            low=interval.low,
            high=interval.high,
            n=len(side.rows),
            clusters=len(groups),
            method="bootstrap",
        ),
    )


def clusters_of(side: Side) -> list[Sequence[MeasuredRow]]:
    """Return the kept rows, together with those that they belong to, ordered by their ids."""
    groups: dict[str, list[MeasuredRow]] = {}
    for row in sorted(side.rows, key=lambda row: row.id):
        groups.setdefault(side.clusters.get(row.id, row.id), []).append(row)
    return list(groups.values())


def set_value(metric: Metric, rows: Sequence[MeasuredRow]) -> float | None:
    """Return the figure of a set; None where the metric has none or breaks."""
    try:
        return _sound(metric, metric.measure(rows))
    except Exception:  # noqa: BLE001 - the boundary to plugins
        return None


def set_resamples(rows: int) -> int:
    """Return how often a set is drawn again: rarer where that takes long."""
    return max(_FEWEST_RESAMPLES, min(_MOST_RESAMPLES, _SET_WORK // max(1, rows)))
