"""An exported suite, run as the task of SyGra that it is by our own reader of such tasks.

`test_real_sygra` has SyGra itself run the same five; this one needs nothing to be installed.
"""

import json
import shutil
from pathlib import Path

import pytest

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.sygra import read_task, task_at
from sygra_eval.sygra.exporting import export_suite
from sygra_eval.sygra.output import rows_of
from tests.sygra.scripted import answer, calls_of

SUITES = Path(__file__).parent / "suites"


@pytest.mark.parametrize("name", ["loop", "chain", "branches", "nested", "drawn"])
async def test_an_exported_suite_gives_the_same_rows_as_a_task(
    name, project, endpoint, monkeypatch
):
    base = project.root / "suites"
    shutil.copytree(SUITES, base)
    for one in base.glob("*.yaml"):
        one.write_text(one.read_text().replace("http://127.0.0.1:1/v1", endpoint.base_url))
    endpoint.answers_with(answer)
    options = RunOptions(out=project.root / "reports")
    summary = await run_suite(base / f"{name}.yaml", options)
    ours = {row["provenance"]["row_id"]: row for row in _rows(summary.folder)}
    our_calls = calls_of(endpoint.requests)
    endpoint.requests.clear()

    made = await export_suite(base / f"{name}.yaml", project.root)
    project.environ["SYGRA_CUSTOM_MODELS_PATH"] = str(made.folder / "models.yaml")
    task = task_at(str(made.folder))
    assert task is not None
    read = read_task(task, environ=project.environ)
    assert read.suite is not None, read.errors
    for variable, key in read.keys.items():
        monkeypatch.setenv(variable, key)
    as_task = await run_suite(task.path, RunOptions(out=project.root / "r"), document=read.suite)

    assert calls_of(endpoint.requests) == our_calls
    theirs = {row["id"]: row for row in rows_of(as_task.folder)}
    assert ours
    assert theirs.keys() == ours.keys()
    for row_id, row in ours.items():
        expected = {"conversation" if key == "messages" else key: row[key] for key in row}
        shared = expected.keys() & theirs[row_id].keys()
        assert {"answer", "conversation", "rounds", "stop_reason", "question"} <= shared
        assert {key: theirs[row_id][key] for key in shared} == {
            key: expected[key] for key in shared
        }


def _rows(folder: Path) -> list[dict]:
    files = [folder / f"{one}.jsonl" for one in ("verified", "unjudged")]
    return [
        json.loads(line) for one in files if one.exists() for line in one.read_text().splitlines()
    ]
