"""Figures as words: one way to write each kind of number. Unknown is `–`, never 0."""

from collections.abc import Mapping

from sygra_eval.values import Interval, StopReason

UNKNOWN = "–"


def percent(rate: float | None) -> str:
    """Return a rate in percent, without the sign."""
    return UNKNOWN if rate is None else f"{100 * rate:.1f}"


def bounds(interval: Interval | None) -> str:
    """Return an interval's bounds in percent."""
    if interval is None:
        return UNKNOWN
    return f"{percent(interval.low)} – {percent(interval.high)}"


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s" if hours else f"{minutes} min {rest} s"


def cost(usd: float | None) -> str:
    """Return a price; what is less than a cent keeps its first two figures."""
    if usd is None:
        return UNKNOWN
    if 0 < usd < 0.005:
        return f"{usd:.2g} USD"
    return f"{usd:.2f} USD"


def small_cost(usd: float) -> str:
    """Return a price to be compared with others: below a dollar with its first three figures."""
    return f"{usd:.3g} USD" if 0 < usd < 0.9995 else cost(usd)


def count(number: float) -> str:
    """Return a number of things, its thousands apart."""
    return f"{number:,.0f}"


def short_count(number: int) -> str:
    """Return a number in few characters: from a hundred thousand on its first three figures."""
    for unit, name in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= max(unit, 100_000):
            shown = number / unit
            return f"{shown:.{0 if shown >= 99.95 else 1 if shown >= 9.995 else 2}f} {name}"
    return str(number)


def stops(reasons: Mapping[StopReason, int]) -> str:
    """Return how often each reason stopped a loop, the most frequent first."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0].value))
    return " · ".join(f"{reason.value} {count}" for reason, count in ordered if count) or UNKNOWN


def some_of(ids: tuple[str, ...], most: int = 3) -> str:
    """Return up to `most` ids, and how many more there are."""
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more
