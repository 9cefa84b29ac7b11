"""Reads the rows of a source, which may be a plugin's and may break."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.summary import ExitCode
from sygra_eval.journal import open_readonly
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.values import BadRow, Row, Source, UsageError

COUNTED_ROWS = 100_000
"""A source is counted beforehand up to here, so that progress can say how much is left."""


class NothingSelected(UsageError):
    """There is no row to run (exit code 5)."""

    exit_code = ExitCode.NOTHING_SELECTED


def source_of(suite: Suite, plugins: Plugins) -> Source:
    """Make the suite's source."""
    source: Source = plugins.of("sources")[suite.source.type].implementation(suite.source)
    return source


async def count_rows(source: Source, limit: int | None) -> int | None:
    """Count the rows, which proves that they can be read; None when there are too many.

    :raises UsageError: When there are none, or the source breaks.
    """
    counted = 0
    try:
        async with contextlib.aclosing(limited(source, limit)) as rows:
            async for _ in rows:
                counted += 1
                if counted > COUNTED_ROWS:
                    return None
    except Exception as error:
        what = f"the source cannot be read: {type(error).__name__}: {error}"
        raise UsageError(f"{what} (after {counted} rows)") from error
    if counted == 0:
        raise NothingSelected("the source has no rows, so there is nothing to run")
    return counted


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


async def limited(source: Source, limit: int | None) -> AsyncGenerator[Row | BadRow, None]:
    """Yield the first rows, or all where there is no limit."""
    taken = 0
    if limit == 0:
        return
    async with contextlib.aclosing(source.rows()) as rows:
        async for row in rows:
            yield row
            taken += 1
            if taken == limit:
                return
