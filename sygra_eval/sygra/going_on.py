"""What a run of a task needs again when it goes on: keys, which are in no file of a run."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.suite.document import read_document
from sygra_eval.sygra.aliases import resolved
from sygra_eval.sygra.blocks import used_models
from sygra_eval.sygra.config import NODE_TYPE, restored
from sygra_eval.sygra.flat import flat_graph
from sygra_eval.sygra.importing import importing
from sygra_eval.sygra.naming import Task, task_at
from sygra_eval.sygra.shapes import misshapen


def is_run_of_task(run: Path) -> bool:
    """Say whether a run folder is that of a task of SyGra."""
    return any(True for _ in _nodes(run))


def keys_of_run(run: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the keys of its models, from where they were when it began.

    That is also the task's own file, where a node's block has one; it is read again, and nothing
    of the task is imported.
    """
    keys: dict[str, str] = {}
    for node in _nodes(run):
        task = task_at(str(node.get("task", "")))
        if task is not None:
            keys |= _keys_in_blocks(task, environ)
        for alias in restored(node.get("models") or {}):
            keys |= resolved(str(alias), environ).keys
    return keys


def _keys_in_blocks(task: Task, environ: Mapping[str, str]) -> dict[str, str]:
    data: Any = yaml.safe_load(task.path.read_text(encoding="utf-8"))
    graph = data.get("graph_config") if isinstance(data, dict) else None
    if not isinstance(graph, dict) or any(True for _ in misshapen(data)):
        return {}
    with importing(task.root):
        flat = flat_graph(graph, lambda problem: None)
    keys: dict[str, str] = {}
    for used in used_models(flat, environ, lambda alias: False):
        keys |= used.made.keys if used.made is not None else {}
    return keys


def _nodes(run: Path) -> Iterator[Mapping[str, Any]]:
    path = run / "suite.yaml"
    graph = read_document(path).data.get("graph_config") if path.is_file() else None
    nodes = graph.get("nodes") if isinstance(graph, dict) else None
    for node in nodes.values() if isinstance(nodes, dict) else ():
        if isinstance(node, dict) and node.get("node_type") == NODE_TYPE:
            yield node
