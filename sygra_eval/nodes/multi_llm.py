"""Node `multi_llm`: the same prompt to several models at once; each reply by its model's label."""

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import BaseModel, ConfigDict

from sygra_eval.nodes.bounds import bound_of
from sygra_eval.nodes.ensemble import Models, OnFail, ask_all, in_turn
from sygra_eval.nodes.llm import OneName
from sygra_eval.suite import Prompt
from sygra_eval.values import BoundScope, CallBound, Node, NodeContext, Problem, Scope, State


class MultiLlmConfig(BaseModel):
    """The keys of a `multi_llm` node."""

    model_config = ConfigDict(extra="forbid")

    models: Models
    prompt: Prompt
    output_keys: OneName
    on_fail: OnFail = "fail"

    def outputs(self) -> tuple[str, ...]:
        """Return the variable that the replies become."""
        return tuple(self.output_keys)

    def mappings(self) -> Mapping[str, Mapping[str, bool]]:
        """Return the labels of the replies; one that may be skipped is not in every record."""
        return {self.output_keys[0]: dict.fromkeys(self.models, self.on_fail == "fail")}

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield unknown models and variables."""
        for label, model in self.models.items():
            yield from model.problems(scope, ("models", label))
        names = dict.fromkeys(name for model in self.models.values() for name in model.names())
        yield from self.prompt.problems(scope, ("prompt",), models=tuple(names))

    def steps(self) -> tuple[str, ...]:
        """Return its labels: each call is at one."""
        return tuple(self.models)

    def most_calls(self, scope: BoundScope) -> Iterator[CallBound]:
        """Yield a call of each."""
        prompt = self.prompt.length(scope.variables, scope.longest)
        for model in self.models.values():
            yield bound_of(model, 1, prompt)


async def multi_llm(node: Node, state: State, ctx: NodeContext) -> State:
    """Ask all models; the replies are a mapping from label to text."""
    config = cast("MultiLlmConfig", node.config)
    chosen = [(label, model.chosen(state, ctx)) for label, model in config.models.items()]
    replies = await ask_all(in_turn(chosen), config.prompt.render(state), ctx)
    ctx.record_round(replies.as_round(node.name))
    replies.require(config.on_fail, node.name)
    texts = {one.asked.label: one.response.text for one in replies.answered}
    return {config.output_keys[0]: texts}
