"""Rows of a view as a file: as the run's data files hold them, with provenance and marks.

Each row gets one more column, `studio`: its run, id, outcome, reason and what people said of it. A
correction by hand stands beside the answer and never in its place: nothing judged it. Rows are read
a few at a time. Start at `rows_of_view`; `put_parquet` writes a file, the others are streamed.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.data import jsonl_line, write_parquet
from sygra_eval.engine import JOURNAL
from sygra_eval.journal import open_readonly
from sygra_eval.report import csv_cell
from sygra_eval.studio.rows.asking import Asked
from sygra_eval.studio.rows.index import Index
from sygra_eval.studio.rows.marks import Marked, MarkKind, marks_in

COLUMN = "studio"
_AT_ONCE = 100
_CSV = ("row", "outcome", "reason", "mark", "by", "label", "note", "fix", "answer", "code", "rest")


def rows_of_view(index: Index, asked: Asked, run: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a view in its order; damaged ones are left out."""
    marks = marks_in(index.folder)
    at = 0
    while True:
        with index.reading() as connection:
            lines = index.views.lines(connection, asked, at=at, most=_AT_ONCE)
        if not lines:
            return
        at += len(lines)
        # As the table has it: the journal does not say which rows are surplus to a target.
        outcomes = {int(str(line[0])): str(line[2]) for line in lines}
        with open_readonly(index.folder / JOURNAL) as reader:
            ends = {end[0]: end for end in reader.stored_ends([*outcomes])}
        for place, outcome in outcomes.items():
            if place in ends:
                _, record, _, end = ends[place]
                yield _row(record, outcome, end, run, marks.get(record, Marked()))


def jsonl_of(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a line a row."""
    for row in rows:
        yield jsonl_line(row)


def csv_of(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a line of names and one a row; no cell is taken for a formula by a spreadsheet."""
    yield _csv(dict(zip(_CSV, _CSV, strict=True)))
    for row in rows:
        about = row[COLUMN]
        mark = about["mark"]
        rest = {
            name: value for name, value in row.items() if name not in ("answer", "code", COLUMN)
        }
        yield _csv(
            {
                **{name: about[name] for name in ("row", "outcome", "reason")},
                "mark": mark["verdict"],
                **{name: mark[name] for name in ("by", "label", "note", "fix")},
                "answer": row.get("answer"),
                "code": row.get("code"),
                "rest": json.dumps(rest, ensure_ascii=False),
            }
        )


def put_parquet(path: Path, index: Index, asked: Asked, run: str) -> int:
    """Write a Parquet file; return how many rows are in it."""
    return write_parquet(path, lambda: rows_of_view(index, asked, run)).rows


def _row(
    record: str, outcome: str, end: Mapping[str, Any], run: str, marked: Marked
) -> dict[str, Any]:
    data = end.get("data")
    row = dict(data) if isinstance(data, Mapping) else {}
    row[COLUMN] = {
        "run": run,
        "row": record,
        "outcome": outcome,
        "reason": str(end.get("reason", "")),
        "mark": _mark(marked),
    }
    return row


def _mark(marked: Marked) -> dict[str, str | None]:
    verdict = marked.last(MarkKind.ACCEPT, MarkKind.REJECT, MarkKind.FIX)
    fix, label, note = (marked.last(kind) for kind in (MarkKind.FIX, MarkKind.LABEL, MarkKind.NOTE))
    return {
        "verdict": verdict.kind.value if verdict else None,
        "by": marked.lines[-1].author if marked.lines else None,
        "label": label.text if label else None,
        "note": note.text if note else None,
        "fix": fix.text if fix else None,
    }


def _csv(cells: Mapping[str, object]) -> bytes:
    told = (cells.get(name) for name in _CSV)
    line = ",".join(csv_cell("" if one is None else str(one)) for one in told) + "\r\n"
    return line.encode("utf-8", "replace")
