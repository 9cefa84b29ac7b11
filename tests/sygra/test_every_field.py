"""Fields of SyGra's files that no other test here uses, each by what it does."""

import json

import pytest

from sygra_eval.sygra import Shim, post_processed, write_rows
from sygra_eval.testing.replies import completion
from sygra_eval.values import Severity

PLAIN = {"a": {"node_type": "connector"}}
TRANSFORMS = "sygra.processors.data_transform"


def messages_of(body):
    return [(one["role"], one["content"]) for one in body["messages"]]


async def rows_through(project, rows, *transforms):
    source = {"type": "disk", "file_path": "tasks/ours/moved/rows.json"}
    source["transformations"] = [
        {"transform": f"{TRANSFORMS}.{name}", "params": params} for name, params in transforms
    ]
    data = {"source": source}
    ran = await project.run(project.task("moved", PLAIN, rows=rows, data_config=data))
    return [{k: v for k, v in row.items() if k not in _ALWAYS} for row in ran.rows]


_ALWAYS = ("messages", "__chat_history__", "id")
LETTERS = [{"id": letter, "q": letter} for letter in "abcdef"]


@pytest.mark.parametrize(
    ("transform", "left"),
    [
        (("SkipRecords", {"range": "[:1],[-2:]"}), ["b", "c", "d"]),
        (
            ("SkipRecords", {"skip_type": "count", "count": {"from_start": 2, "from_end": 1}}),
            ["c", "d", "e"],
        ),
        (
            (
                "CombineRecords",
                {
                    "skip": {"from_beginning": 1, "from_end": 0},
                    "combine": 2,
                    "shift": 1,
                    "join_column": {"q": "$1-$2"},
                },
            ),
            ["b-c", "c-d", "d-e"],
        ),
    ],
)
async def test_rows_are_left_out_and_put_together(project, transform, left):
    assert [row["q"] for row in await rows_through(project, LETTERS, transform)] == left


async def test_what_rows_hold_is_no_rule_for_putting_them_together(project):
    rows = [{"id": str(n), "q": f"$1 is {n}"} for n in range(3)]
    combined = ("CombineRecords", {"combine": 2, "join_column": {"q": "$2+$1+$3"}})

    assert await rows_through(project, rows, combined) == [{"q": "$1 is 1+$1 is 0+$3"}]


async def test_columns_are_renamed_and_added(project):
    rows = [{"id": "a", "old": 1, "new": 2}]
    mapping = {"mapping": {"old": "new"}}
    over = {**mapping, "overwrite": True}
    retries = {"max_retries": 2, "initial_retry_count": 1}

    assert await rows_through(project, rows, ("RenameFieldsTransform", mapping)) == [
        {"old": 1, "new": 2}
    ]
    assert await rows_through(project, rows, ("RenameFieldsTransform", over)) == [{"new": 1}]
    assert await rows_through(project, [{"id": "a"}], ("AddRetryFieldsTransform", retries)) == [
        {"max_retries": 2, "curr_retries": 1, "original_current_user_text": ""}
    ]


@pytest.mark.parametrize(
    ("kind", "pairs"),
    [
        ("sequential", [("a", "x"), ("b", "y"), ("c", "x")]),
        ("cross", [(one, other) for one in "abc" for other in "xy"]),
    ],
)
async def test_sources_are_joined_in_turn_or_each_with_each(project, kind, pairs):
    (project.root / "one.json").write_text(json.dumps([{"n": one} for one in "abc"]))
    (project.root / "two.json").write_text(json.dumps([{"n": one} for one in "xy"]))
    sources = [
        {"type": "disk", "file_path": "one.json", "alias": "one", "join_type": "primary"},
        {"type": "disk", "file_path": "two.json", "alias": "two", "join_type": kind},
    ]

    ran = await project.run(project.task("joined", PLAIN, data_config={"source": sources}))

    assert [(row["one->n"], row["two->n"]) for row in ran.rows] == pairs


