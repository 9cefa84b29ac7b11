"""Bootstrap and permutation: what chance would have made of the same rows.

All draws come from a seed that the caller names, and values are put into an order of their own
first, so the order of rows changes nothing. `numpy.random.RandomState` is taken because its stream
is frozen (numpy's NEP 19): the same seed gives the same bounds with every version. numpy is
imported when something is drawn, as it takes as long as the whole command line's start.
"""

import hashlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sygra_eval.values import Interval

RESAMPLES = 10_000
FLIPS = 20_000
MOST_EXACT = 16
MOST_DRAWN = 10_000
FEWEST_VALUES = 30
"""With fewer values the bootstrap's interval is too narrow; a report says so."""

_TIE = 1e-12
_LIGHT = 1e-3
_BLOCK = 1 << 20
_MOST_SPLITS = 20_000
Clusters = Sequence[Sequence[float]]
Unit = TypeVar("Unit")


def seed_of(*names: str) -> int:
    """Return a seed that follows from names, as of the suite's hash and the metric."""
    digest = hashlib.sha256("\x1f".join(names).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big")


def bootstrap_mean(
    clusters: Clusters, *, seed: int, resamples: int = RESAMPLES, confidence: float = 0.95
) -> Interval | None:
    """Return the mean of all values with its percentile interval, drawn over whole clusters.

    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    :param clusters: The values by cluster; values that stand alone are clusters of one.
    :returns: None with fewer than two clusters.
    """
    ordered = _ordered(clusters)
    if len(ordered) < 2:
        return None
    import numpy as np  # heavy, so only where something is drawn

    sums = np.array([math.fsum(cluster) for cluster in ordered])
    sizes = np.array([len(cluster) for cluster in ordered], dtype=float)
    drawn = [
        sums[indices].sum(axis=1) / sizes[indices].sum(axis=1)
        for indices in _draws(len(ordered), resamples, seed)
    ]
    estimate = math.fsum(itertools.chain(*ordered)) / sum(map(len, ordered))
    return _percentile(estimate, np.concatenate(drawn).tolist(), confidence)


def bootstrap(
    clusters: Clusters,
    statistic: Callable[[Sequence[float]], float | None],
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval | None:
    """Return any figure of the values, as a median, with its percentile interval.

    :param statistic: Is called once a draw; a draw for which it has no answer is left out.
    :returns: None with fewer than two clusters, or where the figure itself is not known.
    """
    return bootstrap_of_units(
        _ordered(clusters),
        lambda drawn: statistic([value for cluster in drawn for value in cluster]),
        seed=seed,
        resamples=resamples,
        confidence=confidence,
    )


def bootstrap_of_units(
    units: Sequence[Unit],
    statistic: Callable[[Sequence[Unit]], float | None],
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval | None:
    """Return the same for units of any kind, which the caller has put into an order of theirs."""
    estimate = statistic(units) if units else None
    if estimate is None or len(units) < 2:
        return None
    drawn = (
        statistic([units[index] for index in indices])
        for block in _draws(len(units), resamples, seed)
        for indices in block.tolist()
    )
    return _percentile(estimate, [one for one in drawn if one is not None], confidence)


def _ordered(clusters: Clusters) -> list[list[float]]:
    return sorted(sorted(cluster) for cluster in clusters if cluster)


def _draws(number: int, resamples: int, seed: int) -> Iterator[Any]:
    """Yield blocks of drawn indices, small enough for the memory of any host."""
    import numpy as np  # heavy, so only where something is drawn

    chance = np.random.RandomState(seed)
    size = max(1, _BLOCK // number)
    for begin in range(0, resamples, size):
        yield chance.randint(0, number, size=(min(size, resamples - begin), number))


def _percentile(estimate: float, drawn: Sequence[float], confidence: float) -> Interval | None:
    """Return the bounds; the estimate lies between them even where few values are known."""
    if not drawn:
        return None
    ordered, tail = sorted(drawn), (1 - confidence) / 2
    low, high = quantile(ordered, tail), quantile(ordered, 1 - tail)
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of values in order, between two of them by a straight line.

    Source: R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages, The American
    Statistician 50 (1996), 361-365, definition 7.
    """
    place = share * (len(ordered) - 1)
    index = min(math.floor(place), len(ordered) - 2) if len(ordered) > 1 else 0
    if index + 1 >= len(ordered):
        return ordered[index]
    return ordered[index] + (place - index) * (ordered[index + 1] - ordered[index])


def sign_flip_test(differences: Sequence[float], *, seed: int = 0) -> float:
    """Return the two-sided p of paired differences, had each as well been the other way round.

    All sign patterns for up to 16 differences that are not 0, else 20,000 drawn ones with
    (hits + 1) / (draws + 1), which is never 0. Above 10,000 differences of which none weighs much
    the sum of flipped ones is normal, to far less than what the draws would err by. Sources: E. J.
    G. Pitman, Significance tests which may be applied to samples from any populations, J. R.
    Statist. Soc. Suppl. 4 (1937), 119-130; B. Phipson and G. K. Smyth, Permutation p-values should
    never be zero, Statistical Applications in Genetics and Molecular Biology 9 (2010), 39.
    """
    sizes = sorted(abs(one) for one in differences if one)
    if not sizes:
        return 1.0
    unit = sizes[-1]  # so that a tie is one for figures of every size
    observed = abs(math.fsum(one / unit for one in differences))
    steps = [size / unit for size in sizes]
    least = observed - _TIE * max(1.0, len(differences))
    if len(steps) <= MOST_EXACT:
        sums = [0.0]
        for step in steps:
            sums = [one + sign * step for one in sums for sign in (1, -1)]
        return sum(abs(one) >= least for one in sums) / len(sums)
    squares = math.fsum(step * step for step in steps)
    if len(steps) > MOST_DRAWN and steps[-1] ** 2 < _LIGHT * squares:
        return math.erfc(observed / math.sqrt(2 * squares))
    import numpy as np  # heavy, so only where something is drawn

    chance, hits, number = np.random.RandomState(seed), 0, len(steps)
    weights, total, size = np.array(steps), math.fsum(steps), max(1, _BLOCK // number)
    for begin in range(0, FLIPS, size):
        rows, octets = min(size, FLIPS - begin), -(-number // 8)
        drawn = np.frombuffer(chance.bytes(rows * octets), np.uint8).reshape(rows, octets)
        flipped = np.unpackbits(drawn, axis=1)[:, :number].astype(float) @ weights
        hits += int((np.abs(total - 2 * flipped) >= least).sum())
    return (hits + 1) / (FLIPS + 1)


def two_sample_permutation(
    first: Sequence[float], second: Sequence[float], *, seed: int = 0
) -> float | None:
    """Return the two-sided p of the difference of two means of *different* rows.

    Twice the smaller tail and at most 1; all splits where there are at most 20,000, else as many
    drawn ones; above 10,000 values by the normal distribution of the drawn mean.

    :returns: None where one side has no values.
    """
    if not first or not second:
        return None
    if len(first) > len(second) or (len(first) == len(second) and sorted(first) > sorted(second)):
        first, second = second, first  # so that the two sides can be swapped
    pooled, taken = sorted([*first, *second]), len(first)
    unit = max(abs(pooled[0]), abs(pooled[-1])) or 1.0
    observed, slack = math.fsum(one / unit for one in first), _TIE * len(pooled)
    if math.comb(len(pooled), taken) <= _MOST_SPLITS:
        shares = [one / unit for one in pooled]
        sums = [math.fsum(one) for one in itertools.combinations(shares, taken)]
        above = sum(one >= observed - slack for one in sums) / len(sums)
        below = sum(one <= observed + slack for one in sums) / len(sums)
        return min(1.0, 2 * min(above, below))
    if len(pooled) > MOST_DRAWN:
        return _normal_split([one / unit for one in pooled], taken, observed)
    import numpy as np  # heavy, so only where something is drawn

    chance, values = np.random.RandomState(seed), np.array(pooled) / unit
    sums = [float(values[chance.permutation(len(pooled))[:taken]].sum()) for _ in range(FLIPS)]
    above = (1 + sum(one >= observed - slack for one in sums)) / (FLIPS + 1)
    below = (1 + sum(one <= observed + slack for one in sums)) / (FLIPS + 1)
    return min(1.0, 2 * min(above, below))


def _normal_split(pooled: Sequence[float], taken: int, total: float) -> float:
    """Return the two-sided p of the sum of so many of all values, had they been drawn by chance."""
    number = len(pooled)
    mean = math.fsum(pooled) / number
    squares = math.fsum((value - mean) ** 2 for value in pooled)
    variance = squares * taken * (number - taken) / (number * (number - 1))
    if variance <= 0:
        return 1.0
    return math.erfc(abs(total - taken * mean) / math.sqrt(2 * variance))


def share_beyond(drawn: Sequence[float]) -> float:
    """Return the two-sided p of a difference from its bootstrap: how rarely it changes its sign."""
    below = sum(one <= _TIE for one in drawn)
    above = sum(one >= -_TIE for one in drawn)
    return min(1.0, 2 * (min(below, above) + 1) / (len(drawn) + 1))
