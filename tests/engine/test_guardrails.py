"""Guardrails in real runs: what is not let out is not sent, what is not let in is not used."""

import json
from dataclasses import replace

import pytest

from sygra_eval.engine import ExitCode, PlanChange
from sygra_eval.engine.visits import Trace, visit_from_json, visit_to_json
from sygra_eval.report import (
    json_report,
    markdown_report,
    record_json,
    record_text,
    terminal_report,
)
from sygra_eval.values import GuardAt, GuardVerdict, Status, Verdict
from tests.engine.conftest import FAST_PLUGIN, chain, code_row, fast_suite
from tests.report.checking import complaints_of

WORD = "swordfish"
NO_WORD = {"use": "regex", "pattern": WORD, "must": "not_match", "name": "words"}
FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")


def sent(endpoint):
    """Return the last message of every request that reached the server."""
    return [body["messages"][-1]["content"] for body in endpoint.requests]


def guards(finished, row_id="r0"):
    (end,) = [end for end in finished.ends() if end.row_id == row_id]
    return [
        (one.at.value, one.node, one.visit, one.sample, one.verdict.status.value)
        for one in end.guards
    ]


def rail(at, **keys):
    return {**NO_WORD, "at": at, **keys}


async def test_a_blocked_prompt_is_never_sent(code_suite, run, endpoint):
    rows = [code_row("r0", "fine"), code_row("r1", f"draft=right {WORD}")]

    finished = await run(code_suite(*rows, guardrails=[rail("input", on_fail="block")]))

    assert finished.outcomes() == {"r0": "verified", "r1": "rejected"}
    assert not any(WORD in text for text in sent(endpoint))
    (rejected,) = finished.rows("rejected")
    assert rejected["reason"].startswith("guardrail words at input of solve/draft: ")
    assert rejected["question"] == f"draft=right {WORD}"
    assert guards(finished, "r1") == [("input", "solve/draft", 1, 0, "fail")]
    assert finished.summary.exit_code is ExitCode.PASSED
    assert next(iter(finished.summary.stop_reasons[finished.ends()[1].outcome])) == "guardrail"


async def test_a_blocked_reply_is_paid_once_and_a_resume_asks_for_nothing_again(
    code_suite, run, resume, endpoint, stop
):
    rows = [code_row(f"r{n}", f"draft=wrong critic=honest n={n} .") for n in range(8)]
    wrong = {"use": "regex", "pattern": "x - 1", "must": "not_match", "name": "no_minus"}
    guardrails = [{**wrong, "at": "output", "node": "solve/draft", "on_fail": "block"}]

    def after_three(progress):
        if progress.rows_done == 3:
            stop.drain("SIGINT")

    suite = code_suite(*rows, guardrails=guardrails)
    stopped = await run(suite, name="stopped", show=after_three, stop=stop)
    resumed = await resume(stopped.folder)
    again = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert set(resumed.outcomes().values()) == {"rejected"}
    assert len(sent(endpoint)) == len(set(sent(endpoint))) == 8
    assert all(text.startswith("draft") for text in sent(endpoint))  # no critic saw any of them
    assert again.summary.calls == resumed.summary.calls == 8


async def test_a_recorded_fail_leaves_the_row_verified_and_is_told(code_suite, run):
    rows = [code_row("r0", f"draft=right {WORD}")]
    plain = await run(code_suite(*rows, folder="plain"), name="plain")

    finished = await run(code_suite(*rows, guardrails=[rail("input")]))

    assert finished.outcomes() == {"r0": "verified"}
    assert ("input", "solve/draft", 1, 0, "fail") in guards(finished)
    (row,), (unguarded,) = finished.rows("verified"), plain.rows("verified")
    assert list(row) == list(unguarded)  # the columns of data are an interface
    del row["provenance"]["suite_sha256"], unguarded["provenance"]["suite_sha256"]
    assert row == unguarded
    (tally,) = [t for t in finished.summary.guardrails if t.node == "solve/draft"]
    assert (tally.failed, tally.blocked) == (1, 0)


