"""How far a run is, for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass

from sygra_eval.values import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentSoFar:
    """What a run has spent over all its starts, and what all rows will have come to.

    :ivar usd: Of the calls whose price is known; of `unpriced` calls it is not.
    :ivar usd_a_minute: In this start.
    :ivar all_usd: At the rate of the rows that ended in this start; None while that is unknown.
    """

    usd: float
    tokens: int
    calls: int
    unpriced: int
    usd_a_minute: float
    all_usd: float | None
    all_tokens: int | None
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One look at a run while it goes.

    :ivar rows_done: Rows with an outcome, also those of an earlier start of the same run.
    :ivar rows_total: None when the source has too many to count beforehand.
    :ivar elapsed_s: Seconds since this start; `rows_before` rows had ended before it.
    :ivar finished: The row that ended just now, with its outcome's word; empty for a tick.
    """

    rows_done: int
    rows_total: int | None
    rows_before: int
    verified: int
    rejected: int
    failed: int
    calls_in_flight: int
    calls_done: int
    elapsed_s: float
    finished: tuple[str, str] | None = None
    spent: SpentSoFar | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds that are left at the pace so far; None while that is unknown."""
        ended_now = self.rows_done - self.rows_before
        if self.rows_total is None or ended_now == 0:
            return None
        return self.elapsed_s / ended_now * (self.rows_total - self.rows_done)


ShowProgress = Callable[[Progress], None]
