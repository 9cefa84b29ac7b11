"""What is to be run: a suite that is a file, an object or text, and the rows it is given."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from sygra_eval.api.asked import Asked
from sygra_eval.api.result import RunResult
from sygra_eval.api.run_thread import Start, Watching
from sygra_eval.data import KEPT_FILE, GivenRows, Giving
from sygra_eval.engine import PlanChange, RunSummary, StopSignal, resume_run, run_suite
from sygra_eval.suite import document_of, render_diagnostic
from sygra_eval.values import UsageError

SuiteLike = str | PathLike[str] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """A run that has not begun."""

    start: Start
    giving: Giving | None = None


def new_run(suite: SuiteLike, rows: object, row_id: str | None, asked: Asked) -> Work:
    """Return a run from the start.

    :raises UsageError: When the rows can be none, or an id is named for no rows.
    """
    if rows is None and row_id is not None:
        raise UsageError("id= names a column of rows=; the suite's own source names its own")
    options = asked.options()
    giving = None if rows is None else Giving(rows, GivenRows(row_id), options.limit)
    given = None if giving is None else giving.given
    is_file = isinstance(suite, PathLike) or (isinstance(suite, str) and "\n" not in suite)
    # An object stands nowhere; what is relative in it is so to where the program is.
    path = Path(suite) if is_file else Path.cwd() / "suite.yaml"  # type: ignore[arg-type]

    async def start(stop: StopSignal, watching: Watching) -> RunSummary:
        with _saying_all(path if is_file else None):
            return await run_suite(
                path,
                replace(options, given=given, watch=watching),
                show=watching.show,
                tell=watching.mailbox.tell,
                stop=stop,
                document=None if is_file else document_of(suite),  # type: ignore[arg-type]
            )

    return Work(start, giving)


def same_run(run: str | PathLike[str] | RunResult, rows: object, asked: Asked) -> Work:
    """Return a run that goes on.

    :raises UsageError: When rows are given that are not those it began with.
    """
    change = PlanChange(limit=asked.limit)
    folder = run.folder if isinstance(run, RunResult) else Path(run)
    options = asked.options()
    giving = None
    if rows is not None:
        if not (folder / KEPT_FILE).is_file():
            raise UsageError(f"{folder}: this run reads its own source, so it is given no rows")
        giving = Giving(rows, GivenRows.kept_in(folder), options.limit)
        giving.go_on()

    async def start(stop: StopSignal, watching: Watching) -> RunSummary:
        given = None if giving is None else giving.given
        with _saying_all(folder / "suite.yaml"):
            return await resume_run(
                folder,
                replace(options, given=given, watch=watching),
                show=watching.show,
                tell=watching.mailbox.tell,
                stop=stop,
                change=change,
            )

    return Work(start, giving)


@contextmanager
def _saying_all(path: Path | None) -> Iterator[None]:
    """Put what is wrong with a suite into the message, as a program shows nothing else of it."""
    try:
        yield
    except UsageError as error:
        if not error.diagnostics:
            raise
        try:
            text = "" if path is None else path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        found = [render_diagnostic(one, text if one.line else "") for one in error.diagnostics]
        many = "s are" if len(found) > 1 else " is"
        head = f"{path or 'the suite'}: {len(found)} thing{many} wrong"
        raise UsageError("\n".join([head, *found]), error.diagnostics) from error.__cause__
