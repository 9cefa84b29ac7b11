"""What moved since it was told last: the newest of it, and how much more there was."""

from collections import deque
from dataclasses import dataclass, field

from sygra_eval.studio.live.counting.stored import MOST_TEXT
from sygra_eval.studio.live.told import EndedRow, FinishedRound, FinishedVisit, Moved

MOST_MOVED = 200


@dataclass(slots=True)
class Newest:
    """Rows, rounds and visits that ended; the oldest of them go where they are too many."""

    _rows: deque[EndedRow] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))
    _rounds: deque[FinishedRound] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))
    _visits: deque[FinishedVisit] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))
    _all: int = 0

    def row_ended(self, record: str, place: int, outcome: str, reason: str) -> None:
        """Note the end of a row."""
        self._all += 1
        row, reason = record[:MOST_TEXT], reason[:MOST_TEXT]
        self._rows.append(EndedRow(row=row, index=place, outcome=outcome, reason=reason))

    def round_finished(self, finished: FinishedRound) -> None:
        """Note the end of a round."""
        self._all += 1
        self._rounds.append(finished)

    def node_visited(self, record: str, node: str) -> None:
        """Note that a record went through a node."""
        self._all += 1
        self._visits.append(FinishedVisit(row=record[:MOST_TEXT], node=node[:MOST_TEXT]))

    def take(self) -> Moved | None:
        """Return all of it and keep nothing; None where there is nothing."""
        if not self._all:
            return None
        told = len(self._rows) + len(self._rounds) + len(self._visits)
        moved = Moved(
            rows=list(self._rows),
            rounds=list(self._rounds),
            visits=list(self._visits),
            left_out=self._all - told,
        )
        for kept in (self._rows, self._rounds, self._visits):
            kept.clear()
        self._all = 0
        return moved
