"""Every type of node, and how their variables come together."""

import json

import pytest

from sygra_eval.testing.replies import completion

HERE = "tasks.ours.{}.task_executor."


async def test_a_reply_goes_where_output_keys_says_stripped_and_as_text(project, endpoint, llm):
    endpoint.will_answer("  hello\n")

    ran = await project.run(project.task("plain", {"say": llm(output_keys="answer")}))

    assert ran.rows == [
        {
            "messages": [],
            "__chat_history__": [],
            "id": "a",
            "question": "one",
            "answer": "hello",
        }
    ]


async def test_what_nothing_declares_is_dropped_and_what_a_lambda_changes_in_place_stays(project):
    python = """
from sygra.core.graph.functions.lambda_function import AsyncLambdaFunction, LambdaFunction

class First(LambdaFunction):
    @staticmethod
    def apply(lambda_node_dict, state):
        state["tags"].append("in place")
        return {"undeclared": 1, "kept": lambda_node_dict["params"]["n"]}

class Then(AsyncLambdaFunction):
    async def apply(lambda_node_dict, state):
        state["kept"] += 1
        return state

class WithSelf(LambdaFunction):
    def apply(self, lambda_node_dict, state):
        return {"last": sorted(state)}

def nothing(config, state):
    return None
"""
    here = HERE.format("lambdas")
    node = {"node_type": "lambda"}
    nodes = {
        "first": {
            **node,
            "lambda": f"{here}First",
            "params": {"n": 2},
            "output_keys": ["kept", "last"],
        },
        "then": {**node, "lambda": f"{here}Then"},
        "self": {**node, "lambda": f"{here}WithSelf"},
        "none": {**node, "lambda": f"{here}nothing"},
    }
    task = project.task("lambdas", nodes, python=python, rows=[{"id": "a", "tags": []}])

    (row,) = (await project.run(task)).rows

    assert (row["kept"], row["tags"]) == (3, ["in place"])
    assert "undeclared" not in row
    assert "undeclared" not in row["last"]


async def test_two_nodes_of_one_step_run_together_and_may_not_write_one_variable(
    project, endpoint, llm
):
    endpoint.answers_with(lambda body: body["messages"][0]["content"])
    edges = [
        {"from": "START", "to": "left"},
        {"from": "START", "to": "right"},
        {"from": "left", "to": "END"},
        {"from": "right", "to": "END"},
    ]
    nodes = {"left": llm("l", output_keys="l"), "right": llm("r", output_keys="r")}
    fine = await project.run(project.task("apart", nodes, edges))
    nodes["right"]["output_keys"] = "l"
    clash = await project.run(project.task("clash", nodes, edges))

    assert (fine.rows[0]["l"], fine.rows[0]["r"]) == ("l", "r")
    assert "`left` and `right` write `l` in one step" in clash.reason


async def test_a_node_that_gives_back_messages_doubles_them_and_is_named(project, endpoint, llm):
    python = "def same(config, state):\n    return state\n"
    nodes = {
        "say": llm(),
        "same": {"node_type": "lambda", "lambda": "tasks.ours.double.task_executor.same"},
    }
    endpoint.will_answer("hi")

    ran = await project.run(project.task("double", nodes, python=python))

    assert [m["content"] for m in ran.rows[0]["messages"]] == ["hi", "hi"]
    assert ran.left("unjudged")[0]["sygra_flags"]["messages_doubled_by"] == ["same"]


async def test_several_models_are_asked_side_by_side_by_their_labels(project, endpoint):
    endpoint.answers_with(lambda body: f"at {body['temperature']}")
    model = {"name": "author"}
    node = {
        "node_type": "multi_llm",
        "models": {"cold": {**model, "parameters": {"temperature": 0}}, "warm": model},
        "prompt": [{"user": "{question}"}],
        "output_keys": "both",
    }
    python = "def together(outputs):\n    return {'both': sorted(outputs), 'n': len(outputs)}\n"
    path = "tasks.ours.joined.task_executor.together"
    joined = {**node, "output_keys": ["both", "n"], "multi_llm_post_process": path}
    joined["post_process"] = "tasks.ours.joined.task_executor.read"
    python += "def read(message):\n    return {'text': message.content}\n"

    plain = await project.run(project.task("several", {"ask": node}))
    ran = await project.run(project.task("joined", {"ask": joined}, python=python))

    assert plain.rows[0]["both"] == [{"cold": "at 0", "warm": "at 0.5"}]
    assert (ran.rows[0]["both"], ran.rows[0]["n"]) == (["cold", "warm"], 2)


