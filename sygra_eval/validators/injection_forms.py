"""What a text says in another spelling: encoded, turned round, letter by letter, with digits.

Each is bounded, and is only looked at where the text has the mark of it, so that most texts are
read once.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

LONGEST = 4_000
"""Characters of one hidden text that are looked at."""
MOST = 8
"""So many hidden texts of one kind are looked at."""
_BASE64 = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{20,4000}={0,2}(?![\w+/=])")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){10,2000}(?![0-9A-Za-z])")
_APART = re.compile(r"(?<!\w)(?:\w[ ._\-*|]{1,4}){9,400}\w(?!\w)")
_BETWEEN = re.compile(r"[ ._\-*|]+")
_MIXED = re.compile(
    r"\b(?=[a-z0-9@$]{0,30}[a-z])(?=[a-z0-9@$]{0,30}[0134579@$])[a-z0-9@$]{3,30}\b", re.IGNORECASE
)
_DIGITS = str.maketrans("013457@$", "oieastas")
_TURNED = re.compile(r"\b(?:revers\w+|backwards?|turned? round)\b", re.IGNORECASE)
_ROT13 = re.compile(r"\b(?:rot[ -]?13|caesar)\b", re.IGNORECASE)
FEWEST_MIXED = 3


def hidden_forms(text: str) -> Iterator[str]:
    """Yield what the text says in other spellings; nothing where it has none."""
    for found in _some(_BASE64, text):
        yield from _decoded(found, is_hex=False)
    for found in _some(_HEX, text):
        yield from _decoded(found, is_hex=True)
    for found in _some(_APART, text):
        yield _BETWEEN.sub("", found)
    start = text[:LONGEST]
    if len(_some(_MIXED, start, most=FEWEST_MIXED)) == FEWEST_MIXED:
        yield start.translate(_DIGITS)
    if _TURNED.search(start):
        yield start[::-1]
    if _ROT13.search(start):
        yield codecs.decode(start, "rot13")


def _some(pattern: re.Pattern[str], text: str, *, most: int = MOST) -> list[str]:
    found = []
    for one in pattern.finditer(text):
        found.append(one[0])
        if len(found) == most:
            break
    return found


def _decoded(text: str, *, is_hex: bool) -> Iterator[str]:
    """Yield what a run of letters stands for, where that is a text of words."""
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        raw = bytes.fromhex(text) if is_hex else base64.b64decode(padded, validate=True)
        said = raw.decode("utf-8")
    except (ValueError, binascii.Error):
        return
    if " " in said and said.isprintable():
        yield said
