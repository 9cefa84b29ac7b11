"""A run's figures and rows as a file for version control, and back.

`baselines/NAME.json` beside the suite: keys in order, a row a line, and nothing of the clock, the
host or its folders, so that the same rows give the same bytes and a change can be reviewed. Above
`MOST_ROWS` the rows stand in `NAME.jsonl.gz`, which the file names with its sha256.
"""

import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.quality.plain_files import not_measured_here
from sygra_eval.quality.sides import (
    FIRST_VERSION,
    MOST_VALUE,
    Facts,
    RowValues,
    Side,
    figure_of,
    shown,
)
from sygra_eval.values import Direction, Metric, MetricKind, Status, UsageError

FORMAT = "sygra-eval-baseline/1"
MOST_ROWS = 20_000
_LONGEST = 1 << 31
_DIGITS = 6
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]+")
Line = list[object]
_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)
"""What reading a document of anybody's can come to, where it is not what it should be."""


def baseline_files(side: Side, *, reason: str = "", stem: str = "") -> dict[str, bytes]:
    """Return the files of a baseline by name, or by a stem of its own; that in JSON comes last."""
    name = stem or side.facts.suite
    columns, lines = _table(side)
    rows, files = len(side.inputs), {}
    if rows > MOST_ROWS:
        packed = _packed(lines)
        files[f"{name}.jsonl.gz"] = packed
        digest = hashlib.sha256(packed).hexdigest()
        stated = {"columns": columns, "file": f"{name}.jsonl.gz", "n": rows, "sha256": digest}
        body = _json(dict(sorted(stated.items())))
    else:
        data = ",\n".join(f"  {_json(line)}" for line in lines)
        body = f'{{"columns": {_json(columns)}, "data": [\n{data}]}}'
    parts = {
        "data_sha256": _json(side.facts.data_sha256),
        "format": _json(FORMAT),
        "metrics": _metrics(side),
        "rows": body,
        "suite": _json(side.facts.suite),
        "suite_sha256": _json(side.facts.suite_sha256),
        "validators": _json(dict(sorted(side.facts.validators.items()))),
        **_versions(side.facts),
        **({"reason": _json(reason)} if reason else {}),
    }
    text = ",\n".join(f' "{key}": {part}' for key, part in sorted(parts.items()))
    files[f"{name}.json"] = f"{{\n{text}\n}}\n".encode()
    return files


def _versions(facts: Facts) -> dict[str, str]:
    """Return the versions of validators that are no longer the first."""
    later = {name: one for name, one in facts.versions.items() if one != FIRST_VERSION}
    return {"versions": _json(dict(sorted(later.items())))} if later else {}


def is_baseline(path: Path) -> bool:
    """Say whether a file is one object of JSON, as no data file is."""
    if path.suffix.lower() != ".json":
        return False
    with path.open("rb") as file:
        return file.read(4_096).lstrip()[:1] == b"{"


def read_baseline(path: Path) -> Side:
    """Return a baseline as one side of a comparison.

    :raises UsageError: When it is none, is damaged, or two of its rows have one id.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        return _side_of(document, path)
    except _BROKEN as error:
        what = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
        raise UsageError(
            f"{path} cannot be read as a baseline: {shown(what, most=300)}; "
            "`sygra-eval bless RUN` writes one"
        ) from error


def _table(side: Side) -> tuple[list[str], Iterator[Line]]:
    columns = _columns_of(side)
    leading = ["id", "input", *(["cluster"] if side.clusters else [])]

    def lines() -> Iterator[Line]:
        for row in sorted(side.inputs):
            first: Line = [row, side.inputs[row]]
            if side.clusters:
                first.append(side.clusters.get(row, row))
            yield first + [_cell(side.metrics[name], row) for name in columns]

    return [*leading, *columns.values()], lines()


def _columns_of(side: Side) -> dict[str, str]:
    """Return the column of each metric that rows have values of: a rate's without `_rate`."""
    found: dict[str, str] = {}
    taken = {"id", "input", "cluster"}
    for name in sorted(side.metrics):
        values = side.metrics[name]
        if values.metric.kind is MetricKind.SET or not (values.values or values.errors):
            continue
        short = name.removesuffix("_rate") if values.metric.kind is MetricKind.RATE else name
        is_free = short not in taken and (short == name or short not in side.metrics)
        found[name] = short if is_free else name
        taken.add(found[name])
    return found


def _cell(values: RowValues, row: str) -> object:
    if row in values.errors:
        return Status.ERROR.value
    value = values.values.get(row)
    if values.metric.kind is MetricKind.RATE and value in {0.0, 1.0}:
        return (Status.PASS if value else Status.FAIL).value
    return value


