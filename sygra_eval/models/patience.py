"""How often and how long one call is tried, and how long it waits in between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sygra_eval.values import CallFailed, RetryLater

Chance = Callable[[], float]
"""A number from 0 to 1, another one each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long one call is tried.

    :ivar tries: Requests that are sent at most; `RetryLater.most_tries` counts those alike.
    :ivar deadline_s: Seconds after admission from which no further try begins.
    :ivar base_s: Upper end of the first wait; it doubles with each try, up to `cap_s`.
    """

    tries: int = 6
    deadline_s: float = 600.0
    base_s: float = 0.5
    cap_s: float = 30.0

    def wait_s(self, failure: RetryLater, tries: int, chance: Chance) -> float:
        """Return how long to wait after `tries` tries: full jitter, never less than was asked.

        What the server asked for is stretched by up to a quarter, so that a crowd which was told
        the same second does not come back in the same second.
        """
        if failure.is_at_once and tries == 1:
            return 0.0
        back_off = chance() * min(self.cap_s, self.base_s * 2.0 ** (tries - 1))
        if failure.after_s is None:
            return back_off
        return max(failure.after_s, back_off) * (1 + chance() / 4)

    def next_wait_s(
        self, failures: Sequence[RetryLater], *, waited_s: float, most_tries: int, chance: Chance
    ) -> float:
        """Return how long to wait for the next try.

        :param waited_s: Seconds since the call was admitted.
        :raises CallFailed: When it is given up.
        """
        last, tries = failures[-1], len(failures)
        counted = "1 try" if tries == 1 else f"{tries} tries"
        alike = sum(failure.kind == last.kind for failure in failures)
        if tries >= most_tries or (last.most_tries and alike >= last.most_tries):
            raise CallFailed(last.kind, f"{last.message} (gave up after {counted})") from last
        wait_s = self.wait_s(last, tries, chance)
        if waited_s + wait_s > self.deadline_s:
            limit = f"the next would start after the limit of {self.deadline_s:g} s"
            raise CallFailed(last.kind, f"{last.message} ({counted}; {limit})") from last
        return wait_s
