"""Graphs of SyGra without Python: a straight line of models and samplers."""

from collections.abc import Callable, Mapping
from typing import Any

from sygra_eval.suite import Template

Raw = Mapping[str, Any]
_LLM = {"node_type", "model", "prompt", "output_keys", "output_role", "node_state", "node_name"}
_SAMPLER = {"node_type", "attributes", "node_state", "node_name"}


def is_plain(graph: Raw) -> bool:
    """Say whether each of its nodes is one of ours, one after the other."""
    nodes = graph.get("nodes")
    return (
        isinstance(nodes, dict)
        and bool(nodes)
        and all(isinstance(node, dict) and _is_ours(node) for node in nodes.values())
        and any(node["node_type"] == "llm" for node in nodes.values())
        and _in_order(graph) is not None
    )


def plain_nodes(
    graph: Raw,
    model: Callable[[Raw], Any],
    prompt: Callable[[list[dict[str, Any]]], list[dict[str, str]]],
) -> tuple[dict[str, Any], str]:
    """Return our nodes in their order, and the variable of the last reply."""
    made: dict[str, Any] = {}
    last = ""
    for name in _in_order(graph) or []:
        node = graph["nodes"][name]
        if node["node_type"] == "weighted_sampler":
            made[name] = {"node_type": "weighted_sampler", "attributes": node["attributes"]}
            continue
        last = node["output_keys"]
        made[name] = {
            "node_type": "llm",
            "model": model(node["model"]),
            "prompt": prompt(node["prompt"]),
            "output_keys": last,
        }
    return made, last


def _is_ours(node: Raw) -> bool:
    if node.get("node_state", "active") != "active":
        return False
    if node.get("node_type") == "weighted_sampler":
        lists = [one.get("values") for one in (node.get("attributes") or {}).values()]
        return set(node) <= _SAMPLER and all(isinstance(one, list) for one in lists)
    return (
        node.get("node_type") == "llm"
        and set(node) <= _LLM
        and isinstance(node.get("output_keys"), str)
        and node["output_keys"] != "messages"
        and isinstance(node.get("model"), dict)
        and set(node["model"]) <= {"name", "parameters", "temperature", "max_tokens", "provider"}
        and isinstance(node.get("prompt"), list)
        and all(_is_text(message) for message in node["prompt"])
    )


def _is_text(message: Any) -> bool:
    if not isinstance(message, dict) or len(message) != 1:
        return False
    ((role, text),) = message.items()
    is_ours = role in ("system", "user", "assistant") and isinstance(text, str)
    return is_ours and not Template.parse(text).stray


def _in_order(graph: Raw) -> list[str] | None:
    """Return the nodes as their edges lead from one to the next; None where they do not."""
    edges = graph.get("edges")
    if not isinstance(edges, list) or not all(isinstance(edge, dict) for edge in edges):
        return None
    leads = {str(edge.get("from")): edge for edge in edges}
    order: list[str] = []
    at = "START"
    while at in leads and "condition" not in leads[at]:
        at = str(leads[at].get("to"))
        if at == "END":
            break
        if at in order or at not in graph["nodes"]:
            return None
        order.append(at)
    is_all = set(order) == set(graph["nodes"]) and len(edges) == len(leads)
    return order if is_all and at in ("END", *order[-1:]) else None
