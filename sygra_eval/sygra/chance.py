"""Chance that repeats: what a task draws belongs to its row, and not to the moment (P15).

Tasks call `random.choice` and `uuid.uuid4` as they are. While a task is loaded these take their
numbers from the record that calls, wherever one does; everybody else has Python's own.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class _Draws:
    """A beginning; the generator is made when somebody draws, which few nodes do."""

    __slots__ = ("_made", "_words")

    def __init__(self, words: tuple[object, ...]) -> None:
        self._words = words
        self._made: random.Random | None = None

    @property
    def generator(self) -> random.Random:
        if self._made is None:
            seed = "\0".join(str(word) for word in self._words)
            self._made = random.Random(seed)  # noqa: S311 - not a secret
        return self._made


_DRAWS: ContextVar[_Draws | None] = ContextVar("sygra_draws", default=None)
_NAMES = (
    "random",
    "uniform",
    "triangular",
    "randint",
    "choice",
    "randrange",
    "sample",
    "shuffle",
    "choices",
    "normalvariate",
    "gauss",
    "expovariate",
    "betavariate",
    "getrandbits",
    "randbytes",
)
_BEFORE: dict[str, Any] = {}


@contextmanager
def chance_of(*words: object) -> Iterator[None]:
    """Let what is called inside draw from a beginning that these words name."""
    token = _DRAWS.set(_Draws(words))
    try:
        yield
    finally:
        _DRAWS.reset(token)


def is_inside() -> bool:
    """Say whether the Python of a task is what asks."""
    return _DRAWS.get() is not None


def patched_chance() -> None:
    """Put ours in the place of Python's functions."""
    for name in _NAMES:
        _BEFORE[name] = getattr(random, name)
        setattr(random, name, _drawing(name, _BEFORE[name]))
    _BEFORE["uuid4"] = uuid.uuid4
    uuid.uuid4 = _uuid4


def restored_chance() -> None:
    """Put Python's back."""
    if _BEFORE:
        uuid.uuid4 = _BEFORE.pop("uuid4")
    for name in list(_BEFORE):
        setattr(random, name, _BEFORE.pop(name))


def _drawing(name: str, before: Callable[..., Any]) -> Callable[..., Any]:
    def draw(*arguments: Any, **named: Any) -> Any:
        mine = _DRAWS.get()
        draws = before if mine is None else getattr(mine.generator, name)
        return draws(*arguments, **named)

    return draw


def _uuid4() -> uuid.UUID:
    mine = _DRAWS.get()
    if mine is None:
        found: uuid.UUID = _BEFORE["uuid4"]()
        return found
    return uuid.UUID(int=mine.generator.getrandbits(128), version=4)
