"""Node `llm`: renders a prompt, asks a model once, adds the reply as one variable.

With a `structured_output` the reply is JSON: its fields become variables too, by their names.
"""

from collections.abc import Iterator
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sygra_eval.nodes.bounds import bound_of
from sygra_eval.suite import AskedByName, Prompt
from sygra_eval.values import BoundScope, CallBound, Node, NodeContext, Problem, Scope, State


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

    model: AskedByName
    prompt: Prompt
    output_keys: OneName

    def outputs(self) -> tuple[str, ...]:
        """Return the variable that the reply becomes, and those that its fields become."""
        structured = self.model.structured
        return (*self.output_keys, *(structured.fields if structured is not None else ()))

    def text_output(self) -> str:
        """Return the variable that holds the reply's text."""
        return self.output_keys[0]

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield unknown models and variables, and a field that has the reply's own name."""
        yield from self.model.problems(scope, ("model",))
        yield from self.prompt.problems(scope, ("prompt",), models=self.model.names())
        name, *fields = self.outputs()
        if name in fields:
            yield Problem(
                code="duplicate-variable",
                message=f"`{name}` is a field of the answer, and `output_keys` is for all of its "
                "text",
                at=("output_keys",),
                within=name,
                fix=f"choose another name, as `{name}_json`; fields are variables anyway",
            )

    def steps(self) -> tuple[str, ...]:
        """Return that it asks without a step."""
        return ()

    def most_calls(self, scope: BoundScope) -> Iterator[CallBound]:
        """Yield its one call."""
        yield bound_of(self.model, 1, self.prompt.length(scope.variables, scope.longest))


async def llm(node: Node, state: State, ctx: NodeContext) -> State:
    """Ask once; the reply's text is an output; where it is JSON, each of its fields too."""
    config = cast("LlmConfig", node.config)
    messages, model = config.prompt.render(state), config.model.chosen(state, ctx)
    key = config.output_keys[0]
    if model.structured is None:
        response = await ctx.complete(
            messages, model=model.name, parameters=model.parameters, on_length=model.on_length
        )
        return {key: response.text}
    fitted = await ctx.complete_json(
        messages,
        model=model.name,
        structured=model.structured,
        parameters=model.parameters,
        on_length=model.on_length,
    )
    return {key: fitted.text, **fitted.values}
