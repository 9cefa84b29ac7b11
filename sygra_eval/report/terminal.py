"""The report as plain text of at most 80 columns: the same words with and without a terminal."""

from collections.abc import Iterator

from sygra_eval.engine import RunSummary
from sygra_eval.report.layout import WIDTH, grid, shorten, wrapped
from sygra_eval.report.table import Table
from sygra_eval.report.tables import closing_lines, header_of, tables_of
from sygra_eval.report.text_safety import one_line


def terminal_report(summary: RunSummary) -> str:
    """Return the whole report; its last line says how the run ended."""
    header = "\n".join(
        shorten(f"{label:<7}{one_line(value)}", WIDTH) for label, value in header_of(summary)
    )
    closing = "\n".join(wrapped(line, indent="  ") for line in closing_lines(summary))
    tables = ("\n".join(_lines(table)) for table in tables_of(summary))
    return "\n\n".join((header, *tables, closing)) + "\n"


def _lines(table: Table) -> Iterator[str]:
    yield grid(table.columns, table.aligns, table.rows)
    for note in table.notes:
        yield wrapped(note, indent="  ")
