"""Objects of process C as process T holds them, and what ends a test that cannot go on.

A method or an attribute is asked for over there; what an object is compared with never is, as a
wrong answer could then agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sygra_eval.validators.inside_wire import Json

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

    from sygra_eval.validators.inside_link import Link

TOLD_ATTRIBUTES = ("__name__", "__qualname__", "__doc__", "__annotations__", "__dict__")
WITH_PLAIN = """
__radd__ __rsub__ __rmul__ __rtruediv__ __rfloordiv__ __rmod__ __rpow__ __rmatmul__ __rand__
__ror__ __rxor__ __contains__ __index__ __int__ __float__ __neg__ __abs__ __invert__ __round__
__iadd__ __isub__ __imul__ __itruediv__ __iand__ __ior__ __ixor__ __lshift__ __rshift__ __divmod__
__reduce_ex__ __copy__ __deepcopy__ __complex__ __reversed__ __delattr__
"""
BETWEEN_OBJECTS = """
__add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __pow__ __matmul__ __and__ __or__ __xor__
__lt__ __le__ __gt__ __ge__
"""


class Trouble(BaseException):
    """Ends a test in a way that no test can catch, as it is noted on the link too."""


class CandidateGone(Trouble):
    """Process C is no more, or wrote what nobody asked for."""


class NoPlainAnswer(Trouble):
    """The answer gave something that cannot be judged out here."""


class NeedsOneProcess(Trouble):
    """The test does something that only works beside the answer."""


class Proxy:
    """An object of process C."""

    __slots__ = ("_sygra_compares", "_sygra_link", "_sygra_names", "_sygra_reference")
    _sygra_compares: bool
    _sygra_link: Link
    _sygra_names: list[str]
    _sygra_reference: Json

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name not in TOLD_ATTRIBUTES:
            raise AttributeError(name)
        return self._sygra_link.ask("get", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self._sygra_link.ask("set", self, name, value)

    def __call__(self, *args: object, **named: object) -> object:  # noqa: D102
        return self._sygra_link.ask("call", self, *args, **named)

    def __len__(self) -> int:
        return int(self._sygra_link.ask("len", self))

    def __bool__(self) -> bool:
        return self._sygra_link.ask("bool", self) is True

    def __str__(self) -> str:
        return str(self._sygra_link.ask("str", self))

    def __repr__(self) -> str:
        return str(self._sygra_link.ask("repr", self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __hash__(self) -> int:
        return int(self._sygra_link.ask("hash", self))

    def __iter__(self) -> Iterator[object]:
        return iter(self._sygra_link.ask("iter", self))

    def __getitem__(self, key: object) -> object:
        return self._sygra_link.ask("item", self, key)

    def __setitem__(self, key: object, value: object) -> None:
        self._sygra_link.ask("set item", self, key, value)

    def __delitem__(self, key: object) -> None:
        self._sygra_link.ask("delete item", self, key)

    def __enter__(self) -> object:
        return self._sygra_link.ask("enter", self)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._sygra_needs("an exception within `with`")
        self._sygra_link.ask("exit", self)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Proxy):
            return self._sygra_link.ask("==", self, other) is True
        if self._sygra_compares and other is not None and self._sygra_is_known():
            self._sygra_needs("`==` of an object of the answer's and a value")
        return False  # it is not told what it is compared with

    def _sygra_is_known(self) -> bool:
        return not self._sygra_link.known.isdisjoint(self._sygra_names)

    def _sygra_needs(self, what: str) -> None:
        link = self._sygra_link
        if self._sygra_is_known():
            raise link.raised(NeedsOneProcess(what))
        name = str(self._sygra_names[0])[:80]
        raise link.raised(NoPlainAnswer(f"an object of the class `{name}`, which is no plain data"))


class Reference(Proxy):
    """Names an object of process C in a message, and is nothing else."""

    def __init__(self, reference: Json) -> None:
        object.__setattr__(self, "_sygra_reference", reference)


class StubMeta(type):
    """A class of the answer: calling it makes an object over there."""

    _sygra_class_link: Link

    def __call__(cls, *args: object, **named: object) -> object:  # noqa: D102
        return cls._sygra_class_link.ask("call", cls, *args, **named)

    def __getattr__(cls, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls._sygra_class_link.ask("get", cls, name)

    def __setattr__(cls, name: str, value: object) -> None:
        cls._sygra_class_link.ask("set", cls, name, value)

    def __iter__(cls) -> Iterator[object]:
        return iter(cls._sygra_class_link.ask("iter", cls))

    def __getitem__(cls, key: object) -> object:
        return cls._sygra_class_link.ask("item", cls, key)

    def __len__(cls) -> int:
        return int(cls._sygra_class_link.ask("len", cls))

    def __bool__(cls) -> bool:
        return True


def refuse_subclass(cls: Any, /, **_: object) -> None:
    """Refuse a class of the tests that is made of one over there."""
    link: Link = cls._sygra_class_link
    if link.is_ready:
        raise link.raised(NeedsOneProcess("a class that is made of one of the answer's"))


def between(name: str) -> Callable[[Proxy, object], object]:
    """Make an operator that objects of process C use among themselves only."""

    def operate(self: Proxy, other: object) -> object:
        if not isinstance(other, Proxy):
            self._sygra_needs("an operator on an object of the answer's and a value")
        return self._sygra_link.ask(name, self, other)

    return operate


def refused(name: str) -> Callable[..., object]:
    """Make a method that works beside the answer only."""

    def refuse(self: Proxy, *_: object) -> object:
        self._sygra_needs(f"`{name}` of an object of the answer's")
        return None

    return refuse


def proxy_of(
    kind: type, link: Link, reference: Json, names: list[str], *, compares: bool = False
) -> object:
    """Make a proxy without asking anybody."""
    made: object = object.__new__(kind)
    held = {"link": link, "reference": reference, "names": names, "compares": compares}
    for name, value in held.items():
        object.__setattr__(made, f"_sygra_{name}", value)
    return made


setattr(Proxy, "__doc__", property(lambda self: self._sygra_link.ask("get", self, "__doc__")))  # noqa: B010 - a class has a docstring

for method in BETWEEN_OBJECTS.split():
    setattr(Proxy, method, between(method))

for method in WITH_PLAIN.split():
    setattr(Proxy, method, refused(method))
