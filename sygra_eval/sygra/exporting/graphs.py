"""A graph of ours as one of SyGra: nodes in order, edges, conditions, graphs inside."""

from collections.abc import Callable, Mapping
from typing import Any

from sygra_eval.nodes import SubgraphConfig
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Edge, Graph
from sygra_eval.sygra.exporting.comments import comments_above
from sygra_eval.sygra.exporting.nodes import Scope, lambda_keys, part_of, single
from sygra_eval.sygra.exporting.parts import At, Making, Part
from sygra_eval.values import Node

START, END = "START", "END"
Comments = dict[str, tuple[str, ...]]


def graph_of(
    graph: Graph,
    nodes: Mapping[str, Node],
    scope: Scope,
    making: Making,
    plugins: Plugins,
    *,
    at: At = ("graph_config",),
    last: str | None = None,
) -> tuple[dict[str, Any], Comments]:
    """Return `graph_config`, and the comments above its nodes.

    :param last: A class of a lambda that every record comes to at the end.
    """
    building = _Graph(graph, nodes, scope, making, plugins, at)
    return building.built(last)


class _Graph:
    """A graph while it is written."""

    def __init__(
        self,
        graph: Graph,
        nodes: Mapping[str, Node],
        scope: Scope,
        making: Making,
        plugins: Plugins,
        at: At,
    ) -> None:
        self.graph, self.given, self.scope, self.making = graph, nodes, scope, making
        self.plugins, self.at = plugins, at
        self.nodes: dict[str, Any] = {}
        self.edges: list[dict[str, Any]] = []
        self.comments: Comments = {}
        self.entries: dict[str, str] = {}
        self.parts: dict[str, Part] = {}
        self.end = END

    def built(self, last: str | None) -> tuple[dict[str, Any], Comments]:
        """Write all of it."""
        making = self.making
        making.names.nodes = {START, END, *self.graph.nodes}
        parts = self.parts
        for name in self.graph.nodes:
            here = (*self.at, "nodes", name)
            parts[name] = part_of(
                self.given[name], self.scope, making, here, self._inside, self.plugins
            )
            self.entries[name] = parts[name].entry
        closing = making.names.node("judge" if self.at == ("graph_config",) else "done")
        self.end = closing if last is not None else END
        starts = self._target(START)
        for name, part in parts.items():
            self.nodes.update(part.nodes)
            self.comments[part.entry] = comments_above(making.document, (*self.at, "nodes", name))
            target = self._target(name)
            self.edges += part.leading_to(target) if target else ()
        if last is not None:
            self.nodes[closing] = lambda_keys(making, last, list(making.carried.data["last"][last]))
            self.edges.append({"from": closing, "to": END})
        edges = [{"from": START, "to": starts}, *self.edges]
        return {"nodes": self.nodes, "edges": edges}, self.comments

    def _target(self, name: str) -> str:
        """Return where a record goes on from a node: to the next, or to where that is decided.

        Empty where the node itself has got its conditions.
        """
        leaving = self.graph.leaving.get(name, ())
        if len(leaving) == 1 and leaving[0].when is None and leaving[0].most is None:
            return self._entry(leaving[0].target)
        return self._fork(name, leaving)

    def _entry(self, name: str) -> str:
        return self.end if name == END else self.entries[name]

    def _fork(self, name: str, leaving: tuple[Edge, ...]) -> str:
        """Add a node that edges lead away from by conditions."""
        making = self.making
        part = self.parts.get(name)
        if part is not None and part.is_plain:
            self._condition(part.entry, leaving)
            return ""
        fork = making.names.node(f"{'start' if name == START else name}_next")
        passes = making.names.one_class("Passes", fork)
        making.carried.classes.append(
            f"class {passes}(LambdaFunction):\n"
            f"    @staticmethod\n"
            f"    def apply(lambda_node_dict, state):\n        return {{}}\n"
        )
        self.nodes[fork] = {"node_type": "lambda", "lambda": making.path_of(passes)}
        self._condition(fork, leaving)
        return fork

    def _condition(self, fork: str, leaving: tuple[Edge, ...]) -> None:
        """Let a node's edges be chosen by their conditions."""
        making = self.making
        ways: list[dict[str, Any]] = []
        path_map: dict[str, str] = {}
        for edge in leaving:
            key = f"way_{len(ways) + 1}"
            count = None
            target = self._entry(edge.target)
            if edge.most is not None:
                count = making.names.variable(f"{fork}_{key}_taken")
                target = self._counted(fork, key, count, target)
            when = edge.when
            names = {} if when is None else {one: self.scope.get(one, one) for one in when.names}
            if when is not None:
                names |= {
                    use.name: self.scope[use.name] for use in when.uses if use.name in self.scope
                }
            ways.append(
                {
                    "key": key,
                    "when": None if when is None else when.text,
                    "names": names,
                    "count": count,
                    "max": edge.most,
                }
            )
            path_map[key] = target
        goes = making.names.one_class("Way", fork)
        making.carried.put("ways", goes, ways)
        making.carried.classes.append(
            f"class {goes}(EdgeCondition):\n"
            f"    @staticmethod\n"
            f'    def apply(state):\n        return way(SUITE["ways"]["{goes}"], state)\n'
        )
        self.edges.append({"from": fork, "condition": making.path_of(goes), "path_map": path_map})

    def _counted(self, fork: str, key: str, count: str, target: str) -> str:
        """Add a node that counts how often its edge was taken."""
        making = self.making
        name = making.names.node(f"{fork}_{key}")
        counts = making.names.one_class("Counts", name)
        making.carried.put("counts", counts, count)
        making.carried.classes.append(
            f"class {counts}(LambdaFunction):\n"
            f"    @staticmethod\n"
            f"    def apply(lambda_node_dict, state):\n"
            f'        count = SUITE["counts"]["{counts}"]\n'
            f"        return {{count: (state.get(count) or 0) + 1}}\n"
        )
        self.nodes[name] = lambda_keys(making, counts, [count])
        self.edges.append({"from": name, "to": target})
        return name

    def _inside(self, node: Node, config: SubgraphConfig, scope: Scope, at: At) -> Part:
        """Write a graph inside as a folder of its own, which SyGra puts in its place."""
        making, inner = self.making, config.inner
        if inner.graph is None:
            return Part({}, (), node.name)
        own = sorted({name for one in inner.nodes.values() for name in _outputs(one)})
        seen = config.names_inside(scope)
        names: Scope = {name: scope[outer] for name, outer in seen.items() if outer in scope}
        before = {}
        for name in own:  # what its nodes add is their own; what they are handed is copied first
            variable = making.names.variable(f"{node.name}_{name}".replace("/", "_"))
            if name in names:
                before[variable] = names[name]
            names[name] = variable
        if before:
            making.refuse(
                at, f"`{node.name}`: a variable inside has the name of one that is handed in"
            )
        folder = making.names.file(node.name)
        called, self_nodes = (
            making.names.nodes,
            {name.rpartition("/")[2]: one for name, one in inner.nodes.items()},
        )
        last = making.names.one_class("Takes", node.name)
        copies: dict[str, str] = {}
        making.carried.data.setdefault("last", {})[last] = []
        graph, comments = graph_of(
            inner.graph,
            self_nodes,
            names,
            making,
            self.plugins,
            at=(*at, "suite", "graph_config"),
            last=last,
        )
        making.names.nodes = called
        for outer, name in config.gives.items():
            if outer not in scope:
                scope[outer] = making.names.variable(outer)
            copies[scope[outer]] = names[name]
            if names[name] in making.plain:
                making.plain.add(scope[outer])
            if names[name] in making.carried.data.get("prompts", {}):
                prompt = making.carried.data["prompts"][names[name]]
                making.carried.put("prompts", scope[outer], prompt)
        closing = list(graph["nodes"])[-1]
        graph["nodes"][closing] = lambda_keys(making, last, list(copies))
        making.carried.put("takes", last, copies)
        making.carried.classes.append(
            f"class {last}(LambdaFunction):\n"
            f"    @staticmethod\n"
            f"    def apply(lambda_node_dict, state):\n"
            f'        copies = SUITE["takes"]["{last}"]\n'
            f"        return {{to: state[name] for to, name in copies.items()}}\n"
        )
        making.folders[folder] = ({"graph_config": graph}, comments)
        path = f"{making.dotted.rpartition('.')[0]}.{folder}"
        keys = {"node_type": "subgraph", "subgraph": path}
        return single(node.name, keys)


def _outputs(node: Node) -> tuple[str, ...]:
    declare: Callable[[], tuple[str, ...]] = getattr(node.config, "outputs", tuple)
    found = tuple(declare())
    keys = getattr(node.config, "output_keys", ())
    return found or (tuple(keys) if not isinstance(keys, str) else (keys,))
