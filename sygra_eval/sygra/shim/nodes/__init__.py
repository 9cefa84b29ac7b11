"""Nodes that are put together word by word; `build` gives what a file would say."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from sygra_eval.sygra.given import path_of
from sygra_eval.sygra.shim.models import block_of

Model = str | Mapping[str, Any]
Prompt = str | Sequence[Mapping[str, Any]]


def prompt_of(prompt: Prompt) -> list[dict[str, Any]]:
    """Return a prompt as a file has it; a text is the user's."""
    return [{"user": prompt}] if isinstance(prompt, str) else [dict(one) for one in prompt]


class BaseNodeBuilder:
    """A node of some type."""

    def __init__(self, name: str, node_type: str) -> None:
        self.name = name
        self._config: dict[str, Any] = {"node_type": node_type}

    def build(self) -> dict[str, Any]:
        """Return it as a file has it."""
        return dict(self._config)

    def output_keys(self, output: str | Sequence[str]) -> Self:
        """Say where its result goes."""
        self._config["output_keys"] = output if isinstance(output, str) else list(output)
        return self


class _Prompted(BaseNodeBuilder):
    """A node that asks."""

    def prompt(self, prompt: Prompt) -> Self:
        """Say what is asked, in the place of what was said before."""
        self._config["prompt"] = prompt_of(prompt)
        return self

    def add_message(self, role: str, content: Any) -> Self:
        """Add a message."""
        self._config.setdefault("prompt", []).append({role: content})
        return self

    def system_message(self, message: str) -> Self:
        """Put a message of the system first."""
        self._config.setdefault("prompt", []).insert(0, {"system": message})
        return self

    def user_message(self, message: str) -> Self:
        """Add a message of the user."""
        return self.add_message("user", message)

    def assistant_message(self, message: str) -> Self:
        """Add a message of the model."""
        return self.add_message("assistant", message)

    def multimodal_message(self, role: str, content: Sequence[Mapping[str, Any]]) -> Self:
        """Add a message of several parts."""
        return self.add_message(role, [dict(one) for one in content])

    # The names of SyGra's documentation, which its code does not have.
    system_prompt = system_message
    user_prompt = user_message
    assistant_prompt = assistant_message

    def input_key(self, key: str) -> Self:
        """Say which messages follow the prompt."""
        self._config["input_key"] = key
        return self

    def output_role(self, role: str) -> Self:
        """Say whose message the reply becomes."""
        self._config["output_role"] = role
        return self

    def chat_history(self, enabled: bool = True) -> Self:  # noqa: FBT001, FBT002 - as SyGra's
        """Keep what was said."""
        self._config["chat_history"] = enabled
        return self

    def pre_process(self, processor: Any) -> Self:
        """Say what happens before it asks."""
        self._config["pre_process"] = path_of(processor)
        return self

    def post_process(self, processor: Any) -> Self:
        """Say what happens to the reply."""
        self._config["post_process"] = path_of(processor)
        return self


class _OneModel(_Prompted):
    """A node that asks one model."""

    def __init__(self, name: str, model: Model, node_type: str) -> None:
        super().__init__(name, node_type)
        self._config["model"] = block_of(model)

    def model_parameter(self, param_name: str, value: Any) -> Self:
        """Set a parameter of its requests."""
        self._config["model"].setdefault("parameters", {})[param_name] = value
        return self

    def temperature(self, temp: float) -> Self:
        """Set how freely it answers."""
        return self.model_parameter("temperature", temp)

    def max_tokens(self, tokens: int) -> Self:
        """Set how long an answer may be."""
        return self.model_parameter("max_tokens", tokens)

    def tools(self, tools: Sequence[Any]) -> Self:
        """Offer tools."""
        self._config["tools"] = [path_of(one) for one in tools]
        return self

    def structured_output(self, schema: str | Mapping[str, Any], **kwargs: Any) -> Self:
        """Ask for an answer of a form; under the model, where it is read."""
        del kwargs  # SyGra reads none of them either
        self._config["model"]["structured_output"] = structured(schema)
        return self


def structured(schema: Any) -> dict[str, Any]:
    """Return what a model block says of a form: a class, its path, or fields."""
    if isinstance(schema, Mapping):
        if "schema" in schema:
            return {"enabled": True, **schema}
        fields = schema if "fields" in schema else {"fields": dict(schema)}
        return {"enabled": True, "schema": dict(fields)}
    return {"enabled": True, "schema": path_of(schema)}


class LLMNodeBuilder(_OneModel):
    """Asks a model."""

    def __init__(self, name: str, model: Model) -> None:
        super().__init__(name, model, "llm")


class AgentNodeBuilder(_OneModel):
    """Asks a model that uses tools."""

    def __init__(self, name: str, model: Model) -> None:
        super().__init__(name, model, "agent")

    def inject_system_messages(self, messages: Mapping[int, str] | Sequence[Any]) -> Self:
        """Say what is added to the system's message at which turn."""
        self._config["inject_system_messages"] = injected(messages)
        return self


def injected(messages: Mapping[int, str] | Sequence[Any]) -> list[Any]:
    """Return a list of `{turn: text}`: a mapping, as the documentation has it, becomes one."""
    if isinstance(messages, Mapping):
        return [{turn: text} for turn, text in messages.items()]
    return list(messages)


class MultiLLMNodeBuilder(_Prompted):
    """Asks several models at once."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "multi_llm")
        self._config["models"] = {}

    def add_model(self, label: str, model: Model) -> Self:
        """Add one under a label."""
        self._config["models"][label] = block_of(model)
        return self

    def multi_llm_post_process(self, processor: Any) -> Self:
        """Say what is made of all replies."""
        self._config["multi_llm_post_process"] = path_of(processor)
        return self


class LambdaNodeBuilder(BaseNodeBuilder):
    """Calls a function."""

    def __init__(self, name: str, func: Any) -> None:
        super().__init__(name, "lambda")
        self._config["lambda"] = path_of(func)


class WeightedSamplerNodeBuilder(BaseNodeBuilder):
    """Draws values."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "weighted_sampler")
        self._config["attributes"] = {}

    def add_attribute(self, name: str, values: Any, weights: Sequence[float] | None = None) -> Self:
        """Add a variable that is drawn."""
        drawn = {"values": values}
        if weights and isinstance(values, list):
            drawn["weights"] = list(weights)
        self._config["attributes"][name] = drawn
        return self


class SubgraphNodeBuilder(BaseNodeBuilder):
    """Goes through the graph of another task."""

    def __init__(self, name: str, subgraph: str) -> None:
        super().__init__(name, "subgraph")
        self._config["subgraph"] = subgraph

    def node_config_map(self, config_map: Mapping[str, Any]) -> Self:
        """Change its nodes."""
        self._config["node_config_map"] = dict(config_map)
        return self
