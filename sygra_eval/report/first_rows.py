"""The first rows after each step on their way to the graph, as tables and as data."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sygra_eval.engine import StageRows
from sygra_eval.report.layout import WIDTH, grid, shorten, wrapped
from sygra_eval.report.text_safety import one_line
from sygra_eval.suite import as_text
from sygra_eval.values import BadRow, Row

_LEAST_WIDTH = 12
_GAP = 2
_MOST_COLUMNS = 6


def first_rows_text(stages: Sequence[StageRows]) -> str:
    """Return a table for each step that changes rows, of at most 80 columns."""
    parts = []
    for title, rows in _steps(stages):
        lines = [shorten(one_line(title), WIDTH), *_table(rows)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def first_rows_json(stages: Iterable[StageRows]) -> list[dict[str, object]]:
    """Return each step with its rows."""
    return [
        {
            "source": one.source or None,
            "stage": one.stage,
            "rows": [_as_data(row) for row in one.rows],
        }
        for one in stages
    ]


def _steps(stages: Sequence[StageRows]) -> Iterator[tuple[str, Sequence[Row | BadRow]]]:
    """Yield the steps; of those behind each other that change nothing one is enough."""
    named = ((_title(stage), stage.rows) for stage in stages)
    for _, group in groupby(named, key=lambda step: [_as_data(row) for row in step[1]]):
        same = list(group)
        titles = list(dict.fromkeys(title for title, _ in same))
        yield " = ".join(titles), same[0][1]


def _title(stage: StageRows) -> str:
    return f"{stage.source}: {stage.stage}" if stage.source else stage.stage


def _table(rows: Sequence[Row | BadRow]) -> Iterator[str]:
    good = [row for row in rows if isinstance(row, Row)]
    names = list(dict.fromkeys(name for row in good for name in row.columns))
    if good:
        shown, cut = names[:_MOST_COLUMNS], names[_MOST_COLUMNS:]
        width = max(_LEAST_WIDTH, WIDTH // (len(shown) + 1) - _GAP)
        titles = ["id", *(shorten(one_line(name), width) for name in shown)]
        cells = [[row.id, *(_cell(row, name) for name in shown)] for row in good]
        yield grid(titles, ["left"] * len(titles), cells)
        if cut:
            yield wrapped(f"and the columns {', '.join(cut)}", indent="  ")
    for row in rows:
        if isinstance(row, BadRow):
            yield wrapped(f"{row.id} ({row.origin}): {row.reason}", indent="  ")
    if not rows:
        yield "no rows"


def _cell(row: Row, name: str) -> str:
    if name not in row.columns:
        return ""
    return as_text(row.columns[name])[: 2 * WIDTH]


def _as_data(row: Row | BadRow) -> dict[str, Any]:
    if isinstance(row, BadRow):
        return {"id": row.id, "origin": row.origin, "bad": row.reason}
    return {"id": row.id, "origin": row.origin, "columns": dict(row.columns)}
