"""The library's functions: small workflows in one line, and what there is."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sygra_eval.sygra.given import path_of
from sygra_eval.sygra.shim import __version__
from sygra_eval.sygra.shim.nodes import Model, Prompt
from sygra_eval.sygra.shim.workflow import Workflow

_SECRET = ("auth_token", "token", "password")


def quick_llm(model: str, prompt: Prompt, data_source: Any, output: str = "output.json") -> Any:
    """Return a workflow of one question to a model; `run` it."""
    name = f"quick_llm_{model.replace('/', '_')}"
    return Workflow(name).source(data_source).llm(model, prompt).sink(output)


def quick_agent(
    model: str,
    prompt: Prompt,
    tools: Sequence[Any],
    data_source: Any,
    output: str = "output.json",
) -> Workflow:
    """Return a workflow of one agent."""
    made = Workflow(f"quick_agent_{model.replace('/', '_')}").source(data_source)
    return made.agent(model=model, tools=tools, prompt=prompt).sink(output)


def quick_multi_llm(
    models: Mapping[str, Model], prompt: Prompt, data_source: Any, output: str = "output.json"
) -> Workflow:
    """Return a workflow of one question to several models."""
    made = Workflow("quick_multi_llm").source(data_source)
    return made.multi_llm(models=models, prompt=prompt).sink(output)


def execute_task(task_name: str, **kwargs: Any) -> Any:
    """Run a task folder and return its rows."""
    return Workflow.existing(task_name).run(**kwargs)


def create_multimodal_workflow(name: str) -> Workflow:
    """Return a workflow; all of them take pictures and sounds."""
    return Workflow(name)


def create_resumable_workflow(name: str) -> Workflow:
    """Return a workflow that goes on with its last run."""
    return Workflow(name).resumable()


def create_quality_workflow(name: str) -> Workflow:
    """Return a workflow whose rows are judged."""
    return Workflow(name).quality_tagging()


def create_chat_workflow(name: str, conversation_type: str = "multiturn") -> Workflow:
    """Return a workflow of a talk."""
    return Workflow(name).chat_conversation(conversation_type)


def create_structured_schema(
    fields: Mapping[str, str], name: str = "CustomSchema"
) -> dict[str, Any]:
    """Return what a model block says of an answer's form."""
    typed = {field: {"type": kind} for field, kind in fields.items()}
    return {"enabled": True, "schema": {"name": name, "fields": typed}}


def pydantic_schema(model_class: Any) -> dict[str, Any]:
    """Return the same for a class."""
    return {"enabled": True, "schema": path_of(model_class)}


def create_processor_config(processor: Any, **params: Any) -> dict[str, Any]:
    """Return an entry of `graph_post_process`."""
    made: dict[str, Any] = {"processor": path_of(processor)}
    return {**made, "params": params} if params else made


def create_transformation_config(transform: Any, **params: Any) -> dict[str, Any]:
    """Return an entry of `transformations`."""
    made: dict[str, Any] = {"transform": path_of(transform)}
    return {**made, "params": params} if params else made


def list_available_models() -> list[str]:
    """Return the aliases that are known: SyGra's, and those of `SYGRA_CUSTOM_MODELS_PATH`."""
    from sygra_eval.sygra.aliases import catalogue

    return list(catalogue())


def get_model_info(model_name: str) -> dict[str, Any]:
    """Return what is known of an alias, without what is secret."""
    from sygra_eval.sygra.aliases import catalogue

    known = catalogue()
    if model_name not in known:
        return {"error": f"Model '{model_name}' not found", "available_models": list(known)}
    return {key: value for key, value in known[model_name].items() if key not in _SECRET}


def get_version() -> str:
    """Return the version of SyGra whose names these are."""
    return __version__


def setup_logging(level: str = "INFO") -> None:
    """Say how much is logged."""
    logging.getLogger("sygra").setLevel(level.upper())


def validate_environment() -> dict[str, bool]:
    """Say what can be used: all of it comes with us."""
    parts = ("core", "data_handlers", "nodes", "models", "utils", "node_builders", "data_utils")
    return {f"{part}_available": True for part in parts}


def get_info() -> dict[str, Any]:
    """Return what this is."""
    return {
        "version": __version__,
        "author": "sygra_eval",
        "description": "SyGra's library, run by sygra_eval",
        "features": validate_environment(),
    }
