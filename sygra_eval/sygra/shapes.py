"""Whether the parts of a task's file are of the kinds that they have to be, before they are read.

What is wrong here is told by its place, and nothing behind it is looked at: the rest of the reading
may then take mappings for mappings.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sygra_eval.sygra.keys import At
from sygra_eval.values import Problem

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "a mapping": dict,
    "a list": list,
    "text or a list": (str, list),
    "a mapping or a list": (dict, list),
}
_TOP = {
    "data_config": "a mapping",
    "graph_config": "a mapping",
    "output_config": "a mapping",
    "schema_config": "a mapping",
    "graph_post_process": "a list",
}
_GRAPH = {"nodes": "a mapping", "edges": "a list", "graph_properties": "a mapping"}
_DATA = {"source": "a mapping or a list", "sink": "a mapping or a list", "id_column": "text"}
_SOURCE = {
    "type": "text",
    "file_path": "text",
    "transformations": "a list",
    "fields": "a list",
    "shard": "a mapping",
}
_OUTPUT = {
    "generator": "text",
    "output_map": "a mapping",
    "oasst_mapper": "a mapping",
    "data_quality": "a mapping",
}
_SCHEMA = {"schema": "text", "fields": "a list"}
_EDGE = {"from": "text", "to": "text", "condition": "text", "path_map": "a mapping"}
_MODEL = {"name": "text", "parameters": "a mapping", "structured_output": "a mapping"}
_ASKS = {
    "prompt": "a list",
    "pre_process": "text",
    "post_process": "text",
    "input_key": "text",
    "tools": "a list",
    "model": "a mapping",
    "models": "a mapping",
    "multi_llm_post_process": "text",
    "inject_system_messages": "a mapping or a list",
}
_NODE = {"node_type": "text", "output_keys": "text or a list"}
_OF_TYPE: Mapping[str, Mapping[str, str]] = {
    "llm": _ASKS,
    "agent": _ASKS,
    "multi_llm": _ASKS,
    "lambda": {"lambda": "text"},
    "weighted_sampler": {"attributes": "a mapping"},
    "subgraph": {"subgraph": "text", "node_config_map": "a mapping"},
}


def misshapen(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is of the wrong kind."""
    yield from _of(data, _TOP, ())
    for name, kinds in (
        ("data_config", _DATA),
        ("graph_config", _GRAPH),
        ("output_config", _OUTPUT),
        ("schema_config", _SCHEMA),
    ):
        yield from _of(_mapping(data.get(name)), kinds, (name,))
    for name in ("source", "sink"):
        given = _mapping(data.get("data_config")).get(name)
        for one, at in _each(given, ("data_config", name)):
            yield from _entry(one, _SOURCE if name == "source" else {}, at)
            if name == "source":
                yield from _paths(_mapping(one).get("transformations"), "transform", at)
    graph = _mapping(data.get("graph_config"))
    for name, node in _mapping(graph.get("nodes")).items():
        yield from _node(node, ("graph_config", "nodes", name))
    for index, edge in enumerate(_list(graph.get("edges"))):
        place: At = ("graph_config", "edges", index)
        yield from _entry(edge, _EDGE, place)
        for target in _mapping(_mapping(edge).get("path_map")).values():
            if not isinstance(target, str):
                yield _wrong("a target of `path_map`", "text", (*place, "path_map"))
    quality = _mapping(_mapping(data.get("output_config")).get("data_quality"))
    yield from _of(quality, {"tasks": "a list"}, ("output_config", "data_quality"))
    yield from _paths(data.get("graph_post_process"), "processor", (), key="graph_post_process")
    for index, rule in enumerate(_list(_mapping(data.get("schema_config")).get("fields"))):
        yield from _entry(
            rule, {"name": "text", "type": "text"}, ("schema_config", "fields", index)
        )


def _node(node: Any, at: At) -> Iterator[Problem]:
    yield from _entry(node, _NODE, at)
    if not isinstance(node, dict):
        return
    kind = str(node.get("node_type"))
    yield from _of(node, _OF_TYPE.get(kind, {}), at)
    for key in ("output_keys", "tools") if kind != "lambda" else ("output_keys",):
        if any(not isinstance(one, str) for one in _list(node.get(key))):
            yield _wrong(f"an item of `{key}`", "text", (*at, key))
    if kind in ("llm", "agent", "multi_llm"):
        blocks = _mapping(node.get("models")) or {"": node.get("model")}
        for block in blocks.values():
            if block is not None:
                yield from _entry(block, _MODEL, (*at, "model"))
        for place, message in enumerate(_list(node.get("prompt"))):
            yield from _message(message, (*at, "prompt", place))
        for one in _list(node.get("inject_system_messages")):
            yield from _entry(one, {}, (*at, "inject_system_messages"))
    for name, about in _mapping(node.get("attributes")).items():
        yield from _entry(about, {"values": "a mapping or a list"}, (*at, "attributes", name))
        if not _mapping(about).get("values"):
            yield _wrong(f"`values` of `{name}`", "a list that is not empty", (*at, "attributes"))
    for name, change in _mapping(node.get("node_config_map")).items():
        if change is not None:
            yield from _entry(change, {}, (*at, "node_config_map", name))


def _message(message: Any, at: At) -> Iterator[Problem]:
    if not isinstance(message, dict) or not message:
        yield _wrong("a message", "a mapping from a role to a text", at)
        return
    said = next(iter(message.values()))
    if not isinstance(said, str | list) or any(not isinstance(one, dict) for one in _list(said)):
        yield _wrong("what is said", "text or a list of parts", at)


def _paths(given: Any, name: str, at: At, key: str = "transformations") -> Iterator[Problem]:
    for index, one in enumerate(_list(given)):
        path = one if isinstance(one, str) else _mapping(one).get(name)
        params = _mapping(one).get("params")
        if not isinstance(path, str) or not isinstance(params, dict | None):
            told = f"a dotted path, or a mapping with `{name}` and `params`"
            yield _wrong(f"an item of `{key}`", told, (*at, key, index))


def _entry(value: Any, kinds: Mapping[str, str], at: At) -> Iterator[Problem]:
    if isinstance(value, dict):
        yield from _of(value, kinds, at)
    else:
        yield _wrong("this", "a mapping", at)


def _of(value: Mapping[str, Any], kinds: Mapping[str, str], at: At) -> Iterator[Problem]:
    for key, kind in kinds.items():
        found = value.get(key)
        if found is not None and not isinstance(found, _KINDS[kind]):
            yield _wrong(f"`{key}`", kind, (*at, key))


def _wrong(what: str, kind: str, at: At) -> Problem:
    return Problem(code="wrong-type", message=f"{what} has to be {kind}", at=at)


def _each(given: Any, at: At) -> Iterator[tuple[Any, At]]:
    if isinstance(given, list):
        yield from ((one, (*at, index)) for index, one in enumerate(given))
    elif given is not None:
        yield given, at


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
