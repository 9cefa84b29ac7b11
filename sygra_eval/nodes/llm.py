"""Node `llm`: renders a prompt, asks a model once, adds the reply as one variable."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sygra_eval.suite import Prompt
from sygra_eval.values import Node, NodeContext, Problem, Scope, State


class ModelChoice(BaseModel):
    """Which model of the suite, and the parameters that this node sends beside the model's own."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)

    def problems(self, scope: Scope, at: tuple[str | int, ...]) -> Iterator[Problem]:
        """Yield a problem when the suite has no such model."""
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


def _by_name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


ModelByName = Annotated[
    ModelChoice, BeforeValidator(_by_name, json_schema_input_type=str | ModelChoice)
]
"""In a suite: `model: NAME` or `model: {name: NAME, parameters: {...}}`."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


OneName = Annotated[
    list[str],
    Field(min_length=1, max_length=1),
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
]
"""In a suite: `NAME` or `[NAME]`; one name means the reply's text."""


class LlmConfig(BaseModel):
    """The keys of an `llm` node."""

    model_config = ConfigDict(extra="forbid")

    model: ModelByName
    prompt: Prompt
    output_keys: OneName

    def outputs(self) -> tuple[str, ...]:
        """Return the variable that the reply becomes."""
        return tuple(self.output_keys)

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield unknown models and variables."""
        yield from self.model.problems(scope, ("model",))
        yield from self.prompt.problems(scope, ("prompt",))


async def llm(node: Node, state: State, ctx: NodeContext) -> State:
    """Ask once; the reply's text is the node's only output."""
    config = cast("LlmConfig", node.config)
    response = await ctx.complete(
        config.prompt.render(state),
        model=config.model.name,
        parameters=config.model.parameters,
    )
    return {config.output_keys[0]: response.text}
