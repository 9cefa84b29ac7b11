"""One test per hook: through a real run, so that it fails when the engine's call is taken out."""

import json
from pathlib import Path

import pytest

from sygra_eval.engine import ExitCode, RunOptions, plugins_of_run, resume_run, side_of_run
from sygra_eval.hookspecs import Hooks
from sygra_eval.journal import open_readonly
from sygra_eval.quality import figure_of
from sygra_eval.suite import load_suite
from sygra_eval.testing import ScriptedEndpoint
from sygra_eval.values import Outcome, PluginError

PAGE = Path(__file__).parents[2] / "docs" / "hooks.md"
ALL_HOOKS = [name for name in vars(Hooks) if name.startswith("sygra_")]
SEEN = """
import json
from pathlib import Path

from sygra_eval import hookimpl

def seen(what):
    with Path(__file__).with_suffix(".seen").open("a") as file:
        file.write(json.dumps(what) + "\\n")
"""
VALIDATORS = "quality: {validators: [{use: shouts, required: true}]}\n"
SHOUTS = """
from sygra_eval import Status, Verdict

async def shouts(candidate, ctx):
    isolation = ctx.sandbox.describe()
    if candidate.text.isupper():
        return Verdict(validator="shouts", status=Status.PASS, reason=isolation)
    return Verdict(validator="shouts", status=Status.FAIL, reason=f"too soft in {isolation}")

@hookimpl
def sygra_register_validators(register):
    register("shouts", shouts)
"""
LOOP = """
    solve:
      node_type: critique_loop
      draft: {model: author, prompt: [{user: "{question}"}]}
      critique: {model: author, prompt: [{user: "bad, round {round}"}]}
      revise: {model: author, prompt: [{user: "{question} {round}"}]}
      until: {sentinel: ENOUGH}
      max_rounds: 5
      output: answer
"""
LLM_NODE = """
    solve: {node_type: llm, model: author, prompt: [{user: "{question}"}], output_keys: answer}
"""


@pytest.fixture
def plugin(project):
    """Write a plugin into the project's folder; return a reader of what it saw."""

    def write(source: str):
        path = project.write("plugins/mine.py", SEEN + source)

        def read() -> list:
            lines = path.with_suffix(".seen").read_text().splitlines()
            return [json.loads(line) for line in lines]

        return read

    return write


