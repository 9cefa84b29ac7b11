"""Whatever stands in a task's file, reading it gives a suite or says what is wrong with it."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

PYTHON = "class P:\n    def apply(self, s):\n        return s\n\ndef f(a, b):\n    return None\n"
HERE = "tasks.ours.any.task_executor"
ASKS = {"model": {"name": "author"}, "prompt": [{"user": "{question}"}]}
SCHEMA = {"schema": {"fields": {"x": {"type": "int"}}}}
NODES = {
    "a": {
        "node_type": "llm",
        "model": {"name": "author", "parameters": {}, "structured_output": SCHEMA},
        "prompt": [{"system": "x"}, {"user": [{"type": "image_url", "image_url": "{i}"}]}],
        "output_keys": ["x"],
        "post_process": f"{HERE}.P",
    },
    "b": {"node_type": "lambda", "lambda": f"{HERE}.f", "output_keys": "y"},
    "s": {"node_type": "weighted_sampler", "attributes": {"z": {"values": [1, 2]}}},
    "m": {**ASKS, "node_type": "multi_llm", "models": {"u": {"name": "author"}}},
    "g": {**ASKS, "node_type": "agent", "inject_system_messages": [{3: "t"}]},
}
SECTIONS: dict[str, Any] = {
    "data_config": {"sink": {"type": "json", "file_path": "x.json"}, "id_column": "id"},
    "output_config": {"output_map": {"v": {"value": "$data_config.source.type"}}},
    "schema_config": {"fields": [{"name": "id", "type": "str"}]},
    "graph_post_process": [{"processor": f"{HERE}.P", "params": {}}],
}
JUNK = (None, 1, True, "", ".", "$a[0]", [], {}, [None], [{}], {1: 2}, [1, "a"], "START", [[]])


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(one, (*at, key))


@pytest.mark.parametrize("seed", range(24))
def test_a_task_with_something_else_in_a_place_is_read_or_refused(project, seed):
    chance = random.Random(seed)  # noqa: S311 - it repeats
    parts = copy.deepcopy({"nodes": NODES, "sections": SECTIONS})
    *outer, last = chance.choice([at for at in places(parts) if len(at) > 2])
    inner: Any = parts
    for step in outer:
        inner = inner[step]
    inner[last] = chance.choice(JUNK)

    read = project.read(project.task("any", parts["nodes"], python=PYTHON, **parts["sections"]))

    assert (read.suite is None) == bool(read.errors)
