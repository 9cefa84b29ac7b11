"""Looks, before a run, whether the Python that a task names is there and can be imported."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from sygra_eval.sygra import functions
from sygra_eval.sygra.flat import Flat
from sygra_eval.sygra.keys import At
from sygra_eval.sygra.limited import NeverReturned, within
from sygra_eval.sygra.measuring import metric_problems
from sygra_eval.sygra.naming import TaskFault, function_at
from sygra_eval.sygra.raised import told
from sygra_eval.sygra.replies import schema_of
from sygra_eval.sygra.shim.processors.output_record_generator import BaseOutputGenerator
from sygra_eval.sygra.tools import tools_at
from sygra_eval.values import Problem

Named = tuple[Callable[[], Any], At]
IMPORT_S = 300.0
"""A slow disk takes minutes to import what some tasks do."""
_OF_NODE: Mapping[str, Callable[[str], Any]] = {
    "pre_process": functions.pre_process,
    "post_process": functions.post_process,
    "lambda": functions.node_function,
    "multi_llm_post_process": functions.of_several,
}


def import_problems(
    data: Mapping[str, Any], flat: Flat, executor: Callable[[], Any] | None = None
) -> Iterator[Problem]:
    """Yield what a task names and is not there, at the place where it is named.

    After an import that does not end nothing more is looked at: it holds all who name its module.

    :param executor: Makes the task's own executor, where there is one.
    """
    own: list[Named] = [(executor, ())] if executor is not None else []
    for find, at in [*own, *_named(data, flat)]:
        try:
            within(IMPORT_S, find, "")
        except TaskFault as fault:
            yield Problem(code="sygra-no-function", message=str(fault), at=at)
        except NeverReturned as left:
            yield Problem(code="sygra-no-function", message=str(left), at=at)
            return
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to the task
            yield Problem(code="sygra-no-function", message=told(error), at=at)
    yield from metric_problems(data, flat)


def _named(data: Mapping[str, Any], flat: Flat) -> Iterator[Named]:
    for name, node in flat.nodes.items():
        at: At = ("graph_config", "nodes", name.partition(".")[0])
        is_inner = "." in name
        for key, find in _OF_NODE.items():
            if isinstance(node.get(key), str):
                named: At = at if is_inner else (*at, key)
                yield partial(find, node[key]), named
        if node.get("tools"):
            yield partial(tools_at, list(node["tools"])), (*at, "tools")
        for block in (node.get("models") or {"": node.get("model")}).values():
            if isinstance(block, dict):
                yield partial(schema_of, block), (*at, "model")
    edges = (data.get("graph_config") or {}).get("edges") or []
    own = {edge.get("condition"): i for i, edge in enumerate(edges) if isinstance(edge, dict)}
    for edge in flat.edges:
        if path := edge.get("condition"):
            where: At = ("graph_config", "edges")
            where = (*where, own[path], "condition") if path in own else where
            yield partial(functions.condition, path), where
    output = data.get("output_config") or {}
    if path := output.get("generator"):
        yield partial(_class_with, path, "generate", {}, 1), ("output_config", "generator")
    for field, mapping in (output.get("output_map") or {}).items():
        if isinstance(mapping, Mapping) and (method := mapping.get("transform")):
            found = partial(_method_of, output.get("generator"), str(method))
            yield found, ("output_config", "output_map", field)
    yield from _of_data(data)


def _class_with(path: str, method: str, params: dict[str, Any], places: int = 0) -> Any:
    """Return a class that can be made with these arguments, and has a method."""
    found = function_at(path)
    if not callable(getattr(found, method, None)):
        raise TaskFault(f"`{path}` has no method `{method}`")
    try:
        signature = inspect.signature(found)
    except ValueError:  # one that is written in C has none
        return found
    try:
        signature.bind(*[None] * places, **params)
    except TypeError as error:
        raise TaskFault(f"`{path}` cannot be made: {error}") from error
    return found


def _schema_class(path: str) -> Any:
    found = function_at(path)
    if not isinstance(found, type):
        raise TaskFault(f"`{path}` is no class, as of pydantic")
    return found


def _method_of(generator: str | None, name: str) -> Any:
    """Return a method that an output map names."""
    found = BaseOutputGenerator if generator is None else function_at(generator)
    if not callable(getattr(found, name, None)):
        told = f"`{generator}` has no `{name}`" if generator else "it needs a `generator` with it"
        raise TaskFault(f"`transform: {name}`: {told}")
    return found


def _of_data(data: Mapping[str, Any]) -> Iterator[Named]:
    source = (data.get("data_config") or {}).get("source")
    for index, one in enumerate(source if isinstance(source, list) else [source]):
        if not isinstance(one, dict):
            continue
        at: At = ("data_config", "source", *([index] if isinstance(source, list) else []))
        for place, transform in enumerate(one.get("transformations") or ()):
            path = transform if isinstance(transform, str) else transform.get("transform", "")
            where = (*at, "transformations", place)
            yield partial(_class_with, str(path), "transform", {}), where
    for index, one in enumerate(data.get("graph_post_process") or ()):
        path = one if isinstance(one, str) else one.get("processor", "")
        params = {} if isinstance(one, str) else dict(one.get("params") or {})
        found = partial(_class_with, str(path), "process", params)
        yield found, ("graph_post_process", index)
    if path := (data.get("schema_config") or {}).get("schema"):
        yield partial(_schema_class, path), ("schema_config", "schema")
