"""Process T's view of the answer: a module whose functions and classes ask process C.

Plain data comes back as itself. An object of C's is a `Proxy`: its methods and attributes can be
used, but it never learns what it is compared with, as a wrong answer could then agree.
"""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

from sygra_eval.validators.inside_wire import BrokenLink, Json, Pipe, WireEncoder, decoder_of
from sygra_eval.validators.typed_values import BadForm, TooLarge, decoded

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

NAMES = ("solution", "answer")
LONGEST = 400
MOST_DRAWN = 100_000
MOST_AT_ONCE = 256
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


class Link:
    """Asks process C, one question at a time, and serves its calls back meanwhile."""

    def __init__(self, pipe: Pipe, known: list[str]) -> None:
        self.pipe, self.known = pipe, frozenset(known)
        self.asked = self.called = 0
        self.is_ready = False
        self.last: tuple[str, Any, Any] = ("", [], {})
        self.trouble: Trouble | None = None
        self.classes: dict[str, type] = {}
        self.proxies: dict[int, object] = {}
        self.callbacks: dict[int, Callable[..., object]] = {}
        self.numbers: dict[int, int] = {}
        self.decode = decoder_of(self.resolve)
        self._one_at_a_time = threading.RLock()

    def raised(self, trouble: Trouble) -> Trouble:
        """Note a trouble, so that it counts even where a test swallows it."""
        self.trouble = self.trouble or trouble
        return trouble

    def ask(self, operation: str, *args: Any, **named: object) -> Any:
        """Have one operation run; give or raise what came of it."""
        with self._one_at_a_time:
            if isinstance(self.trouble, CandidateGone):
                raise self.trouble
            forms = self.encoded(list(args)), self.encoded(named)
            self.asked += 1
            self.called += operation == "call"
            self.last = operation, *forms
            try:
                self.pipe.send([self.asked, operation, *forms])
                kind, held, text, changes = self.answered()
            except (BrokenLink, BadForm, ValueError, TypeError) as error:
                raise self.raised(CandidateGone(str(error))) from error
            if text:
                sys.stdout.write(str(text))
            try:
                for place, new in changes:
                    update(args[place], self.decode(new))
                if kind == "raise":
                    raise self.exception_of(held)
                return args[held] if kind == "same" else self.decode(held)
            except (BadForm, LookupError, ValueError, TypeError) as error:
                if kind == "raise" and not isinstance(error, BadForm):
                    raise
                raise self.raised(CandidateGone(str(error))) from error

    def answered(self) -> Json:
        """Wait for the answer to the question that was asked last."""
        number = self.asked
        while True:
            message = self.pipe.receive()
            if message[:1] == ["callback"]:
                self.call_back(*message[1:])
                continue
            told, kind, held, *rest = message
            if told != number or type(told) is not int:
                raise BrokenLink("an answer that nobody asked for")
            if kind == "large":
                raise self.raised(NoPlainAnswer(f"a value too large to compare ({str(held)[:80]})"))
            if kind not in ("value", "raise", "same"):
                raise BrokenLink("no answer")
            text, changes = rest
            return [kind, held, text, changes]

    def call_back(self, number: int, args: object, named: object) -> None:
        """Call a function of the tests for process C."""
        function = self.callbacks[number]
        try:
            got = function(*self.decode(args), **self.decode(named))
        except Exception as error:
            name = type(error).__name__
            if getattr(builtins, name, None) is not type(error):
                raise self.raised(NeedsOneProcess("an exception of the tests' own")) from error
            self.pipe.send(["returned", "raise", [name, str(error)]])
        else:
            self.pipe.send(["returned", "value", self.encoded(got)])

    def encoded(self, value: object) -> object:
        """Encode what goes over."""
        try:
            return WireEncoder(self.refer).form_of(value, 0)
        except TooLarge as error:
            raise self.raised(NeedsOneProcess("an argument that is too large")) from error

    def refer(self, value: Any) -> Json:
        """Refer to what is no data."""
        kind = type(value)
        if issubclass(kind, Proxy):
            reference: Json = object.__getattribute__(value, "_sygra_reference")
            return reference
        if isinstance(value, type) and self.classes.get(value.__name__) is value:
            return ["global", value.__name__]
        if hasattr(kind, "__next__"):
            elements = []
            for element in value:
                elements.append(element)
                if len(elements) > MOST_DRAWN:
                    raise self.raised(NeedsOneProcess("an iterator that does not end"))
            return ["drained", WireEncoder(self.refer).form_of(elements, 0)]
        if kind.__name__ in ("function", "builtin_function_or_method", "method", "partial"):
            number = self.numbers.setdefault(id(value), len(self.numbers))
            self.callbacks[number] = value
            return ["callback", number]
        raise self.raised(NeedsOneProcess(f"an argument of the class `{kind.__name__}`"))

    def resolve(self, kind: str, form: Any) -> object:
        """Find or make what process C refers to."""
        if kind == "class":
            return self.classes[str(form)]
        if kind == "callback":
            return self.callbacks[form]
        if kind == "iterator":
            return self.drawn(["object", form])
        if kind == "awaitable":
            return self.awaited(form)
        assert kind == "object"  # noqa: S101 - hostile code may have written it
        number, names, compares = form
        if number not in self.proxies:
            made = self.classes.get(names[0], Proxy)
            proxy = proxy_of(made, self, ["object", number], names, compares=compares is True)
            self.proxies[number] = proxy
        return self.proxies[number]

    def drawn(self, reference: Json) -> Iterator[object]:
        """Give the elements of an iterator of process C, few at first."""
        iterator, count, total = Reference(reference), 1, 0
        while True:
            elements, end = self.ask("next", iterator, count)
            yield from elements
            if end is not None:
                if end:
                    raise self.exception_of(end)
                return
            total += len(elements)
            if total > MOST_DRAWN:
                raise self.raised(NoPlainAnswer(f"an iterator of more than {MOST_DRAWN} elements"))
            count = min(count * 4, MOST_AT_ONCE)

    async def awaited(self, form: Any) -> object:
        """Give what a coroutine came to."""
        kind, held = form
        if kind == "raise":
            raise self.exception_of(held)
        return self.decode(held)

    def exception_of(self, account: Any) -> BaseException:
        """Make the exception that was raised over there, as near as can be."""
        names, text, told, place, (args, held) = account
        kind = next((k for name in names if (k := self.exception_class(name))), RuntimeError)
        values = self.decode(args) if args is not None else (text,)
        try:
            error = kind(*values)
        except Exception:  # noqa: BLE001 - a class that wants other arguments
            error = RuntimeError(text)
        error.__dict__.update(
            sygra_told=str(told)[:LONGEST], sygra_place=str(place), sygra_text=str(text)
        )
        if isinstance(held, dict):
            attributes = self.decode(held)
            error.__dict__ |= attributes if isinstance(attributes, dict) else {}
        return error

    def exception_class(self, name: object) -> type[BaseException] | None:
        """Find the class of an exception: the answer's own or a built-in one."""
        kind = self.classes.get(str(name)) or getattr(builtins, str(name), None)
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            return None
        return kind if issubclass(kind, (Exception, SystemExit)) else RuntimeError


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


