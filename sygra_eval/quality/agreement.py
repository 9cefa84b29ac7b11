"""How far raters agree beyond chance: judges with each other, or with people."""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sygra_eval.quality.kernels import z_of
from sygra_eval.quality.resampling import RESAMPLES, bootstrap_of_units
from sygra_eval.values import Interval


class Weights(StrEnum):
    """How bad a disagreement is: all alike, by its distance, by the square of its distance."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


class Level(StrEnum):
    """What may be said of two ratings: same or not, which is higher, by how much."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Agreement of two raters: `observed`, by chance, and beyond chance.

    :ivar value: None where chance alone would agree always (one category), or nothing was rated.
    :ivar error: The standard error for large samples; without weights only.
    """

    value: float | None
    observed: float | None
    by_chance: float | None
    error: float | None = None
    low: float | None = None
    high: float | None = None


def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    order: Sequence[Hashable] | None = None,
    weights: Weights = Weights.NONE,
) -> Kappa:
    """Return Cohen's kappa of two raters over the same rows.

    Sources: J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological
    Measurement 20 (1960), 37-46; weighted: Psychological Bulletin 70 (1968), 213-220.

    :param order: The categories from low to high; weights need them, as the order that happens to
        be seen in the rows is none.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} ratings of one, {len(second)} of the other")
    if weights is not Weights.NONE and order is None:
        raise ValueError("weights need the order of the categories")
    names = list(order) if order is not None else list(dict.fromkeys([*first, *second]))
    place = {name: index for index, name in enumerate(names)}
    table = [[0] * len(names) for _ in names]
    for one, other in zip(first, second, strict=True):
        if one not in place or other not in place:
            raise ValueError(f"{one!r} or {other!r} is none of the categories")
        table[place[one]][place[other]] += 1
    return cohen_kappa_of(table, weights=weights)


def cohen_kappa_of(
    table: Sequence[Sequence[int]],
    *,
    weights: Weights = Weights.NONE,
    confidence: float = 0.95,
) -> Kappa:
    """Return kappa from how often each pair of categories was given.

    The standard error is that of J. L. Fleiss, J. Cohen and B. S. Everitt, Large sample standard
    errors of kappa and weighted kappa, Psychological Bulletin 72 (1969), 323-327.
    """
    number, size = sum(map(sum, table)), range(len(table))
    if number == 0:
        return Kappa(value=None, observed=None, by_chance=None)
    rows = [sum(table[i]) / number for i in size]
    columns = [sum(table[i][j] for i in size) / number for j in size]
    cost = {(i, j): _cost(i, j, weights) for i in size for j in size}
    most = max(cost.values()) or 1.0
    seen = 1 - math.fsum(cost[i, j] / most * table[i][j] / number for i, j in cost)
    chance = 1 - math.fsum(cost[i, j] / most * rows[i] * columns[j] for i, j in cost)
    if 1 - chance < 1e-12:
        return Kappa(value=None, observed=seen, by_chance=chance)
    kappa = (seen - chance) / (1 - chance)
    if weights is not Weights.NONE:
        return Kappa(value=kappa, observed=seen, by_chance=chance)
    shares = {(i, j): table[i][j] / number for i, j in cost}
    same = math.fsum(shares[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in size)
    other = math.fsum(shares[i, j] * (columns[i] + rows[j]) ** 2 for i, j in shares if i != j)
    middle = (kappa - chance * (1 - kappa)) ** 2
    variance = (same + (1 - kappa) ** 2 * other - middle) / (1 - chance) ** 2 / number
    error = math.sqrt(max(0.0, variance))
    half = z_of(confidence) * error
    return Kappa(
        value=kappa,
        observed=seen,
        by_chance=chance,
        error=error,
        low=kappa - half,
        high=kappa + half,
    )


def _cost(i: int, j: int, weights: Weights) -> float:
    match weights:
        case Weights.NONE:
            return float(i != j)
        case Weights.LINEAR:
            return float(abs(i - j))
        case Weights.QUADRATIC:
            return float((i - j) ** 2)


def fleiss_kappa(counts: Sequence[Sequence[int]]) -> float | None:
    """Return the agreement of the same number of raters on each row, who need not be the same.

    Source: J. L. Fleiss, Measuring nominal scale agreement among many raters, Psychological
    Bulletin 76 (1971), 378-382.

    :param counts: How many raters gave each category, by row.
    :returns: None where chance alone would agree always.
    """
    if not counts:
        return None
    raters = sum(counts[0])
    if raters < 2 or any(sum(row) != raters for row in counts):
        raise ValueError("each row needs the same number of ratings, at least two")
    pairs = raters * (raters - 1)
    seen = math.fsum(sum(n * (n - 1) for n in row) / pairs for row in counts) / len(counts)
    total = raters * len(counts)
    chance = math.fsum((sum(column) / total) ** 2 for column in zip(*counts, strict=True))
    return None if 1 - chance < 1e-12 else (seen - chance) / (1 - chance)


def krippendorff_alpha(
    units: Sequence[Sequence[Hashable]],
    *,
    level: Level = Level.NOMINAL,
    times: Sequence[int] | None = None,
) -> float | None:
    """Return the agreement of any number of raters, some of whom may have left rows out.

    Source: K. Krippendorff, Content Analysis, 2nd ed. (2004), chapter 11.

    :param units: The ratings of each row that were given; a row with fewer than two says nothing.
        Ordinal and interval ratings are numbers.
    :param times: How many rows have these ratings, where equal ones stand there once.
    :returns: None where no row has two ratings, or only one rating was ever used.
    """
    often = [1] * len(units) if times is None else times
    pairable = [(unit, n) for unit, n in zip(units, often, strict=True) if len(unit) >= 2 and n]
    totals: Counter[Hashable] = Counter()
    for unit, n in pairable:
        for value in unit:
            totals[value] += n
    if len(totals) < 2:
        return None
    distance = _distances(totals, level)
    seen = math.fsum(
        n * of_one * others * distance[one, other] / (len(unit) - 1)
        for unit, n in pairable
        for counted in (Counter(unit),)
        for one, of_one in counted.items()
        for other, others in counted.items()
        if one != other
    )
    chance = math.fsum(
        totals[one] * totals[other] * distance[one, other] for one, other in distance
    )
    number = totals.total()
    return 1 - (number - 1) * seen / chance if chance > 0 else None


def _distances(
    totals: Mapping[Hashable, int], level: Level
) -> dict[tuple[Hashable, Hashable], float]:
    """Return how far two different ratings are from each other."""
    if level is Level.NOMINAL:
        return {(one, other): 1.0 for one in totals for other in totals if one != other}
    values = sorted((_number(one), one) for one in totals)
    found = {}
    for low, (start, one) in enumerate(values):
        for high in range(low + 1, len(values)):
            end, other = values[high]
            between = sum(totals[name] for _, name in values[low : high + 1])
            ranks = between - (totals[one] + totals[other]) / 2
            far = ranks if level is Level.ORDINAL else end - start
            found[one, other] = found[other, one] = far * far
    return found


def _number(rating: Hashable) -> float:
    if isinstance(rating, int | float):
        return float(rating)
    raise ValueError(f"{rating!r} is no number: only `nominal` is for names")


def alpha_interval(
    units: Sequence[Sequence[Hashable]],
    *,
    seed: int,
    level: Level = Level.NOMINAL,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval | None:
    """Return alpha with its percentile interval, drawn over rows."""
    return bootstrap_of_units(
        sorted(units, key=repr),
        lambda drawn: krippendorff_alpha(drawn, level=level),
        seed=seed,
        resamples=resamples,
        confidence=confidence,
    )
