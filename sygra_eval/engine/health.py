"""Says whether a run's journal is sound, and repairs it. Start at `repair_run`."""

from pathlib import Path

from sygra_eval.engine.summarise import suite_document
from sygra_eval.journal import (
    REPAIRED,
    JournalState,
    Repair,
    RunLock,
    examine_journal,
    repair_journal,
)
from sygra_eval.suite import always_visited, graph_of

JOURNAL = "journal.db"


def examine_run(folder: Path) -> JournalState:
    """Check a run's journal, row by row; nothing is changed."""
    return examine_journal(folder / JOURNAL)


def repair_run(folder: Path) -> Repair | None:
    """Put the good rows of a run's journal into a new one; None when there is nothing to repair.

    The old journal stays in the folder as `journal.damaged-N.db`.

    :raises UsageError: When another process is at work on the run, or its plan cannot be saved.
    """
    journal = folder / JOURNAL
    with RunLock(folder):
        is_pending = (folder / REPAIRED).exists()  # a repair was killed
        if not is_pending and examine_journal(journal).is_sound:
            return None
        return repair_journal(journal, always_visited(graph_of(suite_document(folder))))
