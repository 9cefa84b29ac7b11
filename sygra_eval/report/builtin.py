"""Registers the built-in report formats."""

from collections.abc import Iterator

from sygra_eval.engine import ReportContext
from sygra_eval.hookspecs import RegisterReporter, hookimpl
from sygra_eval.report.annotations import annotations_report
from sygra_eval.report.card import data_card
from sygra_eval.report.csv_view import csv_report
from sygra_eval.report.document import document_of
from sygra_eval.report.json_view import json_report
from sygra_eval.report.junit_view import junit_report
from sygra_eval.report.markdown import markdown_report, short_markdown
from sygra_eval.report.otlp import otel_report
from sygra_eval.report.sarif_view import sarif_report
from sygra_eval.report.short_page import short_text
from sygra_eval.report.step_summary import comment, step_summary
from sygra_eval.report.terminal import terminal_report


@hookimpl
def sygra_register_reporters(register: RegisterReporter) -> None:
    """Add the views for people, and those for other programs."""
    register("terminal", _terminal, file="report.txt", about="tables for a terminal")
    register("markdown", _markdown, file="report.md", about="tables for a code host")
    register("json", _json, file="report.json", about="every figure, with the query that gives it")
    register("html", _html, file="report.html", about="a page with every row, in one file")
    register("card", _card, file="README.md", about="the data card of a run folder")
    register("junit", junit_report, file="report.junit.xml", about="rows and gates as tests of CI")
    register("csv", csv_report, file="rows.csv", about="a line a row, safe in a spreadsheet")
    register("sarif", sarif_report, file="report.sarif", about="findings in code, for scanners")
    register("annotations", annotations_report, file="annotations.txt", about="lines for CI's log")
    register("otel", otel_report, file="otel.jsonl", about="OpenTelemetry's spans and metrics")
    register("summary", step_summary, file="summary.md", about="the Markdown of a step in CI")
    register("comment", comment, file="comment.md", about="the Markdown of a pull request")


def _terminal(ctx: ReportContext) -> str:
    options = ctx.options
    if options.is_full:
        return terminal_report(ctx.summary)
    document = document_of(ctx.summary)
    return short_text(document, width=options.width, has_color=options.has_color)


def _markdown(ctx: ReportContext) -> str:
    if ctx.options.is_full:
        return markdown_report(ctx.summary)
    return short_markdown(document_of(ctx.summary))


def _json(ctx: ReportContext) -> str:
    return json_report(ctx.summary, ctx.metrics if ctx.options.has_metrics else None)


def _html(ctx: ReportContext) -> Iterator[str | bytes]:
    # Imported when it is asked for: no other view needs the plots.
    from sygra_eval.report.html.page import html_report

    return html_report(ctx)


def _card(ctx: ReportContext) -> str:
    return data_card(ctx.summary)
