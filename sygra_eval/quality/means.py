"""The mean of figures that rows have, with Student's t; no scipy at run time."""

import math
from collections.abc import Mapping
from functools import lru_cache

from sygra_eval.values import Interval

_STEPS = 200
_TINY = 1e-300


def mean_t(counted: Mapping[float, int], *, confidence: float = 0.95) -> Interval | None:
    """Return the mean of values and its t interval.

    :param counted: How often each value was seen, so that many rows take no memory.
    :returns: None where fewer than two values are known.
    """
    number = sum(counted.values())
    if number < 2:
        return None
    mean = math.fsum(value * times for value, times in counted.items()) / number
    squares = math.fsum(times * (value - mean) ** 2 for value, times in counted.items())
    error = math.sqrt(squares / (number - 1) / number)
    half = t_quantile(0.5 + confidence / 2, number - 1) * error
    return Interval(estimate=mean, low=mean - half, high=mean + half)


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
    return 1 - _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5.8; evaluated with
    Lentz's method. Where it converges slowly the symmetry I_x(a, b) = 1 - I_1-x(b, a) is used.
    """
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    numerator, denominator = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    fraction = denominator
    for m in range(1, _STEPS):
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


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