def rows_of(summary, outcome: Outcome = Outcome.UNJUDGED) -> list[dict]:
    lines = (summary.folder / f"{outcome}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def answers(summary) -> list[str]:
    return [row["answer"] for row in rows_of(summary)]


@pytest.mark.parametrize("hook", ALL_HOOKS)
def test_every_hook_has_a_test_and_a_place_in_the_docs(hook):
    taken = getattr(Hooks, hook).__code__
    arguments = taken.co_varnames[1 : taken.co_argcount]

    assert f"test_hook_{hook.removeprefix('sygra_')}" in globals()
    assert f"## `{hook}({', '.join(arguments)})`\n" in PAGE.read_text()


async def test_hook_register_nodes(project, plugin, small_suite):
    plugin("""
async def backwards(node, state, ctx):
    return {"answer": state["question"][::-1]}

@hookimpl
def sygra_register_nodes(register):
    register("backwards", backwards)
""")

    summary = await project.run(
        small_suite((LLM_NODE.strip(), "solve: {node_type: backwards}"))
        + "quality: {candidate: answer}\n"
    )

    assert answers(summary) == ["yhw", "woh"]


async def test_hook_register_validators(project, plugin, small_suite):
    plugin(SHOUTS)

    summary = await project.run(small_suite() + VALIDATORS)

    assert summary.counts[Outcome.VERIFIED] == 2
    (verdict,) = rows_of(summary, Outcome.VERIFIED)[0]["verdicts"]
    assert (verdict["validator"], verdict["status"]) == ("shouts", "pass")


async def test_hook_register_models(project, plugin, small_suite):
    plugin("""
from sygra_eval import ChatResponse
from sygra_eval.values import Usage

class Parrot:
    identity = label = endpoint = "parrot"
    max_in_flight = 1

    def __init__(self, spec):
        seen(spec.name)

    async def open(self): ...

    async def complete(self, request):
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        return ChatResponse(text="polly", finish_reason="stop", usage=usage)

    async def close(self): ...

@hookimpl
def sygra_register_models(register):
    register("parrot", Parrot)
""")

    summary = await project.run(small_suite(("use: echo", "use: parrot")))

    assert answers(summary) == ["polly", "polly"]


async def test_hook_register_sources(project, plugin, small_suite):
    plugin("""
from sygra_eval import Row

class Three:
    def __init__(self, spec): ...

    def fingerprint(self):
        return "three"

    async def rows(self):
        for index in range(3):
            columns = {"question": f"q{index}"}
            yield Row(id=str(index), index=index, columns=columns, origin=f"three:{index}")

@hookimpl
def sygra_register_sources(register):
    register("three", Three)
""")

    summary = await project.run(
        small_suite(("{type: disk, file_path: rows.jsonl, id: id}", "{type: three}"))
    )

    assert answers(summary) == ["Q0", "Q1", "Q2"]


async def test_hook_register_transforms(project, plugin, small_suite):
    plugin("""
def asked_twice(columns, transform):
    if columns["question"] == "how":
        return None
    return [columns, {**columns, "question": "really"}]

@hookimpl
def sygra_register_transforms(register):
    register("asked_twice", asked_twice)
""")

    summary = await project.run(
        small_suite(("id: id}}", "id: id}, transforms: [{use: asked_twice}]}"))
    )

    assert answers(summary) == ["WHY", "REALLY"]


async def test_a_source_keeps_in_the_runs_folder_what_a_resume_needs(project, plugin, small_suite):
    plugin("""
from sygra_eval import Row

class Once:
    read = 0

    def __init__(self, spec):
        self.kept = spec.kept_in and spec.kept_in / "kept.txt"

    def fingerprint(self):
        return "once"

    async def keep_in(self, folder):
        assert Once.read == 2, "the look and the count, and no row is taken up yet"
        (folder / "kept.txt").write_text("kept")

    async def rows(self):
        Once.read += 1
        question = self.kept.read_text() if self.kept else "new"
        yield Row(id="0", index=0, columns={"question": question}, origin="once:0")

@hookimpl
def sygra_register_sources(register):
    register("once", Once)
""")
    source = ("{type: disk, file_path: rows.jsonl, id: id}", "{type: once}")

    summary = await project.run(small_suite(source))

    assert answers(summary) == ["NEW"]
    folder = summary.folder
    assert (folder / "kept.txt").read_text() == "kept"
    plugins = project.load(named=(str(project.root / "echo_model.py"),))
    suite = load_suite(folder / "suite.yaml", plugins, folder=project.root, kept_in=folder)
    again = plugins.of("sources")["once"].implementation(suite.source)
    assert [row.columns["question"] async for row in again.rows()] == ["kept"]


async def test_hook_register_sandboxes(project, plugin, small_suite):
    plugin(
        SHOUTS
        + """
class Tent:
    name = "none"
    strength = 0

    async def start(self, slots):
        return self

    def describe(self):
        return "a tent"

    async def close(self):
        seen("folded")

@hookimpl
def sygra_register_sandboxes(register):
    register("none", Tent())
"""
    )

    summary = await project.run(
        small_suite() + VALIDATORS, plugins=("no:sygra_eval.sandbox.builtin",)
    )

    (verdict,) = rows_of(summary, Outcome.VERIFIED)[0]["verdicts"]
    assert verdict["reason"] == "a tent"


async def test_hook_register_reporters(project, plugin, small_suite):
    plugin("""
@hookimpl
def sygra_register_reporters(register):
    for name in ("terminal", "markdown", "json", "card"):
        register(name, lambda ctx, name=name: f"{name} of {ctx.summary.rows} rows")
""")

    summary = await project.run(small_suite(), plugins=("no:sygra_eval.report.builtin",))

    assert (summary.folder / "report.md").read_text() == "markdown of 2 rows"


async def test_a_format_that_the_suite_asks_for_becomes_a_file_of_its_own(
    project, plugin, small_suite
):
    plugin("""
@hookimpl
def sygra_register_reporters(register):
    register("tally", lambda ctx: f"{ctx.summary.rows} rows")
""")
    suite = small_suite() + "report: {formats: [terminal, tally]}\n"

    summary = await project.run(suite)

    assert (summary.folder / "report.tally").read_text() == "2 rows"
    assert "report.tally" in (summary.folder / "manifest.json").read_text()


async def test_the_html_report_is_a_file_of_the_run_where_the_suite_asks_for_it(
    project, small_suite
):
    summary = await project.run(small_suite() + "report: {formats: [html], max_mb: 1}\n")

    page = (summary.folder / "report.html").read_bytes()
    assert page.startswith(b"<!DOCTYPE html>")
    assert len(page) < 1_000_000
    assert "report.html" in (summary.folder / "manifest.json").read_text()


async def test_a_view_may_yield_its_parts_and_name_its_file(project, plugin, small_suite):
    plugin("""
def lines(ctx):
    yield f"{ctx.suite['suite']['name']} of at most {ctx.options.max_rows}\\n"
    for row in ctx.rows():
        yield f"{row.id} {row.outcome.value} {row.tokens}\\n".encode()

@hookimpl
def sygra_register_reporters(register):
    register("lines", lines, file="lines.txt", about="a line a row")
""")
    suite = small_suite() + "report: {formats: [lines], max_rows: 7}\n"

    summary = await project.run(suite)

    first, *rows = (summary.folder / "lines.txt").read_text().splitlines()
    assert first.endswith(" of at most 7")
    assert [row.split()[1] for row in rows] == ["unjudged"] * 2
    assert "lines.txt" in (summary.folder / "manifest.json").read_text()
    assert not list(summary.folder.glob("*.tmp"))


async def test_hook_register_executors(project, plugin, small_suite):
    """Workers that are tasks of this process: all that another kind of worker has to bring."""
    read = plugin("""
import asyncio
from sygra_eval.engine.executors import work

class End:
    def __init__(self, inbox, outbox, task=None):
        self.inbox, self.outbox, self.task = inbox, outbox, task

    async def send(self, frame):
        self.outbox.put_nowait(json.loads(json.dumps(frame)))

    async def receive(self):
        return await self.inbox.get()

    async def end(self):
        self.outbox.put_nowait(None)
        if self.task is not None:
            await self.task

class Tasks:
    async def run(self, job):
        seen([job.workers, job.folder.name, json.loads(job.plan["asked"])["rows_per_shard"]])
        return await job.settle_by(self.start)

    async def start(self, number):
        there, here = asyncio.Queue(), asyncio.Queue()
        async def be_a_worker():
            await work(End(there, here))
            here.put_nowait(None)
        return End(here, there, asyncio.create_task(be_a_worker()))

@hookimpl
def sygra_register_executors(register):
    register("tasks", Tasks())
""")
    project.executor = "tasks"

    summary = await project.run(small_suite())

    assert read() == [[1, summary.folder.name, 8]]
    assert answers(summary) == ["WHY", "HOW"]
    assert not (summary.folder / "parts").exists()


async def test_hook_register_metrics(project, plugin, small_suite):
    plugin("""
@hookimpl
def sygra_register_metrics(register):
    register("length", lambda row: len(row.columns["answer"]), kind="mean", direction="lower")
    register("rows", len, kind="set")
""")
    finished = await project.run(small_suite())

    plugins = plugins_of_run(finished.folder, (), is_trusted=True)
    side = side_of_run(finished.folder, plugins)

    length, rows = figure_of(side, "length"), figure_of(side, "rows")
    assert (length.estimate.value, length.n_judged) == (3, 2)
    assert rows.estimate.value == 2
    assert "metric length" in [line for one in plugins.listing() for line in one.adds]


async def test_a_metric_that_is_none_is_refused_with_the_plugin(project, plugin, small_suite):
    plugin("""
@hookimpl
def sygra_register_metrics(register):
    register("length", len, kind="median")
""")

    with pytest.raises(
        PluginError, match=r"mine .*sygra_register_metrics raised ValueError: 'median'"
    ):
        await project.run(small_suite())


async def test_hook_run_started(project, plugin, small_suite):
    seen = plugin("""
@hookimpl
def sygra_run_started(run):
    seen([run.suite, run.rows_total, run.folder.is_dir()])
""")

    await project.run(small_suite())

    assert seen() == [["small", 2, True]]


async def test_hook_run_node(project, plugin, small_suite):
    plugin("""
@hookimpl
async def sygra_run_node(node, state):
    return {"answer": "taken over"} if state["id"] == "a" else None
""")

    summary = await project.run(small_suite())

    assert answers(summary) == ["taken over", "HOW"]


async def test_the_registered_implementation_answers_after_everybody_else(
    project, plugin, small_suite
):
    plugin("""
@hookimpl(trylast=True)
async def sygra_run_node():
    return {"answer": "asked in time"}
""")

    summary = await project.run(small_suite())

    assert answers(summary) == ["asked in time", "asked in time"]


async def test_hook_wrap_node(project, plugin, small_suite):
    plugin("""
@hookimpl
def sygra_wrap_node(node):
    async def twice(state, proceed):
        await proceed(state)
        added = await proceed({**state, "question": state["question"] + "?"})
        return {"answer": f"<{node.name}: {added['answer']}>"}

    return twice
""")

    summary = await project.run(small_suite())

    assert answers(summary) == ["<solve: WHY?>", "<solve: HOW?>"]


async def test_hook_loop_should_stop(project, plugin, small_suite):
    seen = plugin("""
from sygra_eval.values import StopReason

@hookimpl
async def sygra_loop_should_stop(loop):
    seen([loop.record, len(loop.rounds), loop.rounds[-1].critique])
    return StopReason.BUDGET if len(loop.rounds) == 2 else None
""")

    summary = await project.run(small_suite((LLM_NODE, LOOP)))

    (first, second) = rows_of(summary)
    assert (first["rounds"], first["stop_reason"]) == (2, "budget")
    assert (second["rounds"], second["stop_reason"]) == (2, "budget")
    assert ["a", 1, "BAD, ROUND 1"] in seen()


async def test_hook_record_finished(project, plugin, small_suite):
    seen = plugin("""
@hookimpl
def sygra_record_finished(record):
    seen([record.row_id, record.outcome])
""")

    await project.run(small_suite())

    assert sorted(seen()) == [["a", "unjudged"], ["b", "unjudged"]]


async def test_hook_run_finished(project, plugin, small_suite):
    seen = plugin("""
@hookimpl
def sygra_run_finished(run):
    written = (run.folder / "manifest.json").is_file()
    seen([run.suite, run.exit_code, run.counts["unjudged"], written])
""")

    await project.run(small_suite())

    assert seen() == [["small", 0, 2, True]]


@pytest.mark.parametrize(
    ("hook", "argument"),
    [
        ("sygra_run_started", "run"),
        ("sygra_record_finished", "record"),
        ("sygra_run_finished", "run"),
    ],
)
async def test_a_failing_observer_is_told_and_changes_nothing(
    project, plugin, small_suite, hook, argument
):
    plugin(f"""
@hookimpl
def {hook}({argument}):
    raise LookupError("no tea left")
""")

    summary = await project.run(small_suite())

    assert summary.exit_code == 0
    assert f"{hook} of plugin mine: LookupError: no tea left" in project.told


async def test_a_failing_node_ends_its_record_alone_and_is_named(project, plugin, small_suite):
    plugin("""
@hookimpl
async def sygra_run_node(node, state):
    if state["id"] == "a":
        raise LookupError("no tea left")
""")

    summary = await project.run(small_suite())

    (failed,) = rows_of(summary, Outcome.FAILED)
    assert failed["id"] == "a"
    assert "node `solve` (type `llm` of plugin sygra_eval.nodes.builtin)" in failed["reason"]
    assert "LookupError: no tea left" in failed["reason"]
    assert answers(summary) == ["HOW"]


async def test_a_node_that_calls_exit_ends_its_record_alone(project, plugin, small_suite):
    plugin("""
@hookimpl
async def sygra_run_node(node, state):
    if state["id"] == "a":
        raise SystemExit(0)

@hookimpl
def sygra_record_finished(record):
    raise SystemExit(0)
""")

    summary = await project.run(small_suite())

    (failed,) = rows_of(summary, Outcome.FAILED)
    assert (failed["id"], answers(summary)) == ("a", ["HOW"])
    assert "sys.exit(0) was called" in failed["reason"]
    assert any("sygra_record_finished of plugin mine: SystemExit" in said for said in project.told)


async def test_the_middleware_of_the_plugin_registered_last_is_the_outermost(project, small_suite):
    for name in ("a", "b"):
        project.write(
            f"plugins/{name}.py",
            f"""
            from sygra_eval import hookimpl

            @hookimpl
            def sygra_wrap_node():
                async def around(state, proceed):
                    return {{"answer": "{name}(" + (await proceed(state))["answer"] + ")"}}

                return around
            """,
        )

    summary = await project.run(small_suite())

    assert answers(summary) == ["b(a(WHY))", "b(a(HOW))"]


async def test_a_failing_validator_is_an_error_and_no_judgement(project, plugin, small_suite):
    plugin("""
async def shouts(candidate, ctx):
    raise LookupError("no tea left")

@hookimpl
def sygra_register_validators(register):
    register("shouts", shouts)
""")

    summary = await project.run(small_suite() + VALIDATORS)

    assert summary.counts[Outcome.FAILED] == 2
    assert "plugin mine: LookupError: no tea left" in rows_of(summary, Outcome.FAILED)[0]["reason"]


BREAKS = """
from pathlib import Path

@hookimpl
def sygra_register_reporters(register):
    def tally(ctx):
        if Path(__file__).with_suffix(".mended").exists():
            return "whole"
        {what}
    register("tally", tally)
"""
WITH_TALLY = "report: {formats: [terminal, tally]}\n"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("raise ValueError('oh')", "ValueError: oh"),
        ("raise SystemExit(1)", "SystemExit: 1"),
        ("return 7", "it returned int, a text is needed"),
        ("return [b'a', 7]", "it yielded int, text or bytes are needed"),
    ],
)
async def test_a_reporter_that_breaks_costs_its_own_file_and_nothing_else(
    project, plugin, small_suite, what, said
):
    plugin(BREAKS.replace("{what}", what))

    summary = await project.run(small_suite() + WITH_TALLY)

    assert summary.exit_code is ExitCode.INCOMPLETE
    assert summary.exit_reason.startswith("incomplete: report.tally was not written: plugin mine: ")
    assert said in summary.exit_reason
    assert any("report.tally" in sentence for sentence in project.told)
    names = {path.name for path in summary.folder.iterdir()}
    assert {"unjudged.jsonl", "report.md", "report.json", "README.md"} <= names
    assert "report.tally" not in names
    report = json.loads((summary.folder / "report.json").read_text())
    assert (report["exit"], report["exit_reason"]) == (7, summary.exit_reason)


