"""What a user reads of a run: pure functions of its `RunSummary`, or of one row's rounds.

`document` is the summary as data, section by section (`document_rows` and its kin), every figure
with the name of its query; `queries` has the statements, `database` their tables,
`recompute` compares, `asked_query` shows one with the rows behind it, `schema` is the JSON Schema.
`short_page` is what decides, made from that data alone. `tables` (with `evidence`, `costs`,
`bought`) turns a summary into tables, and `terminal`, `markdown` and `card` show the same ones;
`closing` the last words of a run, `show` the story of one row, `differing` what changed in it
(tests that turned: `flips`), `found_rows` several, `ledger_view` the end of every row,
`journal_view` how sound a journal is, `first_rows` what happens to rows before the graph, `truth`
how far validators can be trusted and `rechecked` folders (`claims` asks their queries),
`comparison` what changed between two runs. Of money they say before a run `upper_bound` and
`cost_estimate`, and while it goes `spent_so_far`; `live` is what a run does then, `progress` how
far it is. `html` makes the one file for a browser. For other programs are
`junit_view`, `csv_view`, `sarif_view` (on `findings`), `annotations`, `step_summary`, and `otlp`
(on `otel_spans`, `otel_metrics`), which `otlp_send` sends. Text from rows, models and suites passes
`text_safety` on its way out; `layout` keeps a terminal's 80 columns. `builtin` registers the
formats, as a plugin would.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sygra_eval.report.asked_query import query_json, query_text
    from sygra_eval.report.card import data_card
    from sygra_eval.report.claims import claims_by_query
    from sygra_eval.report.closing import closing_json, closing_words
    from sygra_eval.report.comparison import (
        blessed_text,
        comparison_markdown,
        comparison_text,
    )
    from sygra_eval.report.comparison_data import comparison_json
    from sygra_eval.report.cost_estimate import estimate_text
    from sygra_eval.report.csv_view import csv_cell
    from sygra_eval.report.differing import (
        differing_json,
        differing_text,
        ends_differing,
        rounds_differing,
    )
    from sygra_eval.report.document import document_of
    from sygra_eval.report.first_rows import first_rows_json, first_rows_text
    from sygra_eval.report.flips import flips_between
    from sygra_eval.report.formats import formats_text
    from sygra_eval.report.found_rows import match_json, match_lines, row_json, rows_text
    from sygra_eval.report.journal_view import journal_json, journal_text
    from sygra_eval.report.json_view import json_report
    from sygra_eval.report.kept import kept_document
    from sygra_eval.report.layout import WIDTH
    from sygra_eval.report.ledger_view import account_line, ledger_json, ledger_line, line_json
    from sygra_eval.report.live import changed_text, live_text, removed_text, runs_text
    from sygra_eval.report.markdown import markdown_report
    from sygra_eval.report.otlp import captures_content
    from sygra_eval.report.otlp_send import Sent, collector_of, send
    from sygra_eval.report.progress import progress_line
    from sygra_eval.report.rechecked import recheck_json, recheck_text
    from sygra_eval.report.schema import report_schema
    from sygra_eval.report.scored import scored_json, scored_text
    from sygra_eval.report.short_page import short_text
    from sygra_eval.report.show import record_json, record_text
    from sygra_eval.report.spent_so_far import spent_words
    from sygra_eval.report.stream import shows_color, terminal_width
    from sygra_eval.report.tables import exit_line
    from sygra_eval.report.terminal import terminal_report
    from sygra_eval.report.text_safety import one_line, printable
    from sygra_eval.report.truth import complaint_line, truth_json, truth_text
    from sygra_eval.report.upper_bound import upper_bound_json, upper_bound_text

__all__ = [
    "WIDTH",
    "Sent",
    "account_line",
    "blessed_text",
    "captures_content",
    "changed_text",
    "claims_by_query",
    "closing_json",
    "closing_words",
    "collector_of",
    "comparison_json",
    "comparison_markdown",
    "comparison_text",
    "complaint_line",
    "csv_cell",
    "data_card",
    "differing_json",
    "differing_text",
    "document_of",
    "ends_differing",
    "estimate_text",
    "exit_line",
    "first_rows_json",
    "first_rows_text",
    "flips_between",
    "formats_text",
    "journal_json",
    "journal_text",
    "json_report",
    "kept_document",
    "ledger_json",
    "ledger_line",
    "line_json",
    "live_text",
    "markdown_report",
    "match_json",
    "match_lines",
    "one_line",
    "printable",
    "progress_line",
    "query_json",
    "query_text",
    "recheck_json",
    "recheck_text",
    "record_json",
    "record_text",
    "removed_text",
    "report_schema",
    "rounds_differing",
    "row_json",
    "rows_text",
    "runs_text",
    "scored_json",
    "scored_text",
    "send",
    "short_text",
    "shows_color",
    "spent_words",
    "terminal_report",
    "terminal_width",
    "truth_json",
    "truth_text",
    "upper_bound_json",
    "upper_bound_text",
]

_MODULES = {
    "kept": ("kept_document",),
    "short_page": ("short_text",),
    "document": ("document_of",),
    "card": ("data_card",),
    "claims": ("claims_by_query",),
    "differing": (
        "differing_json",
        "differing_text",
        "ends_differing",
        "rounds_differing",
    ),
    "found_rows": (
        "match_json",
        "match_lines",
        "row_json",
        "rows_text",
    ),
    "rechecked": (
        "recheck_json",
        "recheck_text",
    ),
    "closing": (
        "closing_json",
        "closing_words",
    ),
    "comparison": (
        "blessed_text",
        "comparison_markdown",
        "comparison_text",
    ),
    "comparison_data": ("comparison_json",),
    "csv_view": ("csv_cell",),
    "cost_estimate": ("estimate_text",),
    "first_rows": (
        "first_rows_json",
        "first_rows_text",
    ),
    "flips": ("flips_between",),
    "formats": ("formats_text",),
    "journal_view": (
        "journal_json",
        "journal_text",
    ),
    "json_view": ("json_report",),
    "layout": ("WIDTH",),
    "ledger_view": (
        "account_line",
        "ledger_json",
        "ledger_line",
        "line_json",
    ),
    "live": (
        "changed_text",
        "live_text",
        "removed_text",
        "runs_text",
    ),
    "markdown": ("markdown_report",),
    "otlp": ("captures_content",),
    "otlp_send": ("Sent", "collector_of", "send"),
    "progress": ("progress_line",),
    "asked_query": (
        "query_json",
        "query_text",
    ),
    "schema": ("report_schema",),
    "scored": (
        "scored_json",
        "scored_text",
    ),
    "show": (
        "record_json",
        "record_text",
    ),
    "spent_so_far": ("spent_words",),
    "tables": ("exit_line",),
    "stream": ("shows_color", "terminal_width"),
    "terminal": ("terminal_report",),
    "text_safety": (
        "one_line",
        "printable",
    ),
    "truth": (
        "complaint_line",
        "truth_json",
        "truth_text",
    ),
    "upper_bound": (
        "upper_bound_json",
        "upper_bound_text",
    ),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"sygra_eval.report.{_WHERE[name]}"), name)
