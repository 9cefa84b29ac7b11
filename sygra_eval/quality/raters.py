"""How far the raters of a run agree: `Raters` takes finished rows, `agreement` says what they show.

Of each row only the pattern of its ratings is kept, so a million rows take no more memory than the
few patterns that there are; where rows go together, one count of patterns for each cluster.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sygra_eval.quality.agreement import Level, krippendorff_alpha
from sygra_eval.quality.resampling import quantile, seed_of
from sygra_eval.quality.sides import question_of
from sygra_eval.values import Interval, MeasuredRow, Status, wilson

PEOPLE = "labels"
"""What the rater is called who is a file of labels."""
RESAMPLES, FEWEST_RESAMPLES = 2_000, 200
_WORK = 4_000_000
_TOLD = 3
Rating = str | float
Pattern = tuple[Rating | None, ...]
Weighed = Mapping[Pattern, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far some raters agree beyond chance.

    :ivar statistic: `kappa` (Cohen, two raters) or `alpha` (Krippendorff).
    :ivar value: None where chance alone would agree always, or no row has two ratings.
    :ivar observed: The share of rows with two ratings at least on which all raters agree.
    :ivar rows: Those with two ratings at least; `lone` have fewer, of which `errors` lack one
        because a validator had an error.
    :ivar unmatched: Labels whose id is none of a row that was judged; `examples` are some of them.
    :ivar pairs: Of two raters who pass or fail: `pass, fail` -> rows.
    :ivar why: Why there is no value, or no interval.
    """

    name: str
    raters: tuple[str, ...]
    statistic: str
    level: str = Level.NOMINAL.value
    value: float | None = None
    low: float | None = None
    high: float | None = None
    observed: float | None = None
    rows: int = 0
    clusters: int = 0
    lone: int = 0
    errors: int = 0
    labels: int = 0
    unmatched: int = 0
    examples: tuple[str, ...] = ()
    pairs: Mapping[str, int] = field(default_factory=dict)
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def agreement_from_json(data: Mapping[str, Any]) -> Agreement:
    """Return what `as_json` was given."""
    lists = {key: tuple(data[key]) for key in ("raters", "examples")}
    return Agreement(**{**data, **lists})


