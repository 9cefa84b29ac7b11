"""The page of model types against what is registered: entries, keys, examples."""

import re
from pathlib import Path

import pytest
import yaml

from sygra_eval.plugins import load_plugins

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "model-types.md").read_text()
BUILT_IN = load_plugins(ROOT, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"}).of("models")
ELSEWHERE = {"embedded", "replay"}  # no servers: docs/models.md


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - ELSEWHERE))
def test_every_type_of_a_server_has_an_entry_with_its_keys(name):
    _, _, rest = PAGE.partition(f"\n## `{name}`\n")
    entry = rest.partition("\n## ")[0]

    keys = re.findall(r"^\| `(\w+)` \|", entry, flags=re.MULTILINE)
    assert set(keys) == set(BUILT_IN[name].config.model_fields)
    assert len(keys) == len(set(keys))


def test_every_example_is_taken_by_its_type():
    examples = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)

    assert examples
    for example in examples:
        for entry in yaml.safe_load(example)["models"].values():
            entry.pop("parameters", None)
            BUILT_IN[entry.pop("use")].config.model_validate(entry)
