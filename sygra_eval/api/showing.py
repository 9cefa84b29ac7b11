"""Shows a run that goes: a live table in a notebook, lines on a terminal, nothing elsewhere."""

import sys
import time
from typing import Protocol

from sygra_eval.engine import Progress, RunSummary
from sygra_eval.report import progress_line


class Shown(Protocol):
    """Called on the caller's thread."""

    def __call__(self, progress: Progress) -> None:
        """Show how far the run is."""
        ...

    def end(self, summary: RunSummary | None) -> None:
        """Show how it ended; None where it ended without a summary."""
        ...


def shown_where_we_are(wish: bool | None) -> Shown | None:  # noqa: FBT001 - a wish or none
    """Return what shows a run here, or None where nothing does."""
    if wish is False:
        return None
    if is_notebook():
        from sygra_eval.api.notebook import LiveTable  # only where IPython is there

        return LiveTable()
    return LinesOnATerminal() if wish or sys.stderr.isatty() else None


def is_notebook() -> bool:
    """Whether the code runs in a kernel that shows HTML; IPython is not imported to ask."""
    its_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = its_shell() if callable(its_shell) else None
    return getattr(shell, "kernel", None) is not None


class LinesOnATerminal:
    """A line each few seconds, to standard error, as the command prints them."""

    SECONDS_BETWEEN = 5.0

    def __init__(self) -> None:
        self._printed_at = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Print where the run is, unless that was printed just now."""
        is_last = progress.rows_done == progress.rows_total
        if is_last or time.monotonic() - self._printed_at >= self.SECONDS_BETWEEN:
            self._printed_at = time.monotonic()
            print(progress_line(progress), file=sys.stderr)  # noqa: T201

    def end(self, summary: RunSummary | None) -> None:
        """Print nothing: the result can be."""
