"""How categories and figures are distributed, against what is wanted or against another set.

A distance is None where it is not defined; with enough rows every p is small, so a decision is made
on a distance's bound and never on p.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sygra_eval.quality.kernels import chi_square_above


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How far counts are from those expected.

    :ivar g: The likelihood ratio statistic; `total_variation` is the share of rows that are in
        another category than wanted.
    """

    chi_square: float
    p_chi_square: float
    g: float
    p_g: float
    total_variation: float
    divergence_bits: float
    cohen_w: float


def goodness_of_fit(observed: Sequence[int], expected: Sequence[float]) -> Fit | None:
    """Compare counts with expected ones.

    Sources: K. Pearson, Philosophical Magazine 50 (1900), 157-175; J. Lin, Divergence measures
    based on the Shannon entropy, IEEE Transactions on Information Theory 37 (1991), 145-151; J.
    Cohen, Statistical Power Analysis, 2nd ed. (1988), chapter 7.

    :returns: None with fewer than two categories, or one that is expected not to be there.
    """
    if len(observed) != len(expected):
        raise ValueError(f"{len(observed)} counts, {len(expected)} expected")
    number, total = sum(observed), math.fsum(expected)
    if len(observed) < 2 or number == 0 or min(expected) <= 0:
        return None
    wanted = [one / total for one in expected]
    shares = [one / number for one in observed]
    pairs = list(zip(shares, wanted, strict=True))
    chi = number * math.fsum((p - w) ** 2 / w for p, w in pairs)
    g = 2 * number * math.fsum(p * math.log(p / w) for p, w in pairs if p)
    freedom = len(observed) - 1
    return Fit(
        chi_square=chi,
        p_chi_square=chi_square_above(chi, freedom),
        g=g,
        p_g=chi_square_above(g, freedom),
        total_variation=math.fsum(abs(p - w) for p, w in pairs) / 2,
        divergence_bits=max(0.0, _divergence(pairs)),
        cohen_w=math.sqrt(chi / number),
    )


