"""What each property asks of the answer, and how its answers are judged, out here.

A rule makes units for one input, and reads what was told of them. Everything told comes from
hostile code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sygra_eval.validators import differential_inputs
from sygra_eval.validators.comparing import are_equal
from sygra_eval.validators.differential import Known, arguments_difference, result_difference
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.plain_data import written
from sygra_eval.validators.properties_config import Property
from sygra_eval.validators.properties_metamorphic import metamorphic, undecided_or_false
from sygra_eval.validators.properties_values import (
    JUDGES,
    BadProperty,
    Broken,
    DoesNotApply,
    IsBroken,
    Json,
    NoValue,
    Question,
    value_of,
)
from sygra_eval.validators.split import Unit
from sygra_eval.validators.typed_values import Opaque, TooLarge, encoded
from sygra_eval.validators.verdicts import in_one_line
from sygra_eval.validators.words import shortened

Told = Sequence[tuple[Json, ...]]
"""For each unit of an input what was told of it, at each of the two times."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A property of the function `name`.

    :ivar known: For the properties that compare with another program: what that did, by input.
    """

    prop: Property
    name: str
    allowed: frozenset[str]
    config: DifferentialConfig
    known: Mapping[str, Known] = field(default_factory=dict)

    def question(self, given: Input) -> Question:
        """Ask about one input.

        :raises DoesNotApply: When there is nothing to ask.
        :raises BadProperty: When it cannot go into the box.
        """
        try:
            return self.made(given)
        except (Opaque, TooLarge) as error:
            raise BadProperty(f"an input cannot go into the box: {error}") from error

    def made(self, given: Input) -> Question:
        """Make the question."""
        call = Call(given)
        match self.prop.name:
            case "metamorphic":
                return metamorphic(self.prop.expression, self.name, given)
            case "idempotent" | "roundtrip":
                once, then = self.prop.encode or self.name, self.prop.decode or self.name
                if not given.args:
                    raise DoesNotApply("an input without an argument")
                words = f"{then}({', '.join([given.in_words(once), *rest_of(given)])})"
                return Question((unit_of(call.step(once), words),), words, follow=then)
            case "equivalent_to_reference" | "agrees_with_previous_draft":
                if given.key() not in self.known:
                    raise DoesNotApply
                if self.known[given.key()].after:  # what becomes of the arguments counts
                    unit = differential_inputs.unit_of(self.name, given, shows_arguments=True)
                    return Question((unit,), given.in_words(self.name))
        words = given.in_words(self.name)
        return Question((unit_of(call.step(self.name), words),), words)

    def follow_up(self, given: Input, question: Question, told: Told) -> tuple[object, Question]:
        """Ask about what came out: that value, and the question.

        :raises DoesNotApply: When nothing did, as the function refused the input.
        :raises IsBroken: When nothing did that could go in again.
        """
        self.refuse_raised([one for times in told for unit in times for one in unit], question)
        try:
            value = value_of(told[0][0][0])
            step = Call(Input((value, *given.args[1:]), given.named)).step(question.follow)
        except NoValue as error:
            raise IsBroken(Broken(f"gave {error}", got=f"gave {error}")) from error
        except (Opaque, TooLarge) as error:
            raise IsBroken(Broken(f"gave a value that cannot go in again: {error}")) from error
        return value, Question((unit_of(step, question.words),), question.words)

    def broken(
        self, given: Input, question: Question, told: Told, before: Json | None = None
    ) -> Broken | None:
        """Judge what was told, at both times.

        :param before: The value that went in again.
        :raises DoesNotApply: When it says nothing, as the function refused the input.
        """
        for time in range(2):
            once = [unit[time] for unit in told]
            try:
                found = self.broken_once(given, question, once, before or [])
            except IsBroken as error:
                found = error.broken
            if found is not None:
                return found
        return None

    def broken_once(
        self, given: Input, question: Question, told: Sequence[Json], before: Json
    ) -> Broken | None:
        """Judge what was told at one time."""
        shown = [one for unit in told for one in unit]
        if self.prop.name == "equivalent_to_reference" or self.prop.name.startswith("agrees"):
            return self.differs(given, shown)
        try:
            self.refuse_raised(shown, question)
        except DoesNotApply:
            if self.prop.name == "no_crash":
                return None
            raise
        if question.split is not None:
            return undecided_or_false(question.split, told)
        if self.prop.name == "no_crash":
            return None
        return self.judged(given, shown, before)

    def refuse_raised(self, shown: Sequence[object], question: Question) -> None:
        """Refuse what was raised.

        :raises DoesNotApply: When it is one of the exceptions that are allowed.
        :raises IsBroken: When it is not.
        """
        for one in shown:
            match one:
                case ["raise", [*names], _, str(text), *_]:
                    if self.allowed & set(map(str, names)):
                        raise DoesNotApply
                    if question.split is None:  # in a metamorphic one it may be caught
                        told = f"raised {in_one_line(text)}"
                        raise IsBroken(Broken(told, got=told))

    def differs(self, given: Input, shown: Json) -> Broken | None:
        """Compare with what another program did."""
        known = self.known[given.key()]
        told, *after = shown or [None]
        found = result_difference(told, known, self.config)
        found = found or arguments_difference(after, known, self.config)
        if found is None:
            return None
        is_reference = self.prop.name == "equivalent_to_reference"
        other = "the reference" if is_reference else "the draft before"
        told = f"{found}, {other} {known.expectation()}"
        return Broken(told, known.expectation().removeprefix("gives "), found)

    def judged(self, given: Input, shown: Json, before: Json) -> Broken | None:
        """Judge values."""
        try:
            values = [*before, *map(value_of, shown)]
            return JUDGES[self.prop.name](given, values, self.is_equal)
        except NoValue as error:
            return Broken(f"gave {error}", got=f"gave {error}")
        except (IndexError, RecursionError, MemoryError):
            return Broken("gave a value that cannot be compared")

    def is_equal(self, one: object, other: object) -> bool:
        """Compare two values by the suite's tolerance and types."""
        return are_equal(one, other, tolerance=self.config.tolerance, types=self.config.types)


class Call:
    """Makes the steps that call a function with one input."""

    def __init__(self, given: Input) -> None:
        self.args: Json = [["value", encoded(value)] for value in given.args]
        self.named = {key: ["value", encoded(value)] for key, value in given.named}

    def step(self, name: str) -> Json:
        """Call with the input."""
        return ["call", 1, name, self.args, self.named, "value"]


def rest_of(given: Input) -> list[str]:
    """Write the arguments after the first."""
    return [
        *map(written, given.args[1:]),
        *(f"{name}={written(value)}" for name, value in given.named),
    ]


def unit_of(step: Json, words: str) -> Unit:
    """Make a unit of one step."""
    return Unit(steps=(step,), places=((0, ()),), text=shortened(words))