def _metrics(side: Side) -> str:
    """Return each metric with its figure, one a line."""
    columns, parts = _columns_of(side), []
    for name in sorted(side.metrics):
        metric = side.metrics[name].metric
        figure = figure_of(side, name)
        if figure.estimate.value is None and name not in columns:
            continue
        stated: dict[str, object] = {
            "direction": metric.direction.value,
            "hi": _round(figure.estimate.high),
            "kind": metric.kind.value,
            "lo": _round(figure.estimate.low),
            "n": figure.n_judged,
            "n_error": figure.n_error,
            "n_skipped": figure.n_skipped,
            "value": _round(figure.estimate.value),
            "version": metric.version,
        }
        if name in columns:
            stated["column"] = columns[name]
        if metric.kind is MetricKind.MEAN and metric.bounds is not None:
            stated["bounds"] = list(metric.bounds)
        parts.append(f"  {_json(name)}: {_json(dict(sorted(stated.items())))}")
    return "{\n" + ",\n".join(parts) + "}"


def _round(value: float | None) -> float | None:
    """Leave out the digits in which hosts differ."""
    return None if value is None else round(value, _DIGITS)


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if _is_utf8(text) else json.dumps(value, allow_nan=False)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _packed(lines: Iterable[Line]) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as packed:
        for line in lines:
            packed.write(f"{_json(line)}\n".encode())
    return buffer.getvalue()


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _side_of(document: Mapping[str, Any], path: Path) -> Side:
    if document.get("format") != FORMAT:
        said = document.get("format")
        raise ValueError(f"its `format` is {said!r}, and {FORMAT!r} can be read")
    name = str(document["suite"])
    side = Side(
        facts=Facts(
            kind="baseline",
            name=path.name,
            suite=name,
            suite_sha256=str(document["suite_sha256"]),
            data_sha256=str(document.get("data_sha256", "")),
            validators={str(k): str(v) for k, v in (document.get("validators") or {}).items()},
            versions={str(k): str(v) for k, v in (document.get("versions") or {}).items()},
        )
    )
    by_column: dict[str, RowValues] = {}
    for metric_name, stated in document["metrics"].items():
        bounds = stated.get("bounds")
        metric = Metric(
            name=metric_name.replace("{}", "_"),
            measure=not_measured_here,
            kind=MetricKind(stated["kind"]),
            direction=Direction(stated["direction"]),
            version=stated["version"],
            bounds=None if bounds is None else (float(bounds[0]), float(bounds[1])),
        )
        side.metrics[metric.name] = RowValues(metric=metric)
        if metric.kind is MetricKind.SET:
            side.fixed[metric.name] = float(stated["value"])
        else:
            by_column[str(stated["column"])] = side.metrics[metric.name]
    columns = list(document["rows"]["columns"])
    if columns[:2] != ["id", "input"] or len(set(columns)) != len(columns):
        raise ValueError("its rows have other columns than id, input and those of metrics")
    for line in _lines(document["rows"], path):
        _take(side, by_column, columns, line)
    return side


def _take(side: Side, by_column: Mapping[str, RowValues], columns: list[str], line: object) -> None:
    if not isinstance(line, list) or len(line) != len(columns):
        raise ValueError(f"a row has not {len(columns)} values: {shown(str(line))}")
    row_id, input_hash = line[0], line[1]
    if not isinstance(row_id, str) or not isinstance(input_hash, str):
        raise TypeError(f"id or input of a row are no text: {shown(str(line))}")
    if row_id in side.inputs:
        raise ValueError(f"the id `{shown(row_id)}` stands there twice")
    side.inputs[row_id] = input_hash
    for column, value in zip(columns[2:], line[2:], strict=True):
        if column == "cluster" and column not in by_column:
            if value != row_id:
                side.clusters[row_id] = str(value)
            continue
        kept = by_column[column]
        match value:
            case None:
                pass
            case Status.ERROR.value:
                kept.errors[row_id] = "as the baseline says"
            case Status.PASS.value | Status.FAIL.value:
                kept.values[row_id] = float(value == Status.PASS.value)
            case int() | float() if not isinstance(value, bool) and abs(value) <= MOST_VALUE:
                kept.values[row_id] = float(value)
            case _:
                raise ValueError(f"row {shown(row_id)} has {shown(repr(value))} for `{column}`")


def _lines(rows: Mapping[str, Any], path: Path) -> Iterator[object]:
    """Yield the rows that stand in the file, or in the packed one beside it."""
    if "file" not in rows:
        yield from rows["data"]
        return
    name = str(rows["file"])
    if not _PLAIN.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a file beside it")
    packed = (path.parent / name).read_bytes()
    if hashlib.sha256(packed).hexdigest() != rows["sha256"]:
        raise ValueError(f"{name} is not the file that it was: its sha256 differs")
    read = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as lines:
            while line := lines.readline(_LONGEST):
                read += len(line)
                if read > _LONGEST:
                    raise ValueError(f"{name} holds more than {_LONGEST >> 30} GiB")
                yield json.loads(line, parse_constant=_refuse)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{name} is damaged: {error}") from error