def _divergence(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the Jensen-Shannon divergence in bits: 0 the same, 1 nothing in common."""
    return math.fsum(
        one * math.log2(2 * one / (p + w)) / 2 for p, w in pairs for one in (p, w) if one
    )


def exact_multinomial(observed: Sequence[int], wanted: Sequence[float]) -> float:
    """Return the p of counts: how likely outcomes are that are no likelier than these.

    For few rows and categories (100 and 5), as it goes through all outcomes.
    """
    number, total = sum(observed), math.fsum(wanted)
    # The logarithm of what n rows in a category contribute, by category and n.
    parts = [
        [
            (n * math.log(one / total) if one > 0 else -math.inf if n else 0.0) - math.lgamma(n + 1)
            for n in range(number + 1)
        ]
        for one in wanted
    ]
    ways = math.lgamma(number + 1)
    seen = ways + math.fsum(part[n] for part, n in zip(parts, observed, strict=True)) + 1e-9
    return min(
        1.0, math.fsum(math.exp(one) for one in _outcomes(parts, number, ways) if one <= seen)
    )


def _outcomes(parts: Sequence[Sequence[float]], number: int, before: float) -> Iterator[float]:
    """Yield the logarithm of how likely each way to spread rows over categories is."""
    if len(parts) == 1:
        yield before + parts[0][number]
        return
    if len(parts) == 2:
        first, last = parts
        yield from [before + first[n] + last[number - n] for n in range(number + 1)]
        return
    for n in range(number + 1):
        yield from _outcomes(parts[1:], number - n, before + parts[0][n])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entropy:
    """How evenly rows are spread.

    :ivar effective: As many categories of the same size would be as diverse.
    :ivar normalised: Of what the categories allow; None with one category.
    :ivar bias_bits: By about so much the figure is too low, for want of rows.
    """

    bits: float
    normalised: float | None
    effective: float
    gini_simpson: float
    bias_bits: float


def entropy(counts: Sequence[int]) -> Entropy | None:
    """Return Shannon's entropy of counts; those that are 0 count as categories that are wanted.

    Sources: C. E. Shannon, Bell System Technical Journal 27 (1948), 379-423; the bias by G. A.
    Miller, Note on the bias of information estimates (1955); E. H. Simpson, Nature 163 (1949), 688.

    :returns: None without rows.
    """
    number = sum(counts)
    if number == 0:
        return None
    shares = [one / number for one in counts if one]
    bits = max(0.0, -math.fsum(p * math.log2(p) for p in shares))
    return Entropy(
        bits=bits,
        normalised=bits / math.log2(len(counts)) if len(counts) > 1 else None,
        effective=2**bits,
        gini_simpson=1 - math.fsum(p * p for p in shares),
        bias_bits=(len(shares) - 1) / (2 * number * math.log(2)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSamples:
    """How far two sets of figures are apart: the largest gap of their shares, and by how much."""

    largest_gap: float
    p_exact: float
    wasserstein: float


def kolmogorov_smirnov(first: Sequence[float], second: Sequence[float]) -> TwoSamples | None:
    """Compare two sets of figures.

    The p is exact, by counting lattice paths: J. L. Hodges, The significance probability of the
    Smirnov two-sample test, Arkiv för Matematik 3 (1958), 469-486. Its work is the product of both
    sizes.

    :returns: None where one of them is empty.
    """
    if not first or not second:
        return None
    a, b = sorted(first), sorted(second)
    steps = math.lcm(len(a), len(b))
    largest, area, i, j = 0, 0.0, 0, 0
    places = sorted({*a, *b})
    for place, following in itertools.zip_longest(places, places[1:]):
        while i < len(a) and a[i] <= place:
            i += 1
        while j < len(b) and b[j] <= place:
            j += 1
        gap = abs(i * (steps // len(a)) - j * (steps // len(b)))
        largest = max(largest, gap)
        if following is not None:
            area += gap / steps * (following - place)
    p = _paths_beyond(len(a), len(b), largest)
    return TwoSamples(largest_gap=largest / steps, p_exact=p, wasserstein=area)


def _paths_beyond(first: int, second: int, largest: int) -> float:
    """Return the share of orders of all figures whose largest gap is no smaller."""
    if largest == 0:
        return 1.0
    up, right = math.lcm(first, second) // first, math.lcm(first, second) // second
    inside = [0] * (second + 1)
    for i in range(first + 1):
        for j in range(second + 1):
            if abs(i * up - j * right) >= largest:
                inside[j] = 0
            elif i == j == 0:
                inside[0] = 1
            else:
                inside[j] = (inside[j] if i else 0) + (inside[j - 1] if j else 0)
    return 1 - inside[second] / math.comb(first + second, first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contingency:
    """Whether two columns go together; `fisher_p` for two by two only."""

    chi_square: float
    p: float
    cramers_v: float
    fisher_p: float | None


def contingency(table: Sequence[Sequence[int]]) -> Contingency | None:
    """Return the test of a table of counts, without continuity correction.

    Sources: H. Cramér, Mathematical Methods of Statistics (1946), chapter 21; R. A. Fisher, The
    logic of inductive inference, J. R. Statist. Soc. 98 (1935), 39-82.

    :returns: None where a row or a column of the table is empty or there is only one.
    """
    rows, columns = [sum(row) for row in table], [sum(one) for one in zip(*table, strict=True)]
    number, least = sum(rows), min(len(rows), len(columns))
    if least < 2 or min(rows) == 0 or min(columns) == 0:
        return None
    chi = math.fsum(
        (table[i][j] - rows[i] * columns[j] / number) ** 2 / (rows[i] * columns[j] / number)
        for i in range(len(rows))
        for j in range(len(columns))
    )
    is_small = len(rows) == len(columns) == 2
    return Contingency(
        chi_square=chi,
        p=chi_square_above(chi, (len(rows) - 1) * (len(columns) - 1)),
        cramers_v=math.sqrt(chi / (number * (least - 1))),
        fisher_p=_fisher(table[0][0], rows, columns) if is_small else None,
    )


def _fisher(seen: int, rows: Sequence[int], columns: Sequence[int]) -> float:
    """Return how likely tables with these sums are that are no likelier than this one."""
    first = range(max(0, columns[0] - rows[1]), min(rows[0], columns[0]) + 1)
    ways = {one: math.comb(rows[0], one) * math.comb(rows[1], columns[0] - one) for one in first}
    return sum(one for one in ways.values() if one <= ways[seen]) / sum(ways.values())


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the correlation of ranks, of ties their mean.

    Source: C. Spearman, The proof and measurement of association between two things, American
    Journal of Psychology 15 (1904), 72-101.

    :returns: None where one side is constant.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} figures, {len(second)} of the other")
    if len(first) < 2:
        return None
    a, b = _ranks(first), _ranks(second)
    middle = (len(a) + 1) / 2
    across = math.fsum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    spread = math.fsum((x - middle) ** 2 for x in a) * math.fsum((y - middle) ** 2 for y in b)
    return max(-1.0, min(1.0, across / math.sqrt(spread))) if spread > 0 else None


def _ranks(values: Sequence[float]) -> list[float]:
    ranks = [0.0] * len(values)
    order = sorted(range(len(values)), key=values.__getitem__)
    for _, group in itertools.groupby(enumerate(order, start=1), lambda one: values[one[1]]):
        members = list(group)
        rank = (members[0][0] + members[-1][0]) / 2
        for _, index in members:
            ranks[index] = rank
    return ranks
