"""How a run began, goes and ended, by the events in its journal, and how fast rows end."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.engine import rows_asked
from sygra_eval.studio.live.counting.stored import MOST_TEXT, mappings
from sygra_eval.studio.live.told import Pace, RunState

PACE_S = 30.0
LEAST_PACE_S = 1.0
TOGETHER_S = 0.1
_ENDS: Mapping[str, RunState] = {
    "started": "killed",
    "finished": "finished",
    "stopped": "interrupted",
    "broke": "incomplete",
    "plan_changed": "killed",
    "repaired": "killed",
}
ANEW = frozenset({"started", "plan_changed", "repaired", "took_in"})
"""After these, rows may be gone that were counted."""


@dataclass(slots=True)
class Life:
    """What the events say.

    :ivar state: As it is where nobody works on the run.
    :ivar total: So many rows it was to take; None where that is not known.
    :ivar started_wall: Of the last start, by the wall clock.
    :ivar repeats: So often each row of the source is run.
    """

    state: RunState = "killed"
    cause: str = ""
    total: int | None = None
    started_wall: float | None = None
    ended_wall: float | None = None
    last_wall: float | None = None
    gates: list[str] = field(default_factory=list)
    repeats: int = 1
    clock: Callable[[], float] = time.monotonic
    _ends: deque[tuple[float, int]] = field(default_factory=deque)

    def take_event(self, kind: str, wall: float, data: Mapping[str, Any]) -> None:
        """Take what happened to the run itself."""
        self.last_wall = wall
        if kind == "started":
            self.started_wall, self.ended_wall, self.cause = wall, None, ""
            self.total = rows_asked(data, self.repeats)
        elif kind in {"finished", "stopped", "broke"}:
            self.cause, self.ended_wall = str(data.get("cause", ""))[:MOST_TEXT], wall
        elif kind == "gates":
            self.gates = [
                f"{one.get('metric', '')} {one.get('asks', '')}: {one.get('state', '')}"[:MOST_TEXT]
                for one in mappings(data.get("outcomes"))
            ]
        self.state = _ENDS.get(kind, self.state)

    def row_ended(self) -> None:
        """Note that a row ended; those that are found at one look ended before it, at any time."""
        now_s = self.clock()
        at_s, rows = self._ends[-1] if self._ends else (now_s, 0)
        if rows and now_s - at_s < TOGETHER_S:
            self._ends[-1] = at_s, rows + 1
        else:
            self._ends.append((now_s, 1))

    def pace(self, rows: int, expected: int | None, *, is_live: bool) -> Pace:
        """Return how fast it goes.

        :param rows: So many ended.
        :param expected: So many will have ended in the end; None where nobody can say.
        """
        now_s, ends = self.clock(), self._ends
        while ends and now_s - ends[0][0] > PACE_S:
            ends.popleft()
        since = self.started_wall
        until = time.time() if is_live else (self.ended_wall or self.last_wall)
        elapsed_s = 0.0 if since is None or until is None else max(0.0, until - since)
        per_s = None
        if is_live and len(ends) > 1 and now_s - ends[0][0] >= LEAST_PACE_S:
            since_the_first = sum(ended for _, ended in ends) - ends[0][1]
            per_s = since_the_first / (now_s - ends[0][0])
        left_s = max(0, expected - rows) / per_s if per_s and expected is not None else None
        return Pace(rows_per_s=per_s, elapsed_s=elapsed_s, left_s=left_s)
