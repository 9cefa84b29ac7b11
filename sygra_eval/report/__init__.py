"""What a user reads of a run: pure functions of its `RunSummary`, or of one row's rounds.

`tables` (with `evidence`) turns a summary into tables, and `terminal`, `markdown` and `card` show
the same ones; `json_view` is the summary as data, `closing` the last words of a run, `show` the
story of one row, `live` what a run does while it goes, `truth` how far validators and folders can
be trusted. Text from rows, models and suites passes `text_safety` on its way out; `layout` keeps a
terminal's 80 columns. `builtin` registers the formats, as a plugin would.
"""

from sygra_eval.report.card import data_card
from sygra_eval.report.closing import closing_json, closing_words
from sygra_eval.report.json_view import json_report
from sygra_eval.report.live import changed_text, live_text, runs_text
from sygra_eval.report.markdown import markdown_report
from sygra_eval.report.show import record_json, record_text
from sygra_eval.report.terminal import terminal_report
from sygra_eval.report.text_safety import one_line, printable
from sygra_eval.report.truth import (
    complaint_line,
    recheck_json,
    recheck_text,
    truth_json,
    truth_text,
)

__all__ = [
    "changed_text",
    "closing_json",
    "closing_words",
    "complaint_line",
    "data_card",
    "json_report",
    "live_text",
    "markdown_report",
    "one_line",
    "printable",
    "recheck_json",
    "recheck_text",
    "record_json",
    "record_text",
    "runs_text",
    "terminal_report",
    "truth_json",
    "truth_text",
]
