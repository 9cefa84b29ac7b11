"""An exported suite, run as the task of SyGra that it is by our own reader of such tasks.

`test_real_sygra` has SyGra itself run the same five; this one needs nothing to be installed.
"""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.sygra import read_task, task_at
from sygra_eval.sygra.exporting import export_suite
from sygra_eval.sygra.output import rows_of
from tests.sygra.scripted import answer, calls_of

SUITES = Path(__file__).parent / "suites"


@pytest.fixture
def suites(project, endpoint):
    base = project.root / "suites"
    shutil.copytree(SUITES, base)
    for one in base.glob("*.yaml"):
        one.write_text(one.read_text().replace("http://127.0.0.1:1/v1", endpoint.base_url))
    endpoint.answers_with(answer)
    return base


@pytest.mark.parametrize(
    "name",
    [
        "loop",
        "chain",
        "branches",
        "nested",
        "drawn",
        "asked",
        "routed",
        "seen",
    ],
)
async def test_an_exported_suite_gives_the_same_rows_as_a_task(
    name, suites, project, endpoint, monkeypatch
):
    ours, theirs = await both(suites / f"{name}.yaml", project, endpoint, monkeypatch)

    assert ours
    assert theirs == ours


UNTIL = {"accepted_by": ["unit_tests"]}
LOOPS = {
    "built-in critique and revision": {"revise": None, "critique": {"model": "critic"}},
    "no critic": {"critique": None, "until": UNTIL},
    "no critic, one round": {"critique": None, "until": UNTIL, "max_rounds": 1},
    "the phrase alone": {"until": {"sentinel": "NO MORE FEEDBACK"}},
    "one draft, six rounds": {"max_rounds": 6, "draft": {"samples": 1}},
    "five drafts": {"draft": {"samples": 5}},
    "little evidence": {"evidence": {"max_chars": 200}},
    "a critic without a phrase": {"until": UNTIL},
}


UNJUDGED = ("built-in critique and revision", "the phrase alone", "one draft, six rounds")


@pytest.mark.parametrize(
    ("name", "with_validators"),
    [*((name, True) for name in LOOPS), *((name, False) for name in UNJUDGED)],
)
async def test_every_loop_takes_the_same_turns_as_five_nodes(
    name, with_validators, suites, project, endpoint, monkeypatch
):
    suite = yaml.safe_load((suites / "loop.yaml").read_text())
    loop = suite["graph_config"]["nodes"]["solve"]
    for key, value in LOOPS[name].items():
        if value is None:
            loop.pop(key, None)
        else:
            loop[key] = {**loop[key], **value} if key == "draft" else value
    if not with_validators:
        del suite["quality"]
        loop["until"].pop("accepted_by", None)
    path = suites / "changed.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False))

    ours, theirs = await both(path, project, endpoint, monkeypatch)

    assert theirs == ours


async def both(path, project, endpoint, monkeypatch):
    """Return the rows by id, of the suite and of the task that it is written as."""
    summary = await run_suite(path, RunOptions(out=project.root / "reports"))
    ours = {row["provenance"]["row_id"]: row for row in _rows(summary.folder)}
    our_calls = calls_of(endpoint.requests)
    endpoint.requests.clear()

    made = await export_suite(path, project.root)
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
    expected = {}
    for row_id, row in ours.items():
        renamed = {"conversation" if key == "messages" else key: row[key] for key in row}
        shared = renamed.keys() & theirs.get(row_id, {}).keys()
        if row_id in theirs:
            assert {"answer", "conversation", "rounds", "stop_reason", "question"} <= shared
            theirs[row_id] = {key: theirs[row_id][key] for key in shared}
        expected[row_id] = {key: renamed[key] for key in shared}
    return expected, theirs


def _rows(folder: Path) -> list[dict]:
    files = [folder / f"{one}.jsonl" for one in ("verified", "unjudged")]
    return [
        json.loads(line) for one in files if one.exists() for line in one.read_text().splitlines()
    ]
