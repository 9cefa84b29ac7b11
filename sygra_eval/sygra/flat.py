"""A task's graph with its subgraphs written out. Start at `flat_graph`.

The nodes of a subgraph become `OUTER.INNER` in the same graph, with one shared state. Its entry
is where its first START edge leads, its exit where its END edges come from; END in a path map, or
several END edges, lead to a connector (P11: in every case, so that no branch ends the whole).
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.suite import did_you_mean
from sygra_eval.suite.document import read_document
from sygra_eval.sygra.importing import RECIPES
from sygra_eval.sygra.keys import NEEDED, NODES, At
from sygra_eval.sygra.naming import FILE, TaskFault, folder_of_name, is_our_recipe
from sygra_eval.values import Problem, Severity

START, END = "START", "END"
_ENDS = {START: "__start__", END: "__end__", "__start__": "__start__", "__end__": "__end__"}
_DEEPEST = 16
Report = Callable[[Problem], None]


@dataclass(slots=True)
class Flat:
    """Nodes by name and edges; ends are called `__start__` and `__end__`.

    :ivar recipes: Recipes of ours that stand in for SyGra's.
    :ivar broken: Subgraphs that cannot be used, as was told.
    """

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: list[dict[str, Any]] = field(default_factory=list)
    recipes: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def flat_graph(graph: Mapping[str, Any], report: Report, at: At = ("graph_config",)) -> Flat:
    """Return the graph; tell what is wrong with it by its place in the task's file."""
    return _flat(graph, report, at, ())


def _flat(graph: Mapping[str, Any], report: Report, at: At, outer: tuple[Path, ...]) -> Flat:
    nodes = graph.get("nodes") if isinstance(graph.get("nodes"), dict) else {}
    edges = graph.get("edges") if isinstance(graph.get("edges"), list) else []
    flat = Flat()
    inner: dict[str, tuple[str, str]] = {}
    for name, node in (nodes or {}).items():
        place = (*at, "nodes", name)
        if not isinstance(node, dict) or not _is_known(str(name), node, report, place):
            continue
        if str(node.get("node_state", "active")).lower() == "idle":
            continue
        if node["node_type"] == "subgraph":
            ends = _inline(str(name), node, flat, report, place, outer)
            if ends is not None:
                inner[str(name)] = ends
            else:
                flat.broken.add(str(name))
        elif node["node_type"] != "special":
            flat.nodes[str(name)] = deepcopy(node)
    known = [str(name) for name in nodes or {}]
    for index, edge in enumerate(edges or ()):
        active = {*flat.nodes, *inner, *flat.broken}
        made = _edge(edge, known, active, report, (*at, "edges", index))
        if made is not None:
            flat.edges.append(_between(made, inner))
    return flat


def _is_known(name: str, node: dict[str, Any], report: Report, at: At) -> bool:
    kind = str(node.get("node_type") or "")
    if kind not in NODES:
        told = f"the node type `{kind}`" if kind else "a node without `node_type`"
        report(
            Problem(
                code="sygra-unknown-node-type",
                message=f"{told}: SyGra has none such",
                at=(*at, "node_type"),
                fix=did_you_mean(str(kind), NODES),
            )
        )
        return False
    if set(name) & {":", "|"}:
        message = f"a node cannot be called `{name}`: `:` and `|` are refused"
        report(Problem(code="sygra-bad-name", message=message, at=at, is_key=True))
        return False
    for key in NEEDED.get(kind, ()):
        if key not in node:
            message = f"the key `{key}` of a node `{kind}` is missing"
            report(Problem(code="missing-key", message=message, at=at, is_key=True))
            return False
    return True


def _edge(
    edge: Any, known: list[str], active: set[str], report: Report, at: At
) -> dict[str, Any] | None:
    if isinstance(edge, dict) and edge.get("to") is None and "path_map" not in edge:
        return None  # told in `refusing`
    if not isinstance(edge, dict) or "from" not in edge:
        report(Problem(code="sygra-bad-edge", message="an edge needs `from` and `to`", at=at))
        return None
    has_condition = edge.get("condition") is not None and isinstance(edge.get("path_map"), dict)
    targets = list(edge["path_map"].values()) if has_condition else [edge.get("to")]
    is_fine = True
    for key, name in [("from", edge["from"]), *(("to", target) for target in targets)]:
        if str(name) in active or str(name) in _ENDS:
            continue
        is_fine = False
        is_idle = str(name) in known
        report(
            Problem(
                code="unknown-node",
                message=f"an edge names `{name}`, which is "
                + ("idle or not usable" if is_idle else "no node"),
                at=(*at, "path_map" if has_condition and key == "to" else key),
                fix="" if is_idle else did_you_mean(str(name), [*known, START, END]),
            )
        )
    if not is_fine:
        return None
    source = _end(edge["from"])
    if not has_condition:
        return {"from": source, "to": _end(edge["to"])}
    ways = {_end(key): _end(target) for key, target in edge["path_map"].items()}
    return {"from": source, "condition": edge["condition"], "path_map": ways}


def _end(name: Any) -> Any:
    return _ENDS.get(name, name) if isinstance(name, str) else name