async def test_sources_are_put_below_each_other_with_the_columns_that_all_have(project):
    """With `streaming`, `split` and `fields` of a file, which change nothing of it here."""
    (project.root / "one.json").write_text('[{"id": "1", "n": 1, "m": 2}]')
    (project.root / "two.json").write_text('[{"id": "2", "n": 3, "k": 4}]')
    below = {"type": "disk", "join_type": "vstack", "streaming": True}
    sources = [
        {**below, "file_path": f"{name}.json", "alias": name, "split": "train"}
        for name in ("one", "two")
    ]

    ran = await project.run(project.task("below", PLAIN, data_config={"source": sources}))

    assert [(row["id"], row["n"]) for row in ran.rows] == [("1", 1), ("2", 3)]
    assert not {"m", "k"} & ran.rows[0].keys()


async def test_a_node_that_is_idle_is_left_out_and_the_ends_may_be_nodes(project, endpoint, llm):
    endpoint.will_answer("<s>hi</s>", "more")
    project.models(
        endpoint,
        tagged={
            "model_type": "openai",
            "url": endpoint.base_url,
            "model": "m",
            "parameters": {},
            "special_tokens": ["<s>", "</s>"],
        },
    )
    nodes = {
        "START": {"node_type": "special"},
        "say": {**llm(model={"name": "tagged"}, output_role="user"), "node_name": "Say it"},
        "never": llm(node_state="idle"),
        "on": llm(input_key="messages", node_state="active"),
        "END": {"node_type": "special"},
    }
    edges = [
        {"from": "__start__", "to": "say"},
        {"from": "say", "to": "on"},
        {"from": "on", "to": "END"},
    ]

    graph = {"graph_state": {"x": 1}, "graph_properties": {"free": 1}}
    ran = await project.run(project.task("idle", nodes, edges, graph=graph))

    assert ran.rows[0]["messages"] == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "more"},
    ]
    assert messages_of(endpoint.requests[1]) == [("user", "one"), ("user", "hi")]


async def test_another_input_key_holds_the_talk_of_a_node(project, endpoint, llm):
    """And a row's `tool` message, a list of contents, is sent as it is."""
    python = """
from langchain_core.messages import AIMessage
def prepare(config, state):
    return {"talk": [AIMessage(content="before")]}
"""
    endpoint.will_answer("x")
    nodes = {
        "prepare": {
            "node_type": "lambda",
            "lambda": "tasks.ours.talks.task_executor.prepare",
            "output_keys": "talk",
        },
        "say": llm(input_key="talk", output_keys="said"),
    }

    await project.run(project.task("talks", nodes, python=python))

    assert messages_of(endpoint.requests[0]) == [("user", "one"), ("assistant", "before")]


async def test_turns_that_a_task_writes_with_roles_stand_before_the_prompt(project, endpoint, llm):
    python = """
def past(config, state):
    roles = ["user", "assistant"] * 3
    return {"__chat_history__": [{"role": r, "content": f"{n}"} for n, r in enumerate(roles)]}
"""
    here = "tasks.ours.turns.task_executor"
    nodes = {
        "past": {"node_type": "lambda", "lambda": f"{here}.past"},
        "say": llm(chat_history=True),
    }
    nodes["say"]["prompt"] = [{"system": "s"}, {"user": "now"}]
    properties = {"chat_conversation": "multiturn", "chat_history_window_size": 3}
    endpoint.will_answer("x")

    graph = {"graph_properties": properties}
    ran = await project.run(project.task("turns", nodes, python=python, graph=graph))

    assert messages_of(endpoint.requests[0]) == [
        ("system", "s"),
        ("user", "4"),
        ("assistant", "5"),
        ("user", "now"),
    ]
    assert ran.rows[0]["__chat_history__"][-1] == {
        "name": "say",
        "request": [
            {"role": role, "content": said} for role, said in messages_of(endpoint.requests[0])
        ],
        "response": "x",
    }


