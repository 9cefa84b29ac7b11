"""Decides a split test with the answers that came out of the box."""

from collections.abc import Mapping
from dataclasses import dataclass

from sygra_eval.validators.boxes import (
    Asked,
    NoPlainAnswer,
    Place,
    Raised,
    Unanswered,
)
from sygra_eval.validators.plain_data import NotPlain
from sygra_eval.validators.split import SplitTest
from sygra_eval.validators.statements import LONGEST, Statements
from sygra_eval.validators.typed_values import BadForm, decoded

Json = list[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How one test went.

    :ivar is_answered: False when an answer that it needs never came.
    :ivar account: Of a test that failed, in the words of `inside_tests`.
    """

    has_passed: bool
    is_answered: bool = True
    account: Mapping[str, str]


class Answers:
    """A box that has already run."""

    is_planning = False

    def __init__(self, told: Mapping[Place, Json]) -> None:
        self.told = told

    def let(self, slot: int, value: object) -> None:
        """Do nothing: the object is where it was put."""

    def call(self, place: Place, slot: int, asked: Asked) -> object:
        """Give what the call gave."""
        return self.at(place)

    def show(self, place: Place, slot: int) -> object:
        """Give what was seen."""
        return self.at(place)

    def at(self, place: Place) -> object:
        """Read what was told of a place; all of it comes from hostile code."""
        if place not in self.told:
            raise Unanswered
        match self.told[place]:
            case ["value", form]:
                return decoded(form)
            case ["done"]:
                return None
            case ["raise", [*names], str(text), str(told), str(where)] if all_texts(names):
                raise Raised(
                    tuple(str(name) for name in names), told[:LONGEST], text=text, place=where
                )
            case ["opaque", str(kind)]:
                raise NoPlainAnswer(f"an object of the class `{kind[:80]}`, which is no plain data")
            case ["large", str(why)]:
                raise NoPlainAnswer(f"a value too large to compare ({why[:80]})")
        raise Unanswered


def decide(test: SplitTest, told: Mapping[Place, Json]) -> Decision:
    """Walk a test again, with the answers at hand."""
    walk = Statements(Answers(told), test.entry_point, test.foreign)
    try:
        walk.run(test.tree)
    except Raised as raised:
        return Decision(has_passed=False, account=account_of(raised))
    except Unanswered:
        return Decision(has_passed=False, is_answered=False, account={})
    except NoPlainAnswer as error:
        account = {"error": f"the answer gave {error}", "where": ""}
        return Decision(has_passed=False, account=account)
    except (NotPlain, BadForm, RecursionError, MemoryError) as error:
        account = {"error": f"what the answer gave cannot be compared: {error}", "where": ""}
        return Decision(has_passed=False, account=account)
    return Decision(has_passed=True, account={})


def account_of(raised: Raised) -> dict[str, str]:
    """Tell of a failed test."""
    account = {"error": raised.told, "where": raised.place, "input": raised.input}
    if raised.got:
        account |= {"expected": raised.expected, "got": raised.got}
    return account


def all_texts(names: object) -> bool:
    """Whether these are a few names."""
    return isinstance(names, list) and len(names) < 20 and all(isinstance(n, str) for n in names)
