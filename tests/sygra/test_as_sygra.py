"""What tasks made by chance, run here and by SyGra itself, had shown to differ, each by itself.

`test_compared` runs such tasks in both; these need no SyGra.
"""

import io
import json
import math
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.sygra.csv_columns import reader_of
from sygra_eval.testing.replies import completion

AGENT = {"node_type": "agent", "model": {"name": "author"}, "prompt": [{"user": "{question}"}]}
TOOLS = '''
from langchain_core.tools import tool

@tool
def say(text: str, times: int = 2) -> str:
    """Say it."""
    return text * times

class Loud:
    def apply(self, text):
        return text.upper() + "  "
'''
HERE = "tasks.ours.one.task_executor"


async def run(project, nodes, edges=None, **more):
    return await project.run(project.task("one", nodes, edges, **more))


async def test_a_list_of_texts_is_sent_as_one(project, endpoint, llm):
    endpoint.will_answer("x")
    parts = [{"type": "text", "text": "a {question}"}, {"type": "text", "text": "b"}]

    ran = await run(project, {"a": llm(parts, chat_history=True, output_keys="said")})

    sent = [{"type": "text", "text": "a one"}, {"type": "text", "text": "b"}]
    assert endpoint.requests[0]["messages"][0]["content"] == sent
    assert ran.rows[0]["__chat_history__"][0]["request"] == [{"content": sent, "role": "user"}]


async def test_a_history_of_an_llm_keeps_the_names_of_messages(project, endpoint, llm):
    endpoint.will_answer("x", "y")

    ran = await run(project, {"a": llm(), "b": llm(chat_history=True)})

    (turn,) = ran.rows[0]["__chat_history__"]
    assert turn["request"][1] == {"content": "x", "name": "a", "role": "assistant"}


async def test_an_agents_tools_are_strict_and_its_model_has_its_own_function(project, endpoint):
    call = completion("so", tool_calls=[{"name": "say", "arguments": '{"text": "a"}'}])
    endpoint.will_answer(call, "done")
    node = {**AGENT, "tools": [f"{HERE}.say"], "model": {**AGENT["model"]}, "output_keys": "said"}
    node["model"]["post_process"] = f"{HERE}.Loud"

    ran = await run(project, {"a": node}, python=TOOLS)

    first, second = endpoint.requests
    function = first["tools"][0]["function"]
    assert function["strict"] is True
    assert function["parameters"]["additionalProperties"] is False
    assert function["parameters"]["required"] == ["text", "times"]
    assert second["messages"][-2]["content"] == "SO  "
    assert second["messages"][-1] == {"role": "tool", "content": "aa", "tool_call_id": "call_0"}
    assert ran.rows[0]["said"] == "DONE  "


async def test_a_condition_sees_what_its_node_added_without_declaring_it(project, endpoint):
    python = """
def f(config, state):
    return {"verdict": "good", "tool_calls": [], "question": "two"}

def where(state):
    return state["verdict"] + state["question"]

def seen(config, state):
    return {"seen": sorted(state)}
"""
    nodes = {
        "a": {"node_type": "lambda", "lambda": f"{HERE}.f"},
        "b": {"node_type": "lambda", "lambda": f"{HERE}.seen", "output_keys": "seen"},
    }
    ways = {"from": "a", "condition": f"{HERE}.where", "path_map": {"goodtwo": "b"}}
    edges = [{"from": "START", "to": "a"}, ways, {"from": "b", "to": "END"}]

    ran = await run(project, nodes, edges, python=python)

    assert ran.rows[0]["seen"] == ["__chat_history__", "id", "messages", "question"]


SCHEMA = """
from pydantic import BaseModel

class Inner(BaseModel):
    n: int = 1

class Outer(BaseModel):
    inner: Inner | None = None
"""


async def test_a_schema_is_strict_all_the_way_down(project, endpoint, llm):
    endpoint.will_answer("{}")
    model = {"name": "author", "structured_output": {"schema": f"{HERE}.Outer"}}

    await run(project, {"a": llm(model=model, output_keys="said")}, python=SCHEMA)

    told = endpoint.requests[0]["response_format"]["json_schema"]["schema"]
    assert (told["required"], told["additionalProperties"]) == (["inner"], False)
    assert "default" not in told["properties"]["inner"]
    inner = told["$defs"]["Inner"]
    assert (inner["required"], inner["additionalProperties"]) == (["n"], False)


