"""The strategies that a row may name, their arguments, and what each argument has to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

LARGEST_SIZE = 1_000
LONGEST_PATTERN = 200


class Kind(Enum):
    """What an argument is."""

    STRATEGY = auto()
    MAPPING = auto()  # a dict of strategies
    WHOLE = auto()
    NUMBER = auto()
    SIZE = auto()
    TRUTH = auto()
    VALUE = auto()
    ELEMENTS = auto()
    TEXT = auto()
    TEXTS = auto()
    PATTERN = auto()
    ALPHABET = auto()  # a text of characters, or a strategy that gives one


@dataclass(frozen=True, slots=True)
class Named:
    """One strategy: its arguments by name.

    :ivar positional: Those that may be given without their names, in this order.
    :ivar takes_any: Any number of strategies instead.
    """

    keys: Mapping[str, Kind]
    positional: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    takes_any: bool = False


SIZES = {"min_size": Kind.SIZE, "max_size": Kind.SIZE}
COLLECTION = Named(
    {"elements": Kind.STRATEGY, **SIZES},
    positional=("elements",),
    required=("elements",),
)
STRATEGIES: Mapping[str, Named] = {
    "integers": Named(
        {"min_value": Kind.WHOLE, "max_value": Kind.WHOLE}, positional=("min_value", "max_value")
    ),
    "floats": Named(
        {
            "min_value": Kind.NUMBER,
            "max_value": Kind.NUMBER,
            "allow_nan": Kind.TRUTH,
            "allow_infinity": Kind.TRUTH,
            "allow_subnormal": Kind.TRUTH,
            "exclude_min": Kind.TRUTH,
            "exclude_max": Kind.TRUTH,
            "width": Kind.WHOLE,
        },
        positional=("min_value", "max_value"),
    ),
    "booleans": Named({}),
    "none": Named({}),
    "just": Named({"value": Kind.VALUE}, positional=("value",), required=("value",)),
    "sampled_from": Named(
        {"elements": Kind.ELEMENTS}, positional=("elements",), required=("elements",)
    ),
    "permutations": Named({"values": Kind.ELEMENTS}, positional=("values",), required=("values",)),
    "text": Named({"alphabet": Kind.ALPHABET, **SIZES}, positional=("alphabet",)),
    "characters": Named(
        {
            "codec": Kind.TEXT,
            "min_codepoint": Kind.WHOLE,
            "max_codepoint": Kind.WHOLE,
            "categories": Kind.TEXTS,
            "exclude_categories": Kind.TEXTS,
            "include_characters": Kind.TEXT,
            "exclude_characters": Kind.TEXT,
        }
    ),
    "binary": Named(SIZES),
    "from_regex": Named(
        {"regex": Kind.PATTERN, "fullmatch": Kind.TRUTH, "alphabet": Kind.ALPHABET},
        positional=("regex",),
        required=("regex",),
    ),
    "lists": Named(
        {**COLLECTION.keys, "unique": Kind.TRUTH}, positional=("elements",), required=("elements",)
    ),
    "sets": COLLECTION,
    "frozensets": COLLECTION,
    "dictionaries": Named(
        {"keys": Kind.STRATEGY, "values": Kind.STRATEGY, **SIZES},
        positional=("keys", "values"),
        required=("keys", "values"),
    ),
    "fixed_dictionaries": Named(
        {"mapping": Kind.MAPPING, "optional": Kind.MAPPING},
        positional=("mapping",),
        required=("mapping",),
    ),
    "tuples": Named({}, takes_any=True),
    "one_of": Named({}, takes_any=True),
}
MAPS = frozenset(
    {
        "abs", "bool", "bytes", "dict", "float", "frozenset", "int", "len", "list", "max", "min",
        "reversed", "set", "sorted", "str", "sum", "tuple",
    }
)  # fmt: skip
"""Functions that `.map` takes; `reversed` gives a list."""
