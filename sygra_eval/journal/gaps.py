"""Which places of a source have no outcome yet, and which of them are asked for at a look.

Rows end in another order than they begin, and a run may take only some rows of its source: then
most places stay empty for good. To ask for all of them at each look would cost the more the longer
the run is. So the newest are asked for each time, as most rows end there, and of those before them
some in turn.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

Gap = tuple[int, int]
"""Its first place and its last."""

MOST_ASKED = 4096
"""So many gaps are asked for at a look: half of them the newest, half of them in turn."""


@dataclass(slots=True)
class Gaps:
    """The places without an outcome, below the last that has one.

    :ivar open: The gaps, in order.
    """

    last: int = -1
    open: list[Gap] = field(default_factory=list)
    _turn: int = 0  # the place where the next look goes on with the older ones
    _passes_left: int = 0  # through all older ones, until each was asked for

    def take(self, place: int) -> bool:
        """Note that a place has its outcome; say whether that is new."""
        if place > self.last:
            if place > self.last + 1:
                self.open.append((self.last + 1, place - 1))
            self.last = place
            return True
        at = bisect_right(self.open, place, key=lambda gap: gap[0]) - 1
        if at < 0 or place > self.open[at][1]:
            return False
        first, end = self.open.pop(at)
        rest = [(first, place - 1), (place + 1, end)]
        self.open[at:at] = [gap for gap in rest if gap[0] <= gap[1]]
        return True

    @property
    def are_asked(self) -> bool:
        """Whether each gap was asked for since `ask_again`."""
        return self._passes_left == 0

    def ask_again(self) -> None:
        """Note that an outcome may have come in any of them."""
        self._passes_left = 2  # the one that goes on has passed some of them already

    def to_ask(self) -> tuple[list[Gap], "Asked"]:
        """Return the gaps to look into now, in order, and what `take_asked` wants to know."""
        older = max(0, len(self.open) - MOST_ASKED // 2)
        begin = bisect_left(self.open, self._turn, hi=older, key=lambda gap: gap[0])
        begin = 0 if begin == older else begin
        end = min(older, begin + MOST_ASKED // 2)
        is_last = end == older
        turn = 0 if is_last else self.open[end][0]
        asked = Asked(turn=turn, is_last=is_last, is_first=begin == 0)
        return self.open[begin:end] + self.open[older:], asked

    def take_asked(self, asked: "Asked") -> None:
        """Note that what `to_ask` returned was looked into, to its end."""
        self._turn = asked.turn
        if asked.is_last:
            self._passes_left = 0 if asked.is_first else max(0, self._passes_left - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How far through the older gaps a look comes.

    :ivar turn: Where the next one goes on.
    :ivar is_first: It begins with the first of them; `is_last`: it comes to the last.
    """

    turn: int
    is_first: bool
    is_last: bool
