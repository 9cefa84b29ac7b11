"""The report as Markdown: the terminal's tables, with nothing in a cell that could leave it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from sygra_eval.engine import RunSummary
from sygra_eval.report.short_page import short_page
from sygra_eval.report.table import Table
from sygra_eval.report.tables import closing_lines, header_of, tables_of
from sygra_eval.report.text_safety import markdown_text


def markdown_report(summary: RunSummary) -> str:
    """Return the whole page."""
    facts = [*header_of(summary), ("suite sha256", summary.suite_sha256)]
    if summary.version:
        facts.append(("made with", f"sygra-eval {summary.version}"))
    if summary.command:
        facts.append(("command", summary.command))
    sections = (
        f"# {markdown_text(summary.suite)}",
        bullets([f"{label}: {value}" for label, value in facts]),
        *("\n\n".join(_blocks(table)) for table in tables_of(summary)),
        bullets(list(closing_lines(summary))),
    )
    return "\n\n".join(sections) + "\n"


def short_markdown(document: Mapping[str, Any]) -> str:
    """Return what decides, as a comment on a code host shows it."""
    page = short_page(document)
    first, *others = page.decides
    state = () if document["state"] == "finished" else (f"**{markdown_text(page.header[2][1])}**",)
    sections = (
        f"# {markdown_text(document['suite'])}",
        *state,
        f"**{markdown_text(first)}**",
        bullets([*others, *page.took, *(f"warning: {one}" for one in page.warnings)]),
        *("\n\n".join(_blocks(table)) for table in page.tables),
        bullets([f"run: {document['run']}", f"made again by: {document['made_by']['run']}"]),
    )
    return "\n\n".join(sections) + "\n"


def bullets(lines: Sequence[str]) -> str:
    """Return a list of escaped lines."""
    return "\n".join(f"- {markdown_text(line)}" for line in lines)


def pipe_table(table: Table) -> str:
    """Return a table as GitHub's Markdown has it."""
    rows = [[markdown_text(cell) for cell in row] for row in table.rows]
    headers = [markdown_text(title) for title in table.columns]
    aligns = [align.value for align in table.aligns]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True, colalign=aligns)


def _blocks(table: Table) -> Iterator[str]:
    yield f"## {markdown_text(table.title)}"
    yield pipe_table(table)
    if table.notes:
        yield bullets(table.notes)
