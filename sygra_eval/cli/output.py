"""What several verbs print: diagnostics, and progress on standard error."""

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from sygra_eval.cli.streams import complain, write_line
from sygra_eval.engine import Progress
from sygra_eval.report import progress_line
from sygra_eval.suite import render_diagnostic
from sygra_eval.values import Diagnostic

MANY_ROWS = 100
"""Above so many rows progress is a line each few seconds and not a line each row."""
SECONDS_BETWEEN_LINES = 5.0


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print each with its source line, to standard error."""
    for diagnostic in diagnostics:
        if diagnostic.code == "secret-in-suite":  # its line is what nobody should see
            complain(render_diagnostic(diagnostic, ""))
            continue
        try:
            text = Path(diagnostic.path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        complain(render_diagnostic(diagnostic, text))


def tell(sentence: str) -> None:
    """Print a sentence that a person should read while a run goes."""
    complain(f"note: {sentence}")


class ProgressLines:
    """Plain lines: one a row, or one each few seconds where there are many rows."""

    def __init__(self, stream: TextIO | None = None, *, has_every_row: bool = False) -> None:
        self._has_every_row = has_every_row
        self._stream = stream if stream is not None else sys.stderr
        self._printed_at = 0.0

    def __call__(self, progress: Progress) -> None:
        """Print where the run is."""
        is_last = progress.rows_done == progress.rows_total
        is_long = progress.rows_total is None or progress.rows_total > MANY_ROWS
        if is_long and not self._has_every_row and not is_last and self._is_early():
            return
        self._printed_at = time.monotonic()
        write_line(self._stream, progress_line(progress))

    def _is_early(self) -> bool:
        return time.monotonic() - self._printed_at < SECONDS_BETWEEN_LINES
