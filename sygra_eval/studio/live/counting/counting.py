"""Reads what is new in a run's journal and has it counted. Start at `Counting.read`.

What is kept is a number for each node, edge and validator, and a few figures for each record that
has not ended; so memory does not grow with the rows. Whoever asks gets all counts at once.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sygra_eval.journal import JournalTail, Spent, whole_value
from sygra_eval.quality import wilson
from sygra_eval.studio.graphs import SuiteGraph
from sygra_eval.studio.live.counting.flow import Flow
from sygra_eval.studio.live.counting.judged import Judged
from sygra_eval.studio.live.counting.life import ANEW, Life
from sygra_eval.studio.live.counting.loops import Loops, round_told
from sygra_eval.studio.live.counting.newest import Newest
from sygra_eval.studio.live.counting.paths import Places, of_any_visit
from sygra_eval.studio.live.counting.records import OpenRecords
from sygra_eval.studio.live.counting.spending import spending_told
from sygra_eval.studio.live.counting.stored import number
from sygra_eval.studio.live.told import Moved, Outcomes, RunBudget, RunCounts, RunState

MOST_AT_ONCE = 1_000  # outcomes that are held while what came before them is counted
MOST_BACKLOG = 4_000  # visits, rounds and calls that are counted before somebody may look
PAGE = 250

_T = TypeVar("_T")


class CountAnew(Exception):
    """What was counted may not be there any more: the journal is to be read from its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNow:
    """What only the process that works on a run knows.

    :ivar nodes: By name, how many records wait and how many do something.
    """

    state: RunState
    in_flight: int
    nodes: Mapping[str, tuple[int, int]]


