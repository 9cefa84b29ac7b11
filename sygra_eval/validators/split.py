"""Splits a test into what is called in the box and what is decided out here.

`split_of` walks the test once with every answer unknown and notes the calls that it can come to.
What goes into the box is calls with their arguments, never an expected value.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sygra_eval.validators.boxes import UNKNOWN, Argument, Asked, Place, Raised
from sygra_eval.validators.plain_data import NotPlain, written
from sygra_eval.validators.statements import Statements
from sygra_eval.validators.syntax import names_in, tree_of, tree_of_test
from sygra_eval.validators.typed_values import Opaque, TooLarge, encoded

MOST_CALLS = 2_000
LONGEST_CALL = 200
MOST_KEPT = 1_024  # tests, of some 7 KB: those of the rows in flight

Json = list[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A few steps that belong together, as they share objects; each unit runs on fresh ones.

    :ivar steps: What the box is told, as JSON.
    :ivar places: For every step that shows something: where in the test it is looked at.
    :ivar text: The first call in words.
    """

    steps: tuple[Json, ...]
    places: tuple[Place, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTest:
    """A test in two: units for the box, and the tree that is walked again with the answers."""

    tree: ast.Module
    units: tuple[Unit, ...]
    entry_point: str | None
    foreign: frozenset[str]


@lru_cache(maxsize=MOST_KEPT)
def split_of(
    statement: str, entry_point: str | None, foreign: frozenset[str] = frozenset()
) -> SplitTest:
    """Split one test.

    :param foreign: Names that the row's other tests bind.
    :raises NotPlain: When that cannot be done; the message says at what.
    """
    tree = tree_of_test(statement)
    if tree is None:
        raise NotPlain("no Python")
    planner = Planner()
    try:
        Statements(planner, entry_point, foreign).run(tree)
        units = planner.units()
    except Raised as raised:
        raise NotPlain(f"a test that fails by itself: {raised.told}") from raised
    except (RecursionError, Opaque, TooLarge) as error:
        raise NotPlain(f"a value that cannot go into the box: {error}") from error
    if not any(unit.places for unit in units):
        raise NotPlain("a test that calls nothing")
    return SplitTest(tree=tree, units=units, entry_point=entry_point, foreign=foreign)


def splits_of(
    statements: Sequence[str], entry_point: str | None, code: str
) -> tuple[SplitTest | None, ...]:
    """Split the tests of a row; None for each that has to run in the candidate's process.

    Where the answer makes a class of what was asked for, its objects cannot leave the box.
    """
    tree = tree_of(code)
    classes = {n.name for n in tree.body if isinstance(n, ast.ClassDef)} if tree else set()
    trees = map(tree_of_test, statements)
    bound = [frozenset[str]() if tree is None else names_bound_by(tree) for tree in trees]
    foreign = frozenset[str]().union(*bound) - {"check"}
    splits: list[SplitTest | None] = []
    for statement, own in zip(statements, bound, strict=True):
        try:
            split = split_of(statement, entry_point, foreign - own)
        except NotPlain:
            splits.append(None)
            continue
        called = {step[2] for unit in split.units for step in unit.steps if step[0] == "call"}
        splits.append(None if called & classes else split)
    return tuple(splits)


def names_bound_by(tree: ast.Module) -> frozenset[str]:
    """Give the names that a test binds for those after it."""
    return frozenset(names_in(tree.body))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan, with the slots that it is about."""

    order: Json
    slots: frozenset[int]
    place: Place | None
    text: str = ""


class Planner:
    """A box in which nothing runs: it notes what is asked."""

    is_planning = True

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def let(self, slot: int, value: object) -> None:
        """Note an object."""
        self.note(Step(["let", slot, encoded(value)], frozenset({slot}), None))

    def call(self, place: Place, slot: int, asked: Asked) -> object:
        """Note a call."""
        arguments = [*asked.args, *asked.named.values()]
        slots = {slot, *(argument.slot for argument in arguments if argument.slot is not None)}
        order: Json = [
            "call",
            slot,
            asked.name,
            [form_of(argument) for argument in asked.args],
            {name: form_of(argument) for name, argument in asked.named.items()},
            asked.mode,
        ]
        self.note(Step(order, frozenset(slots), place, text_of(asked)))
        return UNKNOWN

    def show(self, place: Place, slot: int) -> object:
        """Note a look at an object."""
        self.note(Step(["show", slot], frozenset({slot}), place))
        return UNKNOWN

    def note(self, step: Step) -> None:
        """Keep a step."""
        self.steps.append(step)
        if len(self.steps) > MOST_CALLS:
            raise NotPlain("a test of too many calls")

    def units(self) -> tuple[Unit, ...]:
        """Gather the steps that share slots, in their order."""
        leaders: dict[int, int] = {}
        for step in self.steps:
            found = {leader_of(leaders, slot) for slot in step.slots}
            first = min(found)
            leaders.update(dict.fromkeys(found, first))
        grouped: dict[int, list[Step]] = {}
        for step in self.steps:
            grouped.setdefault(leader_of(leaders, min(step.slots)), []).append(step)
        return tuple(unit_of(steps) for steps in grouped.values())


def leader_of(leaders: Mapping[int, int], slot: int) -> int:
    """Find the slot that stands for a group."""
    while leaders.get(slot, slot) != slot:
        slot = leaders[slot]
    return slot


def unit_of(steps: Sequence[Step]) -> Unit:
    """Make a unit of steps."""
    return Unit(
        steps=tuple(step.order for step in steps),
        places=tuple(step.place for step in steps if step.place is not None),
        text=next((step.text for step in steps if step.text), ""),
    )


def form_of(argument: Argument) -> Json:
    """Make the JSON form of an argument."""
    if argument.slot is not None:
        return ["slot", argument.slot]
    return ["value", encoded(argument.value)]


def text_of(asked: Asked) -> str:
    """Write a call as it would stand in a program."""
    args = [in_words(argument) for argument in asked.args]
    named = [f"{name}={in_words(argument)}" for name, argument in asked.named.items()]
    text = f"{asked.name}({', '.join(args + named)})"
    return text if len(text) <= LONGEST_CALL else text[: LONGEST_CALL - 1] + "…"


def in_words(argument: Argument) -> str:
    """Write an argument."""
    return "…" if argument.slot is not None else written(argument.value)
