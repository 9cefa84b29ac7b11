"""Finds patterns in long texts that nobody vouches for, window by window, and shows them masked.

A pattern whose match has at most `REACH` characters costs a bounded number of steps in a window,
and windows are as many as the text is long: so the whole is linear, whatever the text. Between
windows the loop gets its turn.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

WINDOW = 8_192
REACH = 512
"""No pattern here matches more characters than this; a longer match would be cut at a window."""

MOST_SHOWN = 10
MOST_KEPT = 1_000
SHOWN_OF_ONE = 4  # characters, and the length: enough to find it, and to use it too few
_WINDOWS_A_TURN = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One place in a text.

    :ivar kind: What it is, in words.
    """

    kind: str
    start: int
    end: int


Finder = Callable[[str, int, int], Iterable[Found]]
"""Yields what begins in a text from here to there; it may look `REACH` characters further."""


def of_pattern(
    kind: str,
    pattern: re.Pattern[str],
    is_one: Callable[[str, re.Match[str]], bool] = lambda text, match: True,
) -> Finder:
    """Return a finder of what matches and is one; it looks behind the window's begin too."""

    def find(text: str, start: int, end: int) -> Iterator[Found]:
        for match in pattern.finditer(text, start, min(len(text), end + REACH)):
            if match.start() >= end:
                return
            if is_one(text, match):
                yield Found(kind, match.start(), match.end())

    return find


def windows(length: int) -> Iterator[tuple[int, int]]:
    """Yield the windows of a text, each behind the one before."""
    for start in range(0, length, WINDOW):
        yield start, min(length, start + WINDOW)


async def found_in(text: str, finders: Iterable[Finder]) -> list[Found]:
    """Return what is found, in the order of the text; of places in one another the first.

    More than `MOST_KEPT` are not kept: it is decided by then.
    """
    finders, found = tuple(finders), list[Found]()
    for number, (start, end) in enumerate(windows(len(text))):
        if number % _WINDOWS_A_TURN == _WINDOWS_A_TURN - 1:
            await asyncio.sleep(0)
        found += (one for find in finders for one in find(text, start, end))
        if len(found) > MOST_KEPT:
            break
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def counted(found: Iterable[Found]) -> str:
    """Say what was found: `2 e-mail addresses, 1 IBAN` without plurals, as `e-mail address: 2`."""
    return ", ".join(f"{kind}: {count}" for kind, count in Counter(o.kind for o in found).items())


def shown(text: str, found: list[Found], most: int = SHOWN_OF_ONE) -> str:
    """Return the places, one a line, with no more of each than its first characters."""
    lines = [
        f"line {line}, column {column}: {one.kind} {masked(text[one.start : one.end], most)}"
        for one in found[:MOST_SHOWN]
        for line, column in [place_of(text, one.start)]
    ]
    more = len(found) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else [])])


def masked(secret: str, most: int = SHOWN_OF_ONE) -> str:
    """Return the first characters and the length; of a short text fewer."""
    begin = secret[: min(most, len(secret) // 4)]
    begin = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in begin)
    return f"{begin}… ({len(secret)} characters)"


def place_of(text: str, at: int) -> tuple[int, int]:
    """Return line and column, both from 1."""
    begin = text.rfind("\n", 0, at) + 1
    return text.count("\n", 0, begin) + 1, at - begin + 1
