"""Tasks of SyGra as suites of ours: what is known becomes declarative, and what changed is said."""

import json

import pytest
import yaml

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.sygra.migrating import migrated
from sygra_eval.values import UsageError
from tests.sygra.test_loop_of_two_models import EDGES, NODES, OUTPUT, PYTHON, critic


@pytest.fixture
def moved(project):
    """Return a function that migrates a task to a file of its own, and what it said."""

    def move(task, text=None):
        made = migrated(task, project.root, project.environ)
        path = project.root / "migrated.yaml"
        path.write_text(made.text)
        return path, yaml.safe_load(made.text), made.changes

    return move


async def test_the_loop_of_two_models_becomes_declarative_and_asks_the_same_at_first(
    project, moved, endpoint, monkeypatch
):
    path, suite, changes = moved(critic(project))

    (node,) = suite["graph_config"]["nodes"].values()
    assert node["node_type"] == "critique_loop"
    assert (node["max_rounds"], node["until"]) == (5, {"sentinel": "NO MORE FEEDBACK"})
    assert "class" not in path.read_text()
    assert "lambda" not in path.read_text()
    assert any("wherever the phrase stood inside other words" in one for one in changes)
    endpoint.will_answer("one", "Mend it.", "two", "NO MORE FEEDBACK")
    summary = await run_suite(path, RunOptions(out=project.root / "reports"))
    (row,) = map(json.loads, (summary.folder / "unjudged.jsonl").read_text().splitlines())
    assert (row["answer"], row["rounds"], row["stop_reason"]) == ("two", 2, "sentinel")
    asked = [[one["content"] for one in body["messages"]] for body in endpoint.requests]
    assert asked[0] == ["You write.", "one"]
    assert asked[1][1:] == ["one"]
    assert asked[2] == ["You write.", "one", "one", "Mend it."]


def test_a_condition_is_read_and_never_run(project, moved):
    python = "raise SystemExit('it was imported')\n" + PYTHON
    task = project.task("critic", NODES, EDGES, python=python, output_config=OUTPUT)

    _, suite, _ = moved(task)

    assert suite["graph_config"]["nodes"]["draft"]["node_type"] == "critique_loop"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (
            "len(messages) > 8 or (len(messages) > 1 and",
            "len(messages) > 3 or (len(messages) > 1 and",
        ),
        ('"no more feedback" in said', '"DONE" in said'),
    ],
)
def test_rounds_and_phrase_are_those_of_the_condition(project, moved, was, becomes):
    assert was in PYTHON
    python = PYTHON.replace(was, becomes)
    task = project.task("critic", NODES, EDGES, python=python, output_config=OUTPUT)

    _, suite, _ = moved(task)

    loop = suite["graph_config"]["nodes"]["draft"]
    expected = (2, "NO MORE FEEDBACK") if "> 3" in becomes else (5, "DONE")
    assert (loop["max_rounds"], loop["until"]["sentinel"]) == expected


@pytest.mark.parametrize(
    "broken",
    [
        'return constants.SYGRA_END if state["score"] > 3 else "draft"',
        'return "draft" if "a" in state["x"] or "b" in state["x"] else constants.SYGRA_END',
    ],
)
def test_a_condition_of_another_kind_stays_python(project, moved, broken):
    start = PYTHON.index('        messages = state["messages"]\n        said')
    end = PYTHON.index("\n\nclass Output")
    python = PYTHON[:start] + f"        {broken}\n" + PYTHON[end:]
    task = project.task("critic", NODES, EDGES, python=python, output_config=OUTPUT)

    path, _suite, changes = moved(task)

    assert "tasks.ours.critic.task_executor.Goes" in path.read_text()
    assert any("stays one node whose Python is the task's own" in one for one in changes)


def test_nodes_without_python_become_ours_and_a_column_with_our_name_is_renamed(
    project, moved, llm
):
    nodes = {
        "pick": {"node_type": "weighted_sampler", "attributes": {"tone": {"values": ["a", "b"]}}},
        "one": llm("{tone} {answer} {{x}}", output_keys="first"),
        "two": llm("{first}", output_keys="second"),
    }
    task = project.task("plain", nodes, rows=[{"id": "a", "answer": "x", "question": "q"}])

    _path, suite, changes = moved(task)

    graph = suite["graph_config"]
    assert [one["node_type"] for one in graph["nodes"].values()] == [
        "weighted_sampler",
        "llm",
        "llm",
    ]
    assert graph["nodes"]["one"]["prompt"] == [{"user": "{tone} {input_answer} {{x}}"}]
    assert suite["data_config"]["source"]["rename"] == {"answer": "input_answer"}
    assert any("`answer` is called `input_answer`" in one for one in changes)


