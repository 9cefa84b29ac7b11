"""Suites inside nodes: found, read, and put into the document that a run keeps.

A run must go on with the graph that it began with, so the document that it keeps holds the inner
ones as they were read, in the place of their paths. Start at `read_inner`.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sygra_eval.plugins import Plugins
from sygra_eval.suite.complaints import complain
from sygra_eval.suite.document import At, Document, read_document
from sygra_eval.suite.schema import GraphSection
from sygra_eval.suite.walk import Graph
from sygra_eval.values import Node

MOST_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A graph that a node walks, with its nodes by their names in it."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    graph: Graph = field(default_factory=lambda: Graph((), ()))


@dataclass(frozen=True, slots=True)
class InnerSuite:
    """The document of a suite inside a node, and of those inside its nodes.

    :ivar key: The key of the node that names it.
    """

    document: Document
    key: str
    inside: Mapping[str, "InnerSuite"]

    @property
    def data(self) -> Mapping[str, Any]:
        """What of it counts: its graph, with those inside written out."""
        return {"graph_config": with_inner_written_out(self.document.data, self.inside)}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read on the way down.

    :ivar files: The documents of their own, whose diagnostics are to be shown.
    """

    plugins: Plugins
    files: list[Document]


def read_inner(
    document: Document, folder: Path, plugins: Plugins, files: list[Document], path: Path
) -> dict[str, InnerSuite]:
    """Return the suites inside the nodes of a document, by the node's name.

    :param files: Gets the documents that were read.
    :param path: The suite's own file, which none inside it may name.
    """
    return _read(document, folder, _Reading(plugins, files), (path.resolve(),))


def _read(
    document: Document, folder: Path, reading: _Reading, chain: tuple[Path, ...]
) -> dict[str, InnerSuite]:
    found: dict[str, InnerSuite] = {}
    for name, raw in nodes_in(document.data).items():
        key = _embedding_key(raw, reading.plugins)
        if not key or key not in raw:
            continue
        at: At = ("graph_config", "nodes", name, key)
        inner = _inner_of(raw[key], at, document, folder, reading, chain)
        if inner is not None:
            found[str(name)] = inner
    return found


def _inner_of(
    said: object,
    at: At,
    document: Document,
    folder: Path,
    reading: _Reading,
    chain: tuple[Path, ...],
) -> InnerSuite | None:
    key = str(at[-1])
    if len(chain) > MOST_DEPTH:
        document.report(
            code="recursive-subgraph",
            message=f"more than {MOST_DEPTH} suites in one another",
            at=at,
        )
        return None
    if isinstance(said, dict):
        inner = document.inside(at)
        _check_graph(inner)
        return InnerSuite(inner, key, _read(inner, folder, reading, (*chain, Path(str(at)))))
    if not isinstance(said, str):
        return None  # reported with the node's keys
    path = folder / said
    if path.resolve() in chain:
        document.report(
            code="recursive-subgraph",
            message=f"`{said}` is inside itself: "
            + " -> ".join(one.name for one in (*chain, path.resolve()) if one.suffix),
            at=at,
            fix="name another suite",
        )
        return None
    if not path.is_file():
        document.report(
            code="file-not-found",
            message=f"there is no file {said}",
            at=at,
            fix="paths are relative to the folder of the suite that names them",
        )
        return None
    inner = read_document(path, str(Path(document.path).parent / said))
    reading.files.append(inner)
    if inner.root is None:
        return None
    _check_graph(inner)
    inside = _read(inner, path.parent, reading, (*chain, path.resolve()))
    return InnerSuite(inner, key, inside)


def _check_graph(document: Document) -> None:
    raw = document.data.get("graph_config")
    if raw is None:
        document.report(
            code="missing-key",
            message="the key `graph_config` is missing, and a subgraph is nothing else",
            fix="add `graph_config: {nodes: ..., edges: ...}`",
        )
        return
    try:
        GraphSection.model_validate(raw)
    except ValidationError as error:
        complain(document, error, raw, ("graph_config",), GraphSection)


def _embedding_key(raw: object, plugins: Plugins) -> str:
    """Return the key of a node that names a suite whose graph becomes a part of this one."""
    if not isinstance(raw, dict):
        return ""
    registered = plugins.of("nodes").get(str(raw.get("node_type")))
    return str(getattr(getattr(registered, "config", None), "embeds", ""))


def nodes_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the raw nodes of a document."""
    graph = data.get("graph_config")
    nodes = graph.get("nodes") if isinstance(graph, dict) else None
    return nodes if isinstance(nodes, dict) else {}


def with_inner_written_out(data: Mapping[str, Any], inside: Mapping[str, InnerSuite]) -> Any:
    """Return the section `graph_config` with suites inside it in the place of their paths."""
    section = data.get("graph_config")
    if not inside:
        return section
    section = copy.deepcopy(dict(section or {}))
    for name, inner in inside.items():
        section["nodes"][name][inner.key] = dict(inner.data)
    return section


def all_inside(inside: Mapping[str, InnerSuite]) -> list[InnerSuite]:
    """Return the suites inside, those inside them behind each."""
    return [one for inner in inside.values() for one in (inner, *all_inside(inner.inside))]
