"""Runs a suite from a Python program: blocking, awaited, or row by row.

`run` and its kin check what is asked (`asked`), put suite and rows together (`work`), and start the
engine on a thread with a loop of its own (`run_thread`); so it does not matter whether the caller
has a loop that is running. The caller's own thread (`session`) gives the rows, calls the callbacks
and shows how far the run is (`showing`, `notebook`), as the run tells it through a `mailbox`.
`streams` are finished rows one by one, `result` is what a run came to.
"""

import asyncio
from os import PathLike
from typing import Any, Unpack

from sygra_eval.api.asked import Asked, Keywords
from sygra_eval.api.handle import Handle
from sygra_eval.api.result import RunInterrupted, RunNotPassed, RunResult
from sygra_eval.api.rows import FinishedRow, RowsOf
from sygra_eval.api.session import Session
from sygra_eval.api.streams import AsyncRowStream, RowStream
from sygra_eval.api.work import SuiteLike, Work, new_run, same_run
from sygra_eval.data import Rows
from sygra_eval.engine import ReportContext, ReportOptions, ReportRow
from sygra_eval.values import UsageError

__all__ = [
    "Asked",
    "AsyncRowStream",
    "FinishedRow",
    "Handle",
    "Keywords",
    "ReportContext",
    "ReportOptions",
    "ReportRow",
    "RowStream",
    "RowsOf",
    "RunInterrupted",
    "RunNotPassed",
    "RunResult",
    "aresume",
    "arun",
    "astream",
    "resume",
    "run",
    "stream",
]


def run(
    suite: SuiteLike,
    *,
    rows: Rows | Any = None,
    id: str | None = None,  # noqa: A002 - the word of the suite's source
    **keywords: Unpack[Keywords],
) -> RunResult:
    """Run a suite to its end and return what it came to; its folder is written.

    Works also where a loop is running, as in a notebook: the run has its own. An interrupt
    (Ctrl+C, or the notebook's button) drains the run, and is raised when its files are written.

    :param suite: A file's path; a mapping of the same shape as the file; or its text, which has
        more than one line. Paths in the latter two are relative to the current folder.
    :param rows: The input, in the place of the suite's own source: an iterable of mappings (one
        that can be read only once is enough), a pandas DataFrame, or a `Dataset` or
        `IterableDataset` of `datasets`. What is no mapping of JSON values ends as a bad row.
    :param id: The column of `rows` that names each; by default the one the suite's source names,
        else rows are `rows:1`, `rows:2`, …
    :param keywords: See `Asked`.
    :raises UsageError: When suite, rows, plugins, models or sandbox are not fit, or there is no
        row; nothing was spent and no run folder was made.
    :raises RunInterrupted: After an interrupt; its `result` can be resumed.
    :raises InfrastructureError: When the run's folder cannot be written any more.
    """
    asked = Asked(**keywords)
    return _blocking(new_run(suite, rows, id, asked), asked)


async def arun(
    suite: SuiteLike,
    *,
    rows: Rows | Any = None,
    id: str | None = None,  # noqa: A002
    **keywords: Unpack[Keywords],
) -> RunResult:
    """As `run`, for a program whose loop is to go on meanwhile.

    `rows` may be an asynchronous iterable, too; it is iterated on the caller's loop. Callbacks are
    called there. Who cancels the task drains the run first; a second cancel stops it at once.
    """
    asked = Asked(**keywords)
    return await _awaited(new_run(suite, rows, id, asked), asked)


def stream(
    suite: SuiteLike,
    *,
    rows: Rows | Any = None,
    id: str | None = None,  # noqa: A002
    **keywords: Unpack[Keywords],
) -> RowStream:
    """Run a suite, and iterate over its rows as they end; see `run` for what may be asked."""
    asked = Asked(**keywords)
    return RowStream(_refusing_async(new_run(suite, rows, id, asked)), asked)


def astream(
    suite: SuiteLike,
    *,
    rows: Rows | Any = None,
    id: str | None = None,  # noqa: A002
    **keywords: Unpack[Keywords],
) -> AsyncRowStream:
    """As `stream`, for `async for`; see `arun`."""
    asked = Asked(**keywords)
    return AsyncRowStream(new_run(suite, rows, id, asked), asked)


def resume(
    run: str | PathLike[str] | RunResult, *, rows: Rows | Any = None, **keywords: Unpack[Keywords]
) -> RunResult:
    """Go on with a run that was stopped or killed; of a finished one the result is returned.

    :param run: Its folder, or what `run` returned.
    :param rows: Only where not all rows were read before the run ended: the same ones again.
    :param keywords: Plugins that were objects have to be given again.
    :raises UsageError: When it is no run, or rows, suite or plugins are not those it began with.
    """
    asked = Asked(**keywords)
    return _blocking(same_run(run, rows, asked), asked)


async def aresume(
    run: str | PathLike[str] | RunResult, *, rows: Rows | Any = None, **keywords: Unpack[Keywords]
) -> RunResult:
    """As `resume`, for a program whose loop is to go on meanwhile."""
    asked = Asked(**keywords)
    return await _awaited(same_run(run, rows, asked), asked)


def _blocking(work: Work, asked: Asked) -> RunResult:
    session = Session(_refusing_async(work), asked)
    session.begin()
    return session.to_the_end()


async def _awaited(work: Work, asked: Asked) -> RunResult:
    session = Session(work, asked)
    session.begin(asyncio.get_running_loop())
    return await session.to_the_end_awaited()


def _refusing_async(work: Work) -> Work:
    if work.giving is not None and work.giving.is_asynchronous:
        raise UsageError("rows are an asynchronous iterable: use `arun` or `astream`")
    return work
