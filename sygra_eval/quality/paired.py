"""The same rows judged twice: which way they went, and what so many rows could have shown.

`broken` passed before and fails now, `fixed` failed before and passes now; rows that stayed as they
were say nothing of a difference but much of how small one could be.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from sygra_eval.quality.kernels import (
    binomial_at,
    binomial_to,
    chi_square_above,
    normal_quantile,
    t_quantile,
    z_of,
)
from sygra_eval.values import Interval

_STEPS = 60
_MANY = 2_000
"""So many changed rows and more are counted by the normal distribution: it is as good there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """What a paired test of pass and fail says; decide on `p_mid`, show both.

    :ivar p_chi_square: With continuity correction; None where no row changed.
    """

    p_exact: float
    p_mid: float
    p_chi_square: float | None


def mcnemar(broken: int, fixed: int) -> McNemar:
    """Return the p of as many rows one way and so many the other, had both been as likely.

    Sources: Q. McNemar, Note on the sampling error of the difference between correlated proportions
    or percentages, Psychometrika 12 (1947), 153-157; mid-p as M. W. Fagerland, S. Lydersen and P.
    Laake recommend, The McNemar test for binary matched-pairs data, BMC Medical Research
    Methodology 13 (2013), 91: the exact test keeps below its own error rate by far.
    """
    if broken < 0 or fixed < 0:
        raise ValueError(f"{broken} rows broken, {fixed} fixed")
    changed, fewer = broken + fixed, min(broken, fixed)
    if changed == 0:
        return McNemar(p_exact=1.0, p_mid=1.0, p_chi_square=None)
    at = binomial_at(fewer, changed, 0.5)
    corrected = (abs(broken - fixed) - 1) ** 2 / changed
    above = chi_square_above(corrected, 1)
    if broken == fixed:
        return McNemar(p_exact=1.0, p_mid=1 - at / 2, p_chi_square=above)
    exact = min(1.0, 2 * binomial_to(fewer, changed, 0.5))
    return McNemar(p_exact=exact, p_mid=max(0.0, exact - at), p_chi_square=above)


def change_of_rate(
    broken: int, fixed: int, rows: int, *, confidence: float = 0.95
) -> Interval | None:
    """Return (fixed - broken) / rows with its score interval.

    Where no row changed the interval still has a width: that none of 20 rows changed leaves more
    open than that none of 2,000 did. Source: T. Tango, Equivalence test and confidence interval for
    the difference in proportions for the paired-sample design, Statistics in Medicine 17 (1998),
    891-908.

    :returns: None without rows.
    """
    if broken < 0 or fixed < 0 or broken + fixed > rows:
        raise ValueError(f"{broken} rows broken and {fixed} fixed, of {rows}")
    if rows == 0:
        return None
    z, estimate = z_of(confidence), (fixed - broken) / rows
    low = -_furthest(fixed, broken, rows, z)
    high = _furthest(broken, fixed, rows, z)
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate))


def _furthest(broken: int, fixed: int, rows: int, z: float) -> float:
    """Return the largest change that the score test does not refuse, by halving."""
    low, high = (fixed - broken) / rows, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _score(broken, fixed, rows, middle) > -z:
            low = middle
        else:
            high = middle
    return high


def _score(broken: int, fixed: int, rows: int, change: float) -> float:
    """Return Tango's statistic: how far what was seen lies from a change, in standard errors."""
    distance = fixed - broken - rows * change
    a = 2 * rows
    b = -broken - fixed + (2 * rows - fixed + broken) * change
    c = -broken * change * (1 - change)
    against = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = rows * (2 * against + change * (1 - change))
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-12 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def chance_to_see(change: float, flips: float, rows: int, *, alpha: float = 0.05) -> float:
    """Return how often McNemar's mid-p would show a change of the pass rate.

    :param change: Of the rate, in either direction.
    :param flips: The share of rows that go one way or the other.
    """
    change, flips = abs(change), max(flips, abs(change))
    if rows * flips > _MANY:
        return _normal_chance(change, flips, rows, alpha)
    share = (flips + change) / (2 * flips) if flips else 0.5
    spread = math.sqrt(rows * flips * (1 - flips))
    first = max(1, math.floor(rows * flips - 8 * spread) - 1)
    last = min(rows, math.ceil(rows * flips + 8 * spread) + 1)
    seen = 0.0
    for changed in range(first, last + 1):
        few = _fewest(changed, alpha)
        if few >= 0:
            way = binomial_to(few, changed, share) + binomial_to(few, changed, 1 - share)
            seen += binomial_at(changed, rows, flips) * way
    return min(1.0, seen)


@lru_cache(maxsize=16_384)
def _fewest(changed: int, alpha: float) -> int:
    """Return how many of the changed rows may go the rarer way and mid-p is small; -1: none."""
    low, high = -1, changed // 2
    while low < high:
        middle = (low + high + 1) // 2
        if mcnemar(middle, changed - middle).p_mid <= alpha:
            low = middle
        else:
            high = middle - 1
    return low


def _normal_chance(change: float, flips: float, rows: int, alpha: float) -> float:
    """Return the same for many rows.

    Source: R. J. Connor, Sample size for testing differences in proportions for the paired-sample
    design, Biometrics 43 (1987), 207-211.
    """
    spread = math.sqrt(max(flips - change * change, 1e-300))
    z = (change * math.sqrt(rows) - z_of(1 - alpha) * math.sqrt(flips)) / spread
    return 0.5 * math.erfc(-z / math.sqrt(2))


def smallest_change_of_rate(
    flips: float, rows: int, *, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest change of a pass rate that so many rows would have shown.

    :param flips: The share of rows that changed. A change cannot be larger than it, so where it is
        small it is taken to grow with the change.
    :param power: How often the change would be seen.
    :returns: None where even a change of all rows would not be seen.
    """
    if rows == 0 or chance_to_see(1.0, 1.0, rows, alpha=alpha) < power:
        return None
    low, high = 0.0, 1.0
    for _ in range(20):  # to a millionth
        middle = (low + high) / 2
        if chance_to_see(middle, flips, rows, alpha=alpha) < power:
            low = middle
        else:
            high = middle
    return high


def smallest_change_of_mean(
    spread: float, rows: int, *, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest change of a mean that so many paired rows would have shown.

    Source: J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988), 2.4,
    by the normal distribution, with Student's quantile for the test.

    :param spread: The standard deviation of the rows' differences.
    :returns: None for fewer than two rows, and where no row differs: what rows could do is not
        known then.
    """
    if rows < 2 or spread <= 0:
        return None
    both = t_quantile(1 - alpha / 2, rows - 1) + normal_quantile(power)
    return both * spread / math.sqrt(rows)
