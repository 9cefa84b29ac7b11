"""The one way from a suite's sources to the rows of its graph. Start at `composed`.

A source's rows are read, selected, transformed, joined with those of other sources and numbered,
one after the other; what is joined with them is held meanwhile (`held`). Each reading begins anew
and keeps an account: what was read has reached the graph, or is counted by what left it out.
"""

import contextlib
import hashlib
import json
from array import array
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from sygra_eval.data.applied import applied
from sygra_eval.data.flow import Flow, Seen, Stage, Tally
from sygra_eval.data.held import Held
from sygra_eval.data.joins import Aliased, join_stage
from sygra_eval.data.numbering import Named, Numbering, Stacked
from sygra_eval.data.selection import Chooser, selection_stages
from sygra_eval.plugins import Plugins
from sygra_eval.values import (
    ARROW,
    BadRow,
    InputAccount,
    JoinType,
    Pipeline,
    Problem,
    Row,
    Severity,
    Source,
    SourceEntry,
    SourceSpec,
    TransformSpec,
    UsageError,
)

_FIRST_ROW_S = 60.0
_WHOLE_S = 3_600.0


def composed(spec: SourceSpec, pipeline: Pipeline | None, plugins: Plugins) -> Source:
    """Return a suite's source: what its type makes, or with all that happens to the rows of it.

    :param spec: The source, where there is one and nothing happens to its rows.
    """
    if pipeline is None:
        source: Source = plugins.find("sources", spec.type).implementation(spec)
        return source
    return PipelineSource.of(pipeline, plugins)


