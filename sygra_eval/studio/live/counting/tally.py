"""How rows ended, added up as the run's report adds them up. Start at `Tally.take`.

Two kinds of runs need more than a number for each outcome. One with a target counts the rows up to
the one that completes it, and calls those behind it surplus. One whose rows go together (repeats of
a row, or a column `cluster`) has intervals over questions, since rows of one are no independent
witnesses. In both, memory grows with the rows or questions, as it does in the report.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from sygra_eval.engine import name_of_question, rate_over, repeats_in, target_in
from sygra_eval.quality import wilson
from sygra_eval.studio.live.counting.stored import MOST_TEXT, mappings
from sygra_eval.studio.live.told import GuardCount, ValidatorCount
from sygra_eval.values import Interval, Outcome

VERIFIED = Outcome.VERIFIED.value
_STATUSES = {"pass": "passed", "fail": "failed", "error": "error", "skip": "skipped"}


@dataclass(frozen=True, slots=True)
class _Row:
    """What one row adds."""

    outcome: str
    question: str | None
    verdicts: tuple[tuple[str, str], ...]
    guards: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Tally:
    """The rows of one run that ended.

    :ivar target: So many verified rows are asked for; None where all rows count.
    :ivar repeats: So often each row of the source is run.
    :ivar surplus: Rows behind the one that completed the target.
    """

    target: int | None = None
    repeats: int = 1
    cluster: str | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    validators: dict[str, Counter[str]] = field(default_factory=dict)
    guards: dict[str, Counter[str]] = field(default_factory=dict)
    surplus: int = 0
    _last: int | None = None
    _verified: list[int] = field(default_factory=list)
    _rows: dict[int, _Row] = field(default_factory=dict)
    _questions: dict[str, tuple[int, int]] = field(default_factory=dict)
    _pairs: Counter[tuple[int, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, plan: Mapping[str, str], document: Mapping[str, Any]) -> "Tally":
        """Return an empty one for a run; what its plan says may be anybody's."""
        quality = document.get("quality")
        cluster = quality.get("cluster") if isinstance(quality, Mapping) else None
        cluster = cluster if isinstance(cluster, str) else None
        try:
            target, repeats = target_in(plan), repeats_in(plan)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(cluster=cluster)
        return cls(None if target is None else target.verified, repeats, cluster)

    @property
    def ended(self) -> int:
        """How many rows ended, surplus ones too."""
        return self.outcomes.total() + self.surplus

    def take(self, place: int, outcome: str, data: Mapping[str, Any]) -> None:
        """Count a row that ended; in whatever order they come."""
        if self._last is not None and place > self._last:
            self.surplus += 1
            return
        guards = tuple((name, said) for _, name, said in guards_said(data))
        row = _Row(outcome, self._question(data), _verdicts(data), guards)
        self._add(row, 1)
        if self.target is None:
            return
        self._rows[place] = row
        if outcome == VERIFIED:
            insort(self._verified, place)
        if len(self._verified) >= self.target > 0:
            self._cut(self._verified[self.target - 1])

    def rate(self) -> Interval | None:
        """Return the verified rate among the rows that count; None before one ended."""
        rows = self.outcomes.total()
        if not rows:
            return None
        return rate_over(self._pairs) if self._pairs else wilson(self.outcomes[VERIFIED], rows)

    def expected(self, total: int | None) -> int | None:
        """Return how many rows there will be in the end; None where nobody can say.

        At the rate so far that many give the target, as the run itself reckons.
        """
        if self.target is None or not self.outcomes[VERIFIED]:
            return total
        needed = self.ended
        if self._last is None:
            needed = ceil(self.target * self.ended / self.outcomes[VERIFIED])
        return needed if total is None else min(total, needed)

    def validators_told(self) -> dict[str, ValidatorCount]:
        """Return what each validator said."""
        return {
            name: ValidatorCount(
                passed=of["passed"], failed=of["failed"], error=of["error"], skipped=of["skipped"]
            )
            for name, of in self.validators.items()
        }

    def guards_told(self) -> Iterator[GuardCount]:
        """Yield what came of each guardrail."""
        for name, actions in self.guards.items():
            yield GuardCount(name=name, actions=dict(+actions))

    def _cut(self, last: int) -> None:
        """Leave out the rows behind the one that completes the target."""
        self._last = last
        del self._verified[self.target :]
        for place in [place for place in self._rows if place > last]:
            self._add(self._rows.pop(place), -1)
            self.surplus += 1

    def _add(self, row: _Row, times: int) -> None:
        self.outcomes[row.outcome] += times
        for name, said in row.verdicts:
            self.validators.setdefault(name, Counter())[said] += times
        for name, said in row.guards:
            self.guards.setdefault(name, Counter())[said] += times
        if row.question is not None:
            verified, rows = self._questions.pop(row.question, (0, 0))
            now = (verified + times * (row.outcome == VERIFIED), rows + times)
            for pair, change in (((verified, rows), -1), (now, 1)):
                if pair[1]:
                    self._pairs[pair] += change
            self._pairs = +self._pairs
            if now[1]:
                self._questions[row.question] = now

    def _question(self, data: Mapping[str, Any]) -> str | None:
        """Return what the row belongs to; None where each stands alone."""
        if self.cluster is None and self.repeats <= 1:
            return None
        of = data.get("data")
        variables = of if isinstance(of, Mapping) else {}
        return name_of_question(str(data.get("row_id", "")), variables, self.cluster)


def guards_said(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the place, the name and what came of each guardrail of a record that ended."""
    for guard in mappings(data.get("guards")):
        said = guard.get("verdict")
        if isinstance(said, Mapping):
            action = _status_of(said)
            if guard.get("is_blocking") and action == "failed":
                action = "blocked"
            yield str(guard.get("node", "")), _name_of(said), action


def _verdicts(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((_name_of(one), _status_of(one)) for one in mappings(data.get("verdicts")))


def _name_of(verdict: Mapping[str, Any]) -> str:
    return str(verdict.get("validator", ""))[:MOST_TEXT]


def _status_of(verdict: Mapping[str, Any]) -> str:
    return _STATUSES.get(str(verdict.get("status")), "error")