async def test_an_agent_takes_its_prompt_of_the_state_and_tools_of_a_wrapper(project, endpoint):
    python = """
from langchain_core.tools import tool
from sygra.utils.tool_utils import LangChainToolsWrapper

@tool
def add(a: int, b: int) -> int:
    "Adds."
    return a + b

class Box(LangChainToolsWrapper):
    def get_tools(self):
        return [add]

class Pre:
    @classmethod
    def apply(cls, state):
        state["_agent_prompt"] = "you add"
        return state
"""
    here = "tasks.ours.agents.task_executor"
    node = {
        "node_type": "agent",
        "model": {"name": "author"},
        "prompt": [{"user": "{question}"}],
        "tools": [f"{here}.Box"],
        "pre_process": f"{here}.Pre",
        "output_keys": "sum",
    }
    endpoint.will_answer(
        completion("", tool_calls=[{"name": "add", "arguments": '{"a": 1, "b": 2}'}]), "3"
    )

    ran = await project.run(project.task("agents", {"ask": node}, python=python))

    assert ran.rows[0]["sum"] == "3"
    assert messages_of(endpoint.requests[0])[0] == ("system", "you add")
    assert messages_of(endpoint.requests[1])[-1] == ("tool", "3")


async def test_a_generator_builds_its_row_by_the_parts_of_its_base(project):
    python = """
from sygra.processors.output_record_generator import BaseOutputGenerator
from sygra.logger.logger_config import logger

class Rows(BaseOutputGenerator):
    def _build_record(self, state):
        row = super()._build_record(state)
        logger.warn("made %s", row)
        more = self._resolve_field({"from": "question"}, state)
        return {**row, "more": more, "n": self.config["n"]}

    @staticmethod
    def loud(value, state):
        return f"{value}!{state['id']}"
"""
    output = {
        "generator": "tasks.ours.built.task_executor.Rows",
        "output_map": {"q": {"from": "question", "transform": "loud"}, "null": {"value": None}},
        "n": 3,
    }
    task = project.task("built", PLAIN, python=python, output_config=output)

    assert (await project.run(task)).rows == [{"q": "one!a", "null": None, "more": "one", "n": 3}]


def test_a_transform_of_the_output_map_that_is_not_there_is_told_before_the_run(project):
    output = {"output_map": {"q": {"from": "question", "transform": "loud"}}}
    alone = project.read(project.task("built", PLAIN, output_config=output)).errors
    python = "class Rows:\n    pass\n"
    output["generator"] = "tasks.ours.built.task_executor.Rows"
    with_one = project.read(
        project.task("built", PLAIN, python=python, output_config=output)
    ).errors

    assert "`transform: loud`: it needs a `generator`" in alone[0].message
    assert "Rows` has no `loud`" in with_one[0].message


async def test_each_rule_of_a_schema_rejects_what_breaks_it(project):
    fields = [
        {"name": "n", "type": "int", "is_less_than": 5},
        {"name": "k", "type": "list[dict[str, int]]"},
        {"name": "t", "type": "STR", "is_equal_to": "x"},
    ]
    good = {"n": 1, "k": [{"a": 1}], "t": "x"}
    rows = [
        {"id": "good", **good},
        {"id": "n", **good, "n": 7},
        {"id": "k", **good, "k": [{"a": "b"}]},
        {"id": "t", **good, "t": "y"},
    ]

    task = project.task("ruled", PLAIN, rows=rows, schema_config={"fields": fields})
    ran = await project.run(task)

    assert [row["id"] for row in ran.rows] == ["good"]
    broken = {row["id"]: row["sygra_flags"]["schema"] for row in ran.left("rejected")}
    assert broken["n"] == "schema: `n` is 7, and not is less than 5"
    assert set(broken) == {"n", "k", "t"}


async def test_a_post_processor_may_go_on_from_the_one_before(project):
    python = """
from sygra.core.graph.graph_postprocessor import GraphPostProcessor

class Count(GraphPostProcessor):
    def __init__(self, step=1, use_previous_output=False):
        self.step = step
    def process(self, data, metadata):
        return [{"n": row.get("n", 0) + self.step} for row in data]
"""
    here = "tasks.ours.counted.task_executor"
    listed = [
        f"{here}.Count",
        {"processor": f"{here}.Count", "params": {"step": 10, "use_previous_output": True}},
    ]
    task = project.task("counted", PLAIN, python=python, graph_post_process=listed)
    read, target = project.read(task), project.root / "rows.json"
    ran = await project.run(task)
    write_rows(ran.folder, target)
    made = post_processed(task, read.post_process, target, Shim.AUTO)

    assert [one.path.name for one in made] == ["Count_rows.json", "Count_rows.json"]
    assert json.loads(made[-1].path.read_text()) == [{"n": 11}]


