"""Did you mean: the known name that a misspelt one is closest to."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the closest of the known names, empty when none is close."""
    by_lower = {candidate.lower(): candidate for candidate in sorted(known, reverse=True)}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a fix: the nearest name, else all there are, else nothing."""
    names = sorted(known)
    if near := nearest(name, names):
        return f"write `{near}`"
    return f"known here: {', '.join(f'`{known_name}`' for known_name in names)}" if names else ""
