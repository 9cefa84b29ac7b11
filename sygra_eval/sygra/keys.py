"""The keys that SyGra reads, by section; all others it passes over without a word, and we warn.

`IGNORED` are keys that shipped tasks carry and nothing reads, with what reads it instead.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sygra_eval.suite import did_you_mean
from sygra_eval.sygra.state import APPENDED
from sygra_eval.values import Problem, Severity

TOP = frozenset(
    {
        *("data_config", "graph_config", "output_config", "schema_config"),
        *("graph_post_process", "task_name"),
    }
)
DATA = frozenset(["source", "sink", "id_column", "resumable"])
GRAPH = frozenset(["nodes", "edges", "graph_properties", "graph_state"])
EDGE = frozenset(["from", "to", "condition", "path_map"])
OUTPUT = frozenset(["output_map", "generator", "oasst_mapper", "data_quality"])
COMMON = frozenset(["node_type", "node_state", "node_name", "output_keys"])
_LLM = COMMON | {
    *("prompt", "pre_process", "post_process", "input_key", "output_role"),
    *("chat_history", "tools", "tool_choice"),
}
NODES: Mapping[str, frozenset[str] | None] = {
    "llm": _LLM | {"model"},
    "agent": _LLM | {"model", "inject_system_messages"},
    "multi_llm": _LLM | {"models", "multi_llm_post_process"},
    "weighted_sampler": COMMON | {"attributes"},
    "subgraph": COMMON | {"subgraph", "node_config_map"},
    "lambda": None,  # every further key is a parameter of the function
    "connector": COMMON,
    "special": COMMON,
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "llm": ("model", "prompt"),
    "agent": ("model", "prompt"),
    "multi_llm": ("models", "prompt"),
    "weighted_sampler": ("attributes",),
    "subgraph": ("subgraph",),
    "lambda": ("lambda",),
}
SOURCE = frozenset(
    {
        *("type", "alias", "join_type", "primary_key", "join_key", "transformations", "fields"),
        *("repo_id", "config_name", "split", "token", "streaming", "shard", "encoding"),
        *("file_path", "file_format", "instance", "username", "password", "oauth_client_id"),
        *("oauth_client_secret", "table", "query", "filters", "limit", "batch_size"),
        *("order_by", "order_desc", "display_value", "exclude_reference_link", "proxy"),
        *("verify_ssl", "cert", "auto_retry"),
    }
)
IGNORED: Mapping[tuple[str, str], str] = {
    ("llm", "output_key"): "`output_keys` says where the reply goes",
    ("agent", "output_key"): "`output_keys` says where the reply goes",
    ("llm", "structured_output"): "it has to stand under `model`",
    ("source", "file_format"): "the suffix of `file_path` says the form",
    ("model", "temperature"): "it has to stand under `parameters`",
    ("model", "max_tokens"): "it has to stand under `parameters`",
    ("model", "provider"): "`model_type` says who is asked",
}
At = tuple[str | int, ...]


def unread(
    given: Mapping[Any, Any], known: frozenset[str] | None, kind: str, at: At
) -> Iterator[Problem]:
    """Yield the keys that nothing reads, as warnings."""
    for key in given:
        told = IGNORED.get((kind, str(key)), "")
        if (not told and (known is None or key in known)) or key == "output_vars":
            continue
        yield Problem(
            code="sygra-unread-key",
            message=f"SyGra reads no key `{key}` here" + (f": {told}" if told else ""),
            at=(*at, key) if isinstance(key, str) else at,
            fix=did_you_mean(str(key), known or ()) if not told else "",
            severity=Severity.WARNING,
            is_key=True,
        )


def unread_in(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the keys of a whole file that nothing reads."""
    yield from unread(data, TOP, "top", ())
    graph = data.get("graph_config")
    for name, known in (("data_config", DATA), ("graph_config", GRAPH), ("output_config", OUTPUT)):
        if isinstance(data.get(name), dict):
            yield from unread(data[name], known, name, (name,))
    source = (data.get("data_config") or {}).get("source")
    if isinstance(source, dict):
        yield from unread(source, SOURCE, "source", ("data_config", "source"))
    for place, one in enumerate(source if isinstance(source, list) else ()):
        if isinstance(one, dict):
            yield from unread(one, SOURCE, "source", ("data_config", "source", place))
    for name, node in ((graph.get("nodes") or {}) if isinstance(graph, dict) else {}).items():
        if isinstance(node, dict):
            yield from _unread_of_node(str(name), node)


def _unread_of_node(name: str, node: Mapping[str, Any]) -> Iterator[Problem]:
    kind = str(node.get("node_type"))
    at: At = ("graph_config", "nodes", name)
    if kind in NODES:
        yield from unread(node, NODES[kind], kind, at)
    if isinstance(node.get("model"), dict):
        yield from unread(node["model"], None, "model", (*at, "model"))
    if "output_vars" in node and kind != "lambda":
        yield Problem(
            code="sygra-refused-key",
            message="SyGra refuses the key `output_vars`",
            at=(*at, "output_vars"),
            fix="write `output_keys`",
            is_key=True,
        )
    given = node.get("output_keys")
    if isinstance(given, list) and set(given) & set(APPENDED):
        yield Problem(
            code="sygra-reserved-state",
            message=f"`{APPENDED[0]}` is part of every state, so it cannot be in a list of "
            "`output_keys`",
            at=(*at, "output_keys"),
            fix="name it alone, `output_keys: messages`",
        )
