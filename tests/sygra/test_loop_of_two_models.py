"""A draft and a critique in turns, as SyGra's reference task has them, runs as it is written."""

import json

from click.testing import CliRunner

from sygra_eval.cli.show import command as show
from sygra_eval.engine import RunOptions, resume_run
from sygra_eval.journal import open_readonly

PYTHON = """
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage

from sygra.core.graph.functions.edge_condition import EdgeCondition
from sygra.core.graph.functions.node_processor import NodePostProcessor, NodePreProcessor
from sygra.core.graph.sygra_message import SygraMessage
from sygra.core.graph.sygra_state import SygraState
from sygra.processors.output_record_generator import BaseOutputGenerator
from sygra.utils import constants, utils


class Swap(NodePreProcessor):
    def apply(self, state: SygraState) -> SygraState:
        if not state.get("messages"):
            state["messages"] = []
        other = {"ai": HumanMessage, "human": AIMessage}
        state["messages"] = [other[one.type](content=one.content) for one in state["messages"]]
        return state


class AsUser(NodePostProcessor):
    def apply(self, resp: SygraMessage) -> SygraState:
        return {"messages": [HumanMessage(resp.message.content)]}


class Goes(EdgeCondition):
    def apply(state: SygraState) -> str:
        messages = state["messages"]
        said = messages[-1].content.lower()
        if len(messages) > 8 or (len(messages) > 1 and "no more feedback" in said):
            return constants.SYGRA_END
        return "draft"


class Output(BaseOutputGenerator):
    def talk(self, data: Any, state: SygraState) -> list[dict]:
        said = utils.convert_messages_from_langchain_to_chat_format(data)
        return [{"role": "user", "content": state["question"]}, *said]
"""
HERE = "tasks.ours.critic.task_executor"
NODES = {
    "draft": {
        "node_type": "llm",
        "model": {"name": "author", "parameters": {"temperature": 0.1}},
        "prompt": [{"system": "You write."}, {"user": "{question}"}],
    },
    "critique": {
        "node_type": "llm",
        "model": {"name": "critic"},
        "pre_process": f"{HERE}.Swap",
        "post_process": f"{HERE}.AsUser",
        "output_role": "user",
        "prompt": [{"system": "Say 'NO MORE FEEDBACK' when {question} is done."}],
    },
}
EDGES = [
    {"from": "START", "to": "draft"},
    {"from": "draft", "to": "critique"},
    {
        "from": "critique",
        "condition": f"{HERE}.Goes",
        "path_map": {"END": "END", "draft": "draft"},
    },
]
OUTPUT = {
    "generator": f"{HERE}.Output",
    "output_map": {
        "id": {"from": "id"},
        "conversation": {"from": "messages", "transform": "talk"},
        "source": {"value": "$data_config.source.type"},
        "nothing": {"from": "not_there"},
    },
}


def critic(project, **keys):
    return project.task("critic", NODES, EDGES, python=PYTHON, output_config=OUTPUT, **keys)


async def test_the_critic_sees_roles_swapped_and_the_author_the_critique(project, endpoint):
    endpoint.will_answer(" one\n", "Mend it.", "two", "NO MORE FEEDBACK")

    ran = await project.run(critic(project))

    asked = [body["messages"] for body in endpoint.requests]
    assert [[m["role"] for m in messages] for messages in asked] == [
        ["system", "user"],
        ["system", "user"],
        ["system", "user", "assistant", "user"],
        ["system", "user", "assistant", "user"],
    ]
    assert asked[2][2] == {"role": "assistant", "content": "one", "name": "draft"}  # P18
    assert [m["content"] for m in asked[3][1:]] == ["one", "Mend it.", "two"]
    assert endpoint.requests[0]["temperature"] == 0.1
    assert endpoint.requests[1]["temperature"] == 0.5
    said = ["one", "Mend it.", "two", "NO MORE FEEDBACK"]
    roles = ["user", "assistant", "user", "assistant", "user"]
    talk = [{"role": r, "content": c} for r, c in zip(roles, ["one", *said], strict=True)]
    assert ran.rows == [{"id": "a", "conversation": talk, "source": "disk", "nothing": None}]
    assert ran.counts["unjudged"] == 1


async def test_a_phrase_inside_other_words_ends_the_loop_and_is_told_as_loose(project, endpoint):
    """P12."""
    endpoint.will_answer("one", "I have no more feedback, except that it is wrong.")

    ran = await project.run(critic(project))

    (row,) = ran.left("unjudged")
    assert row["stop_reason"] == "max_rounds"
    assert row["sygra_flags"]["sentinel_loose"] is True
    assert len(ran.rows) == 1


