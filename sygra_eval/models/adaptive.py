"""How many calls an endpoint bears at once, found out from what it answers.

Pure rules on a clock that is handed in: `AdaptiveLimit` is told of every outcome and says what the
limit is now. A rate limit met by one call is that call's own affair, as it waits what the server
asked for; only a *share* of them says that all calls together are too many. Start and figures come
from a simulation of three kinds of endpoint (tests/models/test_adaptive.py repeats it).
"""

import math
from collections import deque
from dataclasses import dataclass, field

FIRST = 8
LEAST_SEEN = 100  # of 40 too many have 15 % by chance where 6 % are refused: docs/decisions/0019
CUT_SHARE = 0.15
CHANCE = 0.5  # so 20 of 100, which 6 % come to by chance once in some 500,000 times
CUT_TO = 0.7
SATURATED = 0.8
NEAR_CEILING = 0.9
CEILING_HOLDS_S = 30.0
SHORTEST_EPISODE_S = 1.0


@dataclass(slots=True)
class AdaptiveLimit:
    """The limit of one endpoint and account.

    Slow start: the limit doubles with every round of good answers that used it. It is cut to 0.7
    when 429 and 503 are more than 15 % of the last outcomes (100, or as many as the limit) and more
    than chance makes of a smaller share (of 100 outcomes, 20), once per episode: the server's
    `Retry-After` or the time of one answer, whichever is longer. Where it was cut is remembered for
    30 s: it climbs back fast to nine tenths of that, then by one a round.

    :ivar most: Never more than this; it may be changed while calls run.
    :ivar current: The limit now.
    :ivar ceiling: Where it was last cut; None when that is too long ago to count.
    """

    most: int
    current: int = 0
    least: int = 1
    ceiling: int | None = None
    cuts: int = 0
    _ceiling_at_s: float = 0.0
    _deaf_until_s: float = float("-inf")
    _answer_s: float = 0.0
    _good: int = 0
    _peak: int = 0
    _refusals: int = 0
    _outcomes: deque[tuple[bool, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"a limit of {self.most} calls lets none through")
        self.current = min(self.most, self.current or FIRST)

    def allow_most(self, most: int) -> None:
        """Take another upper bound: what was held by the old one goes to it at once.

        A limit below the old bound was cut, or is still climbing: it goes on from where it is.
        """
        if most < 1:
            raise ValueError(f"a limit of {most} calls lets none through")
        self.current = most if self.current == self.most else min(self.current, most)
        self.most = most

    def begin_at(self, limit: int) -> None:
        """Go up to a limit that somebody named, unless it was cut and that still counts."""
        if self.ceiling is None:
            self.current = max(self.current, min(self.most, limit))

    def answered(self, now_s: float, *, in_flight: int, took_s: float) -> None:
        """Note a good answer; `in_flight` counts it too."""
        self._answer_s = took_s if not self._answer_s else 0.8 * self._answer_s + 0.2 * took_s
        self._peak = max(self._peak, in_flight)
        if now_s < self._deaf_until_s:
            return  # sent before the cut: it says nothing of the limit that holds now
        self._note(in_flight, is_refusal=False)
        self._good += 1
        if self._good >= max(FIRST, self.current):
            self._end_round(now_s)

    def refused(self, now_s: float, *, in_flight: int, after_s: float | None = None) -> None:
        """Note that the endpoint had too much to do (429, 503, 529); `in_flight` counts it too."""
        if now_s < self._deaf_until_s:
            return
        self._note(in_flight, is_refusal=True)
        if len(self._outcomes) >= LEAST_SEEN and not self._is_calm():
            self._cut(now_s, after_s)

    def troubled(self) -> None:
        """Note any other fault of the endpoint: no reason to cut, and none to grow."""
        self._good = self._peak = 0

    def _note(self, in_flight: int, *, is_refusal: bool) -> None:
        self._outcomes.append((is_refusal, in_flight))
        self._refusals += is_refusal
        while len(self._outcomes) > max(LEAST_SEEN, self.current):
            self._refusals -= self._outcomes.popleft()[0]

    def _is_calm(self) -> bool:
        """Say whether few of the calls were refused that were sent while the last ones ended.

        Where the limit has grown, more were sent than ended, and what is still on its way is mostly
        good: a refusal comes at once, and an answer takes its time.
        """
        if not self._outcomes:
            return True
        grown = max(0, self._outcomes[-1][1] - self._outcomes[0][1])
        sent = len(self._outcomes) + grown
        return self._refusals < CUT_SHARE * sent + CHANCE * math.sqrt(sent)

    def _cut(self, now_s: float, after_s: float | None) -> None:
        self.ceiling, self._ceiling_at_s = self.current, now_s
        self.current = max(self.least, int(self.current * CUT_TO))
        self._deaf_until_s = now_s + max(after_s or 0.0, self._answer_s, SHORTEST_EPISODE_S)
        self._outcomes.clear()
        self._refusals = 0
        self._good = self._peak = 0
        self.cuts += 1

    def _end_round(self, now_s: float) -> None:
        """Grow, where a round was good and the limit was what bounded it."""
        is_saturated = self._peak >= SATURATED * self.current
        self._good = self._peak = 0
        if not (is_saturated and self._is_calm()):
            return
        if self.ceiling is not None and now_s - self._ceiling_at_s > CEILING_HOLDS_S:
            self.ceiling = None
        ceiling = self.most if self.ceiling is None else self.ceiling
        fast = min(self.current * 2, int(ceiling * NEAR_CEILING))
        self.current = min(self.most, max(self.current + 1, fast))
