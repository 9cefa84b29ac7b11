"""A record that takes too long ends as failed, with what it had, and is tried again by resume."""

import asyncio

from sygra_eval.engine import ExitCode
from sygra_eval.testing import completion
from tests.engine.conftest import FAST_PLUGIN, answer, chain, code_row, fast_suite

TOLD = "deadline: it took longer than {} s (`record_timeout`)"
STUCK = """
import asyncio
from pathlib import Path

from sygra_eval import hookimpl


async def stuck(node, state, ctx):
    if "slow" in state["question"] and not Path(node.config["until"]).exists():
        await asyncio.Event().wait()
    return {"said": "x"}


@hookimpl
def sygra_register_nodes(register):
    register("stuck", stuck)
"""


async def test_a_call_in_flight_at_the_deadline_is_cancelled(code_suite, run, endpoint):
    endpoint.answers_with(lambda body: completion(answer(body), delay_s=float("inf")))
    suite = code_suite(
        code_row("slow", "draft=right"), suite={"name": "small", "record_timeout": 1.5}
    )

    async with asyncio.timeout(60):  # without the deadline it would never end
        broken = await run(suite)

    (end,) = broken.ends()
    assert (end.outcome.value, end.reason) == ("failed", TOLD.format(1.5))
    assert broken.summary.exit_code is ExitCode.INCOMPLETE
    assert len(endpoint.requests) == 1


async def test_the_others_go_on_and_what_was_answered_before_is_not_asked_again(
    tmp_path, run, resume
):
    plugin, until = tmp_path / "stuck.py", tmp_path / "until"
    plugin.write_text(STUCK)
    nodes = {
        "solve": {
            "node_type": "llm",
            "model": "author",
            "prompt": "{question}",
            "output_keys": "answer",
        },
        "wait": {"node_type": "stuck", "until": str(until), "output_keys": "said"},
    }
    suite = fast_suite(
        tmp_path / "suite",
        ["fast", "slow", "fast"],
        suite={"name": "small", "record_timeout": 2},
        graph_config={"nodes": nodes, "edges": chain(nodes)},
        quality={"candidate": "answer", "validators": [{"use": "says"}]},
    )

    broken = await run(suite, plugins=[str(FAST_PLUGIN), str(plugin)])
    ended = {end.row_id: (end.outcome.value, end.reason) for end in broken.ends()}
    until.touch()
    mended = await resume(broken.folder, plugins=[str(plugin)])

    assert ended["r1"] == ("failed", TOLD.format(2))
    assert [ended[row][0] for row in ("r0", "r2")] == ["verified", "verified"]
    assert set(mended.outcomes().values()) == {"verified"}
    assert (broken.summary.calls, mended.summary.calls) == (3, 3)


async def test_code_that_still_runs_at_the_deadline_hurts_no_row_behind_it(code_suite, run):
    suite = code_suite(
        code_row("endless", "draft=endless critic=never revise=endless"),
        *(code_row(f"fine{n}", "draft=right") for n in range(4)),
        suite={"name": "small", "record_timeout": 4},
        sandbox={"timeout": 9.0},
    )

    finished = await run(suite)

    assert finished.ends()[0].reason == TOLD.format(4)
    assert [end.outcome.value for end in finished.ends()] == ["failed", *["verified"] * 4]
