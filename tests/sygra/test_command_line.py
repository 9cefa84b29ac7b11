"""A task is named on the command line as a suite is, and its rows are written as SyGra does."""

import json
from pathlib import Path

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
    told = json.loads((project.root / "out" / "rows.metadata.json").read_text())
    figures = told["aggregate_statistics"]
    assert figures["records"] == {"total_processed": 1, "total_failed": 0, "success_rate": 1.0}
    assert (figures["requests"]["total_requests"], figures["cost"]["total_cost_usd"]) == (1, None)
    assert told["nodes"]["say"]["total_executions"] == 1
    assert told["models"]["author"]["model_name"] == "scripted"
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


def test_a_migrated_task_with_python_runs_once_it_is_trusted(command, served, project):
    """The suite stands among the task's own files, whose every change asks again."""
    suite = "tasks/ours/loud/suite.yaml"
    written, *_ = command("sygra", "migrate", "ours.loud", "--trust", "--to", suite)
    at_once, *_ = command("check", suite)
    python = project.root / "tasks/ours/loud/task_executor.py"
    python.write_text(PYTHON + "# changed\n")

    changed, *_ = command("run", suite, "-q")
    code, out, err = command("run", suite, "--trust", "--json")

    assert (written, at_once, changed, code) == (0, 0, 4, 0), err
    assert json.loads(out.splitlines()[-1])["unjudged"] == 1


def test_a_migration_that_nobody_trusts_trusts_nothing(command, served, project):
    command("sygra", "migrate", "ours.loud", "--to", "tasks/ours/loud/suite.yaml")
    code, *_ = command("run", "tasks.ours.loud", "-q")

    assert code == 4


def test_a_post_processor_that_raises_leaves_the_rows_and_ends_with_7(command, served, project):
    task = project.root / "tasks" / "ours" / "loud"
    python = (
        PYTHON + "\nclass Bad:\n    def process(self, data, metadata):\n        raise KeyError(1)\n"
    )
    (task / "task_executor.py").write_text(python)
    with (task / "graph_config.yaml").open("a") as file:
        file.write("graph_post_process: [tasks.ours.loud.task_executor.Bad]\n")

    code, _, err = command("run", "tasks/ours/loud", "--trust", "-q", "--sygra-output", "o.json")

    assert code == 7
    assert "KeyError: 1 (task_executor.py:" in err
    assert "; the rows are in o.json" in err
    assert (project.root / "o.json").is_file()


def test_a_model_of_a_task_is_replaced_as_that_of_a_suite(command, served, project, monkeypatch):
    path = project.root / "models.yaml"
    monkeypatch.delenv("SYGRA_CUSTOM_MODELS_PATH")
    text = (project.root / "tasks/ours/loud/graph_config.yaml").read_text()
    (project.root / "tasks/ours/loud/graph_config.yaml").write_text(
        text.replace("name: author", "name: gpt-4o")
    )
    path.unlink()
    words = ("run", "ours.loud", "--trust", "-q", "--sygra-output", "o.json")

    needed, _, err = command(*words)
    code, *_ = command(*words, "--model", f"gpt-4o={served.base_url}#scripted")

    assert (needed, code) == (4, 0)
    assert "SYGRA_GPT_4O_URL" in err
    assert json.loads((project.root / "o.json").read_text())[0]["said"] == "HI"


def test_a_resume_finds_the_key_again_and_no_file_of_the_run_has_it(
    command, served, project, monkeypatch
):
    key = "key-of-mine-0123456789"
    served.requires_key = key
    project.models(
        served,
        author={
            "model_type": "openai",
            "url": served.base_url,
            "model": "scripted",
            "auth_token": key,
        },
    )
    flag = project.root / "is_mended"
    breaks = f"        if not __import__('os').path.exists({str(flag)!r}):\n            1 / 0\n"
    task = project.root / "tasks" / "ours" / "loud"
    python = PYTHON.replace("        return", f"{breaks}        return")
    (task / "task_executor.py").write_text(python)
    monkeypatch.setenv("SYGRA_AUTHOR_TOKEN", "")

    monkeypatch.delenv("SYGRA_AUTHOR_TOKEN")
    broken, out, _ = command("run", "ours.loud", "--trust", "--json")
    run = json.loads(out.splitlines()[-1])["run"]
    monkeypatch.delenv("SYGRA_AUTHOR_TOKEN")  # as in another process
    flag.touch()
    code, out, _ = command("resume", run, "--json")

    assert (broken, code, json.loads(out.splitlines()[-1])["unjudged"]) == (7, 0, 1)
    assert len(served.requests) == 1
    kept = [path for path in Path(run).iterdir() if path.is_file()]
    assert not [path.name for path in kept if key.encode() in path.read_bytes()]


