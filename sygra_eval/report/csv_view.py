"""The rows of a run as CSV: RFC 4180, every text quoted, one line a row.

A spreadsheet takes a cell that begins with `=` for a formula, and row text is hostile; so such a
cell begins with an apostrophe, unless the file is for machines (`raw`). Numbers are ours.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sygra_eval.engine import ReportContext, ReportOptions, ReportRow
from sygra_eval.report.plain_text import CUT, shown

MOST_UNITS = 32_767
"""UTF-16 units that a cell of a spreadsheet holds; more is cut or refused there."""

BOM = "\ufeff"
_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b")
_BEFORE = (
    "id",
    "outcome",
    "reason",
    "grade",
    "topic",
    "rounds",
    "kept_round",
    "samples",
    "stop_reason",
)
_AFTER = (
    "models",
    "calls",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "model_s",
    "weak_tests",
    "code",
)

Cell = str | int | float | None


def csv_report(ctx: ReportContext) -> Iterator[str]:
    """Yield a line of names, then one for each row, each with its CRLF."""
    validators = [tally.validator for tally in ctx.summary.validators]
    names = [name for one in validators for name in (f"{one}.status", f"{one}.score")]
    header = _line((*_BEFORE, *names, *_AFTER), ctx.options)
    yield BOM + header if ctx.options.has_bom else header
    for row in ctx.rows():
        yield _line(_cells(row, validators), ctx.options)


def _cells(row: ReportRow, validators: Sequence[str]) -> Iterator[Cell]:
    stop, loop = row.stop_reason, row.end.loop
    said = {verdict.validator: verdict for verdict in row.verdicts}
    yield from (row.id, row.outcome.value, row.reason, _text(row, "grade"), row.topic)
    yield from (row.rounds, loop.kept_round if loop is not None else None, row.samples)
    yield stop.value if stop is not None else None
    for name in validators:
        verdict = said.get(name)
        yield verdict.status.value if verdict is not None else None
        yield verdict.score if verdict is not None else None
    yield " ".join(models_of(row))
    yield from (row.calls, row.prompt_tokens, row.completion_tokens)
    yield from (row.cost_usd, round(row.latency_s, 3), row.end.weak_tests, row.code)


def models_of(row: ReportRow) -> tuple[str, ...]:
    """Return who had a part in a row, by the suite's names, each once."""
    provenance = row.columns.get("provenance")
    models = provenance.get("models") if isinstance(provenance, Mapping) else None
    named = [
        str(one["name"])
        for one in (models if isinstance(models, list) else ())
        if isinstance(one, Mapping) and "name" in one
    ]
    return tuple(dict.fromkeys(named))


def _text(row: ReportRow, column: str) -> str | None:
    value = row.columns.get(column)
    return value if isinstance(value, str) else None


def _line(cells: Iterable[Cell], options: ReportOptions) -> str:
    return ",".join(_quoted(cell, options) for cell in cells) + "\r\n"


def _quoted(cell: Cell, options: ReportOptions) -> str:
    if cell is None:
        return '""'
    if not isinstance(cell, str):
        return f'"{_digits(cell)}"'
    text = _without_surrogates(cell) if options.is_raw else guarded(cell)
    return '"' + text.replace('"', '""') + '"'


def _digits(number: float) -> str:
    """Return a number without an exponent, which some readers take for a text; NaN is unknown."""
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return ""
    text = repr(number)
    return f"{number:.12f}".rstrip("0").rstrip(".") if "e" in text else text


def csv_cell(text: str) -> str:
    """Return a text as a quoted cell of a file for people."""
    return '"' + guarded(text).replace('"', '""') + '"'


def guarded(text: str) -> str:
    """Return a text as a cell that no spreadsheet computes, hides or refuses."""
    safe = shown(text, MOST_UNITS)
    if safe[:1] in _FORMULA:
        safe = "'" + safe
    return _within(safe)


def _within(text: str) -> str:
    """Cut what a cell does not hold: a character beyond the first plane takes two units."""
    if len(text) * 2 <= MOST_UNITS:
        return text
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if units <= MOST_UNITS:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (MOST_UNITS - 1)]
    return kept.decode("utf-16-le", "ignore") + CUT


def _without_surrogates(text: str) -> str:
    """Return a text that UTF-8 can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
