"""Corrects the p of several tests that were made at once."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p in the order given; the chance of *any* false alarm is held.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal
    of Statistics 6 (1979), 65-70.
    """
    number, least = len(p_values), 0.0
    adjusted = [0.0] * number
    for rank, index in enumerate(sorted(range(number), key=p_values.__getitem__)):
        least = max(least, min(1.0, p_values[index] * (number - rank)))
        adjusted[index] = least
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p in the order given; the *share* of false alarms is held.

    For tables that are looked through, never for a decision. Source: Y. Benjamini and Y. Hochberg,
    Controlling the false discovery rate, J. R. Statist. Soc. B 57 (1995), 289-300.
    """
    number, most = len(p_values), 1.0
    adjusted = [0.0] * number
    order = sorted(range(number), key=p_values.__getitem__)
    for rank in range(number, 0, -1):
        index = order[rank - 1]
        most = min(most, p_values[index] * (number / rank))  # never below p by a rounding error
        adjusted[index] = most
    return adjusted
