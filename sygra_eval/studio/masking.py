"""Cuts keys out of everything that leaves, whoever put them there.

An endpoint may repeat the key in its refusal, a suite may hold one. What is cut keeps its length,
so that an answer stays as long as its headers say.
"""

import json
from collections.abc import Iterable
from typing import Final

FEWEST: Final = 8
"""Characters: what is shorter would be found in any text, and guards nothing."""
_SIGN: Final = b"*"


class Mask:
    """Over one answer, which may come in pieces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = sorted(
            {form for key in secrets for form in _forms(key)}, key=len, reverse=True
        )
        self._held = b""

    def over(self, piece: bytes, *, is_last: bool) -> bytes:
        """Return a piece without keys; what may be the beginning of one waits for the next."""
        if not self._keys:
            return piece
        text = self._held + piece
        for key in self._keys:
            text = text.replace(key, _SIGN * len(key))
        cut = len(text) if is_last else len(text) - self._begun(text)
        self._held = text[cut:]
        return text[:cut]

    def _begun(self, text: bytes) -> int:
        """Return how many bytes at the end may be the beginning of a key."""
        most = min(len(text), max(map(len, self._keys)) - 1)
        return next(
            (
                length
                for length in range(most, 0, -1)
                if any(key.startswith(text[-length:]) for key in self._keys)
            ),
            0,
        )


def _forms(key: str) -> Iterable[bytes]:
    """Yield a key as it may stand in a text, in JSON, and in JSON of ASCII alone."""
    if len(key) < FEWEST:
        return
    for text in (key, json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1]):
        yield text.encode("utf-8", "surrogatepass")
