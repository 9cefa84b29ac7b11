"""Counts what a run's journal holds, row by row as it comes. Start at `Counting.read`.

What is kept is a number for each node, edge and validator, and a few figures for each record that
has not ended; so memory does not grow with the rows. Whoever asks gets all counts at once.
"""

import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sygra_eval.engine import rows_asked
from sygra_eval.journal import JournalTail, Spent, whole_value
from sygra_eval.studio.graphs import END, START, SuiteGraph
from sygra_eval.studio.live.tally import Tally, guard_said
from sygra_eval.studio.live.told import (
    EdgeCount,
    EndedRow,
    FinishedRound,
    FinishedVisit,
    GuardCount,
    LoopCount,
    Moved,
    NodeCount,
    Outcomes,
    Pace,
    RunBudget,
    RunCounts,
    RunState,
    Spending,
    ValidatorCount,
)

MOST_MOVED = 200
MOST_AT_ONCE = 1_000  # outcomes that are held while what came before them is counted
MOST_BACKLOG = 4_000  # visits, rounds and calls that are counted before somebody may look
PAGE = 250
MOST_TEXT = 500  # characters of a reason, an id or a name that are told
PACE_S = 30.0
LEAST_PACE_S = 1.0
TOGETHER_S = 0.1
NANO = 1_000_000_000
_LATER_VISIT = re.compile(r"#\d+")
_ENDS: Mapping[str, RunState] = {
    "started": "killed",
    "finished": "finished",
    "stopped": "interrupted",
    "broke": "incomplete",
    "plan_changed": "killed",
    "repaired": "killed",
}
_ANEW = frozenset({"started", "plan_changed", "repaired", "took_in"})
"""After these, rows may be gone that were counted."""


_T = TypeVar("_T")


class CountAnew(Exception):
    """What was counted may not be there any more: the journal is to be read from its beginning."""


@dataclass(slots=True)
class _Node:
    ok: int = 0
    failed: int = 0
    blocked: int = 0
    guards: Counter[str] = field(default_factory=Counter)
    spent: Spent = field(default_factory=Spent)


