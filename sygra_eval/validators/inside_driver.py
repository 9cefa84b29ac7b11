"""Calls the candidate with inputs and tells its answers; runs inside the sandbox as `__main__`.

No expected value comes in, so nothing in this process knows what would be right. Orders come on
standard input; answers go over the result pipe, one JSON line each, in the order asked for. An
answer counts for what it says: whoever forges one still has to know the right value.
"""

import builtins
import json
import os
import sys
from collections.abc import Callable

ANSWER = "answer"
LONGEST = 400
MOST_DRAWN = 100_000
Json = list[object]
PLAIN_ITERABLES = (str, bytes, list, tuple, set, frozenset, dict, range)
EXCEPTIONS = [
    kind
    for kind in vars(builtins).values()
    if isinstance(kind, type) and issubclass(kind, BaseException)
]


def main() -> None:
    """Load the answer, run every unit in its turn, and leave at once."""
    leave, flush = os._exit, sys.stdout.flush
    order = json.loads(taken_from_stdin())
    tell = teller(int(os.environ.pop("SYGRA_EVAL_RESULT_FD")), order["nonce"])
    codec = module_of("typed_values.py")
    module = type(sys)(ANSWER)
    module.__file__ = f"{ANSWER}.py"
    sys.modules[ANSWER] = module
    source = read(module.__file__)
    caller = Caller(module.__dict__, source, codec)
    try:
        run(source, module.__file__, module.__dict__)
    except BaseException as error:  # noqa: BLE001 - the answer may raise anything
        tell("unloaded", 0, caller.account_of(error)[1:])
    else:
        tell("loaded", 0, [])
        for position, number in enumerate(order["order"]):
            if "random" in sys.modules:
                sys.modules["random"].seed(order["seed"] + number)
            tell("answer", position, caller.answers(order["units"][number]))
        tell("end", len(order["order"]), [])
    try:
        flush()
    finally:
        leave(0)


def teller(descriptor: int, nonce: str) -> Callable[[str, int, Json], None]:
    """Make a function that writes one line; it holds what it needs before the answer runs."""
    write, dumps = os.write, json.dumps

    def tell(kind: str, number: int, told: Json) -> None:
        line = dumps([nonce, kind, number, told]).encode() + b"\n"
        while line:
            line = line[write(descriptor, line) :]

    return tell


def read(name: str) -> bytes:
    """Read a file of the private folder."""
    with open(name, "rb") as file:  # noqa: PTH123 - start-up time
        return file.read()


def run(source: bytes, name: str, namespace: object) -> None:
    """Execute a module's source."""
    exec(compile(source, name, "exec", dont_inherit=True), namespace)  # type: ignore[arg-type]  # noqa: S102


def module_of(name: str) -> dict[str, Callable[..., object]]:
    """Give the names of a module of ours, which the sandbox may have loaded already."""
    ready = globals().get("READY", {}).get(name)
    if ready is not None:
        return ready  # type: ignore[no-any-return]
    names: dict[str, object] = {"__name__": name}
    run(read(name), name, names)
    return names  # type: ignore[return-value]


def taken_from_stdin() -> bytes:
    """Read standard input and put nothing in its place, so that nobody reads it again."""
    with open(0, "rb", closefd=False) as file:
        everything = file.read()
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return everything


class Caller:
    """Runs units: a few steps each, on slots that hold objects of this process."""

    def __init__(
        self,
        namespace: dict[str, object],
        source: bytes,
        codec: dict[str, Callable[..., object]],
    ) -> None:
        self.namespace, self.source = namespace, source
        self.encoded, self.decoded = codec["encoded_as_shared"], codec["decoded"]
        self.opaque, self.too_large = codec["Opaque"], codec["TooLarge"]

    def answers(self, unit: list[Json]) -> Json:
        """Run one unit on fresh arguments and give what each step showed."""
        slots: dict[object, object] = {}
        told: Json = []
        for kind, slot, *rest in unit:
            if kind == "let":
                slots[slot] = self.decoded(rest[0])
            elif kind == "show":
                told.append(self.shown(slots[slot]) if slot in slots else ["missing"])
            else:
                told.append(self.called(slots, slot, *rest))  # type: ignore[arg-type]
        return told

    def called(
        self,
        slots: dict[object, object],
        slot: object,
        name: str,
        args: list[Json],
        named: dict[str, Json],
        mode: str,
    ) -> Json:
        """Call a function of the answer; its result stays in a slot."""
        try:
            values = [self.argument(slots, form) for form in args]
            keywords = {key: self.argument(slots, form) for key, form in named.items()}
        except KeyError:
            return ["missing"]  # it would have been what an earlier call did not return
        try:
            if name not in self.namespace:
                raise NameError(f"name {name!r} is not defined")  # noqa: TRY301
            got = self.namespace[name](*values, **keywords)  # type: ignore[operator]
            if mode == "drain" and type(got) not in PLAIN_ITERABLES:
                got = drawn(got)
        except BaseException as error:  # noqa: BLE001 - the answer may raise anything
            return self.account_of(error)
        slots[slot] = got
        return ["done"] if mode == "keep" else self.shown(got)

    def argument(self, slots: dict[object, object], form: Json) -> object:
        """Give the object in a slot, or a fresh one."""
        kind, held = form
        return slots[held] if kind == "slot" else self.decoded(held)

    def shown(self, value: object) -> Json:
        """Encode a value, or say why it cannot be."""
        try:
            return ["value", self.encoded(value)]
        except BaseException as error:  # noqa: BLE001 - the answer may have patched anything
            if isinstance(error, self.too_large):  # type: ignore[arg-type]
                return ["large", str(error)]
            if isinstance(error, self.opaque):  # type: ignore[arg-type]
                return ["opaque", str(error)[:LONGEST]]
            return ["opaque", type(value).__name__[:LONGEST]]

    def account_of(self, error: BaseException) -> Json:
        """Say what was raised: names of built-in types, the text, where in the answer."""
        name = type(error).__name__
        names = [kind.__name__ for kind in EXCEPTIONS if isinstance(error, kind)]
        try:
            text = str(error)
        except BaseException:  # noqa: BLE001 - even `str` may be the answer's own
            text = ""
        told = f"{name}: {text}".removesuffix(": ")
        if isinstance(error, SystemExit):
            told = f"the code exits ({told})"
        return ["raise", names, text[:LONGEST], told[:LONGEST], self.place_of(error)]

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


def drawn(iterator: object) -> list[object]:
    """Take what an iterator gives, up to a bound."""
    taken: list[object] = []
    for element in iterator:  # type: ignore[attr-defined]
        taken.append(element)
        if len(taken) > MOST_DRAWN:
            break
    return taken


if __name__ == "__main__":
    main()
