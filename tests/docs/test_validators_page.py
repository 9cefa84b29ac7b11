"""The page of validators against what is registered: entries, keys, examples."""

import re
from pathlib import Path

import pytest
import yaml

from sygra_eval.plugins import load_plugins

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "validators.md").read_text()
BUILT_IN = load_plugins(ROOT, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"}).of("validators")
OF_EVERY_ENTRY = {"use", "name", "required"}


def entry(name: str) -> str:
    _, found, rest = PAGE.partition(f"\n## `{name}`\n")
    assert found, f"docs/validators.md has no entry for `{name}`"
    return rest.partition("\n## ")[0]


def keys_of(name: str) -> set[str]:
    config = BUILT_IN[name].config
    fields = config.model_fields if config is not None else {}
    return {field.alias or key for key, field in fields.items()}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_validator_has_an_entry_with_its_keys_and_an_example(name):
    table = set(re.findall(r"^\| `(\w+)` \|", entry(name), flags=re.MULTILINE))

    assert table == keys_of(name)
    assert f"| [`{name}`](#{name}) |" in PAGE
    assert "asses when" in entry(name) or "Passes with" in entry(name)
    assert f"use: {name}" in entry(name)


def test_every_entry_is_a_validator():
    assert set(re.findall(r"^## `(\w+)`$", PAGE, flags=re.MULTILINE)) == set(BUILT_IN)


def test_every_example_is_taken_by_its_validator():
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    loaded = [yaml.safe_load(block) for block in blocks]
    entries = [
        one
        for block in loaded
        for one in (block if isinstance(block, list) else block["quality"]["validators"])
    ]

    assert len(entries) >= len(BUILT_IN)
    for one in entries:
        own = {key: value for key, value in one.items() if key not in OF_EVERY_ENTRY}
        config = BUILT_IN[one["use"]].config
        assert config is not None or own == {}
        if config is not None:
            config.model_validate(own)