async def test_every_round_and_step_of_a_loop_is_looked_at_in_the_order_of_its_calls(
    code_suite, run
):
    rows = [code_row("r0", "draft=wrong revise=right")]

    finished = await run(code_suite(*rows, guardrails=[rail("output", node="solve")]))

    assert guards(finished) == [
        ("output", "solve/draft", 1, 0, "pass"),
        ("output", "solve/critique", 1, 0, "pass"),
        ("output", "solve/revise", 2, 0, "pass"),
        ("output", "solve/critique", 2, 0, "pass"),
    ]


async def test_a_step_alone_can_be_meant(code_suite, run):
    rows = [code_row("r0", "draft=wrong revise=right")]

    finished = await run(code_suite(*rows, guardrails=[rail("input", node="solve/revise")]))

    assert guards(finished) == [("input", "solve/revise", 2, 0, "pass")]


async def test_a_block_in_a_later_round_rejects_the_row_and_keeps_its_rounds(code_suite, run):
    rows = [code_row("r0", "draft=wrong revise=right")]
    no_plus = {"use": "regex", "pattern": "x \\+ 1", "must": "not_match", "name": "no_plus"}
    guardrails = [{**no_plus, "at": "output", "on_fail": "block"}]

    finished = await run(code_suite(*rows, guardrails=guardrails))

    (end,) = finished.ends()
    assert (end.outcome.value, end.loop.stop_reason.value) == ("rejected", "guardrail")
    assert end.reason.startswith("guardrail no_plus at output of solve/revise: ")
    assert (end.loop.rounds, end.loop.kept_round) == (1, 1)


async def test_a_guardrail_that_breaks_lets_nothing_through_where_it_blocks(
    tmp_path, run, resume, endpoint
):
    broken = {"use": "says", "name": "says", "at": "output"}

    blocking = fast_suite(
        tmp_path / "a", ["says-raise fine"], guardrails=[{**broken, "on_fail": "block"}]
    )
    recording = fast_suite(
        tmp_path / "b",
        ["says-raise fine"],
        guardrails=[broken],
        quality={"validators": [{"use": "says", "name": "other"}]},
    )
    blocked = await run(blocking, name="blocked")
    recorded = await run(recording, name="recorded")

    assert blocked.outcomes() == {"r0": "failed"}
    (row,) = blocked.rows("failed")
    assert row["reason"].startswith("guardrail error says at output of solve: plugin ")
    assert blocked.summary.guardrails[0].errors == 1
    assert recorded.outcomes() == {"r0": "verified"}
    assert guards(recorded) == [("output", "solve", 1, 0, "error")]


async def test_of_several_replies_side_by_side_the_first_one_asked_for_is_blamed(
    tmp_path, run, endpoint
):
    models = {name: {"use": "echo"} for name in ("one", "two", "three")}
    ask = {
        "node_type": "multi_llm",
        "models": {name: {"name": name} for name in models},
        "prompt": "{question}",
        "output_keys": "answers",
    }
    last = {"node_type": "llm", "model": "one", "prompt": "{question}", "output_keys": "answer"}
    nodes = {"ask": ask, "solve": last}
    suite = fast_suite(
        tmp_path,
        [WORD],
        models=models,
        nodes=nodes,
        guardrails=[rail("output", on_fail="block", node="ask")],
    )

    finished = await run(suite)

    (row,) = finished.rows("rejected")
    assert row["reason"].startswith("guardrail words at output of ask/one: ")
    assert [place for _, place, *_ in guards(finished)] == ["ask/one", "ask/two", "ask/three"]


