"""Places in a source that are remembered as runs of neighbours, so that a million are a few."""

from array import array
from bisect import bisect_right


class Places:
    """Whole numbers that were added in rising order; where they have no gaps they cost nothing."""

    def __init__(self) -> None:
        self._firsts = array("q")
        self._ends = array("q")  # one behind the last of each run

    def add(self, place: int) -> None:
        """Add one that is greater than all before."""
        if self._ends and self._ends[-1] == place:
            self._ends[-1] += 1
        else:
            self._firsts.append(place)
            self._ends.append(place + 1)

    def clear(self) -> None:
        """Forget all of them."""
        self._firsts, self._ends = array("q"), array("q")

    def __contains__(self, place: int) -> bool:
        run = bisect_right(self._firsts, place) - 1
        return run >= 0 and place < self._ends[run]
