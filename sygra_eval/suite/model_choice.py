"""A model of the suite, as nodes and validators name it: `model: NAME`, or with parameters."""

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

    def problems(
        self, scope: Scope, at: tuple[str | int, ...], *, tasks: Collection[Task] = (Task.CHAT,)
    ) -> Iterator[Problem]:
        """Yield a problem when the suite has no such model, or it is for something else.

        :param tasks: What the model may be for.
        """
        if self.name not in scope.models:
            near = get_close_matches(self.name, scope.models, n=1)
            known = ", ".join(sorted(scope.models)) or "none"
            fix = f"write `{near[0]}`" if near else f"name it under `models:`; known: {known}"
            yield Problem(
                code="unknown-model",
                message=f"the suite has no model `{self.name}`",
                at=at,
                within=self.name,
                fix=fix,
            )
        elif (task := Task(scope.tasks.get(self.name, Task.ANY))) not in {*tasks, Task.ANY}:
            fitting = sorted(name for name, one in scope.tasks.items() if one in tasks)
            wanted = " or ".join(f"`api: {one}`" for one in tasks)
            named = " or ".join(f"`{name}`" for name in fitting)
            yield Problem(
                code="wrong-model",
                message=f"the model `{self.name}` {_DOES[task]}, and one that "
                f"{' or '.join(_DOES[one] for one in tasks)} is needed",
                at=at,
                within=self.name,
                fix=f"write {named}" if named else f"name a model with {wanted}",
            )


_DOES = {
    Task.CHAT: "answers chats",
    Task.EMBEDDINGS: "makes vectors",
    Task.CLASSIFY: "names classes",
    Task.SCORE: "scores pairs",
    Task.REWARD: "gives rewards",
}


def _by_name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


ModelByName = Annotated[
    ModelChoice, BeforeValidator(_by_name, json_schema_input_type=str | ModelChoice)
]
"""In a suite: `model: NAME` or `model: {name: NAME, parameters: {...}}`."""