@dataclass(slots=True)
class _Loop:
    ended: int = 0
    least: int | None = None
    most: int | None = None
    rounds: int = 0
    refused: int = 0
    stops: Counter[str] = field(default_factory=Counter)
    by_round: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Open:
    """A record that has not ended, as far as the journal has it."""

    at: str = START
    nano_usd: int = 0
    tokens: int = 0
    rounds: set[tuple[str, int]] | None = None


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

    :ivar graph: The suite's, to tell nodes from steps; None where rows themselves are judged.
    :ivar unfit: Rows that are sound and hold what no version of ours wrote.
    :ivar budget: Of the suite, and over it what the run was asked for.
    :ivar tally: How its rows ended.
    """

    graph: SuiteGraph | None
    budget: RunBudget
    is_whole: bool = False
    state: RunState = "killed"
    cause: str = ""
    said: str = ""
    total: int | None = None
    starts: int = 0
    started_wall: float | None = None
    ended_wall: float | None = None
    last_wall: float | None = None
    gates: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    nodes: dict[str, _Node] = field(default_factory=dict)
    edges: Counter[tuple[str, str]] = field(default_factory=Counter)
    loops: dict[str, _Loop] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    damaged: int = 0
    unfit: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    open: dict[str, _Open] = field(default_factory=dict)
    moved_rows: deque[EndedRow] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))
    moved_rounds: deque[FinishedRound] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))
    moved_visits: deque[FinishedVisit] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))
    moved: int = 0
    pace: deque[tuple[float, int]] = field(default_factory=deque)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        for name in _names(self.graph):
            self.nodes[name] = _Node()
        for edge in self.graph.edges if self.graph is not None else ():
            self.edges[edge.source, edge.target] = 0

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
            has_more |= len(ended) == MOST_AT_ONCE
            for event in self._in_turns(tail.events()):
                self._take_event(event.kind, event.wall, event.data)
            for record, node, stored in self._in_turns(tail.visits()):
                self._take_visit(record, node, stored)
            for record, node, number, data in self._in_turns(tail.rounds()):
                self._take_round(record, node, number, data)
            for record, node, data in self._in_turns(tail.calls()):
                self._take_call(record, node, data)
            for place, record, outcome, reason, data in self._in_turns(iter(ended)):
                self._take_outcome(place, record, outcome, reason, data)
        with self.lock:
            self.damaged = self.unfit + sum(tail.damaged for tail in tails)
            self.is_whole = self.is_whole or not has_more
        return has_more

    def _has_drained(self, tail: JournalTail) -> bool:
        """Count some of what stood there before anybody looked; say whether that was all of it."""
        backlog = 0
        for record, node, stored in self._in_turns(islice(tail.visits(), MOST_BACKLOG)):
            self._take_visit(record, node, stored)
            backlog += 1
        if backlog == MOST_BACKLOG:
            return False
        for record, node, number, data in self._in_turns(islice(tail.rounds(), MOST_BACKLOG)):
            self._take_round(record, node, number, data)
            backlog += 1
        if backlog >= MOST_BACKLOG:
            return False
        for record, node, data in self._in_turns(islice(tail.calls(), MOST_BACKLOG)):
            self._take_call(record, node, data)
            backlog += 1
        return backlog < MOST_BACKLOG

    def _in_turns(self, rows: Iterator[_T]) -> Iterator[_T]:
        """Yield the rows with the lock held, and let others have it now and then."""
        while chunk := list(islice(rows, PAGE)):
            with self.lock:
                yield from chunk

    def told(self, now: LiveNow | None) -> RunCounts:
        """Return all counts.

        :param now: None where nobody can be asked.
        """
        with self.lock:
            return self._told(now)

    def _told(self, now: LiveNow | None) -> RunCounts:
        tally, rate = self.tally, self.tally.rate()
        nodes = {} if now is None else now.nodes
        return RunCounts(
            state=self.state if now is None else now.state,
            rows=tally.ended,
            total=self.total,
            in_flight=0 if now is None else now.in_flight,
            outcomes=outcomes_told(tally.outcomes),
            surplus=tally.surplus,
            verified_rate=None if rate is None else rate.estimate,
            verified_low=None if rate is None else rate.low,
            verified_high=None if rate is None else rate.high,
            nodes={
                name: _node_told(node, nodes.get(name, (0, 0))) for name, node in self.nodes.items()
            },
            edges=[
                EdgeCount(source=source, target=target, times=times)
                for (source, target), times in self.edges.items()
            ],
            loops=[_loop_told(name, loop) for name, loop in self.loops.items()],
            validators={
                name: ValidatorCount(
                    passed=c["passed"], failed=c["failed"], error=c["error"], skipped=c["skipped"]
                )
                for name, c in tally.validators.items()
            },
            guardrails=[
                GuardCount(name=name, actions=dict(+actions))
                for name, actions in tally.guards.items()
            ],
            spending=self._spending(tally.ended),
            pace=self._pace(tally.ended, is_live=now is not None),
            is_whole=self.is_whole,
            is_live=now is not None,
            damaged=self.damaged,
            said=self.said,
        )

    def take_moved(self) -> Moved | None:
        """Return what moved since this was asked last; None where nothing did."""
        with self.lock:
            return self._moved()

    def _moved(self) -> Moved | None:
        if not self.moved:
            return None
        told = len(self.moved_rows) + len(self.moved_rounds) + len(self.moved_visits)
        moved = Moved(
            rows=list(self.moved_rows),
            rounds=list(self.moved_rounds),
            visits=list(self.moved_visits),
            left_out=self.moved - told,
        )
        for kept in (self.moved_rows, self.moved_rounds, self.moved_visits):
            kept.clear()
        self.moved = 0
        return moved

    def _take_event(self, kind: str, wall: float, data: Mapping[str, Any]) -> None:
        self.last_wall = wall
        if kind in _ANEW and self.is_whole:
            raise CountAnew
        if kind == "started":
            self.starts += 1
            self.started_wall, self.ended_wall, self.cause = wall, None, ""
            self.total = rows_asked(data, self.tally.repeats)
        elif kind in {"finished", "stopped", "broke"}:
            self.cause, self.ended_wall = str(data.get("cause", ""))[:MOST_TEXT], wall
        elif kind == "gates":
            outcomes = data.get("outcomes")
            self.gates = [
                f"{one.get('metric', '')} {one.get('asks', '')}: {one.get('state', '')}"[:MOST_TEXT]
                for one in (outcomes if isinstance(outcomes, list) else ())
                if isinstance(one, Mapping)
            ]
        self.state = _ENDS.get(kind, self.state)

    def _take_visit(self, record: str, key: str, stored: str | bytes) -> None:
        node = _LATER_VISIT.sub("", key) if "#" in key else key
        self.nodes.setdefault(node, _Node()).ok += 1
        open_ = self.open.setdefault(record, _Open())
        if "/" not in node:
            self.edges[open_.at, node] += 1
            open_.at = node
        if self.is_whole:
            self.moved += 1
            self.moved_visits.append(FinishedVisit(row=record[:MOST_TEXT], node=node[:MOST_TEXT]))
        has_none = '"loop":null' in stored if isinstance(stored, str) else b'"loop":null' in stored
        if not has_none:
            self._take_loop(node, whole_value(stored).get("loop"))

    def _take_loop(self, node: str, end: object) -> None:
        if not isinstance(end, Mapping):
            return
        loop, rounds = self.loops.setdefault(node, _Loop()), _number(end.get("rounds"))
        loop.ended += 1
        loop.rounds += rounds
        loop.least = rounds if loop.least is None else min(loop.least, rounds)
        loop.most = rounds if loop.most is None else max(loop.most, rounds)
        loop.refused += _number(end.get("sentinels_refused"))
        loop.stops[str(end.get("stop_reason", ""))[:MOST_TEXT]] += 1

    def _take_round(self, record: str, key: str, number: int, data: Mapping[str, Any]) -> None:
        if data.get("kind", "loop") != "loop":
            return
        node = _LATER_VISIT.sub("", key)
        open_ = self.open.setdefault(record, _Open())
        open_.rounds = open_.rounds or set()
        if (key, number) in open_.rounds:  # a resumed loop wrote it again
            return
        open_.rounds.add((key, number))
        self.loops.setdefault(node, _Loop()).by_round[number] += 1
        if self.is_whole:
            self.moved += 1
            self.moved_rounds.append(_round_told(record, node, number, data))

    def _take_call(self, record: str, path: str, data: Mapping[str, Any]) -> None:
        if not {"usage", "tries", "latency_s"} <= data.keys():
            self.unfit += 1
            return
        self.spent.take_stored(path, data)
        if not (data.get("is_cached") or data.get("from_plugin")):
            open_, usage = self.open.setdefault(record, _Open()), data["usage"]
            open_.nano_usd += data.get("cost_nano_usd") or 0
            open_.tokens += _number(usage["prompt_tokens"]) + _number(usage["completion_tokens"])
        if (node := self._node_of(path)) is not None:
            node.spent.take_stored(path, data)

    def _node_of(self, path: str) -> _Node | None:
        """Return the node to which a call at a path belongs; a step of it is no node."""
        node = _LATER_VISIT.sub("", path) if "#" in path else path
        while node not in self.nodes and "/" in node:
            node = node.rpartition("/")[0]
        return self.nodes.get(node)

    def _take_outcome(
        self, place: int, record: str, outcome: str, reason: str, data: Mapping[str, Any]
    ) -> None:
        self.tally.take(place, outcome, data)
        open_ = self.open.pop(record, None)
        stuck = data.get("at_node") or ""
        if stuck:
            node = self.nodes.setdefault(stuck, _Node())
            node.failed += outcome == "failed"
            node.blocked += outcome != "failed"
            loop = data.get("loop")
            if isinstance(loop, Mapping) and loop.get("node") == stuck:
                self._take_loop(stuck, loop)
        if open_ is not None and self.graph is not None:
            if stuck and "/" not in stuck:
                self.edges[open_.at, stuck] += 1
            elif outcome != "failed" and open_.at != START:
                self.edges[open_.at, END] += 1
        elif stuck and "/" not in stuck:  # it was at its first node
            self.edges[START, stuck] += 1
        for guard in data.get("guards", ()):
            self._take_guard(guard)
        if self.is_whole:
            self.moved += 1
            self._note_pace()
            self.moved_rows.append(
                EndedRow(
                    row=record[:MOST_TEXT], index=place, outcome=outcome, reason=reason[:MOST_TEXT]
                )
            )

    def _take_guard(self, guard: Mapping[str, Any]) -> None:
        said = guard_said(guard)
        if said is not None and (node := self._node_of(str(guard.get("node", "")))) is not None:
            node.guards[said[1]] += 1

    def _spending(self, rows: int) -> Spending:
        spent, budget = self.spent, self.budget
        of_open = sum(one.nano_usd for one in self.open.values())
        tokens_of_open = sum(one.tokens for one in self.open.values())
        total = self.tally.expected(self.total)
        share = None if not rows or total is None else max(1.0, total / rows)
        usd = spent.known_nano_usd / NANO
        return Spending(
            cost_usd=usd,
            tokens=spent.tokens,
            calls=spent.sent,
            from_cache=spent.from_cache,
            unpriced=spent.unpriced,
            all_cost_usd=None
            if share is None or spent.unpriced
            else max(usd, (spent.known_nano_usd - of_open) / NANO * share),
            all_tokens=None
            if share is None
            else max(spent.tokens, round((spent.tokens - tokens_of_open) * share)),
            budget=budget,
            left_usd=None if budget.cost_usd is None else max(0.0, budget.cost_usd - usd),
            left_tokens=None if budget.tokens is None else max(0, budget.tokens - spent.tokens),
        )

    def _note_pace(self) -> None:
        """Note that a row ended; those that are found at one look ended before it, at any time."""
        now_s = self.clock()
        at_s, rows = self.pace[-1] if self.pace else (now_s, 0)
        if rows and now_s - at_s < TOGETHER_S:
            self.pace[-1] = at_s, rows + 1
        else:
            self.pace.append((now_s, 1))

    def _pace(self, rows: int, *, is_live: bool) -> Pace:
        now_s = self.clock()
        while self.pace and now_s - self.pace[0][0] > PACE_S:
            self.pace.popleft()
        since = self.started_wall
        until = time.time() if is_live else (self.ended_wall or self.last_wall)
        elapsed_s = 0.0 if since is None or until is None else max(0.0, until - since)
        per_s = None
        if is_live and len(self.pace) > 1 and now_s - self.pace[0][0] >= LEAST_PACE_S:
            since_the_first = sum(ended for _, ended in self.pace) - self.pace[0][1]
            per_s = since_the_first / (now_s - self.pace[0][0])
        total = self.tally.expected(self.total)
        left_s = max(0, total - rows) / per_s if per_s and total is not None else None
        return Pace(rows_per_s=per_s, elapsed_s=elapsed_s, left_s=left_s)


def outcomes_told(counts: Mapping[str, int]) -> Outcomes:
    """Return how many rows ended where."""
    return Outcomes(
        verified=counts.get("verified", 0),
        rejected=counts.get("rejected", 0),
        failed=counts.get("failed", 0),
        unjudged=counts.get("unjudged", 0),
    )


def budget_of(document: Mapping[str, Any], plan: Mapping[str, str]) -> RunBudget:
    """Return the bounds of a run: the suite's, and over them what it was asked for."""
    suite = document.get("suite")
    own = suite.get("budget") if isinstance(suite, Mapping) else None
    try:
        asked = json.loads(plan.get("asked", "{}")).get("budget")
    except (ValueError, AttributeError):
        asked = None
    own, asked = (one if isinstance(one, Mapping) else {} for one in (own, asked))

    def bound(name: str, asked_name: str) -> float | None:
        value = asked.get(asked_name)
        value = own.get(name) if value is None else value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if is_number else None

    tokens, calls = bound("tokens", "tokens"), bound("calls", "calls")
    return RunBudget(
        cost_usd=bound("usd", "usd"),
        tokens=None if tokens is None else int(tokens),
        calls=None if calls is None else int(calls),
        time_s=bound("time", "time_s"),
    )


