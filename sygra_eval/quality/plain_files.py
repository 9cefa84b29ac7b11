"""A plain data file as one side of a comparison: every column of figures or of pass and fail."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from sygra_eval.data import FileRows
from sygra_eval.journal import canonical_json
from sygra_eval.quality.sides import MOST_VALUE, Facts, RowValues, Side, shown
from sygra_eval.values import (
    BadRow,
    Direction,
    Metric,
    MetricKind,
    RowFigure,
    Status,
    UsageError,
)

_STATUSES = {status.value for status in Status}
_FLAG, _STATUS, _NUMBER, _OTHER = "true or false", "pass or fail", "a number", "text"
_KINDS = {
    _FLAG: (MetricKind.RATE, Direction.NONE),
    _STATUS: (MetricKind.RATE, Direction.HIGHER),
    _NUMBER: (MetricKind.MEAN, Direction.NONE),
}


async def side_of_file(path: Path, *, on: str, inputs: Sequence[str] = ()) -> Side:
    """Read a file's rows.

    :param on: The column that names a row.
    :param inputs: The columns that are a row's input; rows of one id that differ there are told
        apart. Without any, inputs are not compared.
    :raises UsageError: When a place of the file cannot be read, or two rows have one id.
    """
    reading = FileRows(path=path, given=str(path), key="file_path", id_column=None)
    side = Side(facts=Facts(kind="file", name=path.name))
    columns = _Columns()
    seen: dict[str, str] = {}
    async for row in reading.rows():
        if isinstance(row, BadRow):
            reason = row.reason.removeprefix("bad_input: ")
            raise UsageError(f"{shown(row.origin)}: {reason}; nothing was compared")
        row_id = _id_of(row.columns, on, row.origin)
        if row_id in seen:
            raise UsageError(
                f"{row.origin}: the id `{shown(row_id)}` stands at {seen[row_id]} too; rows are "
                "matched by id, so name a column without repetitions with --on"
            )
        seen[row_id] = row.origin
        side.inputs[row_id] = _hash(row.columns, inputs, row.origin)
        columns.take(row_id, {k: v for k, v in row.columns.items() if k not in {on, *inputs}})
    side.metrics.update(columns.metrics())
    side.left_out.update(columns.mixed)
    return side


def _id_of(columns: Mapping[str, object], on: str, origin: str) -> str:
    value = columns.get(on)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        known = ", ".join(f"`{shown(name)}`" for name in list(columns)[:12]) or "none"
        what = "is empty or no text" if on in columns else "is not there"
        raise UsageError(
            f"{origin}: the column `{on}`, which names a row, {what}; name another with --on: "
            f"there are {known}"
        )
    return str(value)


def _hash(columns: Mapping[str, object], inputs: Sequence[str], origin: str) -> str:
    if not inputs:
        return ""
    missing = [name for name in inputs if name not in columns]
    if missing:
        raise UsageError(f"{origin}: there is no column `{missing[0]}`, which --input names")
    chosen = {name: columns[name] for name in inputs}
    return blake2b(canonical_json(chosen), digest_size=8).hexdigest()[:12]


class _Columns:
    """Finds out what each column holds; one that holds two kinds of values is none of ours."""

    def __init__(self) -> None:
        self.mixed: dict[str, str] = {}
        self._kinds: dict[str, tuple[str, str]] = {}
        self._values: dict[str, RowValues] = {}

    def take(self, row_id: str, columns: Mapping[str, object]) -> None:
        for name, value in columns.items():
            if value is None or name in self.mixed:
                continue
            kind = _kind_of(value)
            known, first = self._kinds.setdefault(name, (kind, row_id))
            if kind != known:
                if {kind, known} == {_STATUS, _OTHER}:
                    self._kinds[name] = (_OTHER, first)
                else:
                    self.mixed[name] = (
                        f"it is {known} in row {shown(first)} and {kind} in row {shown(row_id)}"
                    )
                self._values.pop(name, None)
            elif kind != _OTHER:
                self._keep(name, kind, row_id, value)

    def _keep(self, name: str, kind: str, row_id: str, value: object) -> None:
        if name not in self._values:
            of, direction = _KINDS[kind]
            metric = Metric(name=name, measure=not_measured_here, kind=of, direction=direction)
            self._values[name] = RowValues(metric=metric)
        kept = self._values[name]
        if isinstance(value, bool | int | float):
            if abs(value) > MOST_VALUE:
                kept.errors[row_id] = f"{str(value)[:20]} is too large to compute with"
            else:
                kept.values[row_id] = float(value)
        elif value in {Status.PASS, Status.FAIL}:
            kept.values[row_id] = float(value == Status.PASS)
        elif value == Status.ERROR:
            kept.errors[row_id] = "as the file says"

    def metrics(self) -> dict[str, RowValues]:
        return self._values


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return _FLAG
        case int() | float():
            return _NUMBER
        case str() if value in _STATUSES:
            return _STATUS
        case _:
            return _OTHER


def not_measured_here(*_: object) -> RowFigure:
    """Stand for the function of a metric whose values came from a file."""
    raise NotImplementedError("the values of this metric came from a file")
