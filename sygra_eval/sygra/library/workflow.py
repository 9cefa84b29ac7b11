"""`Workflow`: a configuration of SyGra by calls, with its method names and defaults."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Self

import yaml

from sygra_eval.sygra.library.running import run_configuration, run_task, written
from sygra_eval.sygra.naming import task_at
from sygra_eval.values import UsageError

Prompt = str | Sequence[Mapping[str, Any]]
Named = str | Callable[..., Any] | type


class Workflow:
    """A task by calls; every method but the last ones returns the workflow.

    With the path of a folder that holds `graph_config.yaml` it is that task, and `override…`
    changes it for this workflow alone.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or "workflow"
        self._task = None
        self._config: dict[str, Any] = {
            "data_config": {},
            "graph_config": {"nodes": {}, "edges": []},
            "output_config": {},
        }
        self._rows: list[dict[str, Any]] | None = None
        self._sink: Path | None = None
        self._last: str | None = None
        self._has_own_edges = False
        if name is not None and ("/" in name or Path(name).exists()):
            self._task = task_at(name)
            if self._task is None:
                raise UsageError(f"{name}: there is no graph_config.yaml")
            self._config = yaml.safe_load(self._task.path.read_text(encoding="utf-8"))

    def source(self, source: str | Path | Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> Self:
        """Take rows from a file, a list, `{"data": [...]}`, or as a mapping says."""
        given: Any = source
        if isinstance(given, Mapping) and isinstance(given.get("data"), list):
            given = given["data"]
        if isinstance(given, (str, Path)):
            self._rows = None
            path = str(Path(given).absolute())
            self._data()["source"] = {"type": "disk", "file_path": path}
        elif isinstance(given, Mapping):
            self._rows = None
            self._data()["source"] = dict(given)
        else:
            self._rows = [dict(row) for row in given]
        return self

    def sink(self, sink: str | Path | Mapping[str, Any]) -> Self:
        """Write the rows to a file: JSON by the suffix `.json`, else JSONL."""
        if isinstance(sink, Mapping):
            self._data()["sink"] = dict(sink)
        else:
            self._sink = Path(sink).absolute()
        return self

    def llm(
        self,
        model: str | Mapping[str, Any],
        prompt: Prompt,
        output: str | list[str] = "messages",
        pre_process: Named | None = None,
        post_process: Named | None = None,
        **parameters: Any,
    ) -> Self:
        """Ask a model; further keywords are its parameters."""
        keys = {"model": _model(model, parameters), "prompt": _prompt(prompt)}
        named = {"pre_process": pre_process, "post_process": post_process}
        return self._add("llm", {**keys, "output_keys": output, **_paths(named)})

    def multi_llm(
        self,
        models: Mapping[str, str | Mapping[str, Any]],
        prompt: Prompt,
        output_keys: str = "messages",
        multi_llm_post_process: Named | None = None,
        **parameters: Any,
    ) -> Self:
        """Ask several models, each under its label."""
        asked = {label: _model(one, parameters) for label, one in models.items()}
        keys = {"models": asked, "prompt": _prompt(prompt), "output_keys": output_keys}
        return self._add(
            "multi_llm", {**keys, **_paths({"multi_llm_post_process": multi_llm_post_process})}
        )

    def agent(
        self,
        model: str | Mapping[str, Any],
        tools: Sequence[Named],
        prompt: Prompt,
        chat_history: bool = False,  # noqa: FBT001, FBT002 - as SyGra has it
        inject_system_messages: Sequence[Mapping[int, str]] | None = None,
        **parameters: Any,
    ) -> Self:
        """Ask a model that may call tools."""
        keys: dict[str, Any] = {
            "model": _model(model, parameters),
            "prompt": _prompt(prompt),
            "tools": [_path(tool) for tool in tools],
        }
        if chat_history:
            keys["chat_history"] = True
        if inject_system_messages:
            keys["inject_system_messages"] = [dict(one) for one in inject_system_messages]
        return self._add("agent", keys)

    def lambda_func(self, func: Named, output: str | list[str] = "result") -> Self:
        """Call a function `(node_config, state)`; what it returns is added."""
        return self._add("lambda", {"lambda": _path(func), "output_keys": output})

    def weighted_sampler(self, attributes: Mapping[str, Any]) -> Self:
        """Draw variables."""
        return self._add("weighted_sampler", {"attributes": deepcopy(dict(attributes))})

    def subgraph(
        self, subgraph_name: str, node_config_map: Mapping[str, Any] | None = None
    ) -> Self:
        """Put another task's graph here."""
        keys: dict[str, Any] = {"subgraph": subgraph_name}
        if node_config_map:
            keys["node_config_map"] = dict(node_config_map)
        return self._add("subgraph", keys)

    def add_node(self, name: str, node_config: Mapping[str, Any]) -> Self:
        """Add a node as a configuration has it; edges are said apart."""
        self._config["graph_config"]["nodes"][name] = dict(node_config)
        return self

    def add_edge(self, from_node: str, to_node: str) -> Self:
        """Lead from one node to the next; with it, edges are no longer made by themselves."""
        self._own_edges().append({"from": from_node, "to": to_node})
        return self

    def add_conditional_edge(
        self, from_node: str, condition: Named, path_map: Mapping[Any, str]
    ) -> Self:
        """Lead to where a function says."""
        edge = {"from": from_node, "condition": _path(condition), "path_map": dict(path_map)}
        self._own_edges().append(edge)
        return self

    def sequence(self, *nodes: str) -> Self:
        """Lead from START through nodes to END."""
        places = ("START", *nodes, "END")
        for at, name in enumerate(places[1:]):
            self.add_edge(places[at], name)
        return self

    def resumable(self, enabled: bool = True) -> Self:  # noqa: FBT001, FBT002 - as SyGra has it
        """Say that it may be resumed, as every run of ours can."""
        self._data()["resumable"] = enabled
        return self

    def id_column(self, column: str) -> Self:
        """Name the column that rows are called by."""
        self._data()["id_column"] = column
        return self

    def transformations(self, transforms: Sequence[Named | Mapping[str, Any]]) -> Self:
        """Change rows before the graph."""
        made = [
            dict(one) if isinstance(one, Mapping) else {"transform": _path(one), "params": {}}
            for one in transforms
        ]
        self._data().setdefault("source", {})["transformations"] = made
        return self

    def graph_properties(self, properties: Mapping[str, Any]) -> Self:
        """Set properties of the graph."""
        self._config["graph_config"].setdefault("graph_properties", {}).update(properties)
        return self

    def chat_conversation(self, conv_type: str = "multiturn", window_size: int = 5) -> Self:
        """Say how earlier turns are shown."""
        kept = {"chat_conversation": conv_type, "chat_history_window_size": window_size}
        return self.graph_properties(kept)

    def output_generator(self, generator: Named) -> Self:
        """Name the class that makes rows."""
        self._output()["generator"] = _path(generator)
        return self

    def output_field(
        self,
        name: str,
        from_key: str | None = None,
        value: Any = None,
        transform: str | None = None,
    ) -> Self:
        """Add a column of the rows: a variable, or a value."""
        column: dict[str, Any] = {"from": from_key} if from_key is not None else {"value": value}
        if transform is not None:
            column["transform"] = transform
        self._output().setdefault("output_map", {})[name] = column
        return self

    def preserve_fields(self, *names: str) -> Self:
        """Take columns of the input into the rows."""
        for name in names:
            self.output_field(name, from_key=name)
        return self

    def output_metadata(self, metadata: Mapping[str, Any]) -> Self:
        """Add columns with fixed values."""
        for name, value in metadata.items():
            self.output_field(name, value=value)
        return self

    def override(self, path: str, value: Any) -> Self:
        """Change the configuration at a path by dots; digits index lists."""
        inside: Any = self._config
        *steps, last = path.split(".")
        try:
            for step in steps:
                inside = inside[int(step)] if isinstance(inside, list) else inside[step]
            inside[int(last) if isinstance(inside, list) else last] = value
        except (LookupError, TypeError, ValueError) as error:
            raise UsageError(f"`{path}` is no path of the configuration: {error}") from error
        return self

    def override_model(
        self, node_name: str, model_name: str | None = None, **parameters: Any
    ) -> Self:
        """Let a node ask another model, or with other parameters."""
        model = self._node(node_name).setdefault("model", {})
        if model_name is not None:
            model["name"] = model_name
        model.setdefault("parameters", {}).update(parameters)
        return self

    def override_prompt(self, node_name: str, role: str, content: str, index: int = 0) -> Self:
        """Replace a message of a node's prompt."""
        prompt = self._node(node_name).setdefault("prompt", [])
        if index >= len(prompt):
            raise UsageError(f"the prompt of `{node_name}` has no message {index}")
        prompt[index] = {role: content}
        return self

    def build(self) -> dict[str, Any]:
        """Return the configuration."""
        config = deepcopy(self._config)
        for key in ("data_config", "output_config"):
            if not config.get(key):
                config.pop(key, None)
        graph = config["graph_config"]
        if not self._has_own_edges and self._last is not None and self._task is None:
            graph["edges"].append({"from": self._last, "to": "END"})
        return config

    def save_config(self, path: str | Path) -> None:
        """Write the configuration as YAML."""
        text = yaml.safe_dump(self.build(), sort_keys=False, allow_unicode=True)
        Path(path).write_text(text, encoding="utf-8")

    def run(
        self,
        num_records: int | None = None,
        start_index: int = 0,
        output_dir: str | Path | None = None,
        **others: Any,
    ) -> list[dict[str, Any]]:
        """Run it and return the rows; in `output_dir` lies the run folder.

        :param others: What SyGra takes beside: sizes of batches and intervals mean nothing here,
            as every row is on its own and durable.
        :raises UsageError: With all that is wrong with the configuration.
        """
        if unknown := sorted(others.keys() - _PASSED_OVER):
            raise UsageError(f"`run` takes no `{unknown[0]}`")
        config = self.build()
        rows = None if self._rows is None else self._rows[start_index:]
        if start_index and rows is None:
            raise UsageError("`start_index` is for rows that the program gives itself")
        out = Path(output_dir) if output_dir is not None else Path("reports")
        with tempfile.TemporaryDirectory() as name:
            if self._task is not None and config == self._as_it_was():
                made, summary = run_task(self._task, rows=num_records, out=out)
            else:
                folder = Path(name) / _folder_of(self.name)
                if rows is not None:
                    folder.mkdir(parents=True)
                    file = folder / "rows.json"
                    file.write_text(json.dumps(rows), encoding="utf-8")
                    source = config.setdefault("data_config", {}).setdefault("source", {})
                    source |= {"type": "disk", "file_path": str(file)}
                made, summary = run_configuration(config, folder, rows=num_records, out=out)
            if self._sink is not None:
                written(summary, self._sink)
        return made

    set_source, set_sink = source, sink

    def _as_it_was(self) -> Any:
        assert self._task is not None, "asked for a task"  # noqa: S101
        return yaml.safe_load(self._task.path.read_text(encoding="utf-8"))

    def _data(self) -> dict[str, Any]:
        return dict.setdefault(self._config, "data_config", {})

    def _output(self) -> dict[str, Any]:
        return dict.setdefault(self._config, "output_config", {})

    def _node(self, name: str) -> dict[str, Any]:
        nodes: dict[str, dict[str, Any]] = self._config["graph_config"]["nodes"]
        if name not in nodes:
            raise UsageError(f"there is no node `{name}`; known: {', '.join(nodes) or 'none'}")
        return nodes[name]

    def _own_edges(self) -> list[dict[str, Any]]:
        edges: list[dict[str, Any]] = self._config["graph_config"]["edges"]
        if not self._has_own_edges and self._task is None:
            edges.clear()
            self._has_own_edges = True
        return edges

    def _add(self, kind: str, keys: Mapping[str, Any]) -> Self:
        """Add a node behind the last one."""
        nodes = self._config["graph_config"]["nodes"]
        name = f"{kind}_{len(nodes) + 1}"
        nodes[name] = {"node_type": kind, **keys}
        if not self._has_own_edges:
            edge = {"from": self._last or "START", "to": name}
            self._config["graph_config"]["edges"].append(edge)
        self._last = name
        return self


_PASSED_OVER = frozenset(
    {"batch_size", "checkpoint_interval", "debug", "resume", "output_with_ts", "run_name", "oasst"}
    | {"quality", "quality_only", "quality_config", "enable_default_transforms"}
)


def create_graph(name: str) -> Workflow:
    """Return a workflow."""
    return Workflow(name)


def _folder_of(name: str) -> str:
    return "".join(one if one.isalnum() else "_" for one in name) or "workflow"


def _model(model: str | Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": model} if isinstance(model, str) else deepcopy(dict(model))
    if parameters:
        made["parameters"] = {**(made.get("parameters") or {}), **parameters}
    return made


def _prompt(prompt: Prompt) -> list[dict[str, Any]]:
    if isinstance(prompt, str):
        return [{"user": prompt}]
    return [dict(message) for message in prompt]


def _paths(named: Mapping[str, Named | None]) -> dict[str, str]:
    return {key: _path(one) for key, one in named.items() if one is not None}


def _path(named: Named) -> str:
    """Return a function's or class's dotted path.

    :raises UsageError: For what has none, as a lambda or a function inside another one.
    """
    if isinstance(named, str):
        return named
    path = f"{named.__module__}.{named.__qualname__}"
    if "<" in path:
        raise UsageError(f"`{path}` has no dotted path: write it at the top of a module")
    return path
