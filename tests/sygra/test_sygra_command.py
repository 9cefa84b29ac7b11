"""`sygra-eval sygra run`: SyGra's options, and its file of rows."""

import json

import pytest
from click.testing import CliRunner

from sygra_eval.cli.sygra import command
from sygra_eval.testing.endpoint import ScriptedEndpoint
from sygra_eval.testing.replies import status
from sygra_eval.values import UsageError

ROWS = [{"id": f"r{number}", "question": str(number)} for number in range(12)]
OUTPUT = {"output_map": {"id": {"from": "id"}, "text": {"from": "text"}}}


@pytest.fixture
def endpoint():
    """Answer from a thread, as the command has its own loop."""
    with ScriptedEndpoint.in_a_thread() as scripted:
        scripted.answers_with(lambda body: f"<{body['messages'][-1]['content']}>")
        yield scripted


@pytest.fixture
def sygra(project, llm, monkeypatch):
    """Return a function that runs the command on a task of twelve rows."""
    monkeypatch.chdir(project.root)
    for name, value in project.environ.items():
        monkeypatch.setenv(name, value)
    project.task("twelve", {"say": llm(output_keys="text")}, rows=ROWS, output_config=OUTPUT)

    def run(*options, task="ours.twelve"):
        given = ["run", "--task", task, "--output_with_ts", "False", *map(str, options)]
        return CliRunner().invoke(command, given, standalone_mode=False)

    return run


def rows_in(path):
    return json.loads(path.read_text())


def test_ten_rows_run_and_lie_in_the_tasks_folder(sygra, project):
    ran = sygra()

    assert ran.return_value == 0, ran.output
    folder = project.root / "tasks/ours/twelve"
    assert [row["id"] for row in rows_in(folder / "output.json")] == [f"r{n}" for n in range(10)]
    assert (folder / "output.metadata.json").exists()


def test_0_are_all_and_names_and_folders_are_as_there(sygra, project):
    ran = sygra("-n", 0, "-rn", "mine", "-od", "out", "-b", 3, "-dm", "True", "-ci", 3)

    assert ran.return_value == 0
    assert len(rows_in(project.root / "out/mine_output.json")) == 12
    assert not (project.root / "out/mine_output.metadata.json").exists()
    assert "every finished row is durable at once" in ran.output


def test_a_start_index_counts_what_remains(sygra, project):
    """P3: SyGra flushes nothing here."""
    sygra("-si", 9, "-n", 10, "-od", "out")

    rows = rows_in(project.root / "out/output.json")
    assert rows == [{"id": f"r{n}", "text": f"<{n}>"} for n in (9, 10, 11)]


def test_resume_goes_on_with_what_failed_and_asks_nothing_twice(sygra, project, endpoint):
    def breaks_once(body):
        said = body["messages"][-1]["content"]
        return status(400, {"error": {"message": "no"}}) if said == "3" else f"<{said}>"

    endpoint.answers_with(breaks_once)
    first = sygra("-n", 5, "-od", "out")
    assert first.return_value == 7
    asked = len(endpoint.requests)
    endpoint.answers_with(lambda body: f"<{body['messages'][-1]['content']}>")

    again = sygra("-n", 5, "-od", "out", "--resume", "True")

    assert again.return_value == 0
    assert [row["id"] for row in rows_in(project.root / "out/output.json")] == [
        f"r{n}" for n in range(5)
    ]
    assert len(endpoint.requests) == asked + 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-d", "yes"), "neither True nor False"),
        (("-rn", "../up"), "is no name of a file"),
        (("-ra", "{"), "is no JSON"),
    ],
)
def test_what_is_wrong_is_told_before_a_model_is_asked(sygra, endpoint, options, told):
    ran = sygra(*options)

    assert isinstance(ran.exception, UsageError) or ran.exit_code
    assert told in str(ran.exception)
    assert endpoint.requests == []


def test_a_task_that_is_not_there_is_told(sygra):
    assert "is no task of SyGra" in str(sygra(task="ours.nothing").exception)