TOOLS = '''
from langchain_core.tools import tool

@tool
def add(a: float, b: float):
    """Add two numbers."""
    return a + b

@tool
def fail(a: float):
    """Fail."""
    raise ValueError("no such thing")

class More:
    @tool
    def twice(a: float):
        """Twice."""
        return 2 * a
'''


async def test_an_agent_calls_tools_until_it_has_an_answer(project, endpoint):
    endpoint.will_answer(
        completion(
            None,
            tool_calls=[
                {"name": "add", "arguments": '{"a": 1, "b": 2}'},
                {"name": "fail", "arguments": '{"a": 1}'},
            ],
        ),
        "It is 3.",
    )
    node = {
        "node_type": "agent",
        "model": {"name": "author"},
        "prompt": [{"system": "You add."}, {"user": "{question}"}],
        "inject_system_messages": [{0: "At once."}, {3: "Later."}],
        "tools": ["tasks.ours.agent.task_executor.add", "tasks.ours.agent.task_executor.fail"],
        "output_keys": "sum",
    }

    ran = await project.run(project.task("agent", {"add": node}, python=TOOLS))

    first, second = endpoint.requests
    assert first["messages"][0] == {"role": "system", "content": "You add.\nAt once."}
    assert [one["function"]["name"] for one in first["tools"]] == ["add", "fail"]
    called, three, error = second["messages"][2:]
    assert (called["content"], len(called["tool_calls"])) == (None, 2)
    assert (three["content"], three["tool_call_id"]) == ("3.0", "call_0")
    assert "ValueError: no such thing" in error["content"]
    assert ran.rows[0]["sum"] == "It is 3."


async def test_an_agent_that_only_calls_tools_ends_the_row(project, endpoint):
    call = completion(None, tool_calls=[{"name": "add", "arguments": '{"a": 1, "b": 2}'}])
    endpoint.answers_with(lambda body: call)
    node = {
        "node_type": "agent",
        "model": {"name": "author"},
        "prompt": [{"user": "{question}"}],
        "tools": ["tasks.ours.agent2.task_executor.add"],
        "output_keys": "sum",
    }

    ran = await project.run(project.task("agent2", {"add": node}, python=TOOLS))

    assert "12 times without an answer" in ran.reason


async def test_tools_of_an_llm_are_offered_and_never_called(project, endpoint, llm):
    """P20: and for this call alone."""
    call = {"name": "twice", "arguments": '{"a": 4}'}
    endpoint.will_answer(completion("", tool_calls=[call]), "plain")
    nodes = {
        "offer": llm(
            tools=["tasks.ours.offer.task_executor.More"], output_keys="said", tool_choice="auto"
        ),
        "keep": {
            "node_type": "lambda",
            "lambda": "tasks.ours.offer.task_executor.none",
            "output_keys": "tool_calls",
        },
        "after": llm("again", output_keys="later"),
    }
    python = TOOLS + "\ndef none(config, state):\n    return None\n"

    ran = await project.run(project.task("offer", nodes, python=python))

    assert ran.rows[0]["tool_calls"][0]["function"] == call
    assert (endpoint.requests[0]["tool_choice"], "tools" in endpoint.requests[1]) == ("auto", False)


async def test_samples_belong_to_their_row_and_columns_are_taken_in_turn(project):
    """P15."""
    nodes = {
        "draw": {
            "node_type": "weighted_sampler",
            "attributes": {
                "tone": {"values": ["calm", "loud", "shy"], "weights": [1, 1, 1]},
                "number": {"values": list(range(1000))},
                "name": {
                    "values": {
                        "column": "who",
                        "source": {"type": "disk", "file_path": "tasks/ours/draw/names.json"},
                    }
                },
            },
        }
    }
    rows = [{"id": str(n)} for n in range(5)]
    task = project.task("draw", nodes, rows=rows)
    (task.folder / "names.json").write_text(json.dumps([{"who": "Ada"}, {"who": "Bo"}]))

    first, again = await project.run(task), await project.run(task, name="again")

    assert first.rows == again.rows
    assert [row["name"] for row in first.rows] == ["Ada", "Bo", "Ada", "Bo", "Ada"]
    assert len({row["number"] for row in first.rows}) > 1


