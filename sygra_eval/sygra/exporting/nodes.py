"""What each type of node becomes, except the loop (`loops`). Start at `part_of`."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from sygra_eval.nodes import (
    CritiqueLoopConfig,
    LambdaConfig,
    LlmConfig,
    MultiLlmConfig,
    SubgraphConfig,
    WeightedSamplerConfig,
)
from sygra_eval.plugins import Plugins
from sygra_eval.suite import RoutedChoice, function_of
from sygra_eval.sygra.exporting.loops import loop_part
from sygra_eval.sygra.exporting.parts import EXIT, At, Making, Part
from sygra_eval.sygra.exporting.prompts import messages_of, written
from sygra_eval.sygra.exporting.routes import asking, model_block
from sygra_eval.sygra.exporting.structured import asked_for_json, reader_of
from sygra_eval.values import Node

Scope = dict[str, str]
"""Variables of the state by what the suite's nodes call them."""


def part_of(
    node: Node, scope: Scope, making: Making, at: At, inner: Callable[..., Part], plugins: Plugins
) -> Part:
    """Return what a node becomes.

    :param inner: Makes the part of a graph inside one.
    """
    match node.config:
        case LlmConfig():
            return _llm(node, node.config, scope, making, at)
        case MultiLlmConfig():
            return _multi_llm(node, node.config, scope, making, at)
        case WeightedSamplerConfig():
            return _sampler(node, node.config, scope, making)
        case LambdaConfig():
            return _function(node, node.config, scope, making, at, plugins)
        case CritiqueLoopConfig():
            return loop_part(node, node.config, scope, making, at)
        case SubgraphConfig():
            return inner(node, node.config, scope, at)
    making.refuse(
        (*at, "node_type"), f"`{node.name}`: SyGra has nothing for a node of type `{node.type}`"
    )
    return single(node.name, {"node_type": "lambda"})


def single(path: str, keys: Mapping[str, Any]) -> Part:
    """Return the part of one node; inside another graph SyGra puts the outer name before it."""
    name = path.rpartition("/")[2]
    return Part({name: keys}, ({"from": name, "to": EXIT},), name)


def output_of(name: str, scope: Scope, making: Making, *, is_text: bool) -> str:
    """Return the variable that an output becomes, which later nodes see."""
    if name not in scope:
        scope[name] = making.names.variable(name)
    variable = scope[name]
    if is_text:
        making.plain.add(variable)
    else:
        making.plain.discard(variable)
    return variable


def _llm(node: Node, config: LlmConfig, scope: Scope, making: Making, at: At) -> Part:
    messages = messages_of(config.prompt, making, (*at, "prompt"))
    prompt = written(messages, scope, making)
    structured = config.model.structured
    output = output_of(config.output_keys[0], scope, making, is_text=True)
    shown = {**prompt.keys(making, node.name), "output_keys": output}
    if structured is not None:
        fields = {name: output_of(name, scope, making, is_text=False) for name in structured.fields}
        shown["post_process"] = reader_of(structured, output, fields, making, node.name)
        if declared := making.undeclared([output, *fields.values()]):
            shown["output_keys"] = declared
    place = (*at, "model")

    def keys(block: dict[str, Any]) -> dict[str, Any]:
        model = asked_for_json(config.model, block, making, place)
        told = {"node_type": "llm", "model": model, **shown}
        if isinstance(shown["output_keys"], list):  # each variable stands in one list alone
            shown["output_keys"] = output
        return told

    making.carried.put("prompts", output, prompt.rendering)
    made = asking(node.name.rpartition("/")[2], config.model, scope, making, place, keys)
    return Part(made.nodes, tuple(made.leading_to(EXIT)), made.entry)


def _multi_llm(node: Node, config: MultiLlmConfig, scope: Scope, making: Making, at: At) -> Part:
    if config.on_fail != "fail":
        making.leave_out(
            (*at, "on_fail"), "a model that fails is not skipped: SyGra takes its text"
        )
    prompt = written(messages_of(config.prompt, making, (*at, "prompt")), scope, making)
    output = output_of(config.output_keys[0], scope, making, is_text=False)
    name = making.names.one_class("Replies", node.name)
    making.carried.put("outputs", name, output)
    making.carried.classes.append(
        f"class {name}:\n"
        f'    """Replies by label, where SyGra would make a list of them."""\n\n'
        f"    def apply(self, outputs):\n"
        f'        key = SUITE["outputs"]["{name}"]\n'
        f"        return {{key: {{label: made[key] for label, made in outputs.items()}}}}\n"
    )
    keys = {
        "node_type": "multi_llm",
        "models": {
            label: _of_label(model, making, (*at, "models", label))
            for label, model in config.models.items()
        },
        **prompt.keys(making, node.name),
        "output_keys": output,
        "multi_llm_post_process": making.path_of(name),
    }
    return single(node.name, keys)


