"""A table in a notebook that changes while a run goes: plain HTML, no widgets."""

import time
from html import escape
from importlib import import_module
from typing import Any

from sygra_eval.engine import Progress, RunSummary
from sygra_eval.report import one_line, spent_words
from sygra_eval.values import Outcome

SECONDS_BETWEEN = 0.5


class LiveTable:
    """Shows the newest progress, at most twice a second; its last look stays in the notebook."""

    def __init__(self) -> None:
        shown_by: Any = import_module("IPython.display")  # half of it has types
        self._html = shown_by.HTML
        self._shown_at = time.monotonic()
        self._last: Progress | None = None
        first = self._html(_table([("state", "starting")]))
        self._handle = shown_by.display(first, display_id=True)

    def __call__(self, progress: Progress) -> None:
        """Show how far the run is, unless that was shown just now."""
        self._last = progress
        if time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show([("state", "running"), *_facts(progress)])

    def end(self, summary: RunSummary | None) -> None:
        """Show how the run ended."""
        if summary is None:
            facts = _facts(self._last) if self._last is not None else []
            self._show([("state", "not finished"), *facts])
            return
        counts = [
            (outcome.value, f"{summary.counts.get(outcome, 0):,}")
            for outcome in Outcome
            if summary.counts.get(outcome, 0) or outcome is not Outcome.UNJUDGED
        ]
        ended = [("state", summary.state), ("exit", summary.exit_reason)]
        self._show([*ended, *counts, ("folder", str(summary.folder))])

    def _show(self, facts: list[tuple[str, str]]) -> None:
        self._shown_at = time.monotonic()
        self._handle.update(self._html(_table(facts)))


def _facts(progress: Progress) -> list[tuple[str, str]]:
    total = "?" if progress.rows_total is None else f"{progress.rows_total:,}"
    facts = [
        ("rows", f"{progress.rows_done:,} of {total}"),
        ("verified", f"{progress.verified:,}"),
        ("rejected", f"{progress.rejected:,}"),
        ("failed", f"{progress.failed:,}"),
        ("calls", f"{progress.calls_done:,} done, {progress.calls_in_flight:,} in flight"),
    ]
    if progress.spent is not None and (words := spent_words(progress.spent)):
        facts.append(("spent", words))
    if progress.finished is not None:
        row_id, outcome = progress.finished
        facts.append(("last row", f"{one_line(row_id)}: {outcome}"))
    facts.append(("time", f"{progress.elapsed_s:,.0f} s"))
    if progress.left_s:
        facts.append(("left", f"about {progress.left_s:,.0f} s"))
    return facts


def _table(facts: list[tuple[str, str]]) -> str:
    """Return the facts as HTML; whatever they hold is text there."""
    rows = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts]
    return f'<table class="sygra-eval-run">{"".join(rows)}</table>'
