"""What a workflow says of its rows and of the graph as a whole, and changes of what it said."""

from collections.abc import Mapping
from typing import Any, Self

from sygra_eval.sygra.given import path_of
from sygra_eval.sygra.shim.workflow.changing import set_at


class Saying:
    """The methods of a workflow that add no node."""

    def __init__(self) -> None:
        self._config: dict[str, Any] = {}

    def build(self) -> Self:
        """Put all that was begun into the configuration."""
        return self

    def _section(self, name: str) -> dict[str, Any]:
        found = self._config.get(name)
        if not isinstance(found, dict):
            found = self._config[name] = {}
        return found

    @property
    def _graph(self) -> dict[str, Any]:
        graph: dict[str, Any] = self._config.setdefault("graph_config", {})
        graph.setdefault("nodes", {})
        graph.setdefault("edges", [])
        return graph

    def resumable(self, enabled: bool = True) -> Self:  # noqa: FBT001, FBT002 - as SyGra's
        """Go on with the last run where that did not finish."""
        self._section("data_config")["resumable"] = enabled
        return self

    def quality_tagging(
        self,
        enabled: bool = True,  # noqa: FBT001, FBT002
        config: Mapping[str, Any] | None = None,
    ) -> Self:
        """Say of each row what quality tasks find."""
        if enabled:
            self._section("output_config")["data_quality"] = dict(config or {"tasks": []})
        return self

    def oasst_mapping(
        self,
        enabled: bool = True,  # noqa: FBT001, FBT002
        config: Mapping[str, Any] | None = None,
    ) -> Self:
        """Write a row for each message of a conversation."""
        if enabled:
            about = {"required": "yes", "type": "sft", "intermediate_writing": "no"}
            self._section("output_config")["oasst_mapper"] = {**about, **(config or {})}
        return self

    def graph_properties(self, properties: Mapping[str, Any]) -> Self:
        """Say things of the graph as a whole."""
        self._graph.setdefault("graph_properties", {}).update(properties)
        return self

    def chat_conversation(self, conv_type: str = "multiturn", window_size: int = 5) -> Self:
        """Say how nodes with a history see it."""
        return self.graph_properties(
            {"chat_conversation": conv_type, "chat_history_window_size": window_size}
        )

    enable_resumable, set_resumable = resumable, resumable
    enable_quality_tagging, set_quality_tagging = quality_tagging, quality_tagging
    enable_oasst_mapping, set_oasst_mapping = oasst_mapping, oasst_mapping
    set_chat_conversation, set_graph_properties = chat_conversation, graph_properties

    def output_generator(self, generator: Any) -> Self:
        """Make rows by a class."""
        self._section("output_config")["generator"] = path_of(generator)
        return self

    set_output_generator = output_generator

    def output_field(
        self,
        name: str,
        from_key: str | None = None,
        value: Any = None,
        transform: str | None = None,
    ) -> Self:
        """Add a column: of a variable, or always the same."""
        about: dict[str, Any] = {"value": value} if from_key is None else {"from": from_key}
        if transform:
            about["transform"] = transform
        self._section("output_config").setdefault("output_map", {})[name] = about
        return self

    def preserve_fields(self, *field_names: str) -> Self:
        """Keep columns of the input."""
        for name in field_names:
            self.output_field(name, from_key=name)
        return self

    def output_metadata(self, metadata: Mapping[str, Any]) -> Self:
        """Add columns that are always the same."""
        for name, value in metadata.items():
            self.output_field(name, value=value)
        return self

    def override(self, path: str, value: Any) -> Self:
        """Set what a file would say at a path, as `graph_config.nodes.x.prompt.0.user`."""
        self.build()
        set_at(self._config, path, value)
        return self

    def override_model(self, node_name: str, model_name: str | None = None, **params: Any) -> Self:
        """Ask another model in a node, or otherwise."""
        at = f"graph_config.nodes.{node_name}.model"
        if model_name:
            self.override(f"{at}.name", model_name)
        for name, value in params.items():
            self.override(f"{at}.parameters.{name}", value)
        return self

    def override_prompt(self, node_name: str, role: str, content: str, index: int = 0) -> Self:
        """Say otherwise what a node asks."""
        return self.override(f"graph_config.nodes.{node_name}.prompt.{index}.{role}", content)