async def test_a_report_that_was_not_written_is_written_by_a_resume(project, plugin, small_suite):
    plugin(BREAKS.replace("{what}", "raise ValueError('oh')"))
    first = await project.run(small_suite() + WITH_TALLY)
    options = RunOptions(
        plugins=(str(project.root / "echo_model.py"),), is_trusted=True, accepts_no_sandbox=True
    )

    again = await resume_run(first.folder, options)
    (project.root / "plugins" / "mine.mended").touch()
    mended = await resume_run(first.folder, options)

    assert again.exit_code is ExitCode.INCOMPLETE
    assert mended.exit_code is ExitCode.PASSED
    assert (first.folder / "report.tally").read_text() == "whole"
    assert (first.folder / "manifest.json").exists()
    assert mended.calls == first.calls == 2


async def test_hook_before_call(project, plugin, small_suite):
    plugin("""
from sygra_eval import ChatResponse
from sygra_eval.values import Usage

@hookimpl
async def sygra_before_call(request, ctx):
    if ctx.site.record == "a":
        usage = Usage(prompt_tokens=9, completion_tokens=9)
        text = f"{ctx.model}: {request.messages[-1].content} is known"
        return ChatResponse(text=text, finish_reason="stop", usage=usage)
""")

    summary = await project.run(small_suite())

    assert answers(summary) == ["author: why is known", "HOW"]
    with open_readonly(summary.folder / "journal.db") as journal:
        assert journal.calls_summary().from_plugin == 1


async def test_hook_call_delta(project, plugin, small_suite):
    seen = plugin("""
@hookimpl
def sygra_call_delta(call, text):
    seen([call.site.record, call.attempt, text])
""")
    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.answers_with(lambda body: "a long answer to " + body["messages"][-1]["content"])
        entry = json.dumps({**endpoint.model_entry("openai"), "stream": True})

        await project.run(small_suite(("{use: echo}", entry)))

    pieces = {row: [text for who, _, text in seen() if who == row] for row in ("a", "b")}
    assert {row: "".join(texts) for row, texts in pieces.items()} == {
        "a": "a long answer to why",
        "b": "a long answer to how",
    }
    assert all(len(texts) > 1 for texts in pieces.values())
    assert {attempt for _, attempt, _ in seen()} == {1}


async def test_hook_after_call(project, plugin, small_suite):
    seen = plugin("""
@hookimpl
def sygra_after_call(request, response, ctx):
    seen([ctx.site.record, ctx.site.node, request.messages[-1].content, response.text])
""")

    await project.run(small_suite())

    assert sorted(seen()) == [["a", "solve", "why", "WHY"], ["b", "solve", "how", "HOW"]]