def _inline(
    name: str, node: dict[str, Any], flat: Flat, report: Report, at: At, outer: tuple[Path, ...]
) -> tuple[str, str] | None:
    """Write a subgraph out; return the names of its entry and of its exit."""

    def here(problem: Problem) -> None:
        where = ".".join(str(step) for step in problem.at)
        told = f"in `{node['subgraph']}`, {where}: {problem.message}"
        code, severity = problem.code, problem.severity
        report(Problem(code=code, message=told, at=(*at, "subgraph"), severity=severity))

    try:
        folder = folder_of_name(str(node["subgraph"]))
    except TaskFault as error:
        report(Problem(code="file-not-found", message=str(error), at=(*at, "subgraph")))
        return None
    if folder in outer or len(outer) >= _DEEPEST:
        told = f"`{node['subgraph']}` is inside itself, or subgraphs are deeper than {_DEEPEST}"
        report(Problem(code="recursive-subgraph", message=told, at=(*at, "subgraph")))
        return None
    document = read_document(folder / FILE)
    refused = [one for one in document.diagnostics if one.code != "bad-key"]
    if document.root is None or refused:
        what = refused[0].code if refused else "file-not-found"
        said = f"{refused[0].where}: {refused[0].message}" if refused else "it holds no graph"
        report(Problem(code=what, message=said, at=(*at, "subgraph")))
        return None
    graph = (yaml.safe_load(document.text) or {}).get("graph_config") or {}
    if is_our_recipe(folder):
        flat.recipes.append(str(node["subgraph"]))
        report(
            Problem(
                code="sygra-own-recipe",
                message=f"`{node['subgraph']}` is `{folder.relative_to(RECIPES)}` of our own "
                "recipes, whose prompts are not SyGra's",
                at=(*at, "subgraph"),
                severity=Severity.WARNING,
            )
        )
    _override(graph, node.get("node_config_map") or {}, here)
    inside = _flat(graph, here, ("graph_config",), (*outer, folder))
    flat.recipes += inside.recipes
    if not inside.nodes:
        return None
    renamed = {one: f"{name}.{one}" for one in inside.nodes}
    flat.nodes |= {renamed[one]: config for one, config in inside.nodes.items()}
    entry, exit_ = "", f"{name}.__exit__"
    plain_ends = [e for e in inside.edges if "condition" not in e and e["to"] == "__end__"]
    mapped = any("__end__" in e.get("path_map", {}).values() for e in inside.edges)
    has_connector = mapped or len(plain_ends) != 1
    if has_connector:
        flat.nodes[exit_] = {"node_type": "connector"}
    else:
        exit_ = renamed[plain_ends[0]["from"]]
    for edge in inside.edges:
        if edge["from"] == "__start__" and "condition" not in edge:
            entry = entry or renamed[edge["to"]]
            continue
        if edge in plain_ends and not has_connector:
            continue
        flat.edges.append(_between(_renamed(edge, renamed, exit_), {}))
    if not entry:
        here(Problem(code="missing-edge", message="no edge goes from START", at=("edges",)))
        return None
    return entry, exit_


def _renamed(edge: dict[str, Any], names: Mapping[str, str], exit_: str) -> dict[str, Any]:
    def name(one: Any) -> Any:
        return exit_ if one == "__end__" else names.get(one, one)

    made = {**edge, "from": names.get(edge["from"], edge["from"])}
    if "condition" in edge:
        return {**made, "path_map": {key: name(to) for key, to in edge["path_map"].items()}}
    return {**made, "to": name(edge["to"])}


def _between(edge: dict[str, Any], inner: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return an edge that leads from the exit of a subgraph, and to the entry of one."""

    def to(one: Any) -> Any:
        return inner[one][0] if one in inner else one

    source = edge["from"]
    made = {**edge, "from": inner[source][1] if source in inner else source}
    if "condition" in edge:
        return {**made, "path_map": {key: to(one) for key, one in edge["path_map"].items()}}
    return {**made, "to": to(edge["to"])}


def _override(graph: dict[str, Any], changes: Mapping[str, Any], report: Report) -> None:
    nodes = graph.get("nodes") or {}
    for name, change in changes.items():
        if name not in nodes:
            told = f"`node_config_map` names `{name}`, which is no node of it"
            report(Problem(code="unknown-node", message=told, fix=did_you_mean(name, nodes)))
            continue
        change = deepcopy(change or {})
        placeholders = change.pop("prompt_placeholder_map", None) or {}
        _deep(nodes[name], change)
        if placeholders:
            nodes[name]["prompt"] = _with_names(nodes[name].get("prompt"), placeholders)


def _deep(target: dict[str, Any], change: Mapping[str, Any]) -> None:
    for key, value in change.items():
        if isinstance(target.get(key), dict) and isinstance(value, dict):
            _deep(target[key], value)
        else:
            target[key] = value


def _with_names(prompt: Any, names: Mapping[str, str]) -> Any:
    """Rename placeholders in the messages that are text."""

    def text(one: str) -> str:
        for old, new in names.items():
            one = one.replace("{" + old + "}", "{" + new + "}")
        return one

    if not isinstance(prompt, list):
        return prompt
    return [
        {role: text(said) if isinstance(said, str) else said for role, said in message.items()}
        if isinstance(message, dict)
        else message
        for message in prompt
    ]
