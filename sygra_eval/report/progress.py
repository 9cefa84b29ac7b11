"""How far a run is, in one line."""

from sygra_eval.engine import Progress
from sygra_eval.report.spent_so_far import spent_words
from sygra_eval.report.text_safety import one_line


def progress_line(progress: Progress) -> str:
    """Return the rows so far, the one that ended just now, what is spent, what time is left."""
    total = "?" if progress.rows_total is None else str(progress.rows_total)
    parts = [f"[{progress.rows_done}/{total}]"]
    if progress.finished is not None:
        row_id, outcome = progress.finished
        parts.append(f"{outcome} {one_line(row_id)}")
    parts.append(f"· {progress.verified} verified, {progress.calls_in_flight} calls in flight")
    if progress.spent is not None and (words := spent_words(progress.spent)):
        parts.append(f"· {words}")
    if (left_s := progress.left_s) is not None and left_s > 0:
        parts.append(f"· about {_duration(left_s)} left")
    return " ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
