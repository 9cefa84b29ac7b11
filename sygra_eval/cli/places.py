"""How people name a run: by its folder, or as SUITE/RUN below `reports/`."""

from collections.abc import Sequence
from pathlib import Path

from sygra_eval.values import UsageError


def run_folder(
    given: str, *, reports: Path = Path("reports"), holding: Sequence[str] = ("journal.db",)
) -> Path:
    """Return the run's folder: one that holds one of these files.

    :raises UsageError: When neither reading of `given` is a run.
    """
    for place in (Path(given), reports / given):
        if any((place / name).is_file() for name in holding):
            return place.resolve()
    known = sorted(
        (str(journal.parent.relative_to(reports)) for journal in reports.glob("*/*/journal.db")),
        reverse=True,
    )
    hint = f"; the newest below {reports}/: {', '.join(known[:3])}" if known else ""
    raise UsageError(f"{given} is not a run: no {' or '.join(holding)} is there{hint}")