@pytest.mark.parametrize(
    ("again", "said"),
    [
        ('```json\n{"n": 3}\n```', '{"n":3}'),
        ("still no JSON", "still no JSON"),
    ],
)
async def test_a_second_try_is_asked_and_read_by_langchains_parser(
    again, said, project, endpoint, llm
):
    endpoint.will_answer("none", again)
    schema = {"fields": {"n": {"type": "int"}}}
    model = {"name": "author", "structured_output": {"schema": schema}}

    ran = await run(project, {"a": llm(model=model, output_keys="said")})

    first, second = endpoint.requests
    told = first["response_format"]["json_schema"]["schema"]["properties"]["n"]
    assert told == {"type": "integer", "title": "N", "description": ""}
    assert "conforms to the JSON schema below" in second["messages"][-1]["content"]
    assert ran.rows[0]["said"] == said


async def test_a_models_own_function_comes_before_special_tokens_and_blanks(project, endpoint, llm):
    endpoint.will_answer("abc <end>")
    model = {"name": "author", "post_process": f"{HERE}.Loud", "special_tokens": ["<END>", "A"]}

    ran = await run(project, {"a": llm(model=model, output_keys="said")}, python=TOOLS)

    assert ran.rows[0]["said"] == "BC"


async def test_a_generator_without_a_map_starts_from_nothing(project):
    python = """
from sygra.processors.output_record_generator import BaseOutputGenerator

class G(BaseOutputGenerator):
    def generate(self, state):
        return {**super().generate(state), "by": "me"}
"""

    ran = await run(
        project,
        {"a": {"node_type": "connector"}},
        python=python,
        output_config={"generator": f"{HERE}.G"},
    )

    assert ran.rows == [{"by": "me"}]


async def test_what_is_no_message_among_messages_ends_no_row(project):
    python = """
def f(config, state):
    return {"messages": ["put in"]}
"""

    ran = await run(project, {"a": {"node_type": "lambda", "lambda": f"{HERE}.f"}}, python=python)

    assert ran.rows[0]["messages"] == ["put in"]


async def test_cells_of_a_csv_are_of_the_type_of_their_column(project):
    task = project.task(
        "one",
        {"a": {"node_type": "connector"}},
        data_config={"source": {"type": "disk", "file_path": "tasks/ours/one/rows.csv"}},
    )
    text = "id,n,f,gap,flag,text\n7,1,0.5,3,TRUE,NA\n8,-2,1e3,,false, x\n"
    (task.folder / "rows.csv").write_text(text)

    rows = (await project.run(task)).rows

    assert [
        (one["id"], one["n"], one["f"], one["gap"], one["flag"], one["text"]) for one in rows
    ] == [
        (7, 1, 0.5, 3.0, True, "NA"),
        (8, -2, 1000.0, None, False, " x"),
    ]


CELLS = st.one_of(
    st.sampled_from(
        ["", "NA", "nan", "true", "FALSE", "tRue", "inf", "-Infinity", " 7", "8 ", "x"]
    ),
    st.integers(-(2**60), 2**60).map(str),
    st.floats(allow_nan=False).map(repr),
    st.text("0123456789+-.eE ", max_size=6),
)


@given(st.lists(CELLS, min_size=1, max_size=4))
@settings(max_examples=300 if os.environ.get("SYGRA_EVAL_FULL") else 40, deadline=None)
def test_columns_are_read_as_pandas_reads_them_but_for_what_is_missing(cells):
    pandas = pytest.importorskip("pandas")
    text = "x,y\n" + "".join(f"{cell},k\n" for cell in cells)
    theirs = pandas.read_csv(io.StringIO(text))["x"].tolist()
    read = reader_of(set(cells))

    for cell, their in zip(cells, theirs, strict=True):
        mine = read(cell)
        if isinstance(their, float) and math.isnan(their):
            assert mine is None or mine == cell
        else:
            assert json.dumps(mine) == json.dumps(their)
