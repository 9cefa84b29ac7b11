"""A run folder whose journal is written by hand: any row there can be, at times that are told."""

import asyncio
import dataclasses
import itertools
import types
from pathlib import Path
from unittest import mock

from sygra_eval.engine import ReportContext, ReportOptions, summarise
from sygra_eval.engine.plan import Plan
from sygra_eval.journal import Journal
from sygra_eval.plugins import load_plugins
from sygra_eval.quality import GateOutcome, GateState
from sygra_eval.values import (
    Attempt,
    Budget,
    CallSite,
    ChatResponse,
    Evidence,
    FailingCase,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    Sentinel,
    Status,
    StopReason,
    Usage,
    Verdict,
)

BEGAN = 1_790_000_000.0
SUITE = """\
suite: {name: by_hand}
models: {author: {use: openai, base_url: "http://127.0.0.1:1/v1", model: some-model}}
data_config: {source: {type: disk, file_path: rows.jsonl}}
graph_config:
  nodes:
    solve: {node_type: critique_loop, draft: {model: author, prompt: [{user: "q"}]}, output: answer}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality:
  validators: [{use: unit_tests, from: tests, required: true}, {use: lint}]
"""
PLUGINS = load_plugins(Path(__file__).parent)


def end_of(index, outcome=Outcome.VERIFIED, **changes):
    """A row that ended; one that is rejected failed its tests in line 2."""
    code = changes.pop("code", "def add(a, b):\n    return a - b\n")
    verdicts = changes.pop("verdicts", (verdict_of(outcome),))
    topic = changes.pop("topic", "sums")
    data = {"topic": topic, "question": "Add.", "code": code, "grade": "tests"}
    data["provenance"] = {"models": [{"role": "author", "name": "author"}]}
    if outcome is Outcome.UNJUDGED:
        verdicts = ()
    figures = {
        "row_id": f"q{index}",
        "index": index,
        "outcome": outcome,
        "reason": "all required validators passed",
        "data": data | changes.pop("data", {}),
        "verdicts": verdicts,
        "loop": LoopEnd(
            node="solve",
            stop_reason=StopReason.MAX_ROUNDS,
            rounds=2,
            samples=1,
            sentinels_refused=0,
            tokens=30,
            kept_round=2,
        ),
    }
    if outcome is not Outcome.VERIFIED and "reason" not in changes:
        changes["reason"] = f"unit_tests: {outcome.value}"
    return RecordEnd(**(figures | changes))


def verdict_of(outcome=Outcome.VERIFIED, **changes):
    if outcome is Outcome.REJECTED:
        case = FailingCase(
            test="assert add(1, 2) == 3",
            input="add(1, 2)",
            expected="3",
            got="-1",
            traceback="answer.py, line 2, in add: return a - b\nAssertionError",
        )
        figures = {"status": Status.FAIL, "score": 0.5, "reason": "`add(1, 2)` gave -1, expected 3"}
        figures["evidence"] = Evidence(command=("python",), isolation="box(…)", failing=case)
    elif outcome is Outcome.FAILED:
        figures = {"status": Status.ERROR, "reason": "the sandbox did not start"}
    else:
        figures = {"status": Status.PASS, "score": 1.0, "reason": "2 passed"}
    return Verdict(**({"validator": "unit_tests"} | figures | changes))


def call_of(row, *, step="draft", visit=1, text="It is so.", **changes):
    """A call of the loop `solve`, which took 1.5 s and cost 0.25 USD."""
    site = CallSite(record=row, node=f"solve/{step}", visit=visit)
    figures = {"text": text, "finish_reason": "stop", "latency_s": 1.5}
    figures |= {"usage": Usage(prompt_tokens=10, completion_tokens=5), "cost_nano_usd": 250_000_000}
    return site, ChatResponse(**(figures | changes))


def rounds_of(row):
    """Two rounds of the loop `solve`."""
    attempt = Attempt(
        sample=0,
        answer="It is so.",
        code="pass",
        extraction="last python block",
        evidence="FAILED unit_tests",
        verdicts=(),
        is_accepted=False,
        is_kept=True,
        diff="",
        tokens=15,
        latency_s=1.5,
    )
    first = Round(node="solve", number=1, attempts=(attempt,), critique="Swap the sign.")
    second = Round(node="solve", number=2, attempts=(attempt,), sentinel=Sentinel.ABSENT)
    return [(row, first), (row, second)]


def gate_of(state, **changes):
    figures = {"index": 0, "kind": "metric", "metric": "verified_rate", "asks": ">= 0.8"}
    figures |= {"state": state, "reason": "0.5 of 4 rows", "is_warning": state is GateState.WARNED}
    return GateOutcome(**(figures | changes))


def write_run(
    folder, ends, *, calls=(), rounds=(), gates=(), ended="finished", began=BEGAN, **plan
):
    """Write the journal, a second by its clock between what happens, and return the folder.

    :param plan: Fields of the plan that are not as they are here; and `document`, the suite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.yaml").write_text(plan.pop("document", SUITE))
    ticks = itertools.count()
    clock = types.SimpleNamespace(
        time=lambda: began + next(ticks), monotonic=lambda: float(next(ticks))
    )
    with mock.patch("sygra_eval.journal.journal.time", clock):  # the clock is handed to nobody
        asyncio.run(_fill(folder, ends, calls, rounds, gates, ended, plan))
    return folder


def context_of(folder, **options):
    return ReportContext(
        summary=summarise(folder), plugins=PLUGINS, options=ReportOptions(**options)
    )


def view_of(name, folder, **options):
    """The whole text of a registered view."""
    view = PLUGINS.of("reporters")[name].implementation
    return "".join(view(context_of(folder, **options)))


async def _fill(folder, ends, calls, rounds, gates, ended, planned):
    plan = Plan(
        suite="by_hand",
        suite_sha256="5" * 64,
        suite_path=folder / "by_hand.yaml",
        suite_folder=folder,
        input_fingerprint="f" * 64,
        seed=0,
        limit=None,
        models={},
        plugins=(),
        accepts_no_sandbox=False,
        isolation="box(…)",
        labels={"author": "some-model"},
        recorded={"author": {"identity": "x", "parameters": {"temperature": 0.5, "seed": 7}}},
        budget=Budget(),
    )
    plan = dataclasses.replace(plan, **planned)
    journal = Journal.create(folder / "journal.db", plan.as_mapping())
    async with journal:
        journal.event("started", pid=1, rows=len(ends), limit=plan.limit, input="f" * 64)
        for number, (site, response) in enumerate(calls):
            key = number.to_bytes(16, "big")
            await journal.commit_call(key, site, key, response, model="author")
        for record, finished in rounds:
            journal.append_round(record, finished)
        for end in ends:
            await journal.finish(end)
        if gates:
            journal.event("gates", outcomes=[gate.as_json() for gate in gates])
        if ended:
            journal.event(ended, wall_s=12.5, calls_cached=0, rows=len(ends), cause="")