class Raters:
    """Takes finished rows to how far their raters agree.

    :param labels: What people said, by the row's id.
    :param votes: The ratings are the votes of the one validator.
    """

    def __init__(
        self,
        name: str,
        validators: Sequence[str],
        *,
        level: Level = Level.NOMINAL,
        labels: Mapping[str, Rating] | None = None,
        votes: bool = False,
    ) -> None:
        self.name, self.validators, self.level = name, tuple(validators), level
        self._labels, self._votes = labels, votes
        self._alone: Counter[Pattern] = Counter()
        self._clusters: dict[str, Counter[Pattern]] = {}
        self._lone = self._errors = 0
        self._met: set[str] = set()

    def take(self, row: MeasuredRow) -> None:
        """Take one row."""
        question = question_of(row.id)
        ratings = self._of_votes(row) if self._votes else self._of_row(row, question)
        if ratings is None:
            return
        if sum(one is not None for one in ratings) < 2:
            self._lone += 1
            self._errors += any(
                name in row.verdicts and row.verdicts[name].status is Status.ERROR
                for name in self.validators
            )
            return
        cluster = row.cluster or question
        if cluster == row.id:
            self._alone[ratings] += 1
        else:
            self._clusters.setdefault(cluster, Counter())[ratings] += 1

    def _of_votes(self, row: MeasuredRow) -> Pattern | None:
        said = row.verdicts.get(self.validators[0])
        if said is None:
            return None
        passed = round((said.score or 0.0) * said.votes)
        words = (Status.PASS.value, Status.FAIL.value)
        return (words[0],) * passed + (words[1],) * (said.votes - passed)

    def _of_row(self, row: MeasuredRow, question: str) -> Pattern | None:
        """Return what each said of a row; None for a row that no person was asked about."""
        ratings = [self._rating(row, name) for name in self.validators]
        if self._labels is None:
            return tuple(ratings)
        place = row.id if row.id in self._labels else question
        if place not in self._labels:
            return None
        self._met.add(place)
        return (*ratings, self._labels[place])

    def _rating(self, row: MeasuredRow, name: str) -> Rating | None:
        said = row.verdicts.get(name)
        if said is None or said.status in (Status.ERROR, Status.SKIP):
            return None
        return said.status.value if self.level is Level.NOMINAL else said.score

    def agreement(self, *, seed: str = "", confidence: float = 0.95) -> Agreement:
        """Return how far they agree, with an interval that is drawn over rows or clusters."""
        everything = Counter(self._alone)
        for part in self._clusters.values():
            everything.update(part)
        raters = (*self.validators, *((PEOPLE,) if self._labels is not None else ()))
        is_of_two = len(raters) == 2 and not self._votes and self.level is Level.NOMINAL
        statistic = _kappa if is_of_two else lambda weighed: _alpha(weighed, self.level)
        rows, value = everything.total(), statistic(everything)
        same = sum(n for pattern, n in everything.items() if _all_agree(pattern))
        unmatched = sorted((self._labels or {}).keys() - self._met)
        count = self._alone.total() + len(self._clusters)
        interval = None
        if value is not None and count > 1:
            interval = (
                self._where_all_agree(value, everything, count, confidence)
                if same == rows
                else self._drawn(value, statistic, everything, seed, confidence)
            )
        return Agreement(
            name=self.name,
            raters=raters,
            statistic="kappa" if is_of_two else "alpha",
            level=self.level.value,
            value=value,
            low=None if interval is None else interval.low,
            high=None if interval is None else interval.high,
            observed=same / rows if rows else None,
            rows=rows,
            clusters=count,
            lone=self._lone,
            errors=self._errors,
            labels=len(self._labels or {}),
            unmatched=len(unmatched),
            examples=tuple(unmatched[:_TOLD]),
            pairs=_pairs(everything) if is_of_two else {},
            why=self._why(value, rows, unmatched),
        )

    def _why(self, value: float | None, rows: int, unmatched: Sequence[str]) -> str:
        if value is not None:
            return ""
        if not rows and unmatched and not self._met:
            return f"no row that was judged has one of the {len(unmatched)} labelled ids"
        return "no row has two ratings" if not rows else "only one rating was ever given"

    def _where_all_agree(
        self,
        value: float,
        everything: Weighed,
        count: int,
        confidence: float,
    ) -> Interval | None:
        """Return what so many rows without a disagreement leave open.

        Drawing again would find none either, and say that raters who agreed five times always do.
        So the share of rows on which they agree has Wilson's interval, and chance stays as it is.
        """
        if self.level is not Level.NOMINAL:
            return None
        share = wilson(count, count, confidence=confidence)
        shares = Counter[Rating | None]()
        for pattern, number in everything.items():
            shares[pattern[0]] += number
        chance = math.fsum((one / shares.total()) ** 2 for one in shares.values())
        if share is None or chance >= 1:
            return None
        return Interval(estimate=value, low=(share.low - chance) / (1 - chance), high=value)

    def _drawn(
        self,
        value: float,
        statistic: Callable[[Weighed], float | None],
        everything: Weighed,
        seed: str,
        confidence: float,
    ) -> Interval | None:
        """Return the percentile interval over rows that stand alone and whole clusters."""
        if self.level is Level.NOMINAL:
            work = len(everything) + len(self._clusters)
        else:
            values = {one for pattern in everything for one in pattern}
            work = len(everything) + len(self._clusters) + len(values) ** 2
        times = max(FEWEST_RESAMPLES, min(RESAMPLES, _WORK // max(1, work)))
        found = [statistic(one) for one in self._redrawn(times, seed_of(seed, self.name))]
        known = sorted(one for one in found if one is not None)
        if not known:
            return None
        tail = (1 - confidence) / 2
        low, high = quantile(known, tail), quantile(known, 1 - tail)
        return Interval(estimate=value, low=min(low, value), high=max(high, value))

    def _redrawn(self, times: int, seed: int) -> Iterator[Weighed]:
        """Yield the units drawn anew: a row that stands alone is known by its pattern."""
        import numpy as np  # heavy, so only where something is drawn

        chance = np.random.RandomState(seed)
        patterns = sorted(self._alone, key=repr)
        clusters = [self._clusters[name] for name in sorted(self._clusters)]
        counts = [self._alone[pattern] for pattern in patterns] + [1] * len(clusters)
        number = sum(counts)
        shares = [count / number for count in counts]
        for _ in range(times):
            drawn = chance.multinomial(number, shares).tolist()
            weighed = Counter(dict(zip(patterns, drawn, strict=False)))
            for cluster, often in zip(clusters, drawn[len(patterns) :], strict=True):
                for pattern, rows in cluster.items() if often else ():
                    weighed[pattern] += rows * often
            yield +weighed


def _all_agree(pattern: Pattern) -> bool:
    return len({one for one in pattern if one is not None}) == 1


def _pairs(weighed: Weighed) -> dict[str, int]:
    return {f"{a}, {b}": n for (a, b), n in sorted(weighed.items(), key=lambda one: repr(one[0]))}


def _kappa(weighed: Weighed) -> float | None:
    """Return Cohen's kappa of two raters, from how often each pair of ratings was given."""
    number = sum(weighed.values())
    if not number:
        return None
    first, second = Counter[Rating | None](), Counter[Rating | None]()
    same = 0
    for (one, other), rows in weighed.items():
        first[one] += rows
        second[other] += rows
        same += rows * (one == other)
    chance = math.fsum(first[one] * second[one] for one in first) / number**2
    return None if 1 - chance < 1e-12 else (same / number - chance) / (1 - chance)


def _alpha(weighed: Weighed, level: Level) -> float | None:
    units = [tuple(one for one in pattern if one is not None) for pattern in weighed]
    return krippendorff_alpha(units, level=level, times=list(weighed.values()))