def _of_label(model: RoutedChoice, making: Making, at: At) -> dict[str, Any]:
    if model.route is not None:
        making.refuse((*at, "route"), "a row chooses no model among several that are asked at once")
    return model_block(model, model.name, making, at)


def _sampler(node: Node, config: WeightedSamplerConfig, scope: Scope, making: Making) -> Part:
    """Return a lambda that draws as we do: SyGra's own sampler has no seed."""
    name = making.names.one_class("Draws", node.name)
    visits = making.names.variable(f"{node.name}_visits".replace("/", "_"))
    attributes: dict[str, Any] = {}
    for attribute, given in config.attributes.items():
        told: dict[str, Any] = {}
        values = given.values
        if values is None:
            told["value"] = given.value
        elif isinstance(values, list):
            told["values"] = values
        else:
            told["column"] = scope.get(values.column, values.column)
        if isinstance(given.weights, list):
            told["weights"] = given.weights
        elif given.weights is not None:
            told["weights_column"] = scope.get(given.weights.column, given.weights.column)
        known = [given.value] if values is None else values if isinstance(values, list) else [None]
        is_text = all(type(one) in (str, int, float) for one in known)
        attributes[attribute] = [output_of(attribute, scope, making, is_text=is_text), told]
    making.carried.put(
        "draws",
        name,
        {
            "seed": making.seed,
            "key": node.name,
            "index": making.index,
            "visits": visits,
            "attributes": attributes,
        },
    )
    making.carried.classes.append(
        f"class {name}(LambdaFunction):\n"
        f"    @staticmethod\n"
        f"    def apply(lambda_node_dict, state):\n"
        f'        return drawn_values(SUITE["draws"]["{name}"], state)\n'
    )
    outputs = [variable for variable, _ in attributes.values()]
    return single(node.name, lambda_keys(making, name, [visits, *outputs]))


def lambda_keys(making: Making, name: str, outputs: list[str]) -> dict[str, Any]:
    """Return a lambda node; it declares what no node before it does, each variable in one list."""
    declared = making.undeclared(outputs)
    keys: dict[str, Any] = {"node_type": "lambda", "lambda": making.path_of(name)}
    return {**keys, "output_keys": declared} if declared else keys


def _function(
    node: Node, config: LambdaConfig, scope: Scope, making: Making, at: At, plugins: Plugins
) -> Part:
    """Return a lambda that calls the plugin's function; the plugin's file goes along."""
    function = function_of(plugins, config.function)
    file = inspect.getsourcefile(cast("Any", function))
    if file is None or inspect.iscoroutinefunction(function):
        making.refuse((*at, "lambda"), f"`{config.function}` has no file, or is `async`")
        return single(node.name, {"node_type": "lambda"})
    text = Path(file).read_text(encoding="utf-8")
    module = next((m for m, t in making.carried.modules.items() if t == text), None)
    if module is None:
        module = making.names.file(Path(file).stem)
        making.carried.modules[module] = text
    function_name = config.function.replace(":", ".").rpartition(".")[2]
    name = making.names.one_class("Calls", node.name)
    outputs = {one: output_of(one, scope, making, is_text=False) for one in config.output_keys}
    takes_keys = len(_needed(function)) != 1
    own = {**config.model_dump(by_alias=True), **(config.model_extra or {})}
    spec = {"keys": own, "names": dict(scope), "outputs": outputs, "takes_keys": takes_keys}
    making.carried.put("calls", name, spec)
    package = making.dotted.rpartition(".")[0]
    making.carried.classes.append(
        f"class {name}(LambdaFunction):\n"
        f"    @staticmethod\n"
        f"    def apply(lambda_node_dict, state):\n"
        f"        from {package}.{module} import {function_name} as function\n\n"
        f'        return with_function(SUITE["calls"]["{name}"], function, state)\n'
    )
    if config.timeout != LambdaConfig.model_fields["timeout"].default:
        making.leave_out((*at, "timeout"), f"`{node.name}`: SyGra waits for its function for ever")
    return single(node.name, lambda_keys(making, name, list(outputs.values())))


def _needed(function: Callable[..., object]) -> list[str]:
    return [
        name
        for name, one in inspect.signature(function).parameters.items()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) and one.default is one.empty
    ]