async def test_the_report_says_which_rows_a_phrase_inside_other_words_ended(project, endpoint):
    def answer(body):
        said = body["messages"][0]["content"]
        loose, limit = "when loose is" in said, "when never is" in said
        if not said.startswith("Say"):
            return "draft"
        return "no more feedback, but" if loose else "again" if limit else "NO MORE FEEDBACK"

    endpoint.answers_with(answer)
    rows = [{"id": name, "question": name} for name in ("plain", "loose", "never")]

    ran = await project.run(critic(project, rows=rows))

    document = json.loads((ran.folder / "report.json").read_text())
    stops = document["stop_reasons"]["unjudged"]
    assert {reason: figure["value"] for reason, figure in stops.items()} == {
        "max_rounds": 2,
        "sentinel": 1,
    }
    (told,) = [one for one in document["warnings"] if "inside other words" in one]
    assert told.startswith("1 row of those that `max_rounds` stopped")
    assert ": loose (" in told
    result = CliRunner().invoke(show, [str(ran.folder), "loose"])
    assert "stopped by max_rounds (the stop phrase stood inside other words)" in " ".join(
        result.output.split()
    )
    never = CliRunner().invoke(show, [str(ran.folder), "never"])
    assert "inside other words" not in never.output


async def test_the_phrase_alone_is_a_sentinel(project, endpoint):
    endpoint.will_answer("one", "NO MORE FEEDBACK.")

    (row,) = (await project.run(critic(project))).left("unjudged")

    assert (row["stop_reason"], row["rounds"]) == ("sentinel", 1)
    assert "sentinel_loose" not in row["sygra_flags"]


async def test_a_critic_who_is_never_content_ends_after_five_rounds(project, endpoint):
    endpoint.answers_with(lambda body: "again")

    (row,) = (await project.run(critic(project))).left("unjudged")

    assert (row["stop_reason"], row["rounds"], len(endpoint.requests)) == ("max_rounds", 5, 10)


async def test_a_row_that_broke_in_its_loop_goes_on_where_it_was_and_asks_nothing_twice(
    project, endpoint
):
    flag = project.root / "is_mended"
    broken = f"""
        from pathlib import Path
        if not Path({str(flag)!r}).exists():
            raise RuntimeError("the disk of the task is full")
"""
    python = PYTHON.replace('        return {"messages"', broken + '        return {"messages"')
    task = project.task("critic", NODES, EDGES, python=python, output_config=OUTPUT)
    endpoint.will_answer("one", "Mend it.", "two", "NO MORE FEEDBACK")
    first = await project.run(task)
    assert "`critique`: RuntimeError: the disk of the task is full (task_executor" in first.reason
    assert len(endpoint.requests) == 2
    flag.touch()

    again = await resume_run(first.folder, RunOptions())

    assert (again.exit_code, len(endpoint.requests)) == (0, 4)
    assert len(first.rows[0]["conversation"]) == 5


async def test_a_side_file_judges_the_rows_and_leaves_the_task_as_it_is(project, endpoint):
    task = critic(project)
    side = {
        "answer": "conversation",
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
        "quality": {"validators": [{"use": "regex", "pattern": "two"}]},
    }
    (task.folder / "sygra_eval.yaml").write_text(json.dumps(side))
    endpoint.will_answer("one", "Mend it.", "two", "NO MORE FEEDBACK")

    ran = await project.run(task)

    assert ran.counts["verified"] == 1
    assert ran.left("verified")[0]["verdicts"][0]["validator"] == "regex"


async def test_the_rounds_of_a_talk_are_kept_with_what_the_critic_said(project, endpoint):
    endpoint.will_answer("one", "There is no more feedback once you mend it.", "two", "again")
    endpoint.will_answer("three", "NO MORE FEEDBACK")
    python = PYTHON.replace('"no more feedback" in said', 'said == "no more feedback"')
    task = project.task("critic", NODES, EDGES, python=python, output_config=OUTPUT)

    ran = await project.run(task)

    with open_readonly(ran.folder / "journal.db") as reader:
        rounds = reader.rounds("a")
    assert [(one.number, one.attempts[0].answer, one.sentinel.value) for one in rounds] == [
        (1, "one", "absent"),
        (2, "two", "absent"),
        (3, "three", "granted"),
    ]
