"""The keys of the validator `properties`, and the properties that it knows."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sygra_eval.validators.boxes import EXCEPTIONS
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.strategies import BadStrategy, parsed_strategy
from sygra_eval.validators.syntax import parsed_afresh
from sygra_eval.validators.unit_tests_config import TestColumns, unknown_column
from sygra_eval.values import Problem, Scope

EQUIVALENT, PREVIOUS = "equivalent_to_reference", "agrees_with_previous_draft"
LONGEST_EXPRESSION = 500
MOST_PROPERTIES = 20


@dataclass(frozen=True, slots=True)
class Property:
    """One property, with what belongs to it."""

    name: str
    allowed: frozenset[str] = frozenset()
    encode: str = ""
    decode: str = ""
    expression: str = ""

    @property
    def title(self) -> str:
        """Name it in a sentence."""
        return f"{self.name} `{self.expression}`" if self.expression else self.name


class Keys(BaseModel):
    """The keys of a property; each has only its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoCrash(Keys):
    """Exceptions that the function may raise."""

    allowed: tuple[str, ...] = ()

    @field_validator("allowed")
    @classmethod
    def are_built_in(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse other names: an exception of the answer's own is told of by its built-in base."""
        for name in names:
            if name not in EXCEPTIONS:
                near = get_close_matches(name, EXCEPTIONS, n=1)
                fix = f"; write `{near[0]}`" if near else ""
                raise ValueError(f"`{name}` is no built-in exception{fix}")
        return names


class RoundTrip(Keys):
    """Two functions of the answer, of which the second undoes the first."""

    encode: str
    decode: str


SIMPLE = frozenset({EQUIVALENT, PREVIOUS, "idempotent", "no_crash", "sorted", "permutation"})
WITH_KEYS: Mapping[str, type[Keys]] = {"no_crash": NoCrash, "roundtrip": RoundTrip}
KNOWN = SIMPLE | WITH_KEYS.keys() | {"metamorphic"}


def properties_of(said: object) -> tuple[Property, ...]:
    """Read a list of properties.

    :raises ValueError: When it is none.
    """
    if not isinstance(said, list | tuple) or not 0 < len(said) <= MOST_PROPERTIES:
        raise ValueError(f"name 1 to {MOST_PROPERTIES} properties in a list, as `[idempotent]`")
    return tuple(property_of(one) for one in said)


def property_of(said: object) -> Property:
    """Read one property: its name, or its name with what belongs to it."""
    if isinstance(said, Property):
        return said
    name, keys = said, None
    if isinstance(said, Mapping) and len(said) == 1:
        ((name, keys),) = said.items()
    if not isinstance(name, str) or name not in KNOWN:
        near = get_close_matches(str(name), KNOWN, n=1)
        fix = f"write `{near[0]}`" if near else f"known are {', '.join(sorted(KNOWN))}"
        raise ValueError(f"`{str(name)[:80]}` is no property; {fix}")
    if name == "metamorphic":
        return Property(name, expression=expression_of(keys))
    if keys is None and name in SIMPLE:
        return Property(name)
    model = WITH_KEYS.get(name)
    if model is None or not isinstance(keys, Mapping):
        needs = "`{encode: NAME, decode: NAME}`" if name == "roundtrip" else "nothing"
        raise ValueError(f"`{name}` takes {needs}")
    try:
        read = model.model_validate(keys)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise ValueError(f"`{name}`: {at}: {first['msg'].removeprefix('Value error, ')}") from error
    match read:
        case NoCrash(allowed=allowed):
            return Property(name, allowed=frozenset(allowed))
        case RoundTrip(encode=encode, decode=decode):
            return Property(name, encode=encode, decode=decode)
    raise ValueError(f"`{name}` takes nothing")


def expression_of(said: object) -> str:
    """Take the expression of `metamorphic`, which has to be one expression of Python."""
    if not isinstance(said, str) or len(said) > LONGEST_EXPRESSION:
        raise ValueError(
            "`metamorphic` takes an expression over calls of the function, "
            'as "f(x[::-1]) == f(x)", of at most 500 characters'
        )
    match parsed_afresh(said.strip()):
        case ast.Module(body=[ast.Expr()]):
            return said.strip()
    raise ValueError(f"`metamorphic`: `{said[:80]}` is no Python expression")


class PropertiesConfig(BaseModel):
    """Keys of `properties`.

    :ivar properties: A list of properties, or the column that has a row's list; by default that
        the answer is equal to the reference.
    :ivar strategies: What the arguments are drawn from: a column, or one text each.
    :ivar source: `from:`, columns of tests, whose calls are inputs too (and are mutated where
        there are no strategies).
    :ivar entry_point: The column that names the function asked for.
    :ivar reference: The column with a program that is right; inputs on which it raises are none.
    :ivar contract: A column with assertions on the parameters, that sort out inputs.
    :ivar raises: A column with names of exceptions that the question asks for.
    :ivar arguments: A column that says whether the arguments after the call are compared too.
    :ivar examples: How many inputs are tried.
    :ivar visible: Whether the loop may know what the reference gives.
    :ivar tolerance: How far floats may be apart: who adds up in another order is no less right.
    :ivar types: `python` compares as `==` does, `exact` also the types.
    :ivar timeout: Seconds for the candidate and all inputs, scaled to the machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    properties: str | tuple[Property, ...] = (Property(EQUIVALENT),)
    strategies: str | tuple[str, ...] | None = None
    source: str | TestColumns | None = Field(default=None, alias="from")
    entry_point: str = "entry_point"
    reference: str | None = None
    contract: str | None = None
    raises: str | None = None
    arguments: str | None = None
    examples: int = Field(default=100, ge=1, le=1000)
    visible: bool = False
    tolerance: float = Field(default=1e-9, ge=0)
    types: Literal["python", "exact"] = "python"
    timeout: float | None = Field(default=None, gt=0)

    @field_validator("properties", mode="before")
    @classmethod
    def are_known(cls, said: object) -> object:
        """Read the list; a row's own is read with the row."""
        return said if isinstance(said, str) else properties_of(said)

    @field_validator("strategies")
    @classmethod
    def can_be_read(cls, said: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        """Read strategies that stand in the suite."""
        if is_literal(said):
            try:
                parsed_strategy(said)
            except BadStrategy as error:
                raise ValueError(str(error)) from error
        return said

    @property
    def uses_previous(self) -> bool:
        """Whether a verdict depends on the draft before, so that it is one of both."""
        known = () if isinstance(self.properties, str) else self.properties
        return isinstance(self.properties, str) or any(one.name == PREVIOUS for one in known)

    def for_reference(self) -> DifferentialConfig:
        """Give the keys by which `differential` runs a reference."""
        return DifferentialConfig(
            reference=self.reference or "",
            entry_point=self.entry_point,
            contract=self.contract,
            raises=self.raises,
            arguments=self.arguments,
            min_inputs=1,
            tolerance=self.tolerance,
            types=self.types,
        )

    def test_columns(self, *, with_hidden: bool) -> tuple[str, ...]:
        """Name the columns of tests."""
        if self.source is None or isinstance(self.source, str):
            return (self.source,) if self.source else ()
        hidden = self.source.hidden if with_hidden else None
        return tuple(column for column in (self.source.visible, hidden) if column is not None)

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report columns that nothing provides, and keys that need another one."""
        columns = {
            key: getattr(self, key)
            for key in ("reference", "contract", "raises", "arguments", "properties", "strategies")
        }
        for key, column in columns.items():
            if isinstance(column, str) and not (key == "strategies" and is_literal(column)):
                yield from unknown_column(column, (key,), scope)
        for column in self.test_columns(with_hidden=True):
            yield from unknown_column(column, ("from",), scope)
        if "entry_point" in self.model_fields_set:
            yield from unknown_column(self.entry_point, ("entry_point",), scope)
        names = {one.name for one in self.properties if isinstance(one, Property)}
        if self.reference is None and (EQUIVALENT in names or self.contract is not None):
            what = "`contract`" if self.contract is not None else f"`{EQUIVALENT}`"
            yield Problem(
                code="no-reference",
                message=f"{what} of `properties` needs a program that is right",
                fix="name its column in `reference`",
            )
        if self.strategies is None and self.source is None and self.reference is None:
            yield Problem(
                code="no-inputs",
                message="`properties` has no inputs to try",
                fix='write `strategies: ["lists(integers())"]`, or name the tests in `from`',
            )


def is_literal(said: str | tuple[str, ...] | None) -> bool:
    """Whether strategies stand in the suite itself; a column's name has no brackets."""
    return isinstance(said, tuple) or (said is not None and "(" in said)
