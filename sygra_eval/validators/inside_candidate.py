"""Process C of split-test mode: has the answer and runs what process T asks for.

No test and no expected value comes in here. A message is `[number, operation, arguments, keywords]`
and its answer begins with the same number: whoever writes answers in advance breaks the link.
"""

from __future__ import annotations

import io
import json
import operator
import os
import sys
from collections.abc import Callable

from sygra_eval.validators.inside_wire import (
    BUILT_IN,
    BrokenLink,
    Json,
    Pipe,
    WireEncoder,
    decoder_of,
)
from sygra_eval.validators.typed_values import TooLarge, shared_in

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

ANSWER = "answer"
LONGEST = 400
MOST_OUTPUT = 1 << 16
MOST_KEPT = 100_000
MOST_AT_ONCE = 256
CHANGEABLE = (list, dict, set, bytearray)
BETWEEN_OBJECTS = (
    *("__add__", "__sub__", "__mul__", "__truediv__", "__floordiv__", "__mod__", "__pow__"),
    *("__matmul__", "__and__", "__or__", "__xor__", "__lt__", "__le__", "__gt__", "__ge__"),
)
OPERATIONS: dict[str, Callable[..., object]] = {
    "call": lambda what, *args, **named: what(*args, **named),
    "get": getattr,
    "set": setattr,
    "len": len,
    "iter": iter,
    "str": str,
    "repr": repr,
    "bool": bool,
    "hash": hash,
    "item": operator.getitem,
    "set item": operator.setitem,
    "delete item": operator.delitem,
    "==": operator.eq,
    "enter": lambda what: type(what).__enter__(what),
    "exit": lambda what: type(what).__exit__(what, None, None, None),
    **{name: getattr(operator, name) for name in BETWEEN_OBJECTS},
}
EXCEPTIONS = {
    name: kind
    for name, kind in BUILT_IN.items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


def main() -> None:
    """Load the answer, say what it has, and serve until the other side is gone."""
    leave, pipe = os._exit, Pipe()
    with open(0, "rb", closefd=False) as file:
        order = json.loads(file.read())
    for name in [name for name in sys.modules if name.startswith("sygra_eval")]:
        del sys.modules[name]  # the answer is alone with the standard library
    module = type(sys)(ANSWER)
    module.__file__ = f"{ANSWER}.py"
    sys.modules[ANSWER] = module
    with open(module.__file__, "rb") as file:  # noqa: PTH123 - start-up time
        source = file.read()
    server = Server(pipe, module.__dict__, source, order["seed"])
    try:
        pipe.send(["ready"])
        try:
            exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        except BaseException as error:  # noqa: BLE001 - the answer may raise anything
            pipe.send(["unloaded", *server.account_of(error)])
        else:
            pipe.send(["loaded", server.exports()])
            while True:
                server.answer(pipe.receive())
    except BrokenLink:
        pass
    finally:
        leave(0)


class Server:
    """Runs operations on objects of this process."""

    def __init__(self, pipe: Pipe, namespace: dict[str, object], source: bytes, seed: int) -> None:
        self.pipe, self.namespace, self.source, self.seed = pipe, namespace, source, seed
        self.kept: dict[int, object] = {}
        self.numbers: dict[int, int] = {}
        self.decode = decoder_of(self.resolve)

    def exports(self) -> Json:
        """List what the answer has at its top: name, what it is, its docstring, its bases."""
        listed: Json = []
        for name, value in list(self.namespace.items()):
            if name.startswith("__"):
                continue
            doc = getattr(value, "__doc__", None)
            told = doc[:LONGEST] if isinstance(doc, str) else ""
            if isinstance(value, type):
                listed.append([name, "class", told, names_of(value)])
            elif callable(value):
                listed.append([name, "function", told, []])
            else:
                listed.append([name, "value", "", []])
        return listed

    def answer(self, message: Json) -> None:
        """Run one operation and say what came of it."""
        number, operation, args_form, named_form, *_ = message
        if operation == "seed":
            if "random" in sys.modules:
                sys.modules["random"].seed(f"{self.seed}:{args_form}")
            self.pipe.send([number, "value", None, "", []])
            return
        try:
            args: Any = self.decode(args_form)
            named: Any = self.decode(named_form)
        except Exception as error:  # noqa: BLE001 - a name that the answer does not have
            self.pipe.send([number, "raise", self.account_of(error), "", []])
            return
        changeable = [
            (place, value) for place, value in enumerate(args) if type(value) in CHANGEABLE
        ]
        before = [self.form_or_none(value) for _, value in changeable]
        written = io.StringIO()
        told = self.outcome(str(operation), args, named, written)
        after = [self.form_or_none(value) for _, value in changeable]
        changes = [
            [place, new]
            for (place, _), old, new in zip(changeable, before, after, strict=True)
            if new is not None and new != old
        ]
        try:
            text = written.getvalue()[:MOST_OUTPUT]
        except ValueError:  # closed by the answer
            text = ""
        self.pipe.send([number, *told, text, changes])

    def outcome(
        self, operation: str, args: Json, named: dict[str, object], out: io.StringIO
    ) -> Json:
        """Give `value` with its form, `raise` with its account, or why there is neither."""
        stdout, sys.stdout = sys.stdout, out
        try:
            if operation == "next":
                return ["value", self.encoded(self.taken(*args))]
            got = OPERATIONS[operation](*args, **named)
            for place, value in enumerate(args):
                if got is value and type(value) in CHANGEABLE:
                    return ["same", place]
            return ["value", self.encoded(got)]
        except BrokenLink:
            raise
        except TooLarge as error:
            return ["large", str(error)]
        except BaseException as error:  # noqa: BLE001 - the answer may raise anything
            return ["raise", self.account_of(error)]
        finally:
            sys.stdout = stdout

    def taken(self, iterator: Any, count: int) -> tuple[list[object], Json | None]:
        """Take the next elements; at the end what was raised there, `[]` for its natural end."""
        elements: list[object] = []
        while len(elements) < min(count, MOST_AT_ONCE):
            try:
                elements.append(next(iterator))
            except StopIteration:
                return elements, []
            except Exception as error:  # noqa: BLE001 - the answer may raise anything
                return elements, self.account_of(error)
        return elements, None

    def encoded(self, value: object) -> object:
        """Encode a result."""
        return WireEncoder(self.refer, shared_in(value)).form_of(value, 0)

    def form_or_none(self, value: object) -> object:
        """Encode an argument, if that can be done."""
        try:
            return self.encoded(value)
        except Exception:  # noqa: BLE001 - the answer may have put anything into it
            return None

    def refer(self, value: object) -> Json:
        """Keep an object and give its number; tell what can be done with it."""
        if isinstance(value, Callback):
            return ["callback", value.number]
        if isinstance(value, type) and self.namespace.get(value.__name__) is value:
            return ["class", value.__name__]
        if type(value).__name__ == "coroutine":
            return self.awaited(value)
        number = self.numbers.get(id(value))
        if number is None:
            if len(self.kept) >= MOST_KEPT:
                raise TooLarge(f"more than {MOST_KEPT} objects")
            number = self.numbers[id(value)] = len(self.kept)
            self.kept[number] = value
        if hasattr(type(value), "__next__"):
            return ["iterator", number]
        compares = type(value).__eq__ is not object.__eq__
        return ["object", [number, names_of(type(value)), compares]]

    def awaited(self, coroutine: Any) -> Json:
        """Run a coroutine here and now; the other side awaits what came of it."""
        import asyncio

        try:
            return ["awaitable", ["value", self.encoded(asyncio.run(coroutine))]]
        except TooLarge:
            raise
        except Exception as error:  # noqa: BLE001 - the answer may raise anything
            return ["awaitable", ["raise", self.account_of(error)]]

    def resolve(self, kind: str, form: Any) -> object:
        """Find what the other side refers to."""
        if kind == "module":
            return sys.modules[ANSWER]
        if kind == "global":
            if form not in self.namespace:
                raise NameError(f"name {form!r} is not defined")
            return self.namespace[str(form)]
        if kind == "callback":
            return Callback(self, form)
        if kind == "drained":
            return iter(self.decode(form))
        return self.kept[form]

    def account_of(self, error: BaseException) -> Json:
        """Say what was raised: its types, the text, in words, where, and what it holds."""
        name = type(error).__name__
        try:
            text = str(error)
        except BaseException:  # noqa: BLE001 - even `str` may be the answer's own
            text = ""
        told = f"{name}: {text}".removesuffix(": ")
        if isinstance(error, SystemExit):
            told = f"the code exits ({told})"
        held = [self.form_or_none(error.args), self.form_or_none(vars(error))]
        return [names_of(type(error)), text[:LONGEST], told[:LONGEST], self.place_of(error), held]

    def place_of(self, error: BaseException) -> str:
        """Find the answer's own line that the traceback ends in."""
        place, trace = "", error.__traceback__
        lines = self.source.decode("utf-8", "replace").split("\n")
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename == f"{ANSWER}.py" and trace.tb_lineno <= len(lines):
                text = lines[trace.tb_lineno - 1].strip()[:LONGEST]
                place = f"answer.py, line {trace.tb_lineno}, in {code.co_name}: {text}"
            trace = trace.tb_next
        return place


class Callback:
    """A function of the tests, called over there."""

    def __init__(self, server: Server, number: int) -> None:
        self.server, self.number = server, number

    def __call__(self, *args: object, **named: object) -> object:
        """Ask for a call, and serve what is asked meanwhile."""
        server = self.server
        server.pipe.send(
            ["callback", self.number, server.encoded(list(args)), server.encoded(named)]
        )
        while True:
            message = server.pipe.receive()
            if message[0] != "returned":
                server.answer(message)
                continue
            _, kind, form = message
            if kind == "value":
                return server.decode(form)
            name, text = form
            raise EXCEPTIONS.get(name, RuntimeError)(text)


def names_of(kind: type) -> Json:
    """Name a class and those that it is made of; a built-in name stands for nothing else."""
    return [
        base.__name__ if BUILT_IN.get(base.__name__, base) is base else f"answer.{base.__name__}"
        for base in kind.__mro__[:20]
    ]
