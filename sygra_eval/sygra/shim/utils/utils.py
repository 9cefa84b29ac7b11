"""Small functions that tasks use: files, messages, paths of tasks, JSON inside text."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.sygra.naming import folder_of_name, function_at

current_task: str = ""
"""The task that runs; set when it is loaded."""

_BRACES = re.compile(r"[\[\s]*\{.+\}[\s\]]*", re.DOTALL)


def get_func_from_str(path: str) -> Any:
    """Return what a dotted path names: a class or a function of a module."""
    return function_at(path)


def extract_and_load_json(text: str) -> Any:
    """Return the outermost object or list of objects in a text; None where there is none."""
    found = _BRACES.search(text) if isinstance(text, str) else None
    return None if found is None else load_json(found.group(0))


def load_json(text: Any) -> Any:
    """Return what a text of JSON says; None for any other."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def load_yaml_file(filepath: str) -> Any:
    """Return what a YAML file says."""
    return yaml.safe_load(_at(filepath).read_text(encoding="utf-8"))


def load_json_file(filepath: str) -> Any:
    """Return what a JSON file says."""
    return json.loads(_at(filepath).read_text(encoding="utf-8"))


def load_jsonl_file(filepath: str) -> list[Any]:
    """Return a value for each line of a file."""
    lines = _at(filepath).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def save_json_file(filepath: str, data: Any) -> None:
    """Write a JSON file."""
    Path(filepath).write_text(json.dumps(data, indent=4, ensure_ascii=False), encoding="utf-8")


def save_jsonl_file(filepath: str, data: list[Any]) -> None:
    """Write a file with a value a line."""
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in data)
    Path(filepath).write_text(lines, encoding="utf-8")


def append_to_json_file(filepath: str, data: list[Any]) -> None:
    """Add to the list in a JSON file."""
    before = load_json_file(filepath) if Path(filepath).exists() else []
    save_json_file(filepath, [*before, *data])


def append_to_jsonl_file(filepath: str, data: list[Any]) -> None:
    """Add lines to a file."""
    with Path(filepath).open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in data)


def get_file_in_task_dir(task: str, file: str) -> str:
    """Return the path of a file in a task's folder."""
    return str(folder_of_name(task) / file)


def get_file_in_dir(dot_walk_path: str, file: str) -> str:
    """Return the path of a file in a folder of the package, by dots."""
    name = dot_walk_path if dot_walk_path.startswith("sygra.") else f"sygra.{dot_walk_path}"
    found = folder_of_name(name) / file
    return str(found if found.exists() else folder_of_name(dot_walk_path) / file)


def get_graph_properties(task: str | None = None) -> dict[str, Any]:
    """Return what a task says of its graph as a whole."""
    document = load_yaml_file(get_file_in_task_dir(task or current_task, "graph_config.yaml"))
    return (document.get("graph_config") or {}).get("graph_properties") or {}


def get_graph_property(key: str, default: Any = None, task: str | None = None) -> Any:
    """Return one of them."""
    return get_graph_properties(task).get(key, default)


def convert_messages_from_langchain_to_chat_format(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Return messages of people, models and systems as roles and contents; no others."""
    roles = {"human": "user", "ai": "assistant", "system": "system"}
    return [
        {"role": roles[message.type], "content": message.content}
        for message in messages
        if message.type in roles
    ]


def convert_messages_from_chat_format_to_langchain(messages: Sequence[dict[str, Any]]) -> list[Any]:
    """Return roles and contents as templates of messages."""
    from langchain_core.messages import ToolMessage
    from langchain_core.prompts import (
        AIMessagePromptTemplate,
        HumanMessagePromptTemplate,
        SystemMessagePromptTemplate,
    )

    kinds: dict[str, Any] = {
        "user": HumanMessagePromptTemplate,
        "assistant": AIMessagePromptTemplate,
        "system": SystemMessagePromptTemplate,
    }
    made: list[Any] = []
    for message in messages:
        if message["role"] == "tool":
            said = message["content"][0]
            told = {key: said.get(key) for key in ("content", "tool_call_id")}
            made.append(ToolMessage(**told))
        elif message["role"] in kinds:
            made.append(kinds[message["role"]].from_template(message["content"]))
    return made


def extract_pattern(string: str, pattern: str) -> list[str]:
    """Return what a pattern finds, without the empty finds."""
    return [found for found in re.findall(pattern, string) if found]


def flatten_dict(d: dict[str, Any], parent_key: str = "", sep: str = "_") -> dict[str, Any]:
    """Return a mapping of mappings as one, its keys joined."""
    flat: dict[str, Any] = {}
    for key, value in d.items():
        name = f"{parent_key}{sep}{key}" if parent_key else key
        flat |= flatten_dict(value, name, sep) if isinstance(value, dict) else {name: value}
    return flat


def deep_update(target: dict[str, Any], src: dict[str, Any]) -> dict[str, Any]:
    """Put a mapping into another, key by key; only mappings are gone into."""
    for key, value in src.items():
        inner = target.get(key)
        target[key] = (
            deep_update(inner, value)
            if isinstance(inner, dict) and isinstance(value, dict)
            else value
        )
    return target


def load_model_config() -> dict[str, Any]:
    """Return what is known of models, without any key."""
    from sygra_eval.sygra.aliases import catalogue

    return catalogue()


def get_models_used(task: str) -> dict[str, Any]:
    """Return what is known of the models that a task's nodes name."""
    document = load_yaml_file(get_file_in_task_dir(task, "graph_config.yaml"))
    known, used = load_model_config(), set()
    for node in ((document.get("graph_config") or {}).get("nodes") or {}).values():
        of_node = node.get("models") or {"": node.get("model") or {}}
        used |= {one.get("name") for one in of_node.values()}
    return {name: known[name] for name in sorted(filter(None, used)) if name in known}


def fetch_next_record(datasrc: dict[str, Any], column: str) -> Any:
    """Return the first value of a column of a source; a sampler here goes by the row's number."""
    from sygra_eval.sygra.tables import rows_of_source

    return rows_of_source(datasrc)[0][column]


def get_env_name(name: str) -> str:
    """Return a model's name as it stands in names of the environment."""
    return re.sub(r"\s+", "_", name.upper())


def _at(filepath: str) -> Path:
    from sygra_eval.sygra.naming import found_file

    return found_file(filepath)