def test_a_key_that_sygra_refuses_is_an_error_and_those_it_passes_over_are_warnings(project, llm):
    read = project.read(project.task("refused", {"a": llm(output_vars="x", output_key="y")}))

    (error,) = read.errors
    told = {one.code for one in read.diagnostics if one.severity is Severity.WARNING}

    assert (error.code, error.fix, told) == (
        "sygra-refused-key",
        "write `output_keys`",
        {"sygra-unread-key"},
    )


def test_keys_of_a_cloud_are_given_to_what_speaks_to_it_and_stand_in_no_file(project, llm):
    project.environ |= {
        "SYGRA_BEDROCK_MODEL_AWS_ACCESS_KEY_ID": "AKIA-of-mine",
        "SYGRA_BEDROCK_MODEL_AWS_SECRET_ACCESS_KEY": "secret-of-mine",
        "SYGRA_BEDROCK_MODEL_AWS_REGION_NAME": "eu-1",
    }

    read = project.read(project.task("cloud", {"a": llm(model={"name": "bedrock_model"})}))

    assert read.keys == {
        "AWS_ACCESS_KEY_ID": "AKIA-of-mine",
        "AWS_SECRET_ACCESS_KEY": "secret-of-mine",
        "AWS_REGION_NAME": "eu-1",
    }
    assert read.suite.data["models"]["bedrock_model"]["use"] == "litellm"
    assert "of-mine" not in json.dumps(read.suite.data)


def test_what_a_models_entry_asks_for_and_nothing_here_does_is_told(project, llm, endpoint):
    entry = {"model_type": "openai", "url": endpoint.base_url, "model": "m", "parameters": {}}
    entry |= {"headers": {"x": "y"}, "ssl_verify": False, "ssl_cert": "ca.pem"}
    project.models(endpoint, odd={**entry, "retry_attempts": 3, "delay": 100})

    read = project.read(project.task("odd", {"a": llm(model={"name": "odd"})}))

    told = [one.message for one in read.diagnostics]
    assert told == ["`headers` of `odd` is not used", "`ssl_verify` of `odd` is not used"]
    assert read.suite.data["models"]["odd"]["ca_file"].endswith("/ca.pem")


async def test_a_sampler_of_a_sources_column_goes_by_the_place_of_the_row(project):
    (project.root / "names.json").write_text(json.dumps([{"n": one, "m": 0} for one in "xyz"]))
    source = {"type": "disk", "file_path": "names.json"}
    node = {
        "node_type": "weighted_sampler",
        "attributes": {"who": {"values": {"column": "n", "source": source}}},
    }
    rows = [{"id": f"r{n}"} for n in range(5)]

    ran = await project.run(project.task("drawn", {"s": node}, rows=rows), rows_in_flight=5)

    assert [row["who"] for row in ran.rows] == ["x", "y", "z", "x", "y"]


async def test_a_sampler_whose_source_lacks_the_column_ends_the_rows_with_the_cause(project):
    (project.root / "names.json").write_text('[{"n": 1}]')
    values = {"column": "m", "source": {"type": "disk", "file_path": "names.json"}}
    node = {"node_type": "weighted_sampler", "attributes": {"who": {"values": values}}}

    assert "KeyError: 'm'" in (await project.run(project.task("drawn", {"s": node}))).reason


async def test_a_sampler_of_an_empty_source_says_which(project):
    (project.root / "names.json").write_text("[]")
    values = {"column": "m", "source": {"type": "disk", "file_path": "names.json"}}
    node = {"node_type": "weighted_sampler", "attributes": {"who": {"values": values}}}

    drawn = await project.run(project.task("drawn", {"s": node}))

    assert "has no rows: names.json" in drawn.reason
