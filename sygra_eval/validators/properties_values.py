"""What is asked of one input, and how the values that come out are judged."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.plain_data import in_order, written
from sygra_eval.validators.split import SplitTest, Unit
from sygra_eval.validators.typed_values import BadForm, decoded, encoded
from sygra_eval.validators.words import shortened

Json = list[object]


@dataclass(frozen=True, slots=True)
class Broken:
    """A property that does not hold for an input.

    :ivar told: In a sentence after the input.
    :ivar ended: The process ended at this input.
    """

    told: str
    expected: str = ""
    got: str = ""
    ended: bool = False


class DoesNotApply(Exception):
    """A property says nothing of an input."""


class IsBroken(Exception):
    """A property does not hold, which was found on the way."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.told)
        self.broken = broken


class BadProperty(Exception):
    """A property that cannot be tried; the message says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a rule asks of one input.

    :ivar words: The input as a call.
    :ivar follow: A function that is then called with what came out, in another process, so that
        nothing is remembered there.
    """

    units: tuple[Unit, ...]
    words: str
    split: SplitTest | None = None
    follow: str = ""


# Judging values


class NoValue(Exception):
    """Something that cannot be judged; the message says what."""


def value_of(shown: object) -> object:
    """Read a value."""
    match shown:
        case ["value", form]:
            try:
                return decoded(form)
            except BadForm as error:
                raise NoValue(str(error)) from error
        case ["opaque", str(kind)]:
            raise NoValue(f"an object of the class `{kind[:80]}`, which is no plain data")
        case ["large", str(why)]:
            raise NoValue(f"a value too large to compare ({why[:80]})")
    raise NoValue("nothing that can be compared")


Equal = Callable[[object, object], bool]


def is_idempotent(given: Input, values: Json, is_equal: Equal) -> Broken | None:
    """Ask that twice is the same as once."""
    once, twice = values
    if is_equal(twice, once):
        return None
    return differing(twice, once)


def is_round_trip(given: Input, values: Json, is_equal: Equal) -> Broken | None:
    """Ask that what went in comes back."""
    if is_equal(values[-1], given.args[0]):
        return None
    return differing(values[-1], given.args[0])


def is_sorted(given: Input, values: Json, is_equal: Equal) -> Broken | None:
    """Ask that no part is greater than the next."""
    parts = parts_of(values[0])
    try:
        ordered = sorted(parts)  # type: ignore[type-var]
    except TypeError:
        return Broken(f"gave {shown_value(values[0])}, of parts that have no order")
    if all(is_equal(one, other) for one, other in zip(parts, ordered, strict=True)):
        return None
    return differing(values[0], ordered)


def is_permutation(given: Input, values: Json, is_equal: Equal) -> Broken | None:
    """Ask for the parts of the first argument, in any order."""
    if not given.args:
        raise DoesNotApply
    asked, got = parts_of(given.args[0]), parts_of(values[0])
    if Counter(map(key_of, asked)) == Counter(map(key_of, got)):
        return None
    told = f"gave {shown_value(values[0])}, which is no permutation of its first argument"
    return Broken(told, f"the parts of {shown_value(given.args[0])}", shown_value(values[0]))


JUDGES: Mapping[str, Callable[[Input, Json, Equal], Broken | None]] = {
    "idempotent": is_idempotent,
    "roundtrip": is_round_trip,
    "sorted": is_sorted,
    "permutation": is_permutation,
}


def parts_of(value: object) -> list[object]:
    """Give the parts of a sequence."""
    if not isinstance(value, list | tuple | str | bytes | set | frozenset):
        raise NoValue(f"{shown_value(value)}, which has no parts")
    return list(in_order(value))  # type: ignore[call-overload,no-any-return]


def key_of(part: object) -> str:
    """Tell parts apart by value and type."""
    return json.dumps(encoded(part))


def differing(got: object, expected: object) -> Broken:
    """Tell of two values that should be equal."""
    told = f"gave {shown_value(got)}, not {shown_value(expected)}"
    return Broken(told, shown_value(expected), shown_value(got))


def shown_value(value: object) -> str:
    """Write a value, in short."""
    return shortened(written(value))
