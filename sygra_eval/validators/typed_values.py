"""Plain data as JSON that keeps types: what goes into the box and what comes out of it.

Runs on both sides of the wall, so it imports nothing of ours. Only exact built-in types are
encoded: an object that answers `==` itself never leaves the box. Ints and floats stay apart,
floats are exact, sets are sorted, dicts keep their order. `Counter`, `OrderedDict` and
`defaultdict` travel as the dict that they hold, a number of numpy's as Python's. A list that stands
in a value twice is one list again on the other side: `[[0] * 3] * 2` is not a grid.
"""

from _thread import _local
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    from typing import Any

MOST_NODES = 200_000
MOST_DEPTH = 60
SAFE_INT = 2**53
MOST_BITS = 200_000  # arithmetic with larger ones takes its time
MOST_EQUAL_HASHES = 64  # chosen keys that share a hash would make a small dict cost minutes
PLAIN = (bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, range)
NUMPY_NUMBERS = ("bool", "int", "uint", "float", "complex")
MAPPINGS = (dict, Counter, OrderedDict, defaultdict)
CONTAINERS = (list, tuple, set, *MAPPINGS)


class Opaque(Exception):
    """A value that is not plain data; the message names its type."""


class TooLarge(Exception):
    """A value beyond the limits of size or depth."""


class BadForm(Exception):
    """Something that `encoded` does not make."""


def encoded(value: object) -> object:
    """Make the JSON form of a value.

    :raises Opaque: When it, or something in it, is of another type.
    :raises TooLarge: When it has too many parts or is nested too deeply (or in itself).
    """
    return Encoder().form_of(value, 0)


def encoded_as_shared(value: object) -> object:
    """Make the JSON form of a value that says too what stands in it more than once.

    Such a form is for `decoded`; two of them are not compared, as equal values may share or not.

    :raises Opaque, TooLarge: As `encoded`.
    """
    return Encoder(shared_in(value)).form_of(value, 0)


def shared_in(value: object) -> "set[int]":
    """Find the ids of the lists, dicts and sets that stand in a value more than once."""
    seen: set[int] = set()
    shared: set[int] = set()
    left = [value] if type(value) in CONTAINERS else []
    walked = 0
    while left and walked <= MOST_NODES:  # a larger value is refused anyway
        one: Any = left.pop()
        walked += len(one)
        if id(one) in seen:
            shared.add(id(one))
            continue
        seen.add(id(one))
        if isinstance(one, set):
            continue
        parts = dict.values(one) if isinstance(one, dict) else one
        left.extend(part for part in parts if type(part) in CONTAINERS and part != ())
    return shared


