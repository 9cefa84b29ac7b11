"""One run, as many tabs as like looking at it: its journal is read once for all of them.

`RunWatch.look` is called in a thread. It reads what the journal has that is new, asks the process
that works on the run what only that knows, and says what of it has changed.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.engine import (
    ControlRefused,
    LiveView,
    NotRunning,
    look_at,
    suite_document,
    watch_run,
)
from sygra_eval.journal import PARTS, JournalTail, lock_owner, names_of_parts
from sygra_eval.studio.graphs import SuiteGraph, graph_in
from sygra_eval.studio.live.counting import (
    MOST_TEXT,
    CountAnew,
    Counting,
    LiveNow,
    Places,
    budget_of,
)
from sygra_eval.studio.live.told import (
    Control,
    Delta,
    EndpointNow,
    Moved,
    RunCounts,
    RunState,
)
from sygra_eval.values import UsageError

JOURNAL = "journal.db"
ASK_EACH_S = 0.5
LOOK_AT_LOCK_EACH_S = 1.0
_CAN_RESUME = frozenset({"killed", "interrupted", "incomplete"})
_CONTROL = ("pause", "go_on", "stop")


class Gone(Exception):
    """The run's folder is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look found; None is nothing new.

    :ivar has_ended: Nobody works on it any more, and somebody did before.
    """

    counts: RunCounts | None
    moved: Moved | None
    control: Control | None
    endpoints: list[EndpointNow]
    has_ended: bool


@dataclass(slots=True, eq=False)
class RunWatch:
    """One run that is looked at; `look` is for one thread at a time.

    :ivar plan: The plan rows of its journal.
    """

    folder: Path
    plan: Mapping[str, str] = field(default_factory=dict)
    graph: SuiteGraph | None = None
    places: Places = field(default_factory=Places)
    document: Mapping[str, Any] = field(default_factory=dict)
    view: LiveView | None = None
    why_not: str = ""
    is_locked: bool = False
    counting: Counting | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)
    _tails: dict[str, JournalTail] = field(default_factory=dict)
    _inode: int = 0
    _asked_s: float = -1e9
    _locked_s: float = -1e9
    _last_counts: RunCounts | None = None
    _last_control: tuple[Control, list[EndpointNow]] | None = None
    _has_more: bool = True
    _was_going: bool = False

    def close(self) -> None:
        """Let go of its journals."""
        with self.turn:
            for tail in self._tails.values():
                tail.close()
            self._tails = {}

    def look(self, *, is_asked: bool = True) -> Look:
        """Look at it once.

        :param is_asked: Its process is asked too, where it has one and that is due.
        :raises Gone: When its folder was removed.
        :raises UsageError: When its journal cannot be read.
        """
        with self.turn:
            self._look_at_the_lock()
            self._read()
            if is_asked:
                self._ask()
            was_going, self._was_going = self._was_going, self.is_locked
            return self._new(has_ended=was_going and not self.is_locked)

    def catch_up(self) -> None:
        """Read what is new and keep it for the next look; raises as `look`."""
        with self.turn:
            self._look_at_the_lock()
            self._read()
            self._ask()

    def tell_again(self) -> None:
        """Have the next look find all of it new, as there is somebody new."""
        self._last_counts = self._last_control = None

    @property
    def is_caught_up(self) -> bool:
        """Whether all of the journal is read."""
        return not self._has_more

    def counts(self) -> RunCounts:
        """Return the counts as they are."""
        assert self.counting is not None, "it was looked at"  # noqa: S101
        return self.counting.told(self.now())

    @property
    def state(self) -> RunState:
        """What the run is at."""
        if self.view is not None:
            if self.view.is_draining:
                return "draining"
            return "paused" if self.view.is_paused else "running"
        if self.is_locked:
            return "running"
        return self.counting.life.state if self.counting is not None else "unreadable"

    def now(self) -> LiveNow | None:
        """Return what only its process knows; None where nobody works on it."""
        view = self.view
        if view is None:
            in_flight = len(self.counting.open) if self.counting is not None else 0
            return (
                LiveNow(state="running", in_flight=in_flight, nodes={}) if self.is_locked else None
            )
        nodes = {one.node[:MOST_TEXT]: (one.waiting, one.running) for one in view.nodes}
        return LiveNow(state=self.state, in_flight=view.rows.in_flight, nodes=nodes)

    def control(self) -> tuple[Control, list[EndpointNow]]:
        """Return what can be done to it, and its endpoints."""
        view = self.view
        is_asked = view is not None and not view.is_draining and set(_CONTROL) <= {*view.knows}
        why_not = self.why_not
        if view is not None and not view.knows:
            why_not = "the run is of an older version: it can be stopped by Ctrl-C where it runs"
        control = Control(
            can_pause=is_asked,
            can_kill=self.is_locked and view is not None,
            can_resume=not self.is_locked and self.state in _CAN_RESUME,
            why_not=why_not if self.is_locked else "",
            has_deltas=view is not None and view.is_streamed,
        )
        return control, [] if view is None else _endpoints(view)

    def _new(self, *, has_ended: bool) -> Look:
        counting = self.counting
        assert counting is not None, "it was read"  # noqa: S101
        counts, control = counting.told(self.now()), self.control()
        is_same = self._last_counts is not None and _timeless(counts) == _timeless(
            self._last_counts
        )
        is_same_control = control == self._last_control
        self._last_counts, self._last_control = counts, control
        return Look(
            counts=None if is_same else counts,
            moved=counting.take_moved(),
            control=None if is_same_control else control[0],
            endpoints=control[1],
            has_ended=has_ended,
        )

    def _look_at_the_lock(self) -> None:
        now_s = time.monotonic()
        if now_s - self._locked_s >= LOOK_AT_LOCK_EACH_S or self.is_locked is False:
            self._locked_s = now_s
            self.is_locked = lock_owner(self.folder) is not None

    def _read(self) -> None:
        try:
            inode = (self.folder / JOURNAL).stat().st_ino
        except OSError:
            raise Gone(f"{self.folder.parent.name}/{self.folder.name} was removed") from None
        parts = {f"{PARTS}/{name}.db" for name in names_of_parts(self.folder)}
        is_other = inode != self._inode or bool(set(self._tails) - parts - {JOURNAL})
        if is_other:
            self._begin(inode)
        for name in sorted(parts - set(self._tails)):
            with contextlib.suppress(UsageError, OSError):  # it begins or ends just now
                self._tails[name] = JournalTail(self.folder / name)
        changed = [tail.has_changed() for tail in self._tails.values()]
        if not (any(changed) or self._has_more):
            return
        assert self.counting is not None, "it was begun"  # noqa: S101
        try:
            self._has_more = self.counting.read([*self._tails.values()])
        except CountAnew:
            self._begin(inode)
            self._has_more = True

    def _begin(self, inode: int) -> None:
        """Begin to count from the beginning."""
        for tail in self._tails.values():
            tail.close()
        path = self.folder / JOURNAL
        self._tails = {JOURNAL: JournalTail(path)}
        self._inode, self._has_more = inode, True
        self.plan = self._tails[JOURNAL].plan()
        try:
            self.document = suite_document(self.folder)
        except UsageError:
            self.document = {}
        self.graph = graph_in(self.document)
        self.places = Places.of(self.graph)
        self.counting = Counting.of(self.graph, budget_of(self.document, self.plan))

    def _ask(self) -> None:
        now_s = time.monotonic()
        if now_s - self._asked_s < ASK_EACH_S:
            return
        self._asked_s = now_s
        if not self.is_locked:
            self.view, self.why_not = None, ""
            return
        try:
            self.view, self.why_not = look_at(self.folder), ""
        except NotRunning:
            self.view = None
            self.why_not = "the run begins or ends just now, or its disk holds no sockets"
        except (ControlRefused, OSError) as error:
            self.view, self.why_not = None, str(error)[:MOST_TEXT]


def hear(watch: RunWatch, tell: Callable[[list[Delta]], None], is_over: Callable[[], bool]) -> None:
    """Hand on the texts of a run until it is over; for a thread of its own."""
    try:
        for told in watch_run(watch.folder, is_over=is_over):
            deltas = [
                _delta(one, watch.places)
                for one in told.get("deltas", ())
                if isinstance(one, Mapping)
            ]
            if deltas:
                tell(deltas)
    except (NotRunning, ControlRefused, OSError):
        return


def _delta(told: Mapping[str, Any], places: Places) -> Delta:
    place = places.of_call(str(told.get("node", "")))
    return Delta(
        row=str(told.get("record", ""))[:MOST_TEXT],
        node=place.node[:MOST_TEXT],
        step=place.step,
        validator=None if place.validator is None else place.validator[:MOST_TEXT],
        call=str(told.get("call", ""))[:MOST_TEXT],
        text=str(told.get("text", "")),
        is_cut=bool(told.get("is_cut")),
    )


def _timeless(counts: RunCounts) -> RunCounts:
    """Leave out what changes by itself."""
    still = counts.pace.model_copy(update={"elapsed_s": 0.0, "left_s": None, "rows_per_s": None})
    return counts.model_copy(update={"pace": still})


def _endpoints(view: LiveView) -> list[EndpointNow]:
    endpoints = [
        EndpointNow(
            of=one.endpoint[:MOST_TEXT],
            is_model=False,
            in_flight=one.in_flight,
            waiting=one.waiting,
            max_concurrency=one.limit,
            requests_per_minute=one.requests_per_minute,
            tokens_per_minute=one.tokens_per_minute,
            circuit=one.circuit[:MOST_TEXT],
        )
        for one in view.endpoints
    ]
    models = [
        EndpointNow(
            of=one.model[:MOST_TEXT],
            is_model=True,
            in_flight=one.in_flight,
            waiting=one.waiting,
            max_concurrency=one.most,
            requests_per_minute=one.requests_per_minute,
            tokens_per_minute=one.tokens_per_minute,
            circuit=None,
        )
        for one in view.models
    ]
    return endpoints + models


def asked_in(plan: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what a run was asked for beside its suite."""
    try:
        asked = json.loads(plan.get("asked", "{}"))
    except ValueError:
        return {}
    return asked if isinstance(asked, Mapping) else {}
