"""A model of the suite, as nodes and validators name it: `model: NAME`, or with parameters.

A node may also leave the choice to the row: see `routing`.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sygra_eval.values import Problem, Scope


class ModelChoice(BaseModel):
    """Which model of the suite, and the parameters that are sent beside the model's own."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        """Return the models that may be asked."""
        return (self.name,)

    def problems(self, scope: Scope, at: tuple[str | int, ...]) -> Iterator[Problem]:
        """Yield a problem when the suite has no such model."""
        yield from unknown_model(self.name, scope, at)


def unknown_model(
    name: str, scope: Scope, at: tuple[str | int, ...], *, is_key: bool = False
) -> Iterator[Problem]:
    """Yield a problem when the suite has no model of that name.

    :param is_key: The name is the key there, and not its value.
    """
    if name in scope.models:
        return
    near = get_close_matches(name, scope.models, n=1)
    known = ", ".join(sorted(scope.models)) or "none"
    yield Problem(
        code="unknown-model",
        message=f"the suite has no model `{name}`",
        at=at,
        within="" if is_key else name,
        is_key=is_key,
        fix=f"write `{near[0]}`" if near else f"name it under `models:`; known: {known}",
    )


def by_name(value: object) -> object:
    """Take a name alone for the mapping that it is short for."""
    return {"name": value} if isinstance(value, str) else value


ModelByName = Annotated[
    ModelChoice, BeforeValidator(by_name, json_schema_input_type=str | ModelChoice)
]
"""In a suite: `model: NAME` or `model: {name: NAME, parameters: {...}}`."""
