"""Reads the rows of a source, which may be a plugin's and may break."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.data import TakenIds, composed
from sygra_eval.engine.given import known_total
from sygra_eval.engine.preflight import StoppedEarly, Tell
from sygra_eval.engine.selecting import Named, SelectedSource, Selection, missing_told, selected
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.summary import ExitCode
from sygra_eval.journal import open_readonly
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.values import BadRow, Interrupted, Row, Source, UsageError

COUNTED_ROWS = 100_000
"""A source is counted beforehand up to here, so that progress can say how much is left."""


class NothingSelected(UsageError):
    """There is no row to run (exit code 5)."""

    exit_code = ExitCode.NOTHING_SELECTED


def source_of(suite: Suite, plugins: Plugins, selection: Selection | None = None) -> Source:
    """Make the suite's source, with what happens to its rows on the way to the graph.

    :param selection: Which of the rows that come there are meant; None for all.
    """
    source = composed(suite.source, suite.pipeline, plugins)
    return source if selection is None else selected(source, selection, named(suite))


def named(suite: Suite) -> Named:
    """Return what rows of a suite are selected by."""
    return Named(suite=suite.name, tags=suite.tags, variant=suite.variant)


async def count_rows(source: Source, limit: int | None, stop: StopSignal) -> int | None:
    """Count the rows, which proves that they can be read; None when there are too many.

    :raises UsageError: When there are none, the source breaks, or the run is asked to stop.
    """
    try:
        return await stop.unless_draining(_count(source, limit))
    except (Interrupted, UsageError):
        if not stop.is_draining:  # rows that a program gives come to an end by a stop
            raise
        raise StoppedEarly(f"stopped by {stop.cause} before the first row") from None


async def _count(source: Source, limit: int | None) -> int | None:
    counted = 0
    if is_given := hasattr(source, "total"):
        total = known_total(source)
        if total:
            return total if limit is None else min(total, limit)
        limit = 1
    try:
        async with contextlib.aclosing(limited(source, limit)) as rows:
            async for _ in rows:
                counted += 1
                if counted > COUNTED_ROWS:
                    return None
    except Exception as error:
        raise UsageError(f"{_broke(error)} (after {counted} rows)") from error
    if counted == 0:
        raise NothingSelected(nothing_selected(source))
    return None if is_given else counted


def nothing_selected(source: Source) -> str:
    """Say why there is no row to run."""
    if missing := missing_told(source):
        return f"no row is selected: {missing}"
    passed_over = source.deselected if isinstance(source, SelectedSource) else 0
    if passed_over:
        return f"no row is selected: all {passed_over:,} rows of the source are deselected"
    return "the source has no rows, so there is nothing to run"


@dataclass(frozen=True, slots=True)
class Counted:
    """What `count_rows` came to; None for too many."""

    rows: int | None


def counted_before(folder: Path, fingerprint: str, limit: int | None) -> Counted | None:
    """Return what an earlier start counted of the same input; None where none has.

    Long inputs take long to read, and a resumed run is to begin at once.
    """
    found = None
    with open_readonly(folder / "journal.db") as reader:
        for event in reader.events():
            if event.kind == "started" and event.data.get("input") == fingerprint:
                rows = event.data.get("rows")
                is_same = event.data.get("limit") == limit
                if is_same and (rows is None or isinstance(rows, int)):
                    found = Counted(rows)
    return found


async def keep_input(source: Source, folder: Path, stop: StopSignal) -> None:
    """Let a source put into the run's folder what a resume could not get again.

    A folder with nothing in it goes again where that fails.

    :raises UsageError: When the source breaks: an input that ends too early is not run in part.
    """
    keep = getattr(source, "keep_in", None)
    if keep is None:
        return
    try:
        await stop.unless_draining(keep(folder))
    except BaseException as error:
        with contextlib.suppress(OSError):
            folder.rmdir()
        if isinstance(error, Interrupted):
            raise StoppedEarly(f"stopped by {stop.cause} before the first row") from None
        if not isinstance(error, Exception):
            raise
        raise UsageError(_broke(error)) from error


def _broke(error: Exception) -> str:
    said = str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
    return f"the source cannot be read: {said}"


async def while_it_lasts(
    source: Source, limit: int | None, stop: StopSignal, tell: Tell
) -> AsyncGenerator[Row | BadRow, None]:
    """Yield the rows; a source that breaks ends the run as a drain does, and can be resumed."""
    async with contextlib.aclosing(limited(source, limit)) as rows:
        try:
            async for row in rows:
                yield row
        except Exception as error:  # noqa: BLE001 - the boundary to plugins
            cause = f"the source broke: {type(error).__name__}: {error}"
            tell(cause)
            stop.give_up(cause)


async def limited(
    source: Source, limit: int | None, *, is_in_order: bool = False
) -> AsyncGenerator[Row | BadRow, None]:
    """Yield the first rows, or all where there is no limit; each id is that of one row only.

    :param is_in_order: In the order of the source, also where they begin in another.
    """
    if isinstance(source, SelectedSource):
        async with contextlib.aclosing(source.first(limit, is_in_order=is_in_order)) as chosen:
            async for row in chosen:
                yield row
        return
    taken = 0
    if limit == 0:
        return
    with TakenIds() as ids:
        async with contextlib.aclosing(source.rows()) as rows:
            async for row in rows:
                yield ids.unless_taken(row)
                taken += 1
                if taken == limit:
                    return
