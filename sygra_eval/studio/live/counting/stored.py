"""Values as a journal has them: a run folder may be anybody's, and its rows hold anything."""

from collections.abc import Mapping
from typing import Any

MOST_TEXT = 500
"""So many characters of a reason, an id or a name are told."""


def number(value: object) -> int:
    """Return a number, and 0 for what is none."""
    return value if isinstance(value, int) else 0


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, and none of what is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
