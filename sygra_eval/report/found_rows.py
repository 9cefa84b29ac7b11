"""Rows that were looked for: a table of them, and the lines that a pattern was found in."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from sygra_eval.engine import Match
from sygra_eval.report.layout import grid
from sygra_eval.report.text_safety import one_line
from sygra_eval.values import RecordEnd

UNKNOWN = "–"
LINE = 200
"""Characters of a line that are shown; a 10 MB line is a line too."""


def rows_text(ends: Sequence[RecordEnd]) -> str:
    """Return a table of rows."""
    rows = [
        (
            end.row_id,
            end.outcome.value,
            UNKNOWN if end.loop is None else end.loop.stop_reason.value,
            UNKNOWN if end.loop is None else str(end.loop.rounds),
            end.reason,
        )
        for end in ends
    ]
    columns = ("row", "outcome", "stopped by", "rounds", "reason")
    return grid(columns, ("left", "left", "left", "right", "left"), rows, whole=(0,))


def row_json(end: RecordEnd) -> dict[str, object]:
    """Return a row of that table as data."""
    loop = end.loop
    return {
        "row": end.row_id,
        "index": end.index,
        "outcome": end.outcome.value,
        "reason": end.reason,
        "stop_reason": None if loop is None else loop.stop_reason.value,
        "rounds": None if loop is None else loop.rounds,
        "verdicts": {verdict.validator: verdict.status.value for verdict in end.verdicts},
    }


def match_lines(match: Match) -> Iterator[str]:
    """Return a match as `grep` prints it, each line on one line: row, place and text."""
    when = "" if match.round is None else f" round {match.round}"
    place = f"{one_line(match.row)}:{when} {match.part.value} of {one_line(match.of)}"
    first = match.line - len(match.before)
    for number, text in enumerate((*match.before, match.text, *match.after), start=first):
        mark = ":" if number == match.line else "-"
        yield f"{place}:{number}{mark} {_cut(text)}"


def match_json(match: Match) -> dict[str, object]:
    """Return a match as data."""
    return asdict(match)


def _cut(text: str) -> str:
    """Return the beginning of a line, on one line and without what a terminal obeys."""
    shown = one_line(text[: 2 * LINE])
    return shown if len(shown) <= LINE and len(text) <= 2 * LINE else f"{shown[: LINE - 1]}…"
