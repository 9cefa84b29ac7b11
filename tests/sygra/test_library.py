"""SyGra's library: what a program puts together becomes a task that our engine runs."""

import asyncio
import csv
import importlib
import json
from functools import partial

import pytest
import yaml

from sygra_eval import sygra
from sygra_eval.sygra import Workflow, create_graph, end_all
from sygra_eval.sygra.given import GIVEN
from sygra_eval.testing.endpoint import ScriptedEndpoint

ROWS = [{"id": "a", "q": "x"}, {"id": "b", "q": "y"}]


@pytest.fixture
def server():
    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.answers_with(lambda body: f"re: {body['messages'][-1]['content']}")
        yield endpoint


@pytest.fixture
def here(tmp_path, monkeypatch, server):
    """A folder to run in, with two models; nobody has trusted anything in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    entry = {"model_type": "openai", "model": "m", "url": server.base_url, "parameters": {}}
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({"author": entry, "critic": entry}))
    monkeypatch.setenv("SYGRA_CUSTOM_MODELS_PATH", "models.yaml")
    yield tmp_path
    end_all()
    GIVEN.clear()


def test_the_first_example_of_the_documentation_gives_rows(here):
    """P4: there it gives None, and a broken file."""
    workflow = Workflow("first").source(ROWS).llm("author", "{q}")

    rows = workflow.run()

    assert [row["messages"] for row in rows] == [
        [{"role": "assistant", "content": "re: x"}],
        [{"role": "assistant", "content": "re: y"}],
    ]
    assert workflow.summary.folder.parent.name == "first"
    assert (workflow.summary.folder / "report.json").is_file()


def test_functions_of_the_program_are_called_with_node_and_state_or_state_alone(here):
    def loud(state):
        return state["said"].upper()

    flow = Workflow("calls").source(ROWS).llm("author", "{q}", output="said")
    flow.lambda_func(loud, output="up").lambda_func(lambda node, state: {"n": len(state["up"])})
    flow.add_node("llm_1", {**flow.config["graph_config"]["nodes"]["llm_1"]})

    rows = flow.preserve_fields("q").output_field("loud", "up").output_metadata({"v": 1}).run()

    assert rows == [{"q": "x", "loud": "RE: X", "v": 1}, {"q": "y", "loud": "RE: Y", "v": 1}]


def test_words_of_a_node_are_no_parameters_of_the_request(here, server):
    """SyGra sends them along."""
    server.answers_with(lambda body: '{"n": 3}')
    schema = sygra.create_structured_schema({"n": "int"}, "N")
    flow = Workflow("words").source([{"q": "x"}])
    flow.llm(
        "author", "{q}", output="o", temperature=0.3, chat_history=True, structured_output=schema
    )

    (row,) = flow.run()

    (asked,) = server.requests
    assert asked["temperature"] == 0.3
    assert asked["response_format"]["json_schema"]["schema"]["properties"]["n"]
    assert not {"chat_history", "structured_output"} & asked.keys()
    assert json.loads(row["o"]) == {"n": 3}
    assert [turn["response"] for turn in row["__chat_history__"]] == ['{"n": 3}']


def test_nodes_are_built_word_by_word_and_edges_by_a_condition(here, server):
    replies = iter(["draft", "better", "best"])
    server.answers_with(lambda body: next(replies))
    graph = create_graph("loop").source([{"q": "x"}])
    writer = graph.add_llm_node("write", "author").user_prompt("{q}").system_prompt("Be short.")
    writer.temperature(0.5).max_tokens(9).output_keys("text")
    graph.add_lambda_node("count", lambda node, state: {"n": state.get("n", 0) + 1}).output_keys(
        "n"
    )
    graph.add_edge("START", "write").add_edge("write", "count")
    graph.add_conditional_edge(
        "count",
        lambda state: "END" if state["n"] == 3 else "again",
        {"END": "END", "again": "write"},
    )

    (row,) = graph.output_field("text", "text").output_field("n", "n").run()

    assert row == {"text": "best", "n": 3}
    assert server.requests[0]["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "x"},
    ]
    assert (server.requests[0]["temperature"], server.requests[0]["max_tokens"]) == (0.5, 9)


def test_several_models_an_agent_a_sampler_and_a_recipe_each_have_their_method(here, server):
    flow = Workflow("many").source(ROWS).multi_llm({"a": "author", "b": "critic"}, "{q}")
    flow.override("graph_config.nodes.multi_llm_1.output_keys", "both")
    flow.weighted_sampler({"tone": {"values": ["calm"], "weights": [1]}})
    flow.agent("author", [shout], "Say {tone}.", chat_history=True)

    rows = flow.output_field("both", "both").output_field("tone", "tone").run(num_records=1)

    assert rows == [{"both": [{"a": "re: x", "b": "re: x"}], "tone": "calm"}]
    offered = server.requests[-1]["tools"][0]["function"]
    assert (offered["name"], offered["description"]) == ("shout", "Say it louder.")


def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


def test_sinks_are_files_by_their_suffix_and_the_output_lies_in_its_folder(here):
    flow = Workflow("out").source(ROWS).llm("author", "{q}", output="said").sink("rows.csv")

    flow.preserve_fields("q").output_field("said", "said").run(output_dir="out", run_name="r1")

    with open("rows.csv", newline="") as file:  # noqa: PTH123
        assert list(csv.reader(file)) == [["q", "said"], ["x", "re: x"], ["y", "re: y"]]
    assert len(json.loads((here / "out" / "r1_output.json").read_text())) == 2


def test_rows_are_left_out_at_the_beginning_and_counted_then(here):
    """P3."""
    rows = [{"q": str(n)} for n in range(5)]
    flow = Workflow("some").source(rows).llm("author", "{q}", output="o").preserve_fields("q")

    assert [row["q"] for row in flow.run(num_records=2, start_index=3)] == ["3", "4"]
    assert [row["q"] for row in flow.run(start_index=4)] == ["4"]


def test_a_run_that_ended_is_gone_on_with_and_asks_nothing_again(here, server):
    flow = Workflow("again").source(ROWS).llm("author", "{q}", output="o").resumable()

    first, second = flow.run(), flow.run()

    assert first == second
    assert len(server.requests) == 2


def test_transformations_of_a_workflow_are_kept(here):
    """SyGra takes them away."""
    here_is = "sygra.processors.data_transform.AddNewFieldTransform"
    transform = sygra.create_transformation_config(here_is, mapping={"tone": "calm"})
    flow = Workflow("changed").source(ROWS).transformations([transform]).source(ROWS)

    rows = flow.llm("author", "{tone} {q}", output="o").output_field("o", "o").run()

    assert [row["o"] for row in rows] == ["re: calm x", "re: calm y"]


@pytest.mark.parametrize(
    ("made", "error", "told"),
    [
        (lambda: Workflow("empty").run(), "ConfigurationError", "the workflow has no node"),
        (
            lambda: Workflow("alias").source(ROWS).llm("nobody", "{q}").run(),
            "ConfigurationError",
            "no alias of SyGra is called `nobody`",
        ),
        (
            lambda: Workflow("data").source([{"q": {1}}]).llm("author", "{q}").run(),
            "DataError",
            "the rows are no JSON",
        ),
        (lambda: Workflow("x").source(3), "DataError", "int is no source"),
        (
            lambda: Workflow("all").source(ROWS).llm("author", "{nothing}").run(),
            "ExecutionError",
            "all 2 records failed",
        ),
        (
            lambda: Workflow("word").source(ROWS).llm("author", "{q}").run(recods=1),
            "ConfigurationError",
            "recods: no such word",
        ),
        (
            lambda: Workflow("f").lambda_func(lambda node, state: None).save_config("f.yaml"),
            "ConfigurationError",
            "stands in the running program",
        ),
        (
            lambda: Workflow("m").llm({"parameters": {}}, "{q}"),
            "ValidationError",
            "a model needs its `name`",
        ),
        (lambda: sygra.execute_task("nowhere"), "ConfigurationError", "`nowhere` is no task"),
    ],
)
def test_what_cannot_be_run_raises_and_says_why(here, made, error, told):
    with pytest.raises(sygra.GraSPError, match=told) as raised:
        made()

    assert type(raised.value).__name__ == error


@pytest.fixture
def task(here):
    folder = here / "tasks" / "ours" / "said"
    folder.mkdir(parents=True)
    (folder / "rows.json").write_text(json.dumps(ROWS))
    (folder / "task_executor.py").write_text(
        "def loud(config, state):\n    return {'up': state['said'].upper()}\n"
    )
    node = {"node_type": "llm", "model": {"name": "author"}, "prompt": [{"user": "{q}"}]}
    loud = {"node_type": "lambda", "lambda": "tasks.ours.said.task_executor.loud"}
    document = {
        "data_config": {"source": {"type": "disk", "file_path": "tasks/ours/said/rows.json"}},
        "graph_config": {
            "nodes": {
                "say": {**node, "output_keys": "said"},
                "loud": {**loud, "output_keys": "up"},
            },
            "edges": [
                {"from": "START", "to": "say"},
                {"from": "say", "to": "loud"},
                {"from": "loud", "to": "END"},
            ],
        },
        "output_config": {"output_map": {"up": {"from": "up"}}},
    }
    (folder / "graph_config.yaml").write_text(yaml.safe_dump(document))
    return folder


def test_a_task_folder_is_run_and_changed_once_it_is_trusted(here, task):
    with pytest.raises(sygra.ConfigurationError, match="not trusted yet"):
        Workflow("tasks/ours/said").run()

    rows = sygra.execute_task("tasks.ours.said", trust=True)
    flow = Workflow("tasks/ours/said").override_prompt("say", "user", "Now: {q}")
    changed = flow.override_model("say", "critic", temperature=0.1).run(num_records=1, trust=True)

    assert rows == [{"up": "RE: X"}, {"up": "RE: Y"}]
    assert json.loads((task / "output.json").read_text()) == changed == [{"up": "RE: NOW: X"}]
    assert yaml.safe_load((task / "graph_config.yaml").read_text()) != flow.config


def test_what_is_saved_is_a_task_that_runs_the_same(here):
    flow = Workflow("saved").source("rows.json").llm("author", "{q}", output="o")
    (here / "rows.json").write_text(json.dumps(ROWS))
    (here / "tasks" / "saved").mkdir(parents=True)

    flow.output_field("o", "o").save_config(here / "tasks" / "saved" / "graph_config.yaml")

    assert sygra.execute_task("tasks.saved", trust=True) == flow.run()
    again = sygra.ConfigLoader().load_and_create("tasks/saved/graph_config.yaml")
    assert again.config == flow.config


def test_small_workflows_and_what_there_is(here):
    flow = sygra.quick_llm("author", "{q}", ROWS, output="quick.jsonl")

    assert len(flow.run()) == 2
    assert len((here / "quick.jsonl").read_text().splitlines()) == 2
    assert sygra.quick_multi_llm({"a": "author"}, "{q}", ROWS).run()[0]["messages"]
    assert {"author", "gpt-4o"} <= set(sygra.list_available_models())
    assert sygra.get_model_info("author")["model"] == "m"
    assert "error" in sygra.get_model_info("nobody")
    assert all(sygra.validate_environment().values())


@pytest.mark.parametrize("name", sorted(sygra.LIBRARY))
def test_every_name_of_the_library_is_there(name):
    assert getattr(sygra, name) is getattr(importlib.import_module("sygra_eval.sygra.shim"), name)


def test_rows_that_fail_keep_nobody_from_those_that_did_not(here, caplog):
    flow = Workflow("some").source([{"id": "a", "q": "x", "n": 1}, {"id": "b", "q": "y", "n": 0}])

    rows = flow.lambda_func(lambda state: 1 / state["n"], output="o").preserve_fields("id").run()

    assert rows == [{"id": "a"}]
    assert "1 of 2 records failed" in caplog.text


class Adder:
    """An object that can be called; two of them are two functions."""

    def __init__(self, by):
        self.by = by

    def __call__(self, state):
        return {"n": state.get("n", 0) + self.by}


def test_two_objects_of_one_class_and_two_partials_are_told_apart(here):
    flow = Workflow("adds").source([{"q": "x"}])
    for function in (Adder(1), Adder(20), partial(more, 300), partial(more, 4000)):
        flow.lambda_func(function, output="n")

    assert flow.output_field("n", "n").run() == [{"n": 4321}]
    with pytest.raises(sygra.ConfigurationError, match="stands in the running program"):
        flow.save_config("f.yaml")


def more(by, state):
    return {"n": state["n"] + by}


async def test_workflows_run_where_a_loop_runs_and_from_several_threads(here):
    def run(name):
        flow = Workflow(name).source([{"q": name}]).llm("author", "{q}", output="o")
        return flow.lambda_func(lambda state: state["o"] + "!", output="o").run()[0]["o"]

    assert run("a") == "re: a!"
    assert await asyncio.gather(*(asyncio.to_thread(run, name) for name in "bc")) == [
        "re: b!",
        "re: c!",
    ]


def test_a_sink_that_cannot_be_written_leaves_the_rows_and_says_where(here):
    (here / "file").write_text("")
    flow = Workflow("sunk").source(ROWS).llm("author", "{q}", output="o").sink("file/o.json")

    with pytest.raises(sygra.ExecutionError, match=r"the sink file/o\.json"):
        flow.run(output_dir="out")

    assert len(json.loads((here / "out" / "output.json").read_text())) == 2
    with pytest.raises(sygra.ConfigurationError, match="counted from 0"):
        flow.run(start_index=-1)


def test_a_quality_config_is_run_in_the_place_of_the_graph_where_it_alone_is_meant(here, caplog):
    flow = Workflow("judged").source(ROWS).llm("author", "{q}", output="said")
    node = {"node_type": "llm", "model": {"name": "critic"}, "output_keys": "mark"}
    other = {
        **flow.config,
        "graph_config": {
            "nodes": {"judge": {**node, "prompt": [{"user": "how good is {q}?"}]}},
            "edges": [{"from": "START", "to": "judge"}, {"from": "judge", "to": "END"}],
        },
    }

    alone = flow.run(quality_only=True, quality_config=other)
    both = flow.run(quality_config=other)

    assert [row["mark"] for row in alone] == ["re: how good is x?", "re: how good is y?"]
    assert [row["said"] for row in both] == ["re: x", "re: y"]
    assert "`quality_config` is run with `quality_only=True` alone" in caplog.text


def test_the_python_of_a_task_has_the_library_and_cannot_run_another_task_inside(here):
    folder = here / "tasks" / "inner"
    folder.mkdir(parents=True)
    (folder / "task_executor.py").write_text(
        "import sygra\n"
        "from sygra import Workflow, create_graph\n"
        "from sygra.data import DataSource\n"
        "def f(config, state):\n"
        "    made = Workflow('w').source([{'id': '1', 'q': 'z'}]).llm('author', '{q}')\n"
        "    if state['q'] == 'x':\n"
        "        made.run()\n"
        "    return {'name': made.name, 'same': sygra.Workflow is Workflow}\n"
    )
    node = {"node_type": "lambda", "lambda": "tasks.inner.task_executor.f"}
    (folder / "graph_config.yaml").write_text(
        yaml.safe_dump(
            {
                "data_config": {"source": {"type": "disk", "file_path": "rows.json"}},
                "graph_config": {
                    "nodes": {"f": {**node, "output_keys": ["name", "same"]}},
                    "edges": [{"from": "START", "to": "f"}, {"from": "f", "to": "END"}],
                },
            }
        )
    )
    (here / "rows.json").write_text(json.dumps(ROWS))
    flow = Workflow("tasks/inner")

    (row,) = flow.run(trust=True)

    assert (row["q"], row["name"], row["same"]) == ("y", "w", True)
    (failed,) = (flow.summary.folder / "failed.jsonl").read_text().splitlines()
    assert "inside the Python of a task no other task can be run" in failed


def test_a_sources_transforms_and_shard_are_given_as_in_sygra():
    """A mapping of parameters is the second argument there, and words work besides."""
    one = sygra.DataSource.disk("a.json").add_transformation("t.One", {"n": 1}, m=2).to_config()
    two = sygra.from_file("a.json", [{"transform": "t.One", "params": {"n": 1}}], {"index": [0]})

    assert one["transformations"] == [{"transform": "t.One", "params": {"n": 1, "m": 2}}]
    assert two["transformations"] == [{"transform": "t.One", "params": {"n": 1}}]
    assert two["shard"] == {"regex": "*", "index": [0]}
