"""The page on several models against the code: keys, and its suite, which runs as it stands."""

import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import ModelOrRoute, check_suite
from sygra_eval.testing import ScriptedEndpoint

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ensembles.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
BUILT_IN = load_plugins(ROOT, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"})
CODE = "```python\ndef f(x):\n    return x + 1\n```"


@pytest.mark.parametrize("name", ["multi_llm", "best_of_n"])
def test_the_table_of_a_node_has_its_keys(name):
    entry = PAGE.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    fields = BUILT_IN.of("nodes")[name].config.model_fields

    rows = [line.split("|")[1] for line in entry.splitlines() if line.startswith("| `")]
    keys = [key for row in rows for key in re.findall(r"`(\w+)`(?! *\))", row)]
    assert sorted({key for key in keys if key != "answer"}) == sorted(
        {field.alias or key for key, field in fields.items()}
    )


def test_every_route_of_the_page_is_one():
    routes = [yaml.safe_load(block)["model"] for block in BLOCKS if block.startswith("model:")]

    assert [TypeAdapter(ModelOrRoute).validate_python(route).names() for route in routes] == [
        ("small", "large"),
        ("small", "large"),
    ]


async def test_the_suite_of_the_page_runs(tmp_path):
    (suite,) = [block for block in BLOCKS if block.startswith("suite:")]
    rows = [
        {
            "id": str(number),
            "question": f"add one, {number} times",
            "difficulty": ("easy", "hard")[number % 2],
            "tests": ["assert f(1) == 2"],
            "entry_point": "f",
        }
        for number in range(4)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "questions.jsonl").write_text(lines)
    path = tmp_path / "suite.yaml"
    async with ScriptedEndpoint.on_a_free_port() as endpoint:
        endpoint.answers_with(lambda _: CODE)
        path.write_text(suite.replace("http://127.0.0.1:8000", endpoint.address))

        assert check_suite(path, BUILT_IN) == ()
        summary = await run_suite(path, RunOptions(out=tmp_path / "out"))

    asked = [(body["model"], body["messages"][-1]["content"][:3]) for body in endpoint.requests]
    assert summary.exit_code == 0
    assert summary.counts["verified"] == 4
    assert sorted(asked) == sorted(
        [("small", "How"), ("large", "How")] * 4 + [("small", "add")] * 8 + [("large", "add")] * 8
    )
