"""Registers the built-in report formats."""

from sygra_eval.hookspecs import RegisterReporter, hookimpl
from sygra_eval.report.card import data_card
from sygra_eval.report.json_view import json_report
from sygra_eval.report.markdown import markdown_report
from sygra_eval.report.terminal import terminal_report


@hookimpl
def sygra_register_reporters(register: RegisterReporter) -> None:
    """Add `terminal`, `markdown`, `json` and `card`, the data card of a run folder."""
    register("terminal", terminal_report)
    register("markdown", markdown_report)
    register("json", json_report)
    register("card", data_card)
