"""A task that a program puts together; `run` gives its rows."""

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any, Self, TypeVar

from sygra_eval.engine import RunSummary
from sygra_eval.sygra.given import path_of
from sygra_eval.sygra.shim.configuration import load_config
from sygra_eval.sygra.shim.data import DataSink, DataSource
from sygra_eval.sygra.shim.exceptions import ConfigurationError, DataError
from sygra_eval.sygra.shim.models import block_of
from sygra_eval.sygra.shim.nodes import (
    AgentNodeBuilder,
    BaseNodeBuilder,
    LambdaNodeBuilder,
    LLMNodeBuilder,
    Model,
    MultiLLMNodeBuilder,
    Prompt,
    SubgraphNodeBuilder,
    WeightedSamplerNodeBuilder,
    injected,
    prompt_of,
    structured,
)
from sygra_eval.sygra.shim.workflow.running import RunWords, run_workflow, saved
from sygra_eval.sygra.shim.workflow.saying import Saying

_FILE = "graph_config.yaml"
_Builder = TypeVar("_Builder", bound=BaseNodeBuilder)


class Workflow(Saying):
    """Nodes, edges, rows and output of a task; all methods but the builders return itself.

    :ivar summary: What the last run came to, with its folder; None before.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name = name or "workflow"
        self.folder: Path | None = None
        self.summary: RunSummary | None = None
        self._last: str | None = None
        self._count = 0
        self._builders: dict[str, BaseNodeBuilder] = {}
        is_path = "/" in self.name or os.sep in self.name or Path(self.name).exists()
        if is_path and (Path(self.name) / _FILE).is_file():
            self._load(Path(self.name))

    @classmethod
    def existing(cls, task: str) -> "Workflow":
        """Return the workflow of a task folder, by path or by dots.

        :raises ConfigurationError: When there is none.
        """
        from sygra_eval.sygra.naming import task_at  # which reads no task

        found = task_at(task)
        if found is None:
            raise ConfigurationError(f"`{task}` is no task: a folder with {_FILE}")
        return cls(str(found.folder))

    @classmethod
    def of(cls, config: Mapping[str, Any], name: str | None = None) -> "Workflow":
        """Return the workflow of what a file says."""
        made = cls(name)
        made._config = deepcopy(dict(config))
        return made

    def _load(self, folder: Path) -> None:
        self.folder = folder
        self._config = load_config(folder)
        self._count = len(self._graph["nodes"])

    @property
    def config(self) -> dict[str, Any]:
        """What a file would say, as far as it is put together."""
        return self._config

    # Rows in and out

    def source(self, source: Any) -> Self:
        """Take the rows of a file, a list, a block, or a `DataSource`."""
        match source:
            case str() | os.PathLike():
                made = {"type": "disk", "file_path": os.fspath(source)}
            case DataSource():
                made = source.to_config()
            case Mapping():
                made = dict(source)
            case Sequence():
                made = {"data": list(source)}
            case _:
                raise DataError(f"{type(source).__name__} is no source: a path, rows, or a block")
        kept = self._section("data_config").get("source") or {}
        transformations = kept.get("transformations") if isinstance(kept, dict) else None
        if transformations and "transformations" not in made:
            made["transformations"] = transformations
        self._section("data_config")["source"] = made
        return self

    def sink(self, sink: Any) -> Self:
        """Write the rows to a file, too; its suffix says the form."""
        match sink:
            case str() | os.PathLike():
                made = DataSink.disk(sink).to_config()
            case DataSink():
                made = sink.to_config()
            case Mapping():
                made = dict(sink)
            case _:
                raise DataError(f"{type(sink).__name__} is no sink: a path or a block")
        self._section("data_config")["sink"] = made
        return self

    set_source, set_sink = source, sink

    def id_column(self, column: str) -> Self:
        """Name rows by a column."""
        self._section("data_config")["id_column"] = column
        return self

    def transformations(self, transforms: Sequence[Any]) -> Self:
        """Change the rows before the graph."""
        listed = [dict(one) if isinstance(one, Mapping) else path_of(one) for one in transforms]
        blocks = [{"transform": one} if isinstance(one, str) else one for one in listed]
        data = self._section("data_config")
        data["source"] = {**(data.get("source") or {}), "transformations": blocks}
        return self

    def disable_default_transforms(self) -> Self:
        """Do nothing: pictures and sounds are only looked at where a prompt shows them."""
        return self

    # Nodes, one behind the other

    def llm(
        self,
        model: Model,
        prompt: Prompt,
        output: str = "messages",
        pre_process: Any = None,
        post_process: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Ask a model; further words are parameters of the request."""
        node = self._asking("llm", prompt, kwargs, {"model": self._model(model, kwargs)})
        if output != "messages":
            node["output_keys"] = output
        for name, processor in (("pre_process", pre_process), ("post_process", post_process)):
            if processor is not None:
                node[name] = path_of(processor)
        return self._follow("llm", node)

    def multi_llm(self, models: Mapping[str, Model], prompt: Prompt, **kwargs: Any) -> Self:
        """Ask several models at once."""
        blocks = {label: block_of(model) for label, model in models.items()}
        node = self._asking("multi_llm", prompt, kwargs, {"models": blocks})
        for name in ("multi_llm_post_process", "pre_process", "post_process"):
            if kwargs.get(name) is not None:
                node[name] = path_of(kwargs[name])
        return self._follow("multi_llm", node)

    def agent(self, model: Model, tools: Sequence[Any], prompt: Prompt, **kwargs: Any) -> Self:
        """Ask a model that uses tools."""
        turns = kwargs.pop("inject_system_messages", None)
        about = {"model": self._model(model, kwargs), "tools": [path_of(one) for one in tools]}
        node = self._asking("agent", prompt, kwargs, about)
        if turns:
            node["inject_system_messages"] = injected(turns)
        return self._follow("agent", node)

    def lambda_func(self, func: Any, output: str = "result", **kwargs: Any) -> Self:
        """Call a function with the node and the state, or with the state alone."""
        node = {"node_type": "lambda", "lambda": path_of(func), "output_keys": output, **kwargs}
        return self._follow("lambda", node)

    def weighted_sampler(self, attributes: Mapping[str, Any], **kwargs: Any) -> Self:
        """Draw values."""
        del kwargs
        node = {"node_type": "weighted_sampler", "attributes": dict(attributes)}
        return self._follow("weighted_sampler", node)

    def subgraph(
        self, subgraph_name: str, node_config_map: Mapping[str, Any] | None = None
    ) -> Self:
        """Go through the graph of another task."""
        node: dict[str, Any] = {"node_type": "subgraph", "subgraph": subgraph_name}
        if node_config_map:
            node["node_config_map"] = dict(node_config_map)
        return self._follow("subgraph", node)

    def _model(self, model: Model, kwargs: dict[str, Any]) -> dict[str, Any]:
        of_node = ("output_keys", "input_key", "output_role", "chat_history", "tools")
        words = {name: value for name, value in kwargs.items() if name not in of_node}
        if words.get("structured_output"):
            words["structured_output"] = structured(words["structured_output"])
        return block_of(model, **words)

    def _asking(
        self, kind: str, prompt: Prompt, kwargs: Mapping[str, Any], about: dict[str, Any]
    ) -> dict[str, Any]:
        node = {"node_type": kind, **about, "prompt": prompt_of(prompt)}
        for name in ("output_keys", "input_key", "output_role", "chat_history"):
            if kwargs.get(name):
                node[name] = kwargs[name]
        if kind == "llm" and kwargs.get("tools"):
            node["tools"] = [path_of(one) for one in kwargs["tools"]]
        return node

    def _follow(self, kind: str, node: dict[str, Any]) -> Self:
        """Put a node behind the last one, and END behind it."""
        self._count += 1
        name, graph = f"{kind}_{self._count}", self._graph
        graph["nodes"][name] = node
        graph["edges"] = [
            one for one in graph["edges"] if one.get("to") != "END" or "condition" in one
        ]
        graph["edges"] += [{"from": self._last or "START", "to": name}, {"from": name, "to": "END"}]
        self._last = name
        return self

    # Nodes and edges by name

    def add_node(self, name: str, node_config: Mapping[str, Any]) -> Self:
        """Add a node as a file would have it."""
        self._graph["nodes"][name] = dict(node_config)
        return self

    def add_llm_node(self, name: str, model: Model) -> LLMNodeBuilder:
        """Begin a node that asks a model."""
        return self._begun(LLMNodeBuilder(name, model))

    def add_agent_node(self, name: str, model: Model) -> AgentNodeBuilder:
        """Begin a node that asks a model with tools."""
        return self._begun(AgentNodeBuilder(name, model))

    def add_multi_llm_node(self, name: str) -> MultiLLMNodeBuilder:
        """Begin a node that asks several models."""
        return self._begun(MultiLLMNodeBuilder(name))

    def add_lambda_node(self, name: str, func: Any) -> LambdaNodeBuilder:
        """Begin a node that calls a function."""
        return self._begun(LambdaNodeBuilder(name, func))

    def add_weighted_sampler_node(self, name: str) -> WeightedSamplerNodeBuilder:
        """Begin a node that draws."""
        return self._begun(WeightedSamplerNodeBuilder(name))

    def add_subgraph_node(self, name: str, subgraph: str) -> SubgraphNodeBuilder:
        """Begin a node that is another task's graph."""
        return self._begun(SubgraphNodeBuilder(name, subgraph))

    def _begun(self, builder: _Builder) -> _Builder:
        self._builders[builder.name] = builder
        return builder

    def add_edge(self, from_node: str, to_node: str) -> Self:
        """Lead from one node to another."""
        self._graph["edges"].append({"from": from_node, "to": to_node})
        return self

    def add_conditional_edge(
        self, from_node: str, condition: Any, path_map: Mapping[Any, str]
    ) -> Self:
        """Lead to where a function of the state says."""
        edge = {"from": from_node, "condition": path_of(condition), "path_map": dict(path_map)}
        self._graph["edges"].append(edge)
        return self

    def sequence(self, *nodes: str) -> Self:
        """Lead from each of these to the next, from START and to END."""
        names = [*(() if nodes[:1] == ("START",) else ("START",)), *nodes]
        names += [] if names[-1] == "END" else ["END"]
        for one, other in pairwise(names):
            self.add_edge(one, other)
        return self

    # To the end

    def build(self) -> Self:
        """Put nodes that were begun into the graph."""
        for name, builder in self._builders.items():
            self._graph["nodes"][name] = builder.build()
        self._builders.clear()
        return self

    def save_config(self, path: str | os.PathLike[str]) -> None:
        """Write it as a task's file.

        :raises ConfigurationError: When it names a function that no file can.
        """
        self.build()
        Path(path).write_text(saved(self._config), encoding="utf-8")

    def run(
        self,
        num_records: int | None = None,
        start_index: int = 0,
        output_dir: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> list[dict[str, Any]]:
        """Run it and return its rows, as SyGra would write them.

        :param num_records: Only so many; None or 0 are all.
        :param output_dir: Where `output.json` and what belongs to it goes; of a task folder it is
            that, else no such file is written, as the rows are returned and in the run's folder.
        :param kwargs: `batch_size` (at most so many records at a time), `resume`, `run_name`,
            `output_with_ts`, `oasst`, `quality`, `debug`; ours are `trust`, `out` and `models`.
        :raises ConfigurationError: When it cannot be run as it is.
        :raises ExecutionError: When the run did not come to its end, or no record made a row.
        """
        self.build()
        if not self._graph["nodes"]:
            raise ConfigurationError("the workflow has no node: add one, as `.llm(model, prompt)`")
        words = RunWords.of(num_records, start_index, output_dir, kwargs)
        self.summary, rows = run_workflow(self.name, self._config, self.folder, words)
        return rows


def create_graph(name: str) -> Workflow:
    """Return a workflow without nodes."""
    return Workflow(name)
