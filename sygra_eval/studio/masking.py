"""Cuts keys out of everything that leaves, whoever put them there.

An endpoint may repeat the key in its refusal, a suite may hold one. What is cut keeps its length,
so that an answer stays as long as its headers say.
"""

import json
import math
import time
from collections.abc import Callable, Iterable
from typing import Final

FEWEST: Final = 8
"""Characters: what is shorter would be found in any text, and guards nothing."""
FRESH_S: Final = 1.0
_SIGN: Final = b"*"


class Mask:
    """Over one answer, which may come in pieces, and go on while another key is typed.

    :param secrets: What is cut out; asked for again each second.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets
        self._keys: list[bytes] = []
        self._held = b""
        self._old_at = -math.inf

    def over(self, piece: bytes, *, is_last: bool) -> bytes:
        """Return a piece without keys; what may be the beginning of one waits for the next."""
        self._renew()
        if not self._keys and not self._held:
            return piece
        text = self._held + piece
        for key in self._keys:
            text = text.replace(key, _SIGN * len(key))
        cut = len(text) if is_last else len(text) - self._begun(text)
        self._held = text[cut:]
        return text[:cut]

    def _renew(self) -> None:
        now = time.monotonic()
        if now >= self._old_at:
            forms = {form for key in self._secrets() for form in _forms(key)}
            self._keys = sorted(forms, key=len, reverse=True)
            self._old_at = now + FRESH_S

    def _begun(self, text: bytes) -> int:
        """Return how many bytes at the end may be the beginning of a key."""
        most = min(len(text), max(map(len, self._keys), default=1) - 1)
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
