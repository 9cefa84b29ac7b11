"""Stops asking an endpoint that is down, and finds out when it is back.

Pure rules on a clock that is handed in. What counts is how many *records* fail, not how many calls:
one prompt on which a server always breaks is that prompt's fault.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

WINDOW = 50
FEWEST_FAILING = 5
OPENS_AT = 0.5
LEAST_SPAN_S = 10.0
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0


class Circuit(StrEnum):
    """Whether calls are sent: all, none, or one that tries."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Breaker:
    """The circuit of one endpoint.

    It opens when, of the records of the last 50 calls, at least half (and at least five) failed at
    their last call, over at least ten seconds. After a pause one call tries; every time that it
    fails too the pause doubles, up to a minute.

    :ivar state: Whether calls are sent.
    :ivar down_since_s: When the first call failed of those that opened it; None while it is closed.
    """

    state: Circuit = Circuit.CLOSED
    down_since_s: float | None = None
    _calls: deque[tuple[str, float, bool]] = field(default_factory=deque)
    _pause_s: float = FIRST_PAUSE_S
    _try_at_s: float = 0.0

    def wait_s(self, now_s: float) -> float | None:
        """Return in how many seconds a call may go; None when it depends on the one that tries."""
        match self.state:
            case Circuit.CLOSED:
                return 0.0
            case Circuit.OPEN:
                return max(0.0, self._try_at_s - now_s)
            case Circuit.HALF_OPEN:
                return None

    def sent(self) -> None:
        """Note that a call goes; while the circuit is open it is the one that tries."""
        if self.state is Circuit.OPEN:
            self.state = Circuit.HALF_OPEN

    def given_up(self) -> None:
        """Note that a call ended without saying anything of the endpoint, as a cancelled one."""
        if self.state is Circuit.HALF_OPEN:
            self.state = Circuit.OPEN

    def answered(self, record: str, now_s: float) -> None:
        """Note that the endpoint works; a refusal that is an answer counts as one."""
        if self.state is not Circuit.CLOSED:
            self.state, self.down_since_s, self._pause_s = Circuit.CLOSED, None, FIRST_PAUSE_S
            self._calls.clear()
        self._note(record, now_s, has_failed=False)

    def failed(self, record: str, now_s: float) -> None:
        """Note that no answer came, or one of a broken server."""
        self._note(record, now_s, has_failed=True)
        if self.state is Circuit.HALF_OPEN:
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
            self._open(now_s)
        elif self.state is Circuit.CLOSED and self._is_down(now_s):
            self.down_since_s = min(at_s for _, at_s, failed in self._calls if failed)
            self._open(now_s)

    def _open(self, now_s: float) -> None:
        self.state = Circuit.OPEN
        self._try_at_s = now_s + self._pause_s

    def _note(self, record: str, now_s: float, *, has_failed: bool) -> None:
        self._calls.append((record, now_s, has_failed))
        if len(self._calls) > WINDOW:
            self._calls.popleft()

    def _is_down(self, now_s: float) -> bool:
        last = {record: failed for record, _, failed in self._calls}
        failing = sum(last.values())
        span_s = now_s - self._calls[0][1]
        return failing >= max(FEWEST_FAILING, OPENS_AT * len(last)) and span_s >= LEAST_SPAN_S
