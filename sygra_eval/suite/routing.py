"""A node's model by weight or by the row: `model: {route: ...}`. Start at `RoutedChoice.chosen`.

Which model a row gets depends on the row and the suite's seed alone, never on the order in which
rows arrive: a run that is resumed, cut into shards or run again chooses the same.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sygra_eval.suite.model_choice import ModelChoice, by_name, model_problems
from sygra_eval.suite.nearest import did_you_mean, nearest
from sygra_eval.suite.template import Template, UnfitRow
from sygra_eval.values import NodeContext, Problem, Scope, Severity, State, Task

Weight = Annotated[float, Field(strict=True, gt=0, le=1e9, allow_inf_nan=False)]
_BITS = 52  # what a float between 0 and 1 holds exactly, with half a step left on each side


class ByWeight(BaseModel):
    """Each model answers its share of the rows."""

    model_config = ConfigDict(extra="forbid")

    weights: dict[str, Weight] = Field(min_length=1)

    def names(self) -> tuple[str, ...]:
        """Return the models that may be asked."""
        return tuple(self.weights)

    def name_for(self, state: State, ctx: NodeContext) -> str:
        """Return the model that this record's row has drawn."""
        del state
        return drawn(self.weights, seed=ctx.seed, row_id=ctx.row.id)

    def problems(self, scope: Scope, at: tuple[str | int, ...]) -> Iterator[Problem]:
        """Yield models that the suite has not."""
        for name in self.weights:
            yield from model_problems(name, scope, (*at, "weights", name), is_key=True)


def drawn(weights: Mapping[str, float], *, seed: int, row_id: str) -> str:
    """Return a name, each with a probability in proportion to its weight.

    Every name has a draw of its own for each row, and the best of them wins. So the order of the
    names means nothing, and a name that is added takes rows without moving any between the others
    (docs/decisions/0017).
    """
    return max(sorted(weights), key=lambda name: weights[name] / _patience(name, seed, row_id))


def _patience(name: str, seed: int, row_id: str) -> float:
    """Return an exponentially distributed number that depends on these three alone."""
    text = f"{seed}\0{row_id}\0{name}".encode("utf-8", "surrogatepass")
    bits = int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> (64 - _BITS)
    return -math.log((bits + 0.5) / 2**_BITS)


def _is_in_quotes(value: object) -> object:
    """Tell what `{difficulty}` without quotes is to YAML."""
    match value:
        case {**entry} if len(entry) == 1 and list(entry.values()) == [None]:
            raise PydanticCustomError(
                "wrong-type",
                "`by` must be text, and braces without quotes are a mapping",
                {"fix": f'write `"{{{next(iter(entry))}}}"`'},
            )
        case _:
            return value