async def test_random_and_uuid_of_a_task_repeat_with_the_row(project):
    """P15."""
    python = """
import random
import uuid

def draw(config, state):
    return {"drawn": [random.random(), str(uuid.uuid4()), random.choice("abcdef")]}
"""
    nodes = {
        "draw": {
            "node_type": "lambda",
            "lambda": "tasks.ours.chance.task_executor.draw",
            "output_keys": "drawn",
        }
    }
    task = project.task("chance", nodes, python=python, rows=[{"id": "a"}, {"id": "b"}])

    first, again = await project.run(task), await project.run(task, name="again")

    assert first.rows == again.rows
    assert first.rows[0]["drawn"] != first.rows[1]["drawn"]


async def test_json_that_fits_is_taken_as_it_came_and_else_asked_for_once_more(
    project, endpoint, llm
):
    schema = {"fields": {"score": {"type": "int", "description": "how good"}}}
    model = {"name": "author", "structured_output": {"schema": schema}}
    endpoint.will_answer('{"score": 4}', "none", '{"score": "5"}', "none", "still none")
    nodes = {name: llm(model=model, output_keys=name) for name in ("one", "two", "three")}

    ran = await project.run(project.task("json", nodes))

    row = ran.rows[0]
    assert (row["one"], row["two"], row["three"]) == ('{"score": 4}', '{"score":5}', "still none")
    form = endpoint.requests[0]["response_format"]["json_schema"]
    assert (form["name"], form["schema"]["required"]) == ("DynamicModel", ["score"])
    assert "response_format" not in endpoint.requests[2]


async def test_a_subgraph_is_written_out_with_its_overrides(project, endpoint, llm):
    inner = {
        "ask": llm("{p} {question}", output_keys="text"),
        "maybe": llm("again", output_keys="second"),
    }
    ways = [
        {"from": "START", "to": "ask"},
        {
            "from": "ask",
            "condition": "tasks.ours.inner.task_executor.goes",
            "path_map": {"done": "END", "more": "maybe"},
        },
        {"from": "maybe", "to": "END"},
    ]
    python = "def goes(state):\n    return 'done' if state['question'] == 'one' else 'more'\n"
    project.task("inner", inner, ways, python=python, rows=None)
    changes = {"ask": {"output_keys": "asked", "prompt_placeholder_map": {"p": "question"}}}
    nodes = {
        "sub": {
            "node_type": "subgraph",
            "subgraph": "tasks.ours.inner",
            "node_config_map": changes,
        },
        "after": llm("{asked}!", output_keys="end"),
    }
    endpoint.answers_with(lambda body: body["messages"][-1]["content"].upper())
    rows = [{"id": "a", "question": "one"}, {"id": "b", "question": "two"}]

    ran = await project.run(project.task("outer", nodes, rows=rows))

    # P11: END in the path map of the inner graph leads on, and does not end the whole.
    assert [row["end"] for row in ran.rows] == ["ONE ONE!", "TWO TWO!"]
    assert ["second" in row for row in ran.rows] == [False, True]


async def test_all_of_a_talk_is_told_in_one_turn_or_turn_by_turn(project, endpoint, llm):
    endpoint.answers_with(lambda body: f"said {len(endpoint.requests)}")
    nodes = {
        "ann": llm(chat_history=True, output_keys="a"),
        "bob": llm("and you?", chat_history=True, output_keys="b"),
    }
    graph = {"graph_properties": {"chat_conversation": "singleturn"}}

    ran = await project.run(project.task("talk", nodes, graph=graph))

    (told,) = endpoint.requests[1]["messages"]
    assert "Organizer: one" in told["content"]
    assert "ann: said 1" in told["content"]
    assert [one["name"] for one in ran.rows[0]["__chat_history__"]] == ["ann", "bob"]
    assert ran.rows[0]["__chat_history__"][0]["request"] == [{"role": "user", "content": "one"}]


@pytest.mark.parametrize("answer", ["END", "__end__", "done", True, 3])
async def test_a_condition_may_name_the_end_in_each_of_these_ways(project, llm, endpoint, answer):
    """P11."""
    edges = [
        {"from": "START", "to": "say"},
        {
            "from": "say",
            "condition": "tasks.ours.ends.task_executor.Goes",
            "path_map": {"END": "END", "done": "END", True: "END", 3: "END"},
        },
    ]
    python = f"class Goes:\n    def apply(state):\n        return {answer!r}\n"

    endpoint.will_answer("x")
    ran = await project.run(project.task("ends", {"say": llm()}, edges, python=python))

    assert ran.counts["unjudged"] == 1
