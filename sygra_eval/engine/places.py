"""Where the records of a run are now: at which node, and whether a call of theirs waits there.

Counted in this process alone, as visits begin and end; two additions for each of them.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

_LATER_VISIT = re.compile(r"#\d+")


@dataclass(slots=True)
class Places:
    """How many visits are open by node, of a node inside another one by `outer/inner`.

    :ivar are_elsewhere: Workers settle the rows, so nothing of it is known here.
    :ivar waiting: How many calls wait for a slot, a rate or a budget, by the node they are of.
    """

    open: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    are_elsewhere: bool = False

    def begin(self, key: str) -> str:
        """Note that a visit begins; return what to end it by."""
        node = _LATER_VISIT.sub("", key) if "#" in key else key
        self.open[node] += 1
        return node

    def end(self, node: str) -> None:
        """Note that a visit has ended."""
        self.open[node] -= 1

    def wait(self, path: str) -> str:
        """Note that a call of a node, or of a step in it, waits; return what to end it by."""
        node = _LATER_VISIT.sub("", path) if "#" in path else path
        while node not in self.open and "/" in node:
            node = node.rpartition("/")[0]
        self.waiting[node] += 1
        return node

    def sent(self, node: str) -> None:
        """Note that it waits no more."""
        self.waiting[node] -= 1

    def waiting_and_running(self) -> dict[str, tuple[int, int]]:
        """Return by node how many visits wait, and how many do something."""
        told = {}
        for node, visits in self.open.items():
            waiting = min(visits, self.waiting[node])
            told[node] = waiting, visits - waiting
        return told
