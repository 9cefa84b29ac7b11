"""The published schema says of a suite what the loader says of it."""

import json

import pytest
import yaml

from sygra_eval.suite import suite_schema

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture
def accepts(plugins):
    """Says whether the schema accepts a document."""
    schema = suite_schema(plugins)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid


def test_a_suite_that_loads_is_accepted(folder, accepts):
    assert folder.check() == ()

    assert accepts(yaml.safe_load(folder.file.read_text()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{name: good}", "{nam: good}"),
        ("{name: good}", "{name: good, seed: x}"),
        ("node_type: ask", "node_type: aks"),
        ("output_keys:", "output_kys:"),
        ("- system: You answer.", "- sytem: You answer."),
        ("use: contains", "use: contain"),
        ("column: expected", "colum: expected"),
        ("use: scripted", "use: scripted, sayz: x"),
        ("type: lines", "type: line"),
        ("quality:", "qualty:"),
        ("to: END", "too: END"),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(folder, accepts, old, new):
    folder.change(old, new)

    assert folder.check() != ()
    assert not accepts(yaml.safe_load(folder.file.read_text()))


def test_types_without_a_config_model_take_any_keys(folder, accepts):
    folder.change("use: contains, column: expected", "use: free, anything: [1]")

    assert accepts(yaml.safe_load(folder.file.read_text()))


def test_every_reference_in_it_resolves(plugins):
    schema = suite_schema(plugins)
    text = json.dumps(schema)

    for reference in set(json.loads(f"[{text}]")[0]["$defs"]):
        assert reference in schema["$defs"]
    for part in text.split('"$ref": "#/$defs/')[1:]:
        assert part.split('"')[0] in schema["$defs"]