class ByRow(BaseModel):
    """What the row says decides: a template over its variables, and a model for each value."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[str, BeforeValidator(_is_in_quotes)]
    cases: dict[str, str] = Field(min_length=1)
    otherwise: str | None = None

    def names(self) -> tuple[str, ...]:
        """Return the models that may be asked."""
        last = () if self.otherwise is None else (self.otherwise,)
        return tuple(dict.fromkeys((*self.cases.values(), *last)))

    def name_for(self, state: State, ctx: NodeContext) -> str:
        """Return the model of this record's case.

        :raises UnfitRow: When there is none.
        """
        del ctx
        value = self._value(state)
        name = self.cases.get(value, self.otherwise)
        if name is None:
            raise UnfitRow(self._no_case(value))
        return name

    def problems(self, scope: Scope, at: tuple[str | int, ...]) -> Iterator[Problem]:
        """Yield unknown models and variables, and a first row that has no case."""
        template = Template.parse(self.by)
        yield from template.problems(scope, (*at, "by"))
        if not template.names():
            yield Problem(
                code="wrong-value",
                message="`by` names no variable, so every row would get the same model",
                at=(*at, "by"),
                fix='write `"{COLUMN}"`, or the model instead of a route',
            )
        for value, name in self.cases.items():
            yield from model_problems(name, scope, (*at, "cases", value))
        if self.otherwise is not None:
            yield from model_problems(self.otherwise, scope, (*at, "otherwise"))
        yield from self._first_row_problems(template, scope, at)

    def _first_row_problems(
        self, template: Template, scope: Scope, at: tuple[str | int, ...]
    ) -> Iterator[Problem]:
        if self.otherwise is not None or scope.row is None or not template.names():
            return
        try:
            value = self._value(scope.row)
        except UnfitRow:
            return  # a node makes it, or the template's own problems say why
        if value not in self.cases:
            yield Problem(
                code="no-case",
                message=f"the first row fails: {self._no_case(value)}",
                at=(*at, "cases"),
                fix=f"add `otherwise: {next(iter(self.cases.values()))}`, or the case",
                severity=Severity.WARNING,
            )

    def _value(self, state: State) -> str:
        """Return what cases are compared with; a model's reply may end in a newline."""
        return Template.parse(self.by).render(state).strip()

    def _no_case(self, value: str) -> str:
        shown = value if len(value) <= 40 else f"{value[:39]}…"
        return (
            f"no case of the route `{self.by}` is `{shown}`, and it has no `otherwise` "
            f"({did_you_mean(shown, self.cases)})"
        )


def _kind_of_route(value: object) -> str:
    keys = value.keys() if isinstance(value, Mapping) else set()
    if isinstance(value, ByWeight) or "weights" in keys:
        return "by weight"
    strange = {str(key) for key in keys} - ByRow.model_fields.keys()
    return "by weight" if nearest("weights", strange) and "by" not in keys else "by row"


Route = Annotated[
    Annotated[ByWeight, Tag("by weight")] | Annotated[ByRow, Tag("by row")],
    Discriminator(_kind_of_route),
]


class RoutedChoice(ModelChoice):
    """Which model of the suite, or how each row chooses it; the rest is said of whichever it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"oneOf": [{"required": ["name"]}, {"required": ["route"]}]},
    )

    name: str = ""
    route: Route | None = None

    @model_validator(mode="after")
    def says_which(self) -> Self:
        """Refuse a name beside a route, and neither."""
        if self.route is not None and "name" in self.model_fields_set:
            told = {"at": ("name",), "is_key": True, "fix": "leave one of them"}
            raise PydanticCustomError("wrong-value", "`name` and `route` both say which", told)
        if self.route is None and not self.name:
            raise PydanticCustomError(
                "missing-key", "the key `name` is missing in `model`", {"fix": "add `name: ...`"}
            )
        return self

    def names(self) -> tuple[str, ...]:
        """Return the models that may be asked."""
        return super().names() if self.route is None else self.route.names()

    def chosen(self, state: State, ctx: NodeContext) -> Self:
        """Return what to ask for this record: a choice with a name.

        :raises UnfitRow: When the route has no case for it.
        """
        if self.route is None:
            return self
        return self.model_copy(update={"name": self.route.name_for(state, ctx), "route": None})

    def problems(
        self, scope: Scope, at: tuple[str | int, ...], *, tasks: Collection[Task] = (Task.CHAT,)
    ) -> Iterator[Problem]:
        """Yield what is wrong with the names."""
        if self.route is None:
            yield from super().problems(scope, at, tasks=tasks)
        else:
            yield from self.route.problems(scope, (*at, "route"))


ModelOrRoute = Annotated[
    RoutedChoice, BeforeValidator(by_name, json_schema_input_type=str | RoutedChoice)
]
"""In a suite what `ModelByName` is, or `model: {route: {weights: {NAME: 3, NAME: 1}}}`, or
`model: {route: {by: "{column}", cases: {VALUE: NAME}, otherwise: NAME}}`. Ask what `chosen` gives.
"""
