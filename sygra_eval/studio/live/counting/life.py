"""How a run began, goes and ended, by the events in its journal, and how fast rows end."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.engine import rows_asked
from sygra_eval.studio.live.counting.stored import MOST_TEXT, mappings
from sygra_eval.studio.live.told import Pace, RunState

PACE_S = 30.0
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
    """

    state: RunState = "killed"
    cause: str = ""
    total: int | None = None
    started_wall: float | None = None
    ended_wall: float | None = None
    last_wall: float | None = None
    gates: list[str] = field(default_factory=list)
    _ends: deque[float] = field(default_factory=deque)

    def take_event(self, kind: str, wall: float, data: Mapping[str, Any]) -> None:
        """Take what happened to the run itself."""
        self.last_wall = wall
        if kind == "started":
            self.started_wall, self.ended_wall, self.cause = wall, None, ""
            self.total = rows_asked(data)
        elif kind in {"finished", "stopped", "broke"}:
            self.cause, self.ended_wall = str(data.get("cause", ""))[:MOST_TEXT], wall
        elif kind == "gates":
            self.gates = [
                f"{one.get('metric', '')} {one.get('asks', '')}: {one.get('state', '')}"[:MOST_TEXT]
                for one in mappings(data.get("outcomes"))
            ]
        self.state = _ENDS.get(kind, self.state)

    def row_ended(self) -> None:
        """Note that a row ended just now."""
        self._ends.append(time.monotonic())

    def pace(self, rows: int, *, is_live: bool) -> Pace:
        """Return how fast it goes, so many rows having ended."""
        now_s = time.monotonic()
        while self._ends and now_s - self._ends[0] > PACE_S:
            self._ends.popleft()
        since = self.started_wall
        until = time.time() if is_live else (self.ended_wall or self.last_wall)
        elapsed_s = 0.0 if since is None or until is None else max(0.0, until - since)
        per_s = None
        if is_live and len(self._ends) > 1:
            per_s = (len(self._ends) - 1) / max(0.001, now_s - self._ends[0])
        left_s = (self.total - rows) / per_s if per_s and self.total is not None else None
        return Pace(rows_per_s=per_s, elapsed_s=elapsed_s, left_s=left_s)
