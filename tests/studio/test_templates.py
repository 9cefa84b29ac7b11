"""Templates are real suites: fit as they stand, and each runs offline from what was recorded."""

import asyncio
import json

import pytest

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.plugins import load_plugins
from sygra_eval.studio import Workspace
from sygra_eval.studio.templates import PLACE, create, templates
from sygra_eval.suite import check_suite
from sygra_eval.values import Outcome, UsageError

NAMES = [one.name for one in templates()]


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    return load_plugins(tmp_path_factory.mktemp("nothing"))


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_fit_under_any_name(name, tmp_path, plugins):
    made = create(Workspace.of(tmp_path), name, "my-own_1")

    assert [one.message for one in check_suite(made, plugins)] == []
    assert name not in made.read_text().replace(f"{name} ", "")
    lines = (tmp_path / "data" / "my-own_1.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) > 4


def test_the_first_template_repairs_a_row_without_network_or_key(tmp_path):
    made = create(Workspace.of(tmp_path), "code_assistant", "mine")

    ended = asyncio.run(run_suite(made, RunOptions(out=tmp_path / "reports", name="first")))

    assert ended.counts[Outcome.VERIFIED] == 4
    assert ended.counts.get(Outcome.FAILED, 0) == 0
    verified = (tmp_path / "reports" / "mine" / "first" / "verified.jsonl").read_text()
    assert 2 in [json.loads(line)["rounds"] for line in verified.splitlines()]


def test_nothing_that_is_there_is_written_over(tmp_path):
    workspace = Workspace.of(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.jsonl").write_text("mine")

    with pytest.raises(UsageError, match=r"data/mine\.jsonl is there already"):
        create(workspace, "evaluate_model", "mine")

    assert (tmp_path / "data" / "mine.jsonl").read_text() == "mine"
    assert not (tmp_path / "mine.yaml").exists()


def test_all_files_of_page_and_templates_go_into_the_wheel():
    import tomllib
    from pathlib import Path

    root = PLACE.parent.parent
    project = tomllib.loads((root.parent / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["sygra_eval"]
    packed = {path for pattern in patterns for path in root.glob(pattern)}
    needed = {*_files(PLACE), *_files(Path(root / "studio" / "static"))}

    assert {path for path in needed if path.suffix != ".py"} <= packed


def _files(folder):
    hidden = {"__pycache__", ".vite"}
    return {p for p in folder.rglob("*") if p.is_file() and not hidden & set(p.parts)}