def test_sygras_own_command_runs_a_task_by_its_own_options(command, served, project):
    """Ten rows are its default, and its files lie where it writes them."""
    task = project.root / "tasks" / "ours" / "loud"
    rows = [{"id": f"r{n}", "question": str(n)} for n in range(12)]
    (task / "rows.json").write_text(json.dumps(rows))
    words = ("sygra", "run", "--task", "ours.loud", "-owt", "False", "--trust")

    code, _, err = command(*words, "--batch_size", "2", "--checkpoint_interval", "4")
    assert code == 0, err
    assert [row["id"] for row in json.loads((task / "output.json").read_text())] == [
        f"r{n}" for n in range(10)
    ]
    about = json.loads((task / "output.metadata.json").read_text())
    assert about["execution"]["batch_size"] == 2
    assert about["aggregate_statistics"]["records"]["total_processed"] == 10

    more = ("-n", "0", "-si", "9", "-od", "out", "-rn", "late", "-dm", "True", "-ra", '{"a": 1}')
    code, _, err = command(*words, *more)
    written = sorted(path.name for path in (project.root / "out").iterdir())
    assert (code, written) == (0, ["late_output.json"])
    assert len(json.loads((project.root / "out" / "late_output.json").read_text())) == 3
    assert "--run_args is for a TaskExecutor" in err


def test_a_run_of_sygras_command_is_gone_on_with_when_asked(command, served, project):
    words = ("sygra", "run", "-t", "tasks/ours/loud", "--trust", "-owt", "False")
    first, *_ = command(*words)
    asked = len(served.requests)

    code, _, err = command(*words, "--resume", "True")

    assert (first, code, len(served.requests)) == (0, 0, asked)
    assert "goes on as it was begun" in err
    assert command(*words, "-d", "maybe")[0] == 4
    assert command(*words, "-rn", "a/b")[0] == 4
    assert command("sygra", "run", "-t", "nowhere")[0] == 4


def test_rows_become_messages_and_are_described_where_a_command_asks(command, served, project):
    task = project.root / "tasks" / "ours" / "loud"
    text = "This is the answer that we have been waiting for, and it is good."
    said = [{"role": "user", "content": "why?"}, {"role": "assistant", "content": text}]
    (task / "rows.json").write_text(json.dumps([{"id": "a", "question": "q", "talk": said}]))
    config = (task / "graph_config.yaml").read_text()
    (task / "graph_config.yaml").write_text(
        config.replace("output_map:", "output_map:\n    conversation: {from: talk}")
    )
    words = ("sygra", "run", "-t", "ours.loud", "--trust", "-owt", "False")

    code, _, err = command(*words, "--quality", "True")
    (row,) = json.loads((task / "output.json").read_text())
    again, *_ = command(*words, "--oasst", "True")
    messages = json.loads((task / "output.json").read_text())

    assert (code, again) == (0, 0), err
    about = row["quality_metadata"]
    assert about["languages"] == ["en"]
    assert about["data_characteristics"]["num_messages"] == 2
    assert about["ttr"] == pytest.approx(14 / 15)
    assert [one["parent_id"] for one in messages] == [None, messages[0]["message_id"]]
    assert {one["conversation_id"] for one in messages} == {"a"}


def test_rows_that_cannot_become_messages_fail_and_leave_no_half_of_a_file(
    command, served, project
):
    words = ("sygra", "run", "-t", "ours.loud", "--trust", "-owt", "False", "-od", "out")

    code, out, err = command(*words, "--oasst", "True")

    assert code == 7
    assert "needs `conversation`" in out + err
    assert not list((project.root / "out").glob("*.tmp"))
    written = [one for one in (project.root / "out").iterdir() if "metadata" not in one.name]
    assert [json.loads(one.read_text()) for one in written] == [[]]


PROGRAM = """
import sys
import sygra
from sygra.core.graph.functions.lambda_function import LambdaFunction

class Loud(LambdaFunction):
    @staticmethod
    def apply(node, state):
        return {"loud": state["said"].upper() + sys.argv[1]}

flow = sygra.Workflow("program").source([{"q": "x"}]).llm("author", "{q}", output="said")
rows = flow.lambda_func(Loud, output="loud").output_field("loud", "loud").run()
from sygra.utils.constants import SYGRA_END

with open("rows.txt", "w") as file:
    file.write(repr(rows) + SYGRA_END)
"""


def test_a_program_that_imports_sygra_runs_here(command, served, project):
    (project.root / "program.py").write_text(PROGRAM)

    code, _, err = command("sygra", "python", "program.py", "!")

    assert code == 0, err
    assert (project.root / "rows.txt").read_text() == "[{'loud': 'HI!'}]__end__"
    import sys

    assert "sygra" not in sys.modules