class Encoder:
    """Encodes one value and counts its parts.

    :ivar shared: Ids of what is encoded once and referred to where it stands again.
    """

    def __init__(self, shared: "set[int] | frozenset[int]" = frozenset()) -> None:
        self.nodes = 0
        self.shared = shared
        self.known: dict[int, tuple[int, int]] = {}  # by id: its number, and how many parts it has

    def form_of(self, value: object, depth: int) -> object:
        """Encode a part."""
        if self.shared and id(value) in self.shared:
            return self.once(value, depth)
        return self.new_form_of(value, depth)

    def once(self, value: object, depth: int) -> object:
        """Encode a part, or refer to it where that was done before."""
        number, parts = self.known.get(id(value), (len(self.known), 0))
        if id(value) in self.known:
            self.nodes += parts
            if self.nodes > MOST_NODES:  # on the other side it may be looked at part by part
                raise TooLarge(f"more than {MOST_NODES} parts or {MOST_DEPTH} levels")
            return {"*": number}
        self.known[id(value)] = number, MOST_NODES  # until it is known: it may stand in itself
        before = self.nodes
        form = self.new_form_of(value, depth + 1)
        self.known[id(value)] = number, self.nodes - before
        return {"=": [number, form]}

    def new_form_of(self, value: object, depth: int) -> object:
        """Encode a part that was not encoded before."""
        kind = type(value)
        self.nodes += 1 + (len(value) // 16 if isinstance(value, str | bytes) else 0)
        if self.nodes > MOST_NODES or depth > MOST_DEPTH:
            raise TooLarge(f"more than {MOST_NODES} parts or {MOST_DEPTH} levels")
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            assert isinstance(value, int)  # noqa: S101 - for the type checker
            if value.bit_length() > MOST_BITS:
                raise TooLarge(f"an integer of more than {MOST_BITS} bits")
            return value if -SAFE_INT < value < SAFE_INT else {"i": hex(value)}
        if kind in MAPPINGS:
            assert isinstance(value, dict)  # noqa: S101 - for the type checker
            pairs = dict.items(value)
            below = depth + 1
            return {"d": [[self.form_of(k, below), self.form_of(v, below)] for k, v in pairs]}
        return self.tagged(value, kind, depth + 1)

    def tagged(self, value: object, kind: type, below: int) -> object:
        """Encode what JSON has no form for."""
        if kind is float:
            return {"f": float.hex(value)}  # type: ignore[arg-type]
        if kind is list or kind is tuple:
            parts = [self.form_of(part, below) for part in value]  # type: ignore[attr-defined]
            return {"l" if kind is list else "t": parts}
        if kind is set or kind is frozenset:
            forms = [self.form_of(part, below) for part in value]  # type: ignore[attr-defined]
            return {"s" if kind is set else "z": sorted(forms, key=repr)}
        if kind is bytes:
            return {"b": bytes.hex(value)}  # type: ignore[arg-type]
        if kind is complex:
            assert isinstance(value, complex)  # noqa: S101 - for the type checker
            return {"c": [value.real.hex(), value.imag.hex()]}
        if kind is range:
            assert isinstance(value, range)  # noqa: S101 - for the type checker
            if len(value) > MOST_NODES:
                raise TooLarge(f"more than {MOST_NODES} parts")
            return {"r": [value.start, value.stop, value.step]}
        if kind.__module__ == "numpy" and kind.__name__.rstrip("0123456789_") in NUMPY_NUMBERS:
            number = value.item()  # type: ignore[attr-defined]
            if type(number) in (bool, int, float, complex):
                return self.form_of(number, below)
        raise Opaque(kind.__name__)


def decoded(form: object, depth: int = 0) -> object:
    """Make the value again, of fresh objects.

    :raises BadForm: When the form is none; it may come from hostile code.
    """
    if depth > 2 * MOST_DEPTH + 2:
        raise BadForm("nested too deeply")
    if depth == 0:  # a value may hold another that was encoded by itself
        outer = vars(MEMORY).copy()
        MEMORY.shared, MEMORY.parts = {}, 0
        try:
            return decoded(form, 1)
        finally:
            vars(MEMORY).update(outer)
    if form is None or isinstance(form, bool | int | str):
        return form
    if not isinstance(form, dict) or len(form) != 1:
        raise BadForm("no typed value")
    ((tag, held),) = form.items()
    try:
        return DECODERS[tag](held, depth + 1)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise BadForm(f"no typed value: {type(error).__name__}") from error


MEMORY = _local()
"""Of the value that a thread decodes: what stands in it more than once, by number, with how many
parts it has, and how many all of these come to."""


def named(held: "Any", depth: int) -> object:
    """Decode what is referred to further on."""
    number, form = held
    value = decoded(form, depth)
    MEMORY.shared[int(number)] = value, parts_in(value)
    return value


def referred(number: int) -> object:
    """Give what was decoded before; few bytes must not make a value that nobody can look at."""
    value, parts = MEMORY.shared[number]
    MEMORY.parts += parts
    if MEMORY.parts > MOST_NODES:
        raise BadForm("too many parts")
    return value


def parts_in(value: object) -> int:
    """Count the parts of a value, those that stand in it twice twice."""
    parts, left = 0, [value]
    while left:
        one: Any = left.pop()
        parts += 1
        if parts > MOST_NODES:
            raise BadForm("too many parts")
        if isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, list | tuple | set | frozenset):
            left.extend(one)
    return parts


def parts_of(held: object, depth: int) -> list[object]:
    """Decode the parts of a sequence."""
    if not isinstance(held, list):
        raise BadForm("no list of parts")
    return [decoded(part, depth) for part in held]


def hashed(held: object, depth: int) -> list[object]:
    """Decode parts that go into a set or a dict's keys, unless they are made to collide."""
    parts = parts_of(held, depth)
    refuse_collisions(parts)
    return parts


def refuse_collisions(keys: list[object]) -> None:
    """Refuse keys of which many share a hash."""
    if len(keys) <= MOST_EQUAL_HASHES:
        return
    hashes = sorted(hash(key) for key in keys)
    later = hashes[MOST_EQUAL_HASHES:]
    if any(first == last for first, last in zip(hashes, later, strict=False)):
        raise BadForm("too many keys with one hash")


def pairs_of(held: object, depth: int) -> dict[object, object]:
    """Decode a dict."""
    if not isinstance(held, list) or not all(isinstance(p, list) and len(p) == 2 for p in held):
        raise BadForm("no list of pairs")
    keys = hashed([pair[0] for pair in held], depth)
    return dict(zip(keys, parts_of([pair[1] for pair in held], depth), strict=True))


def integer(held: str) -> int:
    """Decode a large integer."""
    if len(held) > MOST_BITS // 4 + 4:
        raise BadForm("an integer that is too large")
    return int(held, 16)


def bounded_range(held: list[int]) -> range:
    """Decode a range, of a length that can be walked."""
    start, stop, step = held
    made = range(start, stop, step)
    if (stop - start) // step > MOST_NODES:
        raise BadForm("a range that is too long")
    return made


DECODERS: "dict[str, Callable[[Any, int], object]]" = {
    "i": lambda held, _: integer(held),
    "f": lambda held, _: float.fromhex(held),
    "c": lambda held, _: complex(float.fromhex(held[0]), float.fromhex(held[1])),
    "b": lambda held, _: bytes.fromhex(held),
    "l": parts_of,
    "t": lambda held, depth: tuple(parts_of(held, depth)),
    "s": lambda held, depth: set(hashed(held, depth)),
    "z": lambda held, depth: frozenset(hashed(held, depth)),
    "d": pairs_of,
    "r": lambda held, _: bounded_range(held),
    "=": named,
    "*": lambda held, _: referred(held),
}