async def test_a_side_files_validators_go_along_and_grant_the_stop(project, moved, endpoint):
    task = critic(project)
    side = {
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
        "quality": {"validators": [{"use": "regex", "pattern": "two", "required": True}]},
    }
    (task.folder / "sygra_eval.yaml").write_text(json.dumps(side))

    path, suite, _changes = moved(task)

    (node,) = suite["graph_config"]["nodes"].values()
    assert node["until"]["accepted_by"] == ["regex"]
    endpoint.will_answer("one", "NO MORE FEEDBACK", "two", "NO MORE FEEDBACK")
    summary = await run_suite(path, RunOptions(out=project.root / "reports"))
    assert summary.counts["verified"] == 1
    assert len(endpoint.requests) == 4  # the first stop was asked for, and not granted


def test_a_task_without_a_graph_is_told(project):
    task = project.task("none", {}, [], text="data_config: {}\n")

    with pytest.raises(UsageError, match="`graph_config` with its `nodes` is missing"):
        migrated(task, project.root, project.environ)


AROUND = {
    "graph_post_process": [{"processor": "tasks.ours.plain.task_executor.Dedup", "params": {}}],
    "schema_config": {
        "fields": [
            {"name": "first", "type": "str"},
            {"name": "n", "type": "int", "is_greater_than": 3},
        ]
    },
    "output_config": {
        "generator": "tasks.ours.plain.task_executor.Rows",
        "data_quality": {"tasks": [{"name": "language_tagging"}]},
        "oasst_mapper": {"required": "yes", "type": "sft"},
    },
}


def test_what_stands_around_the_nodes_is_carried_or_named(project, moved, llm):
    sections = json.loads(json.dumps(AROUND))
    rows = [{"id": "a", "question": "q", "n": 4}]
    task = project.task("plain", {"one": llm(output_keys="first")}, rows=rows, **sections)
    text = task.path.read_text()
    sink = "  sink: {type: json, file_path: out.json}\n  source:"
    task.path.write_text(text.replace("  source:", sink, 1))

    _, suite, changes = moved(task)

    told = "\n".join(changes)
    fields = [{"name": "first", "type": "str"}, {"name": "n", "type": "int"}]
    assert suite["schema_config"] == {"fields": fields}
    for name in (
        "`graph_post_process`: `tasks.ours.plain.task_executor.Dedup`",
        "`schema_config`: the rule of `n`",
        "`output_config.generator`: `tasks.ours.plain.task_executor.Rows`",
        "`output_config.data_quality`",
        "`output_config.oasst_mapper`",
        "`data_config.sink`",
    ):
        assert name in told, told


@pytest.mark.parametrize(
    "facts",
    [
        {"output_type": "image"},
        {"input_type": "audio"},
        {"structured_output": {"schema": {"fields": {"a": {"type": "str"}}}}},
        {"special_tokens": ["<end>"]},
    ],
)
def test_a_model_that_does_more_than_talk_is_not_made_one_that_talks(
    facts, project, moved, endpoint, llm
):
    entry = {"model_type": "openai", "url": endpoint.base_url, "parameters": {}, **facts}
    project.models(endpoint, other=entry)
    task = project.task("plain", {"one": llm(model={"name": "other"}, output_keys="first")})

    _, suite, _changes = moved(task)

    (node,) = suite["graph_config"]["nodes"].values()
    assert node["node_type"] == "sygra_task"


def test_a_task_is_migrated_before_its_models_have_an_address(project, moved, llm):
    python = "def up(state):\n    return {'second': state['first'].upper()}\n"
    nodes = {
        "one": llm(model={"name": "gpt-4o"}, output_keys="first"),
        "two": {
            "node_type": "lambda",
            "lambda": "tasks.ours.up.task_executor.up",
            "output_keys": "second",
        },
    }
    task = project.task("up", nodes, python=python)

    _, suite, changes = moved(task)

    (model,) = suite["models"].values()
    assert model["model"] == "gpt-4o"
    assert any("`gpt-4o` has no address yet" in one for one in changes)


def test_a_key_is_named_and_never_written(project, moved, endpoint, llm):
    entry = {"model_type": "openai", "url": endpoint.base_url, "parameters": {}}
    project.models(endpoint, other={**entry, "auth_token": "sk-secret"})
    task = project.task("plain", {"one": llm(model={"name": "other"}, output_keys="first")})

    path, _suite, changes = moved(task)

    assert "sk-secret" not in path.read_text()
    assert any("SYGRA_OTHER_TOKEN" in one for one in changes)
