"""What people said of rows, from the files that a suite names for it: read, or refused by line."""

from collections.abc import Mapping
from pathlib import Path

from sygra_eval.data import FileRows
from sygra_eval.plugins import Plugins
from sygra_eval.quality import Rating, shown
from sygra_eval.suite import AgreementSpec, Suite, load_suite
from sygra_eval.values import BadRow, Diagnostic, Severity, Status, UsageError

MOST_TOLD = 10
"""So many places of a file are told; the others are counted."""
MOST = 1e100
"""Larger numbers cannot be computed with."""
_PASS, _FAIL = frozenset({"pass", "true"}), frozenset({"fail", "false"})

Labels = Mapping[str, Rating]


class BadLabels(UsageError):
    """A file of labels cannot be used; its diagnostics say where."""


async def refuse_labels(suite: Suite) -> None:
    """Refuse files of labels before a row is paid for.

    :raises BadLabels: With a diagnostic for each place.
    """
    await labels_of(suite)


async def problems_of_labels(
    path: Path, plugins: Plugins, variant: str | None = None
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the files of labels of a suite that is otherwise fit."""
    try:
        await labels_of(load_suite(path, plugins, variant=variant))
    except BadLabels as error:
        return error.diagnostics
    return ()


async def labels_of(suite: Suite) -> Mapping[str, Labels]:
    """Return the labels of each agreement that has a file of them.

    :raises BadLabels: When one has a place that cannot be used.
    """
    found: dict[str, Labels] = {}
    problems: list[Diagnostic] = []
    for spec in suite.agreements:
        if spec.labels is not None:
            found[spec.name], wrong = await _read(spec, spec.labels)
            problems += wrong
    if problems:
        raise BadLabels(f"{suite.path}: labels cannot be used", tuple(problems))
    return found


async def _read(spec: AgreementSpec, path: Path) -> tuple[Labels, list[Diagnostic]]:
    reading = FileRows(path=path, given=spec.labelled, key="labels", id_column=None)
    labels: dict[str, Rating] = {}
    places: dict[str, int] = {}
    wrong: list[Diagnostic] = []
    left = 0

    def report(line: int, message: str, fix: str) -> None:
        nonlocal left
        if len(wrong) == MOST_TOLD:
            left += 1
            return
        wrong.append(_problem(path, line, message, fix))

    try:
        async for row in reading.rows():
            line = _line_of(row.origin)
            if isinstance(row, BadRow):
                reason = row.reason.removeprefix("bad_input: ")
                report(line, f"the line cannot be read: {reason}", "mend the line or take it out")
                continue
            row_id = row.columns.get(spec.id)
            if isinstance(row_id, bool) or not isinstance(row_id, str | int) or row_id == "":
                known = ", ".join(f"`{shown(one)}`" for one in list(row.columns)[:8]) or "none"
                report(
                    line,
                    f"the column `{spec.id}` holds no id of a row; there are {known}",
                    "name the column of the row's id: `id: COLUMN`",
                )
                continue
            if str(row_id) in places:
                where = places[str(row_id)]
                report(
                    line,
                    f"the id `{shown(str(row_id))}` has a label in line {where} already",
                    "keep one label of a row, the one that people settled on",
                )
                continue
            places[str(row_id)] = line
            if (said := row.columns.get(spec.column)) is None and spec.column in row.columns:
                continue  # nobody has labelled it yet
            label = _label(spec, said)
            if label is None:
                report(line, *_unknown(spec, said, is_there=spec.column in row.columns))
                continue
            labels[str(row_id)] = label
    except (OSError, UsageError) as error:
        report(0, f"the file cannot be read: {error}", "name a file of JSON lines, CSV or Parquet")
    if left:
        wrong.append(_problem(path, 0, f"{left} more lines cannot be used", ""))
    if not labels and not wrong:
        wrong.append(_problem(path, 0, "the file holds no label", "label some rows"))
    return labels, wrong


def _label(spec: AgreementSpec, said: object) -> Rating | None:
    """Return a label as a rating; None where it is none that is known."""
    if spec.level != "nominal":
        if isinstance(said, bool) or not isinstance(said, int | float) or not abs(said) < MOST:
            return None
        return float(said)
    if isinstance(said, bool | int) and said in {0, 1}:
        return (Status.PASS if said else Status.FAIL).value
    if not isinstance(said, str):
        return None
    for words, known, status in (
        (spec.passes, _PASS, Status.PASS),
        (spec.fails, _FAIL, Status.FAIL),
    ):
        if said in words or (not words and said.strip().casefold() in known):
            return status.value
    return None


def _unknown(spec: AgreementSpec, said: object, *, is_there: bool) -> tuple[str, str]:
    if not is_there:
        return f"there is no column `{spec.column}`", "name the column of labels: `column: COLUMN`"
    if spec.level != "nominal":
        return (
            f"the label {shown(repr(said))} is no number, which level `{spec.level}` needs",
            "write a number, or take `level: nominal`",
        )
    known = [*(sorted(spec.passes) or sorted(_PASS)), *(sorted(spec.fails) or sorted(_FAIL))]
    return (
        f"the label {shown(repr(said))} is none of those known: {', '.join(known)}",
        "name its word under `pass: [...]` or `fail: [...]`, or mend the label",
    )


def _line_of(origin: str) -> int:
    digits = origin.rpartition(":")[2]
    return int(digits) if digits.isdecimal() else 0


def _problem(path: Path, line: int, message: str, fix: str) -> Diagnostic:
    return Diagnostic(
        code="bad-labels",
        severity=Severity.ERROR,
        path=str(path),
        line=line,
        column=1,
        message=message,
        fix=fix,
    )
