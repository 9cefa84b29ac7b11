"""What is wrong with a task's words before anything of it is imported or run.

SyGra ends at some of these when it loads a task, loses every row at others, and passes over the
rest without a word.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sygra_eval.suite import did_you_mean
from sygra_eval.sygra.finishing import RULES, type_of
from sygra_eval.sygra.functions import TaskError
from sygra_eval.sygra.keys import At
from sygra_eval.sygra.oasst import KINDS
from sygra_eval.values import Problem, Severity

_ROLES = ("system", "user", "assistant", "tool")
_ASKING = {"llm": "post_process", "agent": "post_process", "multi_llm": "multi_llm_post_process"}
_SOURCES = ("hf", "disk", "servicenow")
_JOINS = ("primary", "column", "sequential", "random", "cross", "vstack")


def refused(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield it by its place; the parts of the file are of the kinds that they have to be."""
    graph = _mapping(data.get("graph_config"))
    for name, node in _mapping(graph.get("nodes")).items():
        if isinstance(node, dict):
            yield from _of_node(node, ("graph_config", "nodes", name))
    for index, edge in enumerate(graph.get("edges") or ()):
        yield from _of_edge(edge, ("graph_config", "edges", index))
    yield from _of_sources((_mapping(data.get("data_config"))).get("source"))
    for index, rule in enumerate(_mapping(data.get("schema_config")).get("fields") or ()):
        yield from _of_rule(rule, ("schema_config", "fields", index))
    mapper = _mapping(_mapping(data.get("output_config")).get("oasst_mapper"))
    if (kind := str(mapper.get("type", "sft"))) not in KINDS:
        at: At = ("output_config", "oasst_mapper", "type")
        yield _wrong(f"there is no type `{kind}`", at, did_you_mean(kind, KINDS))


def _of_node(node: Mapping[str, Any], at: At) -> Iterator[Problem]:
    kind = str(node.get("node_type"))
    if (needed := _ASKING.get(kind)) is not None:
        if isinstance(node.get("output_keys"), list) and not node.get(needed):
            told = f"a list of `output_keys` needs `{needed}`, which says what goes where"
            yield Problem(code="missing-key", message=told, at=(*at, "output_keys"), is_key=True)
        for block in (_mapping(node.get("models")) or {"": node.get("model")}).values():
            wanted = _mapping(block).get("structured_output")
            if isinstance(wanted, dict) and wanted.get("schema") is None:
                told = "`structured_output` without `schema` asks for nothing: replies are text"
                yield _passed_over(told, (*at, "models" if kind == "multi_llm" else "model"))
        role = str(node.get("output_role", "assistant"))
        if role not in _ROLES:
            told = f"there is no `output_role: {role}`"
            yield _wrong(told, (*at, "output_role"), did_you_mean(role, _ROLES))
        for place, message in enumerate(node.get("prompt") or ()):
            if (said := str(next(iter(message)))) not in _ROLES:
                told = f"what the role `{said}` says is left out, as by SyGra"
                where = (*at, "prompt", place)
                yield _passed_over(told, where, did_you_mean(said, _ROLES))
    for name, about in _mapping(node.get("attributes")).items():
        values, weights = about.get("values"), about.get("weights")
        if not isinstance(values, list) or weights is None:
            continue
        where = (*at, "attributes", name, "weights")
        if not isinstance(weights, list) or len(weights) != len(values):
            yield _wrong(f"`{name}` has {len(values)} values, and not so many weights", where)
        elif not all(isinstance(one, int | float) and one >= 0 for one in weights) or not any(
            weights
        ):
            yield _wrong(f"the weights of `{name}` have to be numbers from 0, and not all 0", where)


def _of_edge(edge: Mapping[str, Any], at: At) -> Iterator[Problem]:
    has_condition, has_ways = edge.get("condition") is not None, edge.get("path_map") is not None
    if has_condition != has_ways:
        missing = "path_map" if has_condition else "condition"
        if edge.get("to") is None:
            told = f"an edge needs `to`, or `condition` with `path_map`: `{missing}` is missing"
            yield Problem(code="sygra-bad-edge", message=told, at=at)
        else:
            there = "condition" if has_condition else "path_map"
            told = f"`{there}` is not looked at without `{missing}`: the edge leads to `to`"
            yield _passed_over(told, (*at, there))
    elif not has_condition and edge.get("to") is None:
        yield Problem(code="sygra-bad-edge", message="an edge needs `to`", at=at)
    if edge.get("from") in ("END", "__end__"):
        told = "no edge goes from `END`"
        yield Problem(code="sygra-bad-edge", message=told, at=(*at, "from"))
    for target in _mapping(edge.get("path_map")).values() if has_ways else [edge.get("to")]:
        if target in ("START", "__start__"):
            told = "no edge goes to `START`: name the first node"
            where = (*at, "path_map" if has_ways else "to")
            yield Problem(code="sygra-bad-edge", message=told, at=where)


def _of_sources(source: Any) -> Iterator[Problem]:
    at: At = ("data_config", "source")
    if isinstance(source, dict):
        yield from _of_source(source, at)
    if not isinstance(source, list):
        return
    if not source:
        yield _wrong("`source` is an empty list", at)
    kinds = [one.get("join_type") for one in source if isinstance(one, dict)]
    if "vstack" not in kinds and source and kinds.count("primary") != 1:
        yield _wrong("of several sources one has to be `join_type: primary`", at)
    if "vstack" in kinds and set(kinds) != {"vstack"}:
        yield _wrong("`join_type: vstack` is for all sources or for none", at)
    for place, one in enumerate(source):
        if not isinstance(one, dict):
            continue
        yield from _of_source(one, (*at, place))
        kind = str(one.get("join_type"))
        if kind not in _JOINS:
            yield _wrong(
                f"there is no `join_type: {kind}`", (*at, place), did_you_mean(kind, _JOINS)
            )
        needed = ["alias"] if kind != "vstack" else []
        needed += ["primary_key", "join_key"] if kind == "column" else []
        for key in needed:
            if not one.get(key):
                told = f"a source of `join_type: {kind}` needs `{key}`"
                yield Problem(code="missing-key", message=told, at=(*at, place))


def _of_source(source: Mapping[str, Any], at: At) -> Iterator[Problem]:
    kind = str(source.get("type"))
    if kind not in _SOURCES:
        told = f"there is no source of type `{kind}`"
        yield _wrong(told, (*at, "type"), did_you_mean(kind, _SOURCES))


def _of_rule(rule: Mapping[str, Any], at: At) -> Iterator[Problem]:
    if not rule.get("name"):
        yield Problem(code="missing-key", message="a field of a schema needs its `name`", at=at)
    try:
        type_of(str(rule.get("type", "any")))
    except (TaskError, TypeError) as error:
        yield _wrong(str(error), (*at, "type"))
    for key in rule:
        if key not in ("name", "type") and key not in RULES:
            told = f"there is no rule `{key}`: SyGra rejects every row by it"
            yield _wrong(told, (*at, key), did_you_mean(str(key), RULES))


def _wrong(told: str, at: At, fix: str = "") -> Problem:
    return Problem(code="wrong-value", message=told, at=at, fix=fix)


def _passed_over(told: str, at: At, fix: str = "") -> Problem:
    warning = Severity.WARNING
    return Problem(code="sygra-unread-key", message=told, at=at, fix=fix, severity=warning)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