async def test_a_stopped_and_resumed_run_ends_with_the_bytes_of_an_undisturbed_one(
    code_suite, run, resume, endpoint, stop
):
    words = ["draft=right", f"draft=right {WORD}", "draft=wrong revise=right"] * 4
    guardrails = [rail("input", on_fail="block"), rail("output")]
    rows = [code_row(f"r{n}", f"{q} n={n} .") for n, q in enumerate(words)]
    suite = code_suite(*rows, guardrails=guardrails)
    undisturbed = await run(suite, name="undisturbed")
    asked = len(endpoint.requests)

    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    stopped = await run(suite, name="stopped", show=after_four, stop=stop)
    resumed = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert resumed.bytes_of(*FILES) == undisturbed.bytes_of(*FILES)
    assert len(endpoint.requests) == 2 * asked
    assert resumed.summary.guardrails == undisturbed.summary.guardrails
    assert [end.guards for end in resumed.ends()] == [end.guards for end in undisturbed.ends()]


async def test_the_report_and_show_tell_of_guardrails_node_by_node(code_suite, run):
    hostile = f"draft=right {WORD} \x1b[31m|<b>"
    suite = code_suite(
        code_row("r0", hostile),
        code_row("r1", "draft=right"),
        guardrails=[
            rail("input", on_fail="block"),
            rail("output", name="unused", node="solve/revise"),
        ],
    )

    finished = await run(suite)
    terminal, page = terminal_report(finished.summary), markdown_report(finished.summary)
    data = json.loads(json_report(finished.summary))

    lines = [line.split() for line in terminal.splitlines()]
    assert ["words", "input", "solve/draft", "1", "1", "0", "0", "1"] in lines
    assert ["words", "input", "solve/critique", "1", "0", "0", "0", "0"] in lines
    assert ["unused", "output", "solve/revise", "0", "0", "0", "0", "0"] in lines
    assert "## Guardrails" in page
    assert "\x1b" not in terminal + page
    assert {one["node"]: one["blocked"]["value"] for one in data["guardrails"]} == {
        "solve/critique": 0,
        "solve/draft": 1,
        "solve/revise": 0,
    }
    end = finished.ends()[0]
    text, told = record_text(end, []), record_json(end, [])
    assert complaints_of(finished.folder) == []
    assert "words at input of solve/draft, round 1, sample 1: fail (blocked): " in " ".join(
        text.split()
    )
    assert "\x1b" not in text
    (one,) = told["guardrails"]
    assert (one["status"], one["blocked"], one["node"]) == ("fail", True, "solve/draft")


async def test_nodes_inside_a_subgraph_have_their_paths(tmp_path, run):
    solve = {"node_type": "llm", "model": "author", "prompt": "{q}", "output_keys": "said"}
    step = {
        "node_type": "subgraph",
        "suite": {
            "graph_config": {"nodes": {"ask": solve}, "edges": chain(["ask"])},
        },
        "inputs": {"q": "question"},
        "outputs": {"answer": "said"},
    }
    suite = fast_suite(
        tmp_path,
        ["fine", WORD],
        nodes={"step": step},
        guardrails=[rail("input", node="step/ask", on_fail="block")],
    )

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "verified", "r1": "rejected"}
    assert guards(finished, "r1") == [("input", "step/ask", 1, 0, "fail")]
    (row,) = finished.rows("rejected")
    assert row["reason"].startswith("guardrail words at input of step/ask: ")


SWALLOWING = """
from sygra_eval import hookimpl


async def greedy(node, state, ctx):
    from sygra_eval.values import Message

    try:
        reply = await ctx.complete((Message("user", str(state["question"])),), model="author")
    except Exception:
        return {"answer": "nothing happened"}
    return {"answer": reply.text}


@hookimpl
def sygra_register_nodes(register):
    register("greedy", greedy)
"""


@pytest.mark.parametrize("at", ["input", "output"])
async def test_no_node_can_go_on_as_if_nothing_had_been_blocked(tmp_path, run, at):
    plugin = tmp_path / "swallowing.py"
    plugin.write_text(SWALLOWING)
    suite = fast_suite(
        tmp_path,
        ["fine", WORD],
        nodes={"solve": {"node_type": "greedy"}},
        guardrails=[rail(at, on_fail="block")],
        quality={"validators": [{"use": "says"}], "candidate": "answer"},
    )

    finished = await run(suite, plugins=[str(FAST_PLUGIN), str(plugin)])

    assert finished.outcomes() == {"r0": "verified", "r1": "rejected"}
    assert finished.rows("rejected")[0]["reason"].startswith(f"guardrail words at {at} of solve: ")


