"""Nodes `embed`, `classify` and `score`: what a model makes of a text or two, and says nothing.

Texts of several records travel in one request; each is a call of its own in the journal.
"""

from collections.abc import Iterator
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sygra_eval.nodes.llm import OneName
from sygra_eval.suite import ModelByName, TextTemplate
from sygra_eval.values import (
    Classes,
    Node,
    NodeContext,
    Problem,
    Scope,
    State,
    Task,
    classes_of,
    one_text,
    pair,
    score_of,
    vector_of,
)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class EmbedConfig(BaseModel):
    """The keys of an `embed` node.

    :ivar text: What is embedded, as a template.
    """

    model_config = ConfigDict(extra="forbid")

    model: ModelByName
    text: TextTemplate
    output_keys: OneName

    def outputs(self) -> tuple[str, ...]:
        """Return the variable that the vector becomes."""
        return tuple(self.output_keys)

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield models that make no vectors, and unknown variables."""
        yield from self.model.problems(scope, ("model",), tasks=(Task.EMBEDDINGS,))
        yield from self.text.problems(scope, ("text",))


class ClassifyNodeConfig(BaseModel):
    """The keys of a `classify` node.

    :ivar output_keys: Variables for the label and, where a second is named, all probabilities.
    """

    model_config = ConfigDict(extra="forbid")

    model: ModelByName
    text: TextTemplate
    output_keys: Annotated[
        list[str],
        Field(min_length=1, max_length=2),
        BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    ]

    def outputs(self) -> tuple[str, ...]:
        """Return the variables for the label and the probabilities."""
        return tuple(self.output_keys)

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield models that know no classes, and unknown variables."""
        yield from self.model.problems(scope, ("model",), tasks=(Task.CLASSIFY,))
        yield from self.text.problems(scope, ("text",))


class ScoreNodeConfig(BaseModel):
    """The keys of a `score` node: two texts, as templates."""

    model_config = ConfigDict(extra="forbid")

    model: ModelByName
    text_1: TextTemplate
    text_2: TextTemplate
    output_keys: OneName

    def outputs(self) -> tuple[str, ...]:
        """Return the variable that the score becomes."""
        return tuple(self.output_keys)

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield models that score no pairs, and unknown variables."""
        yield from self.model.problems(scope, ("model",), tasks=(Task.SCORE,))
        yield from self.text_1.problems(scope, ("text_1",))
        yield from self.text_2.problems(scope, ("text_2",))


async def embed(node: Node, state: State, ctx: NodeContext) -> State:
    """Add the vector of a text, as a list of numbers."""
    config = cast("EmbedConfig", node.config)
    response = await ctx.complete(
        one_text(config.text.render(state)),
        model=config.model.name,
        parameters=config.model.parameters,
    )
    return {config.output_keys[0]: list(vector_of(response))}


async def classify(node: Node, state: State, ctx: NodeContext) -> State:
    """Add the likeliest class of a text, and the probabilities of all where they are wanted."""
    config = cast("ClassifyNodeConfig", node.config)
    response = await ctx.complete(
        one_text(config.text.render(state)),
        model=config.model.name,
        parameters=config.model.parameters,
    )
    classes = classes_of(response)
    values = (classes.label, _probabilities(classes))
    return dict(zip(config.output_keys, values, strict=False))


def _probabilities(classes: Classes) -> object:
    """By name where all classes have one, else in the model's order: alike for all rows."""
    if all(classes.names):
        return dict(zip(classes.names, classes.probabilities, strict=True))
    return list(classes.probabilities)


async def score(node: Node, state: State, ctx: NodeContext) -> State:
    """Add the score of a pair of texts."""
    config = cast("ScoreNodeConfig", node.config)
    response = await ctx.complete(
        pair(config.text_1.render(state), config.text_2.render(state)),
        model=config.model.name,
        parameters=config.model.parameters,
    )
    return {config.output_keys[0]: score_of(response)}