@dataclass(slots=True)
class Counting:
    """The counts of one run so far.

    :ivar budget: Of the suite, and over it what the run was asked for.
    :ivar unfit: Rows that are sound and hold what no version of ours wrote.
    """

    budget: RunBudget
    flow: Flow = field(default_factory=Flow)
    is_whole: bool = False
    life: Life = field(default_factory=Life)
    loops: Loops = field(default_factory=Loops)
    judged: Judged = field(default_factory=Judged)
    spent: Spent = field(default_factory=Spent)
    newest: Newest = field(default_factory=Newest)
    outcomes: Counter[str] = field(default_factory=Counter)
    open: OpenRecords = field(default_factory=OpenRecords)
    damaged: int = 0
    unfit: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, graph: SuiteGraph | None, budget: RunBudget) -> "Counting":
        """Begin at nothing.

        :param graph: The suite's; None where rows themselves are judged.
        """
        return cls(budget=budget, flow=Flow.of(graph, Places.of(graph).nodes))

    def read(self, tails: Sequence[JournalTail]) -> bool:
        """Read what is new, some rows of it; say whether there may be more.

        Outcomes are read first and counted last: what a record left on its way was committed before
        its outcome was, so it is there by then.

        :raises CountAnew: When what was counted may be gone.
        """
        has_more = False
        for tail in tails:
            if not (self.is_whole or self._has_drained(tail)):
                has_more = True
                continue
            ended = list(islice(tail.outcomes(), MOST_AT_ONCE))
            has_more |= len(ended) == MOST_AT_ONCE or tail.is_behind
            for event in self._in_turns(tail.events()):
                if event.kind in ANEW and self.is_whole:
                    raise CountAnew
                self.life.take_event(event.kind, event.wall, event.data)
            self._take(self._take_visit, tail.visits())
            self._take(self._take_round, tail.rounds())
            self._take(self._take_call, tail.calls())
            self._take(self._take_end, iter(ended))
        with self.lock:
            self.damaged = self.unfit + sum(tail.damaged for tail in tails)
            self.is_whole = self.is_whole or not has_more
        return has_more

    def told(self, now: LiveNow | None) -> RunCounts:
        """Return all counts.

        :param now: None where nobody can be asked.
        """
        with self.lock:
            return self._told(now)

    def take_moved(self) -> Moved | None:
        """Return what moved since this was asked last; None where nothing did."""
        with self.lock:
            return self.newest.take()

    def _has_drained(self, tail: JournalTail) -> bool:
        """Count some of what stood there before anybody looked; say whether that was all of it."""
        left = MOST_BACKLOG
        left -= self._take(self._take_visit, islice(tail.visits(), left))
        left -= self._take(self._take_round, islice(tail.rounds(), left))
        left -= self._take(self._take_call, islice(tail.calls(), left))
        return left > 0

    def _take(self, take: Callable[..., None], rows: Iterator[tuple[Any, ...]]) -> int:
        """Count the rows and return how many there were.

        A run folder may be anybody's. What no version of ours wrote is counted as damaged, however
        right its checksum is; else one such row would keep all others from being shown.
        """
        taken = 0
        for row in self._in_turns(rows):
            taken += 1
            try:
                take(*row)
            except (LookupError, TypeError, ValueError, AttributeError):
                self.unfit += 1
        return taken

    def _in_turns(self, rows: Iterator[_T]) -> Iterator[_T]:
        """Yield the rows with the lock held, and let others have it now and then."""
        while chunk := list(islice(rows, PAGE)):
            with self.lock:
                yield from chunk

    def _take_visit(self, record: str, visit: str, stored: str | bytes) -> None:
        node = of_any_visit(visit)
        self.flow.take_visit(self.open.of(record), node)
        if self.is_whole:
            self.newest.node_visited(record, node)
        has_none = '"loop":null' in stored if isinstance(stored, str) else b'"loop":null' in stored
        if not has_none:
            self.loops.take_end(node, whole_value(stored).get("loop"))

    def _take_round(self, record: str, visit: str, at: int, data: Mapping[str, Any]) -> None:
        node = of_any_visit(visit)
        if self.loops.take_round(self.open.of(record), node, visit, at, data) and self.is_whole:
            self.newest.round_finished(round_told(record, node, at, data))

    def _take_call(self, record: str, path: str, data: Mapping[str, Any]) -> None:
        self.spent.take_stored(path, data)
        if not (data.get("is_cached") or data.get("from_plugin")):
            open_, usage = self.open.of(record), data["usage"]
            open_.nano_usd += data.get("cost_nano_usd") or 0
            open_.tokens += number(usage["prompt_tokens"]) + number(usage["completion_tokens"])
        self.flow.take_call(path, data)

    def _take_end(
        self, place: int, record: str, outcome: str, reason: str, data: Mapping[str, Any]
    ) -> None:
        self.outcomes[outcome] += 1
        stuck, loop = data.get("at_node") or "", data.get("loop")
        if stuck and isinstance(loop, Mapping) and loop.get("node") == stuck:
            self.loops.take_end(stuck, loop)
        self.flow.take_end(self.open.end(record), outcome, stuck)
        self.judged.take_end(data, self.flow.take_guard)
        if self.is_whole:
            self.life.row_ended()
            self.newest.row_ended(record, place, outcome, reason)

    def _told(self, now: LiveNow | None) -> RunCounts:
        rows, total = sum(self.outcomes.values()), self.life.total
        interval = wilson(self.outcomes["verified"], rows) if rows else None
        share = max(1.0, total / rows) if rows and total is not None else None
        return RunCounts(
            state=self.life.state if now is None else now.state,
            rows=rows,
            total=total,
            in_flight=0 if now is None else now.in_flight,
            outcomes=outcomes_told(self.outcomes),
            verified_low=None if interval is None else interval.low,
            verified_high=None if interval is None else interval.high,
            nodes=self.flow.nodes_told({} if now is None else now.nodes),
            edges=list(self.flow.edges_told()),
            loops=list(self.loops.told()),
            validators=self.judged.validators_told(),
            guardrails=list(self.judged.guards_told()),
            spending=spending_told(self.spent, self.budget, share, self.open.spent()),
            pace=self.life.pace(rows, is_live=now is not None),
            is_whole=self.is_whole,
            is_live=now is not None,
            damaged=self.damaged,
        )


def outcomes_told(counts: Mapping[str, int]) -> Outcomes:
    """Return how many rows ended where."""
    return Outcomes(
        verified=counts.get("verified", 0),
        rejected=counts.get("rejected", 0),
        failed=counts.get("failed", 0),
        unjudged=counts.get("unjudged", 0),
    )
