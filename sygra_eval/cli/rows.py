"""How verbs find rows of a run: one by its id, several by a condition."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from sygra_eval.cli.output import tell
from sygra_eval.engine import Where, where_of
from sygra_eval.journal import JournalReader
from sygra_eval.report import one_line
from sygra_eval.values import RecordEnd, UsageError


def where_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--where`."""
    return click.option(
        "--where",
        metavar="EXPR",
        help="Only rows for which it holds: \"stop_reason == 'max_rounds' and "
        "verdicts.unit_tests == 'fail'\".",
    )(command)


@contextmanager
def asked_where(folder: Path, text: str | None) -> Iterator[Where | None]:
    """Give the condition, and say afterwards for how many rows it made no sense."""
    where = None if text is None else where_of(folder, text)
    yield where
    if where is not None and where.undecided:
        tell(f"--where makes no sense for {where.undecided} rows: {one_line(where.why)}")


def row_of(reader: JournalReader, row: str, run: str) -> RecordEnd:
    """Return how a row ended.

    :raises UsageError: When the run has none of that id; with the nearest one.
    """
    end = reader.find(row)
    if end is not None:
        return end
    known = [ended.row_id for ended in reader.outcomes()]
    near = get_close_matches(row, known, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else f"; it has {len(known)} rows that ended"
    raise UsageError(f"{run} has no row `{row}`{hint}")