setattr(Proxy, "__doc__", property(lambda self: self._sygra_link.ask("get", self, "__doc__")))  # noqa: B010 - a class has a docstring
for method in BETWEEN_OBJECTS.split():
    setattr(Proxy, method, between(method))
for method in WITH_PLAIN.split():
    setattr(Proxy, method, refused(method))


def proxy_of(
    kind: type, link: Link, reference: Json, names: list[str], *, compares: bool = False
) -> object:
    """Make a proxy without asking anybody."""
    made: object = object.__new__(kind)
    held = {"link": link, "reference": reference, "names": names, "compares": compares}
    for name, value in held.items():
        object.__setattr__(made, f"_sygra_{name}", value)
    return made


class StubModule(ModuleType):
    """The answer, as tests import it."""

    def __getattr__(self, name: str) -> object:
        link, known = self.__dict__["__sygra__"]
        if name.startswith("__") or name not in known:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return link.ask("get", Reference(["module", ""]), name)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            link = self.__dict__["__sygra__"][0]
            raise link.raised(NeedsOneProcess("a change to the answer's module"))
        super().__setattr__(name, value)


def install(link: Link, exports: Json) -> None:
    """Put the stub modules where tests import them from."""
    found: dict[str, object] = {}
    in_order = sorted(exports, key=lambda export: len(export[3]))
    for name, kind, doc, names in in_order:
        if kind == "class":
            found[name] = link.classes[name] = class_of(link, name, doc, names)
        elif kind == "function":
            found[name] = proxy_of(Proxy, link, ["global", name], ["function"])
    known = [str(export[0]) for export in exports]
    for name in NAMES:
        module = StubModule(name)
        module.__dict__.update(found, __sygra__=(link, set(known)))
        module.__dict__["__all__"] = [name for name in known if not name.startswith("_")]
        sys.modules[name] = module
    link.is_ready = True


def class_of(link: Link, name: str, doc: str, names: list[str]) -> type:
    """Make the stand-in for one of the answer's classes."""
    bases = tuple(link.classes[base] for base in names[1:2] if base in link.classes)
    if "BaseException" in names:
        built_in = link.exception_class(next((n for n in names if hasattr(builtins, n)), ""))
        text = {"__str__": lambda self: self.__dict__.get("sygra_text", Exception.__str__(self))}
        return type(name, bases or (built_in or Exception,), {"__doc__": doc, **text})
    content = {"__slots__": (), "__doc__": doc, "__init_subclass__": classmethod(refuse_subclass)}
    made = type.__new__(StubMeta, name, bases or (Proxy,), content)
    type.__setattr__(made, "_sygra_class_link", link)
    return made


def update(old: object, new: object) -> None:
    """Make a value equal to another in place, as deep as both have the same shape."""
    if isinstance(old, list) and isinstance(new, list):
        for place in range(min(len(old), len(new))):
            old[place] = merged(old[place], new[place])
        old[len(new) :] = new[len(old) :]
    elif isinstance(old, dict) and isinstance(new, dict):
        kept = {key: merged(old[key], new[key]) if key in old else new[key] for key in new}
        old.clear()
        old.update(kept)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray) and isinstance(new, bytearray):
        old[:] = new


def merged(old: Any, new: object) -> object:
    """Keep an inner object that can be made equal."""
    if type(old) is type(new) and isinstance(old, list | dict | set | bytearray):
        update(old, new)
        return old
    return new


def in_words(last: tuple[str, Any, Any]) -> str:
    """Write the question that was asked last as it would stand in a program."""
    operation, args_form, named_form = last
    if operation not in ("call", "get"):
        return ""
    try:
        what, *args = [written(form) for form in args_form["l"]]
        named = [f"{k}={written(v)}" for k, v in named_form["d"]]
    except (LookupError, TypeError, ValueError):
        return ""
    return f"{what}({', '.join(args + named)})"[:LONGEST] if operation == "call" else ""


def written(form: object) -> str:
    """Write one form; what is no data is only named."""
    if isinstance(form, dict) and "@" in form:
        kind, held = form["@"]
        return str(held) if kind in ("global", "built-in") else "…"
    return repr(decoded(form))[:LONGEST] if "@" not in repr(form) else "…"
