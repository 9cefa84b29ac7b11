"""Intervals of rates, beside Wilson's: the exact one, and that of the difference of two rates."""

import math

from sygra_eval.quality.kernels import beta_quantile
from sygra_eval.values import Interval, wilson


def clopper_pearson(successes: int, trials: int, *, confidence: float = 0.95) -> Interval | None:
    """Return the exact interval of a rate; wide, and right even where the rate is near 1.

    Source: C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in
    the case of the binomial, Biometrika 26 (1934), 404-413.

    :returns: None without trials: an unknown rate is not 0.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return None
    tail, failures = (1 - confidence) / 2, trials - successes
    low = beta_quantile(tail, successes, failures + 1) if successes else 0.0
    high = beta_quantile(1 - tail, successes + 1, failures) if failures else 1.0
    return Interval(estimate=successes / trials, low=low, high=high)


def newcombe(
    first: tuple[int, int], second: tuple[int, int], *, confidence: float = 0.95
) -> Interval | None:
    """Return the difference first - second of two rates of *different* rows, with its interval.

    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions,
    Statistics in Medicine 17 (1998), 873-890, method 10.

    :param first: Successes and trials.
    :returns: None where one of them has no trials.
    """
    a = wilson(*first, confidence=confidence)
    b = wilson(*second, confidence=confidence)
    if a is None or b is None:
        return None
    difference = a.estimate - b.estimate
    return Interval(
        estimate=difference,
        low=difference - math.hypot(a.estimate - a.low, b.high - b.estimate),
        high=difference + math.hypot(a.high - a.estimate, b.estimate - b.low),
    )
