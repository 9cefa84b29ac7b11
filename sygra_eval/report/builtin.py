"""Registers the built-in report formats."""

from sygra_eval.hookspecs import RegisterReporter, hookimpl
from sygra_eval.report.json_view import json_report
from sygra_eval.report.markdown import markdown_report
from sygra_eval.report.terminal import terminal_report


@hookimpl
def sygra_register_reporters(register: RegisterReporter) -> None:
    """Add `terminal`, `markdown` and `json`."""
    register("terminal", terminal_report)
    register("markdown", markdown_report)
    register("json", json_report)
