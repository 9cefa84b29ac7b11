"""What goes wrong in the hooks around calls, and what they are never told."""

import json
from dataclasses import replace

import pytest

from sygra_eval.engine import RunOptions, resume_run
from sygra_eval.journal import open_readonly, response_from_json, response_to_json
from sygra_eval.testing import ScriptedEndpoint, completion
from sygra_eval.values import ChatResponse, Outcome, Usage

KEY = "canary-0123456789-abcdef"
NOTES = """
from pathlib import Path
from sygra_eval import ChatResponse, hookimpl
from sygra_eval.values import Usage

def note(what):
    with Path(__file__).with_suffix(".seen").open("a") as file:
        file.write(repr(what) + "\\n")

def known(text):
    usage = Usage(prompt_tokens=5, completion_tokens=5)
    return ChatResponse(text=text, finish_reason="stop", usage=usage)
"""
KNOWS = """
@hookimpl
def sygra_before_call(request, ctx):
    note(ctx.site.record)
    return known("known")
"""


@pytest.fixture
def plugin(project):
    """Write a plugin; return a reader of the lines that it noted."""

    def write(source: str):
        path = project.write("plugins/mine.py", NOTES + source)
        seen = path.with_suffix(".seen")
        return lambda: seen.read_text().splitlines() if seen.exists() else []

    return write


def rows_of(summary, outcome: Outcome) -> list[dict]:
    lines = (summary.folder / f"{outcome}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


async def test_an_answer_of_a_plugin_is_journalled_marked_and_costs_nothing(
    project, plugin, small_suite
):
    seen = plugin(KNOWS)
    budget = "suite: {name: small, budget: {calls: 1}}\n"

    summary = await project.run(small_suite(("suite: {name: small}\n", budget)))

    assert sorted(seen()) == ["'a'", "'b'"]
    rows = rows_of(summary, Outcome.UNJUDGED)
    assert [row["answer"] for row in rows] == ["known", "known"]
    assert rows[0]["provenance"]["models"][0]["model"] == "plugin mine"
    assert (summary.calls, summary.calls_from_plugins) == (2, 2)
    assert "answered by plugins" in (summary.folder / "report.md").read_text()
    with open_readonly(summary.folder / "journal.db") as journal:
        assert journal.calls_summary().cost_nano_usd == 0


async def test_a_resumed_run_asks_no_plugin_for_what_is_journalled(project, plugin, small_suite):
    seen = plugin("""
@hookimpl
def sygra_before_call(request, ctx):
    note(ctx.site.record)
    return known("known") if ctx.site.record == "a" else None

@hookimpl
def sygra_run_node(node, state):
    if state["id"] == "b" and not Path(__file__).with_suffix(".go").exists():
        raise RuntimeError("not yet")
""")
    model = str(project.root / "echo_model.py")
    first = await project.run(small_suite())
    (project.root / "plugins" / "mine.go").write_text("")

    options = RunOptions(plugins=(model,), is_trusted=True, accepts_no_sandbox=True)
    again = await resume_run(first.folder, options)

    assert seen() == ["'a'", "'b'"]
    assert [row["answer"] for row in rows_of(again, Outcome.UNJUDGED)] == ["known", "HOW"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise LookupError('no tea left')", "sygra_before_call of plugin mine: LookupError: no t"),
        (
            "raise SystemExit(0)",
            "sygra_before_call of plugin mine: RuntimeError: sys.exit(0)",
        ),
        ("return 'known'", "sygra_before_call of plugin mine returned str, not a ChatResponse"),
    ],
)
async def test_a_plugin_that_cannot_answer_ends_the_record_alone_and_is_named(
    project, plugin, small_suite, body, told
):
    plugin(f"""
@hookimpl
async def sygra_before_call(request, ctx):
    if ctx.site.record == "a":
        {body}
""")

    summary = await project.run(small_suite())

    (failed,) = rows_of(summary, Outcome.FAILED)
    assert (failed["id"], told in failed["reason"]) == ("a", True), failed
    assert [row["answer"] for row in rows_of(summary, Outcome.UNJUDGED)] == ["HOW"]


