"""A model of the suite, as nodes and validators name it: `model: NAME`, or with parameters.

A node may also leave the choice to the row: see `routing`.
"""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sygra_eval.values import OnLength, Problem, Scope, Task


class ModelChoice(BaseModel):
    """Which model of the suite, and what is said of its calls beside what its entry says."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    on_length: OnLength | None = None

    def names(self) -> tuple[str, ...]:
        """Return the models that may be asked."""
        return (self.name,)

    def problems(
        self, scope: Scope, at: tuple[str | int, ...], *, tasks: Collection[Task] = (Task.CHAT,)
    ) -> Iterator[Problem]:
        """Yield a problem when the suite has no such model, or it is for something else.

        :param tasks: What the model may be for.
        """
        yield from model_problems(self.name, scope, at, tasks=tasks)


def model_problems(
    name: str,
    scope: Scope,
    at: tuple[str | int, ...],
    *,
    tasks: Collection[Task] = (Task.CHAT,),
    is_key: bool = False,
) -> Iterator[Problem]:
    """Yield a problem when the suite has no model of that name, or it is for something else.

    :param tasks: What the model may be for.
    :param is_key: The name is the key there, and not its value.
    """
    within = "" if is_key else name
    if name not in scope.models:
        near = get_close_matches(name, scope.models, n=1)
        known = ", ".join(sorted(scope.models)) or "none"
        yield Problem(
            code="unknown-model",
            message=f"the suite has no model `{name}`",
            at=at,
            within=within,
            is_key=is_key,
            fix=f"write `{near[0]}`" if near else f"name it under `models:`; known: {known}",
        )
    elif (task := Task(scope.tasks.get(name, Task.ANY))) not in {*tasks, Task.ANY}:
        fitting = sorted(one for one, does in scope.tasks.items() if does in tasks)
        wanted = " or ".join(f"`api: {one}`" for one in tasks)
        named = " or ".join(f"`{one}`" for one in fitting)
        yield Problem(
            code="wrong-model",
            message=f"the model `{name}` {_DOES[task]}, and one that "
            f"{' or '.join(_DOES[one] for one in tasks)} is needed",
            at=at,
            within=within,
            is_key=is_key,
            fix=f"write {named}" if named else f"name a model with {wanted}",
        )


_DOES = {
    Task.CHAT: "answers chats",
    Task.EMBEDDINGS: "makes vectors",
    Task.CLASSIFY: "names classes",
    Task.SCORE: "scores pairs",
    Task.REWARD: "gives rewards",
}


def by_name(value: object) -> object:
    """Take a name alone for the mapping that it is short for."""
    return {"name": value} if isinstance(value, str) else value


ModelByName = Annotated[
    ModelChoice, BeforeValidator(by_name, json_schema_input_type=str | ModelChoice)
]
"""In a suite: `model: NAME` or `model: {name: NAME, parameters: {...}}`."""
