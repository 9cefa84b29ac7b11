"""SyGra's library in Python: a workflow by calls runs as the task that it is."""

import json

import pytest
import yaml

from sygra_eval.sygra import Workflow, create_graph
from sygra_eval.testing.endpoint import ScriptedEndpoint
from sygra_eval.values import UsageError

ROWS = [{"id": "a", "question": "one"}, {"id": "b", "question": "two"}]


def shout(node_config, state):
    """Add what was said, louder."""
    return {"loud": state["said"].upper() + node_config.get("mark", "!")}


def goes(state):
    """Say where to go by the length of the question."""
    return "END" if state["question"] == "one" else "more"


@pytest.fixture
def endpoint():
    with ScriptedEndpoint.in_a_thread() as scripted:
        scripted.answers_with(lambda body: f"<{body['messages'][-1]['content']}>")
        yield scripted


@pytest.fixture
def work(tmp_path, monkeypatch, endpoint):
    """Stand in a folder where the model `m` is that server."""
    model = {"model_type": "openai", "model": "x", "url": endpoint.base_url, "parameters": {}}
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"m": model, "n": model}))
    monkeypatch.setenv("SYGRA_CUSTOM_MODELS_PATH", str(tmp_path / "models.yaml"))
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_rows_go_through_a_model_to_the_sink_and_come_back(work, endpoint):
    flow = (
        Workflow("shouting")
        .source(ROWS)
        .llm("m", "say {question}", output="said", temperature=0.25)
        .lambda_func(shout, output="loud")
        .output_field("id", from_key="id")
        .output_field("loud", from_key="loud")
        .output_metadata({"lang": "en"})
        .sink(work / "out.json")
    )

    rows = flow.run(num_records=2, output_dir=work / "runs", batch_size=5)

    assert rows == [
        {"id": "a", "loud": "<SAY ONE>!", "lang": "en"},
        {"id": "b", "loud": "<SAY TWO>!", "lang": "en"},
    ]
    assert json.loads((work / "out.json").read_text()) == rows
    assert [body["temperature"] for body in endpoint.requests] == [0.25, 0.25]
    assert len(list((work / "runs").glob("*/*/report.json"))) == 1


def test_the_first_example_of_the_docs_gives_rows_with_the_talk(work):
    """P4: in SyGra it returns None."""
    rows = Workflow().source(ROWS[:1]).llm("m", "{question}").run(output_dir=work / "runs")

    (row,) = rows
    assert row["messages"] == [{"role": "assistant", "content": "<one>"}]


def test_edges_that_are_said_take_the_place_of_the_line(work, endpoint):
    node = {"node_type": "llm", "model": {"name": "m"}, "output_keys": "text"}
    flow = (
        create_graph("ways")
        .source({"data": ROWS})
        .add_node("first", {**node, "prompt": [{"user": "first {question}"}]})
        .add_node("more", {**node, "prompt": [{"user": "more {text}"}]})
        .add_edge("START", "first")
        .add_conditional_edge("first", goes, {"END": "END", "more": "more"})
        .add_edge("more", "END")
        .preserve_fields("id", "text")
    )

    rows = flow.run(output_dir=work / "runs")

    assert [row["text"] for row in rows] == ["<first one>", "<more <first two>>"]
    assert len(endpoint.requests) == 3


def test_a_task_that_exists_is_overridden_for_this_workflow_alone(work, endpoint):
    folder = work / "tasks" / "said"
    folder.mkdir(parents=True)
    (folder / "rows.json").write_text(json.dumps(ROWS))
    node = {"node_type": "llm", "model": {"name": "m"}, "prompt": [{"user": "{question}"}]}
    config = {
        "data_config": {"source": {"type": "disk", "file_path": "tasks/said/rows.json"}},
        "graph_config": {
            "nodes": {"say": {**node, "output_keys": "text"}},
            "edges": [{"from": "START", "to": "say"}, {"from": "say", "to": "END"}],
        },
        "output_config": {"output_map": {"text": {"from": "text"}}},
    }
    path = folder / "graph_config.yaml"
    path.write_text(yaml.safe_dump(config))

    plain = Workflow("tasks/said").run(num_records=1, output_dir=work / "runs")
    changed = (
        Workflow("tasks/said")
        .override("graph_config.nodes.say.prompt.0.user", "again {question}")
        .override_model("say", "n", max_tokens=7)
        .run(num_records=1, output_dir=work / "runs")
    )

    assert (plain, changed) == ([{"text": "<one>"}], [{"text": "<again one>"}])
    assert endpoint.requests[-1]["max_tokens"] == 7
    assert yaml.safe_load(path.read_text()) == config


def test_rows_begin_where_the_program_says(work):
    rows = Workflow().source(ROWS).llm("m", "{question}", output="x").preserve_fields("id")

    assert [row["id"] for row in rows.run(start_index=1, output_dir=work / "runs")] == ["b"]


async def test_it_runs_inside_an_event_loop_as_in_a_notebook(work):
    flow = Workflow().source(ROWS[:1]).llm("m", "{question}", output="x").preserve_fields("x")

    assert flow.run(output_dir=work / "runs") == [{"x": "<one>"}]


def test_what_has_no_dotted_path_and_what_is_no_path_are_told(work):
    with pytest.raises(UsageError, match="write it at the top of a module"):
        Workflow().lambda_func(lambda config, state: {})
    with pytest.raises(UsageError, match=r"`graph_config\.nodes\.x\.y` is no path"):
        Workflow().override("graph_config.nodes.x.y", 1)
    with pytest.raises(UsageError, match="there is no node `x`"):
        Workflow().override_prompt("x", "user", "y")
    with pytest.raises(UsageError, match="`run` takes no `rows`"):
        Workflow().source(ROWS).llm("m", "x").run(rows=1)


def test_a_configuration_that_is_wrong_is_told_with_its_line(work):
    with pytest.raises(UsageError) as told:
        Workflow().source(ROWS).llm("unknown-model", "{question}").run()

    assert "unknown-model" in str(told.value.diagnostics[0])