async def test_a_failing_observer_of_calls_is_told_once_and_changes_nothing(
    project, plugin, small_suite
):
    plugin("""
@hookimpl
def sygra_after_call(request, response, ctx):
    raise LookupError("no tea left")
""")

    summary = await project.run(small_suite())

    assert summary.exit_code == 0
    failures = [said for said in project.told if "sygra_after_call" in said]
    assert failures == ["sygra_after_call of plugin mine: LookupError: no tea left"]


async def test_a_plugin_cannot_change_what_is_sent(project, plugin, small_suite):
    plugin("""
@hookimpl
def sygra_before_call(request, ctx):
    request.parameters["stop"].append("changed")
    try:
        request.parameters["temperature"] = 2
    except TypeError:
        note("refused")
""")
    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.answers_with(lambda body: "fine")
        entry = {**endpoint.model_entry("openai"), "parameters": {"stop": ["x"], "temperature": 1}}
        await project.run(small_suite(("{use: echo}", json.dumps(entry))))

        assert [body["stop"] for body in endpoint.requests] == [["x"], ["x"]]
        assert {body["temperature"] for body in endpoint.requests} == {1}


async def test_hooks_are_told_no_key(project, plugin, small_suite, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    seen = plugin("""
@hookimpl
def sygra_before_call(request, ctx):
    note((request, ctx))

@hookimpl
def sygra_call_delta(call, text):
    note((call, text))

@hookimpl
def sygra_after_call(request, response, ctx):
    note((request, response, ctx))
""")
    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.requires_key = KEY
        endpoint.answers_with(lambda body: "fine")
        entry = {**endpoint.model_entry("openai"), "api_key_env": "SOME_KEY", "stream": True}
        await project.run(small_suite(("{use: echo}", json.dumps(entry))))

    assert len(seen()) >= 6
    assert KEY not in "".join(seen())


@pytest.mark.parametrize("kind", ["openai", "responses", "completions", "ollama"])
async def test_text_is_heard_as_it_comes_in_every_dialect(project, plugin, small_suite, kind):
    seen = plugin("""
@hookimpl
def sygra_call_delta(call, text):
    if call.site.record == "a":
        note(text)
""")
    with ScriptedEndpoint.in_a_thread() as endpoint:
        answer = completion("an answer in pieces", reasoning="first I thought")
        endpoint.answers_with(lambda body: answer)
        entry = {**endpoint.model_entry(kind), "stream": True}
        await project.run(small_suite(("{use: echo}", json.dumps(entry))))

    pieces = [json.loads(line.replace("'", '"')) for line in seen()]
    assert len(pieces) > 1
    assert "".join(pieces) == "an answer in pieces"


async def test_an_attempt_that_breaks_off_is_followed_by_one_with_a_higher_number(
    project, plugin, small_suite
):
    seen = plugin("""
@hookimpl
def sygra_call_delta(call, text):
    note([call.attempt, text])
""")
    with ScriptedEndpoint.in_a_thread() as endpoint:
        whole = completion("an answer in pieces")
        endpoint.will_answer(replace(whole, is_cut_off=True))
        endpoint.answers_with(lambda body: whole)
        entry = {**endpoint.model_entry("openai"), "stream": True, "max_concurrency": 1}
        await project.run(small_suite(("{use: echo}", json.dumps(entry))))

    assert {json.loads(line.replace("'", '"'))[0] for line in seen()} == {1, 2}


def test_a_plugins_name_is_kept_in_the_journal_and_missing_in_old_ones():
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    response = ChatResponse(text="x", finish_reason="stop", usage=usage, from_plugin="mine")

    assert response_from_json(response_to_json(response)) == response
    assert "from_plugin" not in response_to_json(replace(response, from_plugin=""))
