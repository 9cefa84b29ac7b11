"""`printable` for the texts of whole rows: long ones are cut first, most have nothing to escape.

`printable` looks at each character. Of a run's rows nearly all are harmless, and that a machine
can say of a whole text at once.
"""

import re

from sygra_eval.report.text_safety import printable

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LINES = str.maketrans("", "", "\n\t")
CUT = "…"


def is_plain(text: str) -> bool:
    """Say whether `printable` would leave a text as it is."""
    shown = text if text.isprintable() else text.translate(_LINES)
    if not shown.isprintable():
        return False
    return shown.isascii() or _INVISIBLE.search(shown) is None


def shown(text: str, most: int | None = None) -> str:
    """Return `printable` text of at most so many characters, the last a sign that it was cut."""
    if most is not None:
        text = text[: 2 * most + 2]  # `printable` makes one line's end of two characters
    safe = text if is_plain(text) else printable(text)
    return safe if most is None else cut(safe, most)


def cut(text: str, most: int) -> str:
    """Return a text of at most so many characters, the last a sign that it was cut."""
    return text if len(text) <= most else text[: most - 1] + CUT
