"""Process T's end of the pipe: asks process C, one question at a time."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable, Iterator

from sygra_eval.validators.inside_proxies import (
    CandidateGone,
    NeedsOneProcess,
    NoPlainAnswer,
    Proxy,
    Reference,
    Trouble,
    proxy_of,
)
from sygra_eval.validators.inside_wire import BrokenLink, Json, Pipe, WireEncoder, decoder_of
from sygra_eval.validators.typed_values import BadForm, TooLarge, decoded, shared_in

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

LONGEST = 400
MOST_DRAWN = 100_000
MOST_AT_ONCE = 256


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
            return WireEncoder(self.refer, shared_in(value)).form_of(value, 0)
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
