"""Node `llm`: renders a prompt, asks a model once, adds the reply as one variable."""

from collections.abc import Iterator
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sygra_eval.suite import ModelOrRoute, Prompt
from sygra_eval.values import Node, NodeContext, Problem, Scope, State


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

    model: ModelOrRoute
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
    model = config.model.chosen(state, ctx)
    response = await ctx.complete(
        config.prompt.render(state),
        model=model.name,
        parameters=model.parameters,
    )
    return {config.output_keys[0]: response.text}
