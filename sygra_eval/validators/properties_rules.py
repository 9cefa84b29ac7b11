"""What each property asks of the answer, and how its answers are judged, out here.

A rule makes units for one input, and reads what was told of them. Everything told comes from
hostile code.
"""

import ast
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sygra_eval.validators.answered import decide
from sygra_eval.validators.comparing import are_equal
from sygra_eval.validators.differential import Known, result_difference
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.driver import places_of
from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.plain_data import NotPlain, in_order, written
from sygra_eval.validators.properties_config import Property
from sygra_eval.validators.split import SplitTest, Unit, split_of
from sygra_eval.validators.typed_values import BadForm, Opaque, TooLarge, decoded, encoded
from sygra_eval.validators.verdicts import in_one_line
from sygra_eval.validators.words import shortened

ALIAS = "f"

Json = list[object]
Told = Sequence[tuple[Json, ...]]
"""For each unit of an input what was told of it, at each of the two times."""


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
        found = result_difference(shown[0] if shown else None, known, self.config)
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


# Metamorphic: an expression over several calls


def metamorphic(expression: str, name: str, given: Input) -> Question:
    """Put the input into the expression, and split off its calls."""
    if given.named:
        raise DoesNotApply
    tree = ast.parse(expression, mode="eval")
    parameters = parameters_of(tree, name)
    if len(parameters) != len(given.args):
        raise BadProperty(
            f"`{expression}` has {len(parameters)} variables ({', '.join(parameters)}) "
            f"and an input {len(given.args)} arguments"
        )
    values = dict(zip(parameters, given.args, strict=True))
    try:
        body = ast.fix_missing_locations(Put(values, name).visit(tree)).body
        statement = ast.unparse(ast.Assert(test=body, msg=None))
        split = split_of(statement, name)
    except (NotPlain, SyntaxError, ValueError, RecursionError) as error:
        raise DoesNotApply(f"it cannot be decided outside the box: {error}") from error
    words = statement.removeprefix("assert ")
    return Question(split.units, words, split)


class Put(ast.NodeTransformer):
    """Puts values in the place of variables, fresh ones each time, and a name for `f`."""

    def __init__(self, values: Mapping[str, object], name: str) -> None:
        self.values, self.name = values, name

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace one name."""
        if node.id in self.values:
            return ast.parse(written(self.values[node.id]), mode="eval").body
        if node.id == ALIAS:
            return ast.Name(self.name, ast.Load())
        return node


def parameters_of(tree: ast.Expression, name: str) -> list[str]:
    """Give the variables of an expression, in the order of the function's arguments.

    That is the order in a call that has nothing but variables; else in which they come.
    """
    nodes = list(ast.walk(tree))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    called = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    used = [
        node
        for node in nodes
        if isinstance(node, ast.Name) and node.id not in bound | called | {ALIAS, name}
    ]
    used.sort(key=lambda node: (node.lineno, node.col_offset))
    free = list(dict.fromkeys(node.id for node in used))
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if function in {
                ALIAS,
                name,
            }:
                names = [one.id for one in args if isinstance(one, ast.Name)]
                if len(names) == len(args) == len(free) and set(names) == set(free):
                    return names
    return free


def undecided_or_false(split: SplitTest, told: Sequence[Json]) -> Broken | None:
    """Decide the expression with what its calls gave."""
    decision = decide(split, places_of(split.units, [(one,) for one in told]))
    if decision.has_passed:
        return None
    account = decision.account
    expected, got = account.get("expected", ""), account.get("got", "")
    if got:
        return Broken(f"is false: {in_one_line(got)} and {in_one_line(expected)}", expected, got)
    error = in_one_line(account.get("error", "") or "is not answered")
    return Broken(f"does not hold: {error}", got=error)
