"""A task is named on the command line as a suite is, and its rows are written as SyGra does."""

import json

import pytest

from sygra_eval.cli import main

PYTHON = """
from sygra.core.graph.functions.node_processor import NodePostProcessor

class Loud(NodePostProcessor):
    def apply(self, resp):
        return {"said": resp.message.content.upper()}
"""


@pytest.fixture
def command(project, capsys, monkeypatch):
    """Return a function that runs a command in the project; an untrusted one, at first."""
    monkeypatch.chdir(project.root)
    monkeypatch.delenv("SYGRA_EVAL_TRUST")

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(list(words))
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def served(project, monkeypatch):
    """A task whose model answers from a thread: the command has a loop of its own."""
    from sygra_eval.testing.endpoint import ScriptedEndpoint

    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.answers_with(lambda body: "hi")
        project.models(endpoint)
        path = project.environ["SYGRA_CUSTOM_MODELS_PATH"]
        monkeypatch.setenv("SYGRA_CUSTOM_MODELS_PATH", path)
        node = {
            "node_type": "llm",
            "model": {"name": "author"},
            "prompt": [{"user": "{question}"}],
            "post_process": "tasks.ours.loud.task_executor.Loud",
            "output_keys": "said",
        }
        project.task(
            "loud",
            {"say": node},
            python=PYTHON,
            output_config={"output_map": {"id": {"from": "id"}, "said": {"from": "said"}}},
            data_config={"sink": {"type": "json", "file_path": "x.json"}},
        )
        yield endpoint


def test_a_task_runs_by_its_dotted_name_once_it_is_trusted(command, served, project):
    words = ("run", "tasks.ours.loud", "--json", "--sygra-output", "out/rows.jsonl")
    refused, *_ = command(*words)
    code, out, err = command(*words, "--trust")
    again, *_ = command(*words)

    assert (refused, code, again) == (4, 0, 0)
    line = json.loads(out.splitlines()[-1])
    assert (line["rows"], line["unjudged"]) == (1, 1)
    assert (project.root / "out" / "rows.jsonl").read_text() == '{"id": "a", "said": "HI"}\n'
    assert "rows.jsonl: 1 row as SyGra writes them" in err
    assert json.loads((project.root / "x.json").read_text()) == [{"id": "a", "said": "HI"}]
    code, out, _ = command("sygra", "rows", line["run"], "--to", "again.json")
    assert (code, json.loads((project.root / "again.json").read_text())[0]["said"]) == (0, "HI")


def test_check_says_whether_a_task_runs_and_what_it_needs(command, served, project, monkeypatch):
    code, out, _ = command("sygra", "check", "tasks/ours/loud", "--trust")
    assert (code, out.splitlines()[-1]) == (0, "tasks.ours.loud: runs")

    monkeypatch.delenv("SYGRA_CUSTOM_MODELS_PATH")
    code, out, _ = command("sygra", "check", "tasks/ours/loud", "--json")
    told = json.loads(out.splitlines()[-1])
    assert (code, told["runs"]) == (4, False)
    assert "no alias of SyGra is called `author`" in told["needs"][0]
    assert command("sygra", "check", "nowhere")[0] == 4
    assert command("check", "tasks/ours/loud")[0] == 4


def test_workers_settle_the_rows_of_a_task_too(command, served, project):
    task = project.root / "tasks" / "ours" / "loud"
    rows = [{"id": f"r{n}", "question": str(n)} for n in range(6)]
    (task / "rows.json").write_text(json.dumps(rows))

    code, _, err = command(
        "run", "tasks/ours/loud", "--trust", "--procs", "2", "-q", "--sygra-output", "rows.json"
    )

    written = json.loads((project.root / "rows.json").read_text())
    assert (code, [row["id"] for row in written]) == (0, [f"r{n}" for n in range(6)]), err


def test_a_post_processor_that_raises_leaves_the_rows_and_ends_with_7(command, served, project):
    task = project.root / "tasks" / "ours" / "loud"
    python = (
        PYTHON + "\nclass Bad:\n    def process(self, data, metadata):\n        raise KeyError(1)\n"
    )
    (task / "task_executor.py").write_text(python)
    with (task / "graph_config.yaml").open("a") as file:
        file.write("graph_post_process: [tasks.ours.loud.task_executor.Bad]\n")

    code, _, err = command("run", "tasks/ours/loud", "--trust", "-q", "--sygra-output", "o.json")

    assert (code, "KeyError: 1; the rows are in o.json" in err) == (7, True)
    assert (project.root / "o.json").is_file()
