"""The report as plain text of at most 80 columns: the same words with and without a terminal."""

import shutil
from collections.abc import Iterator, Mapping
from typing import TextIO

from sygra_eval.engine import RunSummary
from sygra_eval.report.layout import WIDTH, grid, shorten, wrapped
from sygra_eval.report.table import Table
from sygra_eval.report.tables import closing_lines, header_of, tables_of
from sygra_eval.report.text_safety import one_line

_NARROWEST = 40  # below, a table is no table


def terminal_report(summary: RunSummary) -> str:
    """Return the whole report; its last line says how the run ended."""
    header = "\n".join(
        shorten(f"{label:<7}{one_line(value)}", WIDTH) for label, value in header_of(summary)
    )
    closing = "\n".join(wrapped(line, indent="  ") for line in closing_lines(summary))
    tables = ("\n".join(_lines(table)) for table in tables_of(summary))
    return "\n\n".join((header, *tables, closing)) + "\n"


def terminal_width(stream: TextIO) -> int:
    """Return the columns of a stream: the terminal's, 80 where there is none."""
    if not _is_terminal(stream):
        return WIDTH
    return max(_NARROWEST, shutil.get_terminal_size((WIDTH, 24)).columns)


def shows_color(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Say whether colour may be written: on a terminal, unless `NO_COLOR` says something."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return _is_terminal(stream)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _lines(table: Table) -> Iterator[str]:
    yield grid(table.columns, table.aligns, table.rows)
    for note in table.notes:
        yield wrapped(note, indent="  ")
