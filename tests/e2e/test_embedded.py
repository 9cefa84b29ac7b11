"""The embedded model from question to counted outcome; what it answers is its own affair."""

import importlib.util
import json

import pytest
import yaml

from sygra_eval.models import host
from sygra_eval.models.weights import QWEN, data_folder

SUITE = {
    "suite": {"name": "tiny"},
    "models": {
        "author": {
            "use": "embedded",
            "servers": 1,
            "parameters": {"temperature": 0.0, "max_tokens": 60},
        }
    },
    "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
    "graph_config": {
        "nodes": {
            "solve": {
                "node_type": "llm",
                "model": "author",
                "prompt": "{question} Reply with one Python code block.",
                "output_keys": "answer",
            }
        },
        "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
    },
    "quality": {"validators": [{"use": "unit_tests", "from": {"visible": "tests"}}]},
}
ROW = {
    "id": "add",
    "question": "Write the Python function add(a, b) that returns a + b.",
    "tests": ["assert add(1, 2) == 3"],
}


@pytest.mark.embedded
@pytest.mark.skipif(
    not (data_folder() / f"{QWEN.name}.gguf").exists(),
    reason="the embedded model is not assembled yet: python -m sygra_eval.models.weights",
)
@pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or host.why_not_here() is not None,
    reason="xllamacpp is not installed or does not run here (extra `embedded`)",
)
def test_one_row_on_the_embedded_model_ends_with_an_outcome(tmp_path, command):
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n" + json.dumps({**ROW, "id": "b"}))
    suite = tmp_path / "suite.yaml"
    suite.write_text(yaml.safe_dump(SUITE))

    ended = command("run", suite, "--limit", "1", "--out", tmp_path / "out", "--json")

    line = json.loads(ended.stdout.splitlines()[-1])
    assert ended.returncode in (0, 1), ended.stderr
    assert (line["rows"], line["calls"], line["failed"]) == (1, 1, 0)
    assert line["verified"] + line["rejected"] == 1
    assert line["tokens"] > 20
