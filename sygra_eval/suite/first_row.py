"""Looks at a source before the run: its own complaints, and the first row that is usable."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from sygra_eval.suite.entries import TypedEntry
from sygra_eval.values import BadRow, Problem, Row, Severity, SourceSpec

_MOST_BAD_ROWS = 1_000
_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen: the first usable row, if any, and what is wrong with the source."""

    row: Row | None
    problems: tuple[Problem, ...] = ()


def look_at(entry: TypedEntry, spec: SourceSpec) -> Look:
    """Open the source, let it check itself, and read up to its first usable row.

    Runs on a loop of its own in a thread, so that it may be called from within a running loop.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_look_at, entry, spec).result()


def _look_at(entry: TypedEntry, spec: SourceSpec) -> Look:
    source: Any = None
    try:
        source = entry.registered.implementation(spec)
        problems = tuple(_own_check(source))
        if any(problem.severity is Severity.ERROR for problem in problems):
            return Look(None, problems)
        row, bad = asyncio.run(_first_row(source))
    except TimeoutError as error:
        said = str(error) or f"no row came within {_limit_s(source):g} s"
        return Look(None, (Problem(code="source-failed", message=said),))
    except Exception as error:  # noqa: BLE001 - the boundary to plugins
        said = str(error) or type(error).__name__
        return Look(
            None, (Problem(code="source-failed", message=f"the source cannot be read: {said}"),)
        )
    return Look(row, (*problems, *_complaints(row, bad)))


def _own_check(source: Any) -> Iterable[Problem]:
    check = getattr(source, "check", None)
    return check() if callable(check) else ()


def _limit_s(source: Any) -> float:
    return float(getattr(source, "first_row_s", _LIMIT_S))


async def _first_row(source: Any) -> tuple[Row | None, list[BadRow]]:
    bad: list[BadRow] = []
    async with asyncio.timeout(_limit_s(source)):
        rows = cast(AsyncIterator[Row | BadRow], source.rows())
        if not hasattr(rows, "aclose"):
            return await _first_of(rows, bad), bad
        async with aclosing(cast(Any, rows)):
            return await _first_of(rows, bad), bad


async def _first_of(rows: AsyncIterator[Row | BadRow], bad: list[BadRow]) -> Row | None:
    async for row in rows:
        if isinstance(row, Row):
            return row
        bad.append(row)
        if len(bad) == _MOST_BAD_ROWS:
            break
    return None


def _complaints(row: Row | None, bad: list[BadRow]) -> Iterable[Problem]:
    if bad:
        first = bad[0]
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        yield Problem(
            code="bad-row",
            message=f"{first.origin}: {first.reason}{more}; it will end as failed",
            severity=Severity.WARNING,
        )
    if row is None:
        yield Problem(
            code="no-rows",
            message="the source has no usable row" if bad else "the source has no rows",
            severity=Severity.WARNING,
        )
