"""Says of every row of the input where it ended and why, and whether all sums hold.

Start at `keep_ledger`. What ended is read from the journal, in the order of the source; a row that
has no outcome is named by reading the source again. The accounts are counted from the journal's
tables one by one, so that a row which vanished somewhere makes one of them not add up.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.data import REACHED
from sygra_eval.engine.input_account import last_input_accounts
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.plan import Plan, read_plan
from sygra_eval.engine.reading import limited, source_of
from sygra_eval.engine.summarise import suite_document, summarise
from sygra_eval.engine.summary import ExitCode
from sygra_eval.engine.target import SURPLUS, Cut
from sygra_eval.journal import JournalReader, open_readonly
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import Graph, always_visited, graph_of, load_suite, visited
from sygra_eval.values import (
    InputAccount,
    Outcome,
    RecordEnd,
    Source,
    Status,
    SygraEvalError,
    UsageError,
)

NOT_REACHED = "not reached"
_ELSEWHERE = "not on its way"
MOST_NAMED = 20
"""Rows that contradict themselves, or the input, are named up to here and counted beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """Where one row of the input ended.

    :ivar index: 0-based position in the source.
    :ivar outcome: An `Outcome`'s value, `not reached`, or `surplus`.
    """

    index: int
    row_id: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A sum that has to hold: every row is in exactly one of the parts."""

    of: str
    total: int
    parts: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether the parts come to the total."""
        return sum(self.parts.values()) == self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the lines come to.

    :ivar accounts: Of all rows, of each node, of each validator.
    :ivar unnamed: Why rows that were not reached have no line; empty when all have theirs.
    :ivar contradictions: Sentences on rows that are not what their outcome says.
    :ivar damaged: Rows of the journal whose checksum is wrong; each counts as absent.
    """

    run: Path
    accounts: tuple[Account, ...]
    unnamed: str = ""
    contradictions: tuple[str, ...] = ()
    damaged: int = 0

    @property
    def holds(self) -> bool:
        """Whether every sum holds and no row contradicts itself."""
        return not self.contradictions and all(account.holds for account in self.accounts)

    @property
    def exit_code(self) -> ExitCode:
        """0 it adds up, 1 it does not."""
        return ExitCode.PASSED if self.holds else ExitCode.GATE_FAILED


async def keep_ledger(
    folder: Path, take: Callable[[LedgerLine], None], options: RunOptions | None = None
) -> Ledger:
    """Hand every row's line to `take`, in the order of the source, and return what they come to.

    :param options: Plugins and trust, which reading the source of an unfinished run may need.
    :raises UsageError: When the folder is no run, or its journal cannot be read.
    """
    summary, plan = summarise(folder), read_plan(folder)
    ended = sum(summary.counts.values()) + summary.surplus
    with open_readonly(folder / "journal.db") as reader:
        graph = graph_of(suite_document(folder))
        sure = frozenset(always_visited(graph))
        count = _Count(reader=reader, graph=graph, sure=sure, cut=Cut(plan.target))
        unnamed = ""
        source: Source | None = None
        if summary.state != "finished" or ended < summary.rows:
            source, unnamed = _source_of(folder, plan, options or RunOptions())
        if source is None:
            for end in reader.outcomes():
                take(count.ended(end))
            count.rows = max(summary.rows, ended)
        else:
            async for line in _beside_the_source(source, plan.most_rows, reader, count):
                take(line)
        count.not_reached = count.rows - sum(count.outcomes.values()) - count.cut.surplus
        damaged = reader.damaged
        inputs = last_input_accounts(reader.events())
    _check_input(inputs, count, deselected=summary.deselected, times=plan.selection.times)
    return Ledger(
        run=folder,
        accounts=(*map(_of_input, inputs), *count.accounts()),
        unnamed=unnamed if count.not_reached else "",
        contradictions=count.told(),
        damaged=damaged,
    )


def _of_input(found: InputAccount) -> Account:
    """Return the sum of an input: what was read and made reached the graph, or was left out."""
    return Account(of=f"input, {found.of}", total=found.total, parts=found.parts)


def _check_input(
    inputs: Sequence[InputAccount], count: "_Count", *, deselected: int, times: int
) -> None:
    """Compare the rows that reached the graph with those that this run has.

    :param deselected: So many of them were passed over.
    :param times: So often each of the others was run.
    """
    reached = inputs[0].parts.get(REACHED) if inputs else None
    if reached is not None and (reached - deselected) * times != count.rows:
        left = f", {deselected:,} of them not selected" if deselected else ""
        told = f"{reached:,} rows reached the graph{left}, and the run has {count.rows:,}"
        count.contradicts(told)


@dataclass(slots=True)
class _Count:
    """Counts line by line, so that memory stays flat."""

    reader: JournalReader
    graph: Graph
    sure: frozenset[str]
    cut: Cut
    rows: int = 0
    not_reached: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    at_node: dict[str, Counter[str]] = field(default_factory=dict)
    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    judged_by: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    wrong_rows: int = 0

    def ended(self, end: RecordEnd) -> LedgerLine:
        """Count a row that has an outcome."""
        if not self.cut.counts(end):
            said = f"{end.outcome.value}: {end.reason}"
            return LedgerLine(index=end.index, row_id=end.row_id, outcome=SURPLUS, reason=said)
        self.outcomes[end.outcome] += 1
        self._take_nodes(end)
        for verdict in end.verdicts:
            self.verdicts.setdefault(verdict.validator, Counter())[verdict.status.value] += 1
        self.judged_by.update({verdict.validator for verdict in end.verdicts})
        if why := _contradiction(end):
            self.contradicts(f"row {end.row_id}: {why}")
        return LedgerLine(
            index=end.index, row_id=end.row_id, outcome=end.outcome.value, reason=end.reason
        )

    def left(self, index: int, row_id: str) -> LedgerLine:
        """Return the line of a row that has no outcome."""
        why = "" if self.cut.last is None else "the target was met before it"
        return LedgerLine(index=index, row_id=row_id, outcome=NOT_REACHED, reason=why)

    def ended_beside_the_input(self, end: RecordEnd) -> LedgerLine:
        """Count a row that has an outcome and stands nowhere in the input."""
        self.contradicts(f"row {end.row_id}: it has an outcome and is not in the input")
        return self.ended(end)

    def contradicts(self, sentence: str) -> None:
        """Note a row that is not what it should be."""
        self.wrong_rows += 1
        if len(self.wrong) < MOST_NAMED:
            self.wrong.append(sentence)

    def told(self) -> tuple[str, ...]:
        """Return the sentences on such rows, and how many more there are."""
        more = self.wrong_rows - len(self.wrong)
        return (*self.wrong, *([f"and {more} more"] if more else []))

    def accounts(self) -> Iterator[Account]:
        """Yield the sums that have to hold."""
        left = {NOT_REACHED: self.not_reached}
        if self.cut.target is not None:
            left[SURPLUS] = self.cut.surplus
        outcomes = {outcome.value: self.outcomes[outcome] for outcome in Outcome}
        yield Account(of="rows", total=self.rows, parts={**outcomes, **left})
        kinds = ("done", "failed here", "ended before it")
        for node in self.graph.nodes:
            seen = self.at_node.get(node, Counter())
            parts = {kind: seen[kind] for kind in kinds}
            if not self.graph.is_straight:
                parts[_ELSEWHERE] = seen[_ELSEWHERE]
            yield Account(of=f"node {node}", total=self.rows, parts={**parts, **left})
        ended = sum(self.outcomes.values())
        for name, said in self.verdicts.items():
            parts = {status.value: said[status.value] for status in Status}
            parts["not judged"] = ended - self.judged_by[name]
            yield Account(of=f"validator {name}", total=self.rows, parts={**parts, **left})

    def _take_nodes(self, end: RecordEnd) -> None:
        """Find how far a row came; one that is judged came through all nodes of its way."""
        if not self.graph.is_straight:
            self._take_nodes_of_a_way(end)
            return
        came = "done"
        for node in self.graph.nodes:
            kind = came
            if came == "done" and self.reader.visit(end.row_id, node) is None:
                is_judged = bool(end.verdicts) or end.outcome is not Outcome.FAILED
                is_through = is_judged and not _is_refused(end) and _blocked_at(end) is None
                kind = "lost" if is_through else "failed here"
                if _is_refused(end) or end.reason.startswith("bad_input"):
                    kind = "ended before it"
                came = kind if kind == "lost" else "ended before it"
            self.at_node.setdefault(node, Counter())[kind] += 1

    def _take_nodes_of_a_way(self, end: RecordEnd) -> None:
        """Find where a row came; a judged one came through the nodes that every way leads to."""
        is_judged = bool(end.verdicts) or end.outcome is not Outcome.FAILED
        for node in self.graph.nodes:
            if self.reader.visit(end.row_id, node) is not None:
                kind = "done"
            elif node in (_blocked_at(end), end.at_node.partition("/")[0]):
                kind = "failed here"
            elif is_judged and not _is_refused(end) and _blocked_at(end) is None:
                kind = "lost" if node in self.sure else _ELSEWHERE
            elif end.reason.startswith(f"node `{node}` "):
                kind = "failed here"
            else:
                kind = "ended before it"
            self.at_node.setdefault(node, Counter())[kind] += 1


def _is_refused(end: RecordEnd) -> bool:
    """Say whether a row was turned away before its first node, because its tests prove nothing."""
    return bool(end.weak_tests) and not end.verdicts and end.reason == end.weak_tests


def _blocked_at(end: RecordEnd) -> str | None:
    """Return the node at which a guardrail stopped the row."""
    places = (one.node for one in end.guards if one.has_blocked)
    return next((visited(place).partition("/")[0] for place in places), None)


def _contradiction(end: RecordEnd) -> str:
    """Say what is wrong with a row that was verified and should not have been."""
    if end.outcome is not Outcome.VERIFIED:
        return ""
    required = [verdict for verdict in end.verdicts if verdict.is_required]
    if not required:
        return "verified, and no required validator judged it"
    other = [verdict.validator for verdict in required if verdict.status is not Status.PASS]
    return f"verified, and {', '.join(other)} did not pass" if other else ""


async def _beside_the_source(
    source: Source, limit: int | None, reader: JournalReader, count: _Count
) -> AsyncIterator[LedgerLine]:
    """Yield a line for each row of the source and for each outcome, in the source's order."""
    ends = reader.outcomes()
    waiting = next(ends, None)
    rows: AsyncGenerator[Any, None] = limited(source, limit, is_in_order=True)
    async with contextlib.aclosing(rows):
        async for row in rows:
            count.rows += 1
            while waiting is not None and waiting.index < row.index:
                count.contradicts(
                    f"row {waiting.row_id}: it has an outcome and is not in the input"
                )
                yield count.ended(waiting)
                waiting = next(ends, None)
            if waiting is not None and waiting.index == row.index:
                if waiting.row_id != row.id:
                    count.contradicts(f"row {waiting.row_id}: in the input its place is {row.id}'s")
                yield count.ended(waiting)
                waiting = next(ends, None)
            else:
                yield count.left(row.index, row.id)
    for end in [] if waiting is None else [waiting, *ends]:
        yield count.ended_beside_the_input(end)


def _source_of(folder: Path, plan: Plan, options: RunOptions) -> tuple[Source | None, str]:
    """Return the run's source as it was, or why it cannot be read here."""
    try:
        plan.refuse_unrepeated(options)
        home = plan.suite_folder if plan.suite_folder.is_dir() else folder
        plugins = load_plugins(home, named=options.plugins, is_trusted=options.is_trusted)
        suite = load_suite(folder / "suite.yaml", plugins, folder=home, kept_in=folder)
        source = source_of(suite, plugins, plan.selection)
        if source.fingerprint() != plan.input_fingerprint:
            raise UsageError("the input has changed since this run began")
    except (SygraEvalError, OSError) as error:
        return None, str(error)
    return source, ""
