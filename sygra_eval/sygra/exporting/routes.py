"""A model that the row chooses: a node for each, and a condition that leads to one of them.

What is drawn depends on the suite's seed and the row's id, there as here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.suite import ByWeight, RoutedChoice, Template
from sygra_eval.sygra.exporting.names import plain_word
from sygra_eval.sygra.exporting.parts import At, Making
from sygra_eval.sygra.exporting.prompts import place_of


@dataclass(frozen=True, slots=True)
class Asking:
    """The nodes of one call.

    :ivar entry: Where a record comes in; `leaves` are where it goes on from.
    """

    entry: str
    nodes: Mapping[str, Mapping[str, Any]]
    edges: tuple[Mapping[str, Any], ...]
    leaves: tuple[str, ...]

    def leading_to(self, target: str) -> list[dict[str, Any]]:
        """Return its edges, with those to the place that a record goes on to."""
        return [
            *(dict(edge) for edge in self.edges),
            *({"from": leaf, "to": target} for leaf in self.leaves),
        ]


def asking(
    name: str,
    model: RoutedChoice,
    scope: Mapping[str, str],
    making: Making,
    at: At,
    keys: Callable[[dict[str, Any]], dict[str, Any]],
) -> Asking:
    """Return the nodes that a call becomes: one, or one for each model that a row may choose.

    :param keys: Returns a node's keys for the block of its model.
    """
    if model.route is None:
        return Asking(name, {name: keys(model_block(model, model.name, making, at))}, (), (name,))
    passes = making.names.one_class("Passes", name)
    making.carried.classes.append(
        f"class {passes}(LambdaFunction):\n"
        f"    @staticmethod\n"
        f"    def apply(lambda_node_dict, state):\n        return {{}}\n"
    )
    nodes: dict[str, Any] = {name: {"node_type": "lambda", "lambda": making.path_of(passes)}}
    called: dict[str, str] = {}
    for one in model.route.names():
        called[one] = making.names.node(f"{name}_{plain_word(one)}")
        nodes[called[one]] = keys(model_block(model, one, making, at))
    goes = making.names.one_class("Route", name)
    making.carried.put("routes", goes, {**_spec(model, scope, making), "names": called})
    making.carried.classes.append(
        f"class {goes}(EdgeCondition):\n"
        f"    @staticmethod\n"
        f'    def apply(state):\n        return routed(SUITE["routes"]["{goes}"], state)\n'
    )
    path_map = {node: node for node in called.values()}
    edge = {"from": name, "condition": making.path_of(goes), "path_map": path_map}
    return Asking(name, nodes, (edge,), tuple(called.values()))


def _spec(model: RoutedChoice, scope: Mapping[str, str], making: Making) -> dict[str, Any]:
    route = model.route
    assert route is not None, "asked for before"  # noqa: S101
    if isinstance(route, ByWeight):
        return {"weights": dict(route.weights), "seed": making.seed}
    parts = Template.parse(route.by).parts
    by = [one if isinstance(one, str) else place_of(one.name, scope) for one in parts]
    return {"by": by, "cases": dict(route.cases), "otherwise": route.otherwise}


def model_block(model: RoutedChoice, name: str, making: Making, at: At) -> dict[str, Any]:
    """Return how a node of SyGra names a model."""
    if model.on_length is not None:
        making.leave_out((*at, "on_length"), "an answer that is cut short is taken as it is")
    block: dict[str, Any] = {"name": making.aliases.get(name, name)}
    if model.parameters:
        block["parameters"] = dict(model.parameters)
    return block