def _names(graph: SuiteGraph | None, outer: str = "") -> Iterable[str]:
    for node in graph.nodes if graph is not None else ():
        name = f"{outer}/{node.name}" if outer else node.name
        yield name
        yield from _names(node.inner, name)


def _node_told(node: _Node, now: tuple[int, int]) -> NodeCount:
    spent = node.spent
    return NodeCount(
        waiting=now[0],
        running=now[1],
        ok=node.ok,
        failed=node.failed,
        blocked=node.blocked,
        guards=dict(node.guards),
        calls=spent.calls,
        tokens=spent.tokens,
        cost_usd=spent.known_nano_usd / NANO,
        unpriced=spent.unpriced,
        latency_s=spent.latency_s / spent.sent if spent.sent else None,
    )


def _loop_told(name: str, loop: _Loop) -> LoopCount:
    return LoopCount(
        node=name,
        ended=loop.ended,
        rounds_min=loop.least,
        rounds_max=loop.most,
        rounds_mean=loop.rounds / loop.ended if loop.ended else None,
        stop_reasons=dict(loop.stops),
        by_round={str(number): times for number, times in sorted(loop.by_round.items())},
        refused=loop.refused,
    )


def _round_told(record: str, node: str, number: int, data: Mapping[str, Any]) -> FinishedRound:
    attempts = [one for one in data.get("attempts", ()) if isinstance(one, Mapping)]
    kept = next((one for one in attempts if one.get("is_kept")), attempts[-1] if attempts else {})
    passed = total = None
    for verdict in kept.get("verdicts", ()):
        tests = (verdict.get("evidence") or {}).get("tests") or {}
        for count in tests.values():
            passed = (passed or 0) + _number(count.get("passed"))
            total = (total or 0) + _number(count.get("total"))
    return FinishedRound(
        row=record[:MOST_TEXT],
        node=node[:MOST_TEXT],
        number=number,
        accepted=any(one.get("is_accepted") for one in attempts),
        passed=passed,
        tests=total,
        sentinel=str(data.get("sentinel", ""))[:MOST_TEXT],
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