class PipelineSource:
    """Several sources, and what happens to their rows, as one source."""

    @classmethod
    def of(cls, pipeline: Pipeline, plugins: Plugins, *, shown: int = 0) -> Self:
        """Make it with the sources that the suite names.

        :param shown: How many rows are kept at each stage, to be shown.
        """
        specs = [entry.spec for entry in pipeline.sources]
        bases = [plugins.find("sources", spec.type).implementation(spec) for spec in specs]
        return cls(pipeline, bases, plugins, shown=shown)

    def __init__(
        self, pipeline: Pipeline, bases: list[Source], plugins: Plugins, *, shown: int = 0
    ) -> None:
        self._pipeline, self._bases, self._plugins = pipeline, bases, plugins
        self._shown = shown
        self._chosen: dict[int, array[int]] = {}
        self._common: frozenset[str] | None = None
        self._columns_of: dict[str, frozenset[str]] = {}
        self._reading = _Reading()

    @property
    def first_row_s(self) -> float:
        """Within how many seconds the first row has to come; some are read whole before it."""
        most = max(float(getattr(base, "first_row_s", _FIRST_ROW_S)) for base in self._bases)
        is_read_whole = len(self._bases) > 1 or self._pipeline.sources[0].selection.sample
        return max(most, _WHOLE_S) if is_read_whole else most

    def check(self) -> Iterable[Problem]:
        """Yield what is known to be wrong before a row is read; places are below `data_config`."""
        for entry, base in zip(self._pipeline.sources, self._bases, strict=True):
            check = getattr(base, "check", None)
            for problem in check() if callable(check) else ():
                yield replace(problem, at=(*entry.at, *problem.at))

    def problems(self) -> Iterable[Problem]:
        """Yield what the first rows of the last reading show to be wrong."""
        for flow in self._reading.flows.values():
            yield from flow.problems()
        for alias, columns in self._columns_of.items():
            left = sorted(columns - (self._common or frozenset()))
            if left:
                names = ", ".join(f"`{name}`" for name in left[:12])
                yield Problem(
                    code="columns-left-out",
                    message=f"`{alias}` has columns that not all stacked sources have, and they "
                    f"are left out: {names}",
                    at=self._at(alias),
                    severity=Severity.WARNING,
                )

    def fingerprint(self) -> str:
        """Identify all that is read and what happens to it.

        :raises UsageError: When a source cannot be read.
        """
        parts = [self._pipeline.settings, *(base.fingerprint() for base in self._bases)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    async def keep_in(self, folder: Path) -> None:
        """Let the sources keep what a resume could not get again."""
        for base in self._bases:
            keep = getattr(base, "keep_in", None)
            if callable(keep):
                await keep(folder)

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield the rows as they reach the graph."""
        reading = self._reading = _Reading()
        numbering = Numbering()
        is_stack = self._pipeline.sources[0].join_type is JoinType.VSTACK
        rows = self._stacked(reading) if is_stack else self._joined(reading)
        async with contextlib.aclosing(rows):
            async for row in rows:
                yield numbering.place(row)
        reading.is_complete = True

    def accounts(self) -> tuple[InputAccount, ...]:
        """Return what became of the rows of the last reading, those that reach the graph first."""
        return self._reading.accounts()

    def seen(self) -> Iterator[tuple[str, Seen]]:
        """Yield the first rows at each stage of the last reading, by whose they are."""
        flows = self._reading.flows.items()
        for name, flow in sorted(flows, key=lambda named: named[0] == ""):  # those of all are last
            for seen in flow.seen:
                yield name, seen

    async def _joined(self, reading: "_Reading") -> AsyncGenerator[Row | BadRow, None]:
        primary = next(
            n for n, e in enumerate(self._pipeline.sources) if e.join_type is JoinType.PRIMARY
        )
        entry = self._pipeline.sources[primary]
        with contextlib.ExitStack() as stack:
            joins: list[Callable[[Tally], Stage]] = []
            for number, other in enumerate(self._pipeline.sources):
                if number == primary:
                    continue
                held = stack.enter_context(contextlib.closing(_held(other)))
                reading.held[other.alias] = held
                async with contextlib.aclosing(self._hold(number, held, reading)) as bad_rows:
                    async for bad in bad_rows:
                        reading.tally.read += 1
                        reading.tally.reached += 1
                        yield bad
                joins.append(_joining(other, entry, held, self._pipeline.seed))
            stages = await self._own_stages(primary, reading.tally)
            if entry.alias:
                stages += [Aliased(entry.alias), *self._naming(entry.alias)]
            others = [e for e in self._pipeline.sources if e is not entry]
            for other, joining in zip(others, joins, strict=True):
                stages += [joining(reading.tally), *self._naming(other.alias)]
            stages += self._last_stages(reading.tally)
            flow = reading.flow(entry.alias, stages, reading.tally, self._shown)
            async with self._through(flow, primary) as rows:
                async for row in rows:
                    yield row
            reading.note_unused()

    async def _stacked(self, reading: "_Reading") -> AsyncGenerator[Row | BadRow, None]:
        if self._common is None:
            self._common = await self._common_columns()
        flow = reading.flow("", self._last_stages(reading.tally), reading.tally, self._shown)
        for number, entry in enumerate(self._pipeline.sources):
            tally = reading.tally_of(entry.alias, "stacked")
            stages = await self._own_stages(number, tally)
            stages.append(Stacked(entry.alias, self._common))
            own = reading.flow(entry.alias, stages, tally, self._shown)
            async with self._through(own, number) as rows:
                async for row in rows:
                    for last in flow.take(row):
                        yield last
        for last in flow.finish():
            yield last

    async def _common_columns(self) -> frozenset[str]:
        """Read all sources once for the columns that each of them has in any row."""
        for number, entry in enumerate(self._pipeline.sources):
            tally = Tally()
            columns: set[str] = set()
            flow = Flow(await self._own_stages(number, tally), tally)
            async with self._through(flow, number) as rows:
                async for row in rows:
                    columns.update(row.columns if isinstance(row, Row) else ())
            self._columns_of[entry.alias] = frozenset(columns)
        found = [columns for columns in self._columns_of.values() if columns]
        return frozenset.intersection(*found) if found else frozenset()

    async def _hold(
        self, number: int, held: Held, reading: "_Reading"
    ) -> AsyncGenerator[BadRow, None]:
        """Hold the rows of a source; yield those that cannot be, by names of their own."""
        entry = self._pipeline.sources[number]
        tally = reading.tally_of(entry.alias, "held to be joined")
        flow = reading.flow(entry.alias, await self._own_stages(number, tally), tally, self._shown)
        async with self._through(flow, number) as rows:
            async for row in rows:
                reason = held.add(row) if isinstance(row, Row) else row.reason
                if not reason:
                    continue
                tally.reached -= 1
                tally.left["bad rows"] += 1
                if isinstance(row, Row):
                    reason = f"bad_input: {reason}"
                named = f"{entry.alias}/{row.origin}"
                yield BadRow(id=named, index=0, origin=row.origin, reason=reason)
        held.complete()
        if held.count == 0:
            what = f"the source `{entry.alias}` has no usable row"
            raise UsageError(f"{what}, so nothing can be joined with it")

    async def _own_stages(self, number: int, tally: Tally) -> list[Stage]:
        """Return what happens to the rows of a source before they meet others."""
        entry = self._pipeline.sources[number]
        if entry.selection.sample is not None and number not in self._chosen:
            self._chosen[number] = await self._choose(number)
        stages = selection_stages(entry.selection, self._chosen.get(number), tally, entry.at)
        return stages + self._applied(entry.transforms, tally)

    async def _choose(self, number: int) -> "array[int]":
        """Read a source once to choose its sample."""
        entry = self._pipeline.sources[number]
        assert entry.selection.sample is not None, "only asked for a sample"  # noqa: S101
        chooser = Chooser(entry.selection.sample)
        tally = Tally()
        before = replace(entry.selection, sample=None, columns=None, rename={})
        flow = Flow(selection_stages(before, None, tally, entry.at), tally)
        async with self._through(flow, number) as rows:
            async for row in rows:
                if isinstance(row, Row):
                    chooser.take()
        return chooser.chosen()

    def _last_stages(self, tally: Tally) -> list[Stage]:
        stages = self._applied(self._pipeline.transforms, tally)
        aliases = [entry.alias for entry in self._pipeline.sources if entry.alias]
        column = self._pipeline.id_column
        is_named = any(self._naming(alias) for alias in aliases)
        if column is not None and not is_named:
            stages.append(Named(column))
        return stages

    def _naming(self, alias: str) -> list[Stage]:
        """Return what names rows by a column of a source, as soon as they have it."""
        column = self._pipeline.id_column
        is_its = column is not None and alias and column.startswith(alias + ARROW)
        return [Named(column)] if is_its and column is not None else []

    def _applied(self, transforms: Iterable[TransformSpec], tally: Tally) -> list[Stage]:
        return [
            applied(spec, self._plugins.find("transforms", spec.use), tally) for spec in transforms
        ]

    def _through(
        self, flow: Flow, number: int
    ) -> contextlib.aclosing[AsyncGenerator[Row | BadRow, None]]:
        """Return what becomes of the rows of a source, to be closed where it is not read whole."""
        return contextlib.aclosing(_through(flow, self._bases[number]))

    def _at(self, alias: str) -> tuple[str | int, ...]:
        return next(entry.at for entry in self._pipeline.sources if entry.alias == alias)


class _Reading:
    """What is counted and seen of one reading.

    :ivar flows: The stages by the alias whose rows go through them; empty for those of all.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self.flows: dict[str, Flow] = {}
        self.held: dict[str, Held] = {}
        self.is_complete = False
        self._others: dict[str, Tally] = {}

    def flow(self, alias: str, stages: list[Stage], tally: Tally, shown: int) -> Flow:
        made = self.flows[alias] = Flow(stages, tally, shown=shown)
        return made

    def tally_of(self, alias: str, goal: str) -> Tally:
        made = self._others[alias] = Tally(of=f"rows of `{alias}`", goal=goal)
        return made

    def note_unused(self) -> None:
        """Count the held rows that were joined with none apart from the others."""
        for alias, held in self.held.items():
            tally = self._others[alias]
            if held.unused:
                tally.reached -= held.unused
                tally.left["joined with no row"] += held.unused

    def accounts(self) -> tuple[InputAccount, ...]:
        first = self.tally.account(is_complete=self.is_complete)
        return (first, *(t.account(is_complete=self.is_complete) for t in self._others.values()))


async def _through(flow: Flow, base: Source) -> AsyncGenerator[Row | BadRow, None]:
    rows: Any = base.rows()
    async with contextlib.AsyncExitStack() as stack:
        if hasattr(rows, "aclose"):
            await stack.enter_async_context(contextlib.aclosing(rows))
        async for row in rows:
            for passed in flow.take(row):
                yield passed
        for passed in flow.finish():
            yield passed


def _held(entry: SourceEntry) -> Held:
    return Held(entry.join_key if entry.join_type is JoinType.COLUMN else None)


def _joining(
    entry: SourceEntry, primary: SourceEntry, held: Held, seed: int
) -> Callable[[Tally], Stage]:
    return lambda tally: join_stage(entry, primary, held, seed, tally)
