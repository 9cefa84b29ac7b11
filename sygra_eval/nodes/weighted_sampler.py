"""Node `weighted_sampler`: draws variables by chance that is the same in every run.

What a row draws follows from the run's seed, the node and the row's place in the input. So neither
the order in which rows end, nor a resume, nor a shard changes it.
"""

from collections.abc import Iterator
from random import Random
from typing import Annotated, Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from sygra_eval.suite import UnfitRow, did_you_mean
from sygra_eval.values import (
    BoundScope,
    CallBound,
    Length,
    Node,
    NodeContext,
    Problem,
    Scope,
    State,
)

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Column(BaseModel):
    """A column of the row that holds a list."""

    model_config = ConfigDict(extra="forbid", strict=True)

    column: str


class Attribute(BaseModel):
    """What one variable is drawn from: a list, a column's list, or one value for all rows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    values: Annotated[list[JsonValue], Field(min_length=1)] | Column | None = None
    weights: Annotated[list[Weight], Field(min_length=1)] | Column | None = None
    value: JsonValue = None

    @model_validator(mode="after")
    def fits(self) -> "Attribute":
        """Refuse weights that no draw could follow, and two answers to one question."""
        if ("value" in self.model_fields_set) == (self.values is not None):
            raise PydanticCustomError("wrong-value", "needs either `values` or `value`")
        if self.values is None and self.weights is not None:
            raise PydanticCustomError("wrong-value", "one `value` takes no `weights`")
        if isinstance(self.values, list) and isinstance(self.weights, list):
            told = why_unfit(self.values, self.weights)
            if told:
                raise PydanticCustomError("wrong-value", "{told}", {"told": told})
        return self


class WeightedSamplerConfig(BaseModel):
    """The keys of a `weighted_sampler` node: what each variable is drawn from."""

    model_config = ConfigDict(extra="forbid")

    attributes: dict[str, Attribute] = Field(min_length=1)

    def outputs(self) -> tuple[str, ...]:
        """Return the variables that it draws."""
        return tuple(self.attributes)

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield columns that nothing provides."""
        for name, attribute in self.attributes.items():
            for key, source in (("values", attribute.values), ("weights", attribute.weights)):
                if isinstance(source, Column) and source.column not in scope.variables:
                    yield Problem(
                        code="unknown-variable",
                        message=f"no column or node provides `{source.column}`",
                        at=("attributes", name, key, "column"),
                        fix=did_you_mean(source.column, scope.variables),
                    )

    asks_no_model: ClassVar[bool] = True

    def most_calls(self, scope: BoundScope) -> Iterator[CallBound]:
        """Yield nothing: it asks no model."""
        del scope
        yield from ()

    def longest_outputs(self, scope: BoundScope) -> dict[str, Length]:
        """Return how long each drawn value may be in a prompt."""
        longest: dict[str, Length] = {}
        for name, attribute in self.attributes.items():
            values: object = [attribute.value] if attribute.values is None else attribute.values
            if isinstance(values, Column):
                values = scope.variables.get(values.column)
            longest[name] = max(map(_length, values)) if isinstance(values, list) and values else 0
        return longest


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else 2 * len(str(value))


def why_unfit(values: list[Any], weights: list[float]) -> str:
    """Say why no value can be drawn by these weights; empty where one can."""
    if len(values) != len(weights):
        return f"{len(values)} values have {len(weights)} weights"
    return "" if sum(weights) > 0 else "no weight is above 0"


async def weighted_sampler(node: Node, state: State, ctx: NodeContext) -> State:
    """Draw a value for each of its variables."""
    config = cast("WeightedSamplerConfig", node.config)
    return {
        name: _drawn(attribute, state, Random(f"{ctx.seed}\0{ctx.key}\0{ctx.row.index}\0{name}"))  # noqa: S311 - not a secret
        for name, attribute in config.attributes.items()
    }


def _drawn(attribute: Attribute, state: State, chance: Random) -> object:
    if attribute.values is None:
        return attribute.value
    values = _list_of(attribute.values, state)
    if attribute.weights is None:
        return chance.choice(values)
    weights = _list_of(attribute.weights, state)
    if not all(type(one) in (int, float) and 0 <= one < float("inf") for one in weights):
        raise UnfitRow(f"the weights {weights!r} are not all numbers from 0 up")
    if told := why_unfit(values, weights):
        raise UnfitRow(told)
    return chance.choices(values, weights)[0]


def _list_of(source: list[Any] | Column, state: State) -> list[Any]:
    if isinstance(source, list):
        return source
    value = state.get(source.column)
    if not isinstance(value, list) or not value:
        told = "an empty list" if value == [] else type(value).__name__
        raise UnfitRow(f"`{source.column}` is {told}, a list to draw from is needed")
    return value
