"""What a start of a run has done so far: for progress, for the log, and noted as it goes."""

import contextlib
import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sygra_eval.engine.blocked import OnBlocked
from sygra_eval.engine.canaries import ALARM, has_held
from sygra_eval.engine.progress import Progress, ShowProgress, SpentSoFar
from sygra_eval.engine.run_log import RunLog
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.slots import Slots
from sygra_eval.engine.target import Approach
from sygra_eval.values import Outcome, RecordEnd

NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the taking of rows beside the models.

    :ivar max_failures: So many rows that are rejected or failed end the run.
    :ivar rows_in_flight: At most so many rows at a time.
    :ivar slowest: So many rows are kept that took longest.
    """

    max_failures: int | None = None
    rows_in_flight: int | None = None
    slowest: int = 0

    def in_flight(self, most: int, concurrency: int) -> int:
        """Return how many rows may be in flight.

        :param most: As many as there could be else.
        :param concurrency: As many as the models take at once.
        """
        bounds = [most]
        if self.rows_in_flight is not None:
            bounds.append(self.rows_in_flight)
        if self.max_failures is not None:  # what is begun beyond the last failure is spent
            bounds.append(2 * min(concurrency, *bounds))
        return max(1, min(bounds))


@dataclass(slots=True)
class Running:
    """Outcomes so far, of earlier starts too, for progress; the journal is what counts.

    :ivar slots: Those of the records in flight.
    :ivar approach: To so many verified rows as are asked for.
    :ivar blocked_by: Who held the loop up, here or in a worker; `on_blocked` is told of each.
    :ivar limits: What the user lets it take.
    :ivar slowest: A heap of the rows that took longest in this start, as (seconds, id).
    :ivar held: Of the rejected rows the canaries that were to be.
    :ivar row_s: Seconds that each row took in this start, while a sample is measured.
    """

    total: int | None
    before: int
    started: float
    show: ShowProgress | None
    log: RunLog
    done: int
    counts: dict[Outcome, int]
    slots: Slots
    approach: Approach
    nano_usd_before: int = 0
    row_s: list[float] | None = None
    paused_at: float | None = None
    blocked_by: set[str] = field(default_factory=set)
    on_blocked: OnBlocked | None = None
    limits: "Limits" = field(default_factory=lambda: Limits())
    slowest: list[tuple[float, str]] = field(default_factory=list)
    held: int = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds of this start, without those in which somebody was asked something."""
        now = time.monotonic() if self.paused_at is None else self.paused_at
        return now - self.started

    @property
    def has_failed_enough(self) -> bool:
        """Whether so many rows did not pass that no further ones begin."""
        most = self.limits.max_failures
        failures = self.counts[Outcome.REJECTED] + self.counts[Outcome.FAILED] - self.held
        return most is not None and failures >= most

    def slowest_told(self) -> list[str]:
        """Return a line for each of the rows that took longest in this start."""
        ordered = sorted(self.slowest, key=lambda timed: (-timed[0], timed[1]))
        return [f"{seconds:9.3f} s  row {row_id}" for seconds, row_id in ordered]

    def failures_noted(self) -> dict[str, int]:
        """Return what is journalled where failures ended the run."""
        return {"failures": self.limits.max_failures or 0} if self.has_failed_enough else {}

    def rows(self) -> dict[str, int | None]:
        """Return how many rows are where."""
        counts = {outcome.value: count for outcome, count in self.counts.items()}
        return {"done": self.done, "total": self.total, **counts}

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let the time stand still."""
        self.paused_at = time.monotonic()
        try:
            yield
        finally:
            self.started += time.monotonic() - self.paused_at
            self.paused_at = None


def has_ended(setting: Setting, running: Running, index: int) -> bool:
    """Say whether the row at this place ended in an earlier start, or in this one's sample."""
    if not setting.is_resumed:
        return False
    if running.approach.target is None:
        return setting.journal.has_outcome(index)
    outcome = setting.journal.reader.outcome_kind(index)
    if outcome is not None:
        running.approach.count(outcome)
    return outcome is not None


def row_ended(
    setting: Setting, running: Running, end: RecordEnd, took_s: float, tell: Callable[[str], None]
) -> None:
    """Count a row, and show it to all who watch."""
    setting.plugins.observe("sygra_record_finished", tell, record=end)
    setting.watch.row_ended(end, setting.spending.cost_usd_of(end.row_id))
    if end.reason == ALARM:
        tell(f"row {end.row_id}: {ALARM}")
    running.done += 1
    running.approach.count(end.outcome)
    running.counts[end.outcome] += 1
    running.held += has_held(setting.suite, end)
    if running.row_s is not None:
        running.row_s.append(took_s)
    if running.limits.slowest:
        heapq.heappush(running.slowest, (took_s, end.row_id))
        if len(running.slowest) > running.limits.slowest:
            heapq.heappop(running.slowest)
    setting.spending.ended(end.row_id)
    running.log.event("row_ended", row=end.row_id, outcome=end.outcome.value, reason=end.reason)
    if running.show is None:
        return
    running.show(
        Progress(
            rows_done=running.done,
            rows_total=running.total,
            rows_before=running.before,
            verified=running.counts[Outcome.VERIFIED],
            rejected=running.counts[Outcome.REJECTED],
            failed=running.counts[Outcome.FAILED],
            calls_in_flight=setting.gateway.in_flight,
            calls_done=setting.counters.calls_sent,
            elapsed_s=running.elapsed_s,
            finished=(end.row_id, end.outcome.value),
            spent=_spent_so_far(setting, running),
        )
    )


def noted(setting: Setting, running: Running) -> dict[str, Any]:
    """Return what is journalled of a start while it goes, and at its end."""
    spending = setting.spending
    return {
        "wall_s": running.elapsed_s,
        **asdict(setting.counters),
        "rows_ended": running.done,
        "damaged": setting.journal.damaged,
        "spent": {**asdict(spending.spent), "unpriced": spending.unpriced},
    }


def _spent_so_far(setting: Setting, running: Running) -> SpentSoFar:
    """Return what is spent, and what all rows will come to as those did that ended in this start.

    What rows that have not ended came to so far is left out of it, as it belongs to rows that are
    counted in full.
    """
    spending = setting.spending
    spent, ended = spending.spent, spending.rows_ended
    nano_usd = tokens = None
    total = running.approach.expected(running.total)
    if total is not None and ended:
        left = max(0, total - running.done) / ended
        unfinished, of_ended = spending.of_open, spending.of_ended
        nano_usd = spent.nano_usd - unfinished.nano_usd + of_ended.nano_usd * left
        tokens = spent.tokens - unfinished.tokens + of_ended.tokens * left
        nano_usd, tokens = max(nano_usd, spent.nano_usd), max(tokens, spent.tokens)
    in_this_start = (spent.nano_usd - running.nano_usd_before) / NANO
    return SpentSoFar(
        usd=spent.nano_usd / NANO,
        tokens=spent.tokens,
        calls=spent.calls,
        unpriced=spending.unpriced,
        usd_a_minute=in_this_start / running.elapsed_s * 60 if running.elapsed_s > 0 else 0.0,
        all_usd=None if nano_usd is None else nano_usd / NANO,
        all_tokens=None if tokens is None else round(tokens),
        budget=spending.budget,
    )
