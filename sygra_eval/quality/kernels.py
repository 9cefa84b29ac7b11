"""The distribution functions that the statistics rest on; no scipy at run time.

Each is regular, so a probability. Sources: M. Abramowitz and I. A. Stegun, Handbook of Mathematical
Functions (1964), 6.5.29 and 6.5.31 (incomplete gamma), 26.5.8 (incomplete beta), 26.7.1 (Student's
t), 26.4.19 (chi-square); continued fractions by W. J. Lentz, Applied Optics 15 (1976), 668-671.
"""

import math
from functools import lru_cache
from statistics import NormalDist

_STEPS = 200
_MOST_TERMS = 100_000
_CLOSE = 1e-16
_TINY = 1e-300


def z_of(confidence: float) -> float:
    """Return the normal quantile of a two-sided interval: 1.96 at 0.95."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(probability)


@lru_cache(maxsize=1_024)
def t_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t, by halving on its distribution function.

    :param probability: Above a half; the distribution is symmetric.
    """
    if not 0.5 <= probability < 1 or freedom < 1:
        raise ValueError(f"no quantile at {probability} with {freedom} degrees of freedom")
    low, high = 0.0, 1.0
    while _t_below(high, freedom) < probability:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _t_below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _t_below(t: float, freedom: int) -> float:
    """Return the share of the distribution below a t of at least 0."""
    return 1 - incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction.

    Where that converges slowly the symmetry I_x(a, b) = 1 - I_1-x(b, a) is used.
    """
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    numerator, denominator = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    fraction = denominator
    for m in range(1, _STEPS + int(4 * math.sqrt(a + b))):  # the fraction needs O(sqrt(max(a, b)))
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            denominator = 1 / _not_zero(1 + term * denominator)
            numerator = _not_zero(1 + term / numerator)
            fraction *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-15:
            break
    return front * fraction / a


def chi_square_above(x: float, freedom: int) -> float:
    """Return the probability that chi-square is above `x`: the p of a test."""
    if freedom < 1:
        raise ValueError(f"no chi-square with {freedom} degrees of freedom")
    return incomplete_gamma_above(freedom / 2, max(x, 0.0) / 2)


def incomplete_gamma_above(a: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q(a, x).

    By its series where `x` is small, as the difference from 1, else by its continued fraction,
    which keeps its digits where the result is near 0.
    """
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for step in range(1, _MOST_TERMS):
            term *= x / (a + step)
            total += term
            if term < total * _CLOSE:
                break
        return max(0.0, 1 - front * total)
    below = x + 1 - a
    numerator, denominator = 1 / _TINY, 1 / below
    fraction = denominator
    for step in range(1, _MOST_TERMS):
        term = step * (a - step)
        below += 2
        denominator = 1 / _not_zero(below + term * denominator)
        numerator = _not_zero(below + term / numerator)
        fraction *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-15:
            break
    return front * fraction


def binomial_at(successes: int, trials: int, rate: float) -> float:
    """Return the probability of exactly so many successes."""
    if not 0 <= successes <= trials:
        return 0.0
    if rate in {0, 1}:
        return float(successes == trials * rate)
    ways = (
        math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    )
    return math.exp(ways + successes * math.log(rate) + (trials - successes) * math.log1p(-rate))


def binomial_to(successes: int, trials: int, rate: float) -> float:
    """Return the probability of at most so many successes."""
    if successes < 0:
        return 0.0
    if successes >= trials:
        return 1.0
    return incomplete_beta(trials - successes, successes + 1, 1 - rate)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the quantile of the beta distribution, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if incomplete_beta(a, b, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
