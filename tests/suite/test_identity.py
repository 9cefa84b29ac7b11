"""The hash of a suite, and its resolved form, which is the same suite anywhere."""

import shutil
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.suite import load_suite, override_model, resolved_yaml


def test_the_hash_is_of_the_data_alone(folder, tmp_path):
    before = folder.load().sha256

    folder.write(
        "# a comment\n" + folder.file.read_text().replace("{name: good}", "\n  name:   'good'")
    )
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder.path, moved, ignore=shutil.ignore_patterns("elsewhere"))

    assert folder.load().sha256 == before
    assert load_suite(moved / "suite.yaml", folder.plugins).sha256 == before
    folder.change("hello", "goodbye")
    assert folder.load().sha256 != before


def test_a_resolved_suite_loads_again_from_anywhere_to_the_same_hash(folder, tmp_path):
    folder.write("critic: {use: scripted, says: |\n    several\n    lines}\n", "models.yaml")
    folder.write("critic:\n  use: scripted\n  says: |\n    several\n    lines\n", "models.yaml")
    suite = folder.load(overrides={"author": override_model("embedded")})
    run = tmp_path / "reports"
    run.mkdir()

    (run / "suite.yaml").write_text(resolved_yaml(suite), encoding="utf-8")
    again = load_suite(run / "suite.yaml", folder.plugins, folder=suite.folder)

    assert again.sha256 == suite.sha256
    assert (again.models, again.nodes, again.first_row) == (
        suite.models,
        suite.nodes,
        suite.first_row,
    )
    assert "says: |\n      several\n" in resolved_yaml(suite), "people read it too"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_description_survives_the_resolved_suite(folder, text):
    suite = folder.load()
    document = {**suite.document, "suite": {"name": "good", "description": text}}
    other = folder.path / "other.yaml"

    other.write_text(resolved_yaml(replace(suite, document=document)), "utf-8", newline="")

    assert load_suite(other, folder.plugins).description == text
