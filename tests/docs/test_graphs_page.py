"""The page on graphs: its first suite is right, and every key of its nodes is in it."""

import re
from pathlib import Path

import pytest
import yaml

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite
from sygra_eval.suite.conditions import FUNCTIONS
from tests.engine.conftest import write_suite

PAGE = Path("docs/graphs.md")


def test_the_first_graph_of_the_page_passes_check(tmp_path):
    (block, *_) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    model = {"use": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    path = write_suite(
        tmp_path,
        [{"id": "r0", "question": "why"}],
        models={"author": model, "critic": {**model, "model": "n"}},
        quality={"candidate": "answer", "validators": [{"use": "python_compiles"}]},
        **yaml.safe_load(block),
    )

    assert check_suite(path, load_plugins(tmp_path)) == ()


@pytest.mark.parametrize("node_type", ["weighted_sampler", "lambda", "subgraph"])
def test_each_key_of_a_node_is_in_its_section(node_type, tmp_path):
    section = PAGE.read_text().partition(f"\n## `{node_type}`\n")[2].partition("\n## ")[0]
    config = load_plugins(tmp_path).of("nodes")[node_type].config

    keys = {field.alias or name for name, field in config.model_fields.items()}
    assert {key for key in keys if f"| `{key}` |" not in section} == set()


def test_each_function_of_a_condition_is_on_the_page():
    assert [name for name in FUNCTIONS if f"`{name}(" not in PAGE.read_text()] == []
