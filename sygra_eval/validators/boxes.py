"""What an interpreter of tests and a box say to each other."""

import builtins
from dataclasses import dataclass, field
from typing import Protocol

from sygra_eval.validators.plain_data import NotPlain

EXCEPTIONS: dict[str, type[BaseException]] = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}
Place = tuple[int, tuple[int, ...]]
"""A node of the test's tree, and which turn of the loops around it this is."""


class Unknown:
    """A value that only the box will have; there is one instance."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(slots=True)
class Cell:
    """A variable: a value out here, or a slot that holds an object in the box.

    :ivar is_shared: Part of the value went into the box, where it may have been changed.
    """

    value: object = None
    slot: int | None = None
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """What a function of the answer is called with: a value, or the object in a slot."""

    value: object = None
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """The value of a variable that stands for a function of the answer."""

    name: str


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """An exception that a test has caught."""

    names: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: of which name, with what, and what is done with its result.

    :ivar mode: `value` shows it, `drain` makes a list of an iterator first, `keep` only keeps it.
    """

    name: str
    args: tuple[Argument, ...]
    named: dict[str, Argument] = field(default_factory=dict)
    mode: str = "value"


class Raised(Exception):
    """An exception in the test, as Python would raise it.

    :ivar names: Its built-in types, itself first where it is one.
    """

    def __init__(
        self, names: tuple[str, ...], told: str, *, text: str = "", place: str = ""
    ) -> None:
        super().__init__(told)
        self.names, self.told, self.text, self.place = names, told, text, place
        self.input = self.expected = self.got = ""


class NoPlainAnswer(Exception):
    """The answer gave something that cannot be compared out here; no test can catch that."""


class Unanswered(Exception):
    """No answer came, as the process ended before."""


class Box(Protocol):
    """Where the functions of the answer are called."""

    @property
    def is_planning(self) -> bool:
        """Whether every value is unknown yet, so that all ways have to be walked."""
        ...

    def let(self, slot: int, value: object) -> None:
        """Put an object into a slot."""
        ...

    def call(self, place: Place, slot: int, asked: Asked) -> object:
        """Call a function; its result is given, and kept in the slot.

        :raises Raised: When the function raised.
        """
        ...

    def show(self, place: Place, slot: int) -> object:
        """Look at the object in a slot as it is now."""
        ...


def raised_by(error: Exception) -> Raised:
    """Make the exception of a test out of one that an operation raised out here."""
    text = str(error)
    return Raised(
        names_of(type(error)), f"{type(error).__name__}: {text}".removesuffix(": "), text=text
    )


def names_of(kind: type[BaseException]) -> tuple[str, ...]:
    """Give the built-in types of an exception."""
    return tuple(base.__name__ for base in kind.__mro__ if base.__name__ in EXCEPTIONS)


def exception_named(name: str) -> type[BaseException]:
    """Find a built-in exception.

    :raises NotPlain: When there is none of that name.
    """
    if name not in EXCEPTIONS:
        raise NotPlain(f"the exception `{name}`")
    return EXCEPTIONS[name]