async def test_a_secret_is_in_no_report_and_no_verdict(tmp_path, run):
    key = "ghp_Zq7Rt2Xw9Lm4Vb6Np1Ks8Hd3Fg5Jc0Ty4Ue2"  # of GitHub's form, and nobody's
    guardrails = [
        {"use": "secrets", "at": "input", "on_fail": "block"},
        {"use": "personal_data", "at": "input"},
    ]
    question = f"use {key} of jane.roe@mail-server.de"

    finished = await run(fast_suite(tmp_path, [question], guardrails=guardrails))

    (end,) = finished.ends()
    shown = record_text(end, []).partition("guardrails")[2]
    told = json.dumps(record_json(end, [])["guardrails"]) + shown + end.reason
    for page in ("report.md", "report.json", "README.md"):
        told += (finished.folder / page).read_text()
    assert key[:12] not in told
    assert "jane" not in told
    assert "line 1, column 5: GitHub token ghp_… (40 characters)" in shown
    assert "e-mail address jane" not in shown


async def test_a_run_that_goes_on_with_other_guardrails_is_judged_by_them(
    tmp_path, run, resume, stop
):
    async def agrees():
        return True

    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    suite = fast_suite(tmp_path, [WORD] * 30, guardrails=[rail("output", pattern="nothing")])
    stopped = await run(suite, show=after_four, stop=stop)
    changed = fast_suite(
        tmp_path / "changed", [WORD] * 30, guardrails=[rail("output", on_fail="block")]
    )
    change = PlanChange(suite=changed, goes_on=agrees)

    resumed = await resume(stopped.folder, change=change)

    assert set(resumed.outcomes().values()) == {"rejected"}
    assert stopped.summary.not_reached > 0
    assert resumed.summary.guardrails[0].blocked == 30


async def test_a_repair_of_json_belongs_to_its_step(endpoint, code_suite, run):
    replies = iter(["no JSON " + WORD, '{"code": "x"}'])
    endpoint.answers_with(lambda body: next(replies))
    schema = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
    model = {
        "name": "author",
        "structured_output": {"enabled": True, "schema": {"fields": {"code": {"type": "str"}}}},
    }
    del schema
    node = {"node_type": "llm", "model": model, "prompt": "{question}", "output_keys": "answer"}
    suite = code_suite(
        {"id": "r0", "question": "why"},
        graph_config={"nodes": {"solve": node}, "edges": chain(["solve"])},
        quality={"validators": [{"use": "length", "min": 1}]},
        guardrails=[rail("output")],
    )

    finished = await run(suite)

    assert [one.passed + one.failed for one in finished.summary.guardrails] == [2]
    assert finished.summary.guardrails[0].node == "solve"


def test_what_was_said_at_a_node_comes_back_with_its_visit():
    """A run that was killed between two nodes does not make the first visit again."""
    said = GuardVerdict(
        verdict=Verdict(validator="words", status=Status.PASS, reason="no match"),
        at=GuardAt.OUTPUT,
        node="outer/solve#2",
        visit=3,
        sample=1,
        is_blocking=True,
    )
    inner, outer = Trace(), Trace()
    inner.guards[0] = [said]
    outer.guards[1], outer.guards[0] = [said], [replace(said, visit=1)]
    outer.inner.append(inner.visit({}))

    visit = visit_from_json(json.loads(json.dumps(visit_to_json(outer.visit({"answer": "x"})))))

    assert visit == outer.visit({"answer": "x"})
    assert [one.visit for one in visit.guards] == [1, 3]
    assert [one.guards for one in visit.flat()] == [(said,), visit.guards]
