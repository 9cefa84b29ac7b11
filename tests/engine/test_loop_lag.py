"""Who holds the event loop up is named, once, and nobody is who only waits."""

import json

import pytest

from tests.engine.conftest import FAST_PLUGIN, fast_suite

FULL = pytest.mark.only_full("another interpreter or two")
SLOW = """
import asyncio, time
from sygra_eval import Status, Verdict, hookimpl

async def slow(candidate, ctx):
    if "blocks" in candidate.text:
        time.sleep(0.7)
    else:
        await asyncio.sleep(0.7)
    return Verdict(validator="slow", status=Status.PASS, reason="done")

async def blocks(node, state, ctx):
    time.sleep(0.7)
    return {"answer": "done"}

@hookimpl
def sygra_register_nodes(register):
    register("blocks", blocks)

@hookimpl
def sygra_register_validators(register):
    register("slow", slow)
"""
AROUND = """
from sygra_eval import hookimpl

@hookimpl
def sygra_wrap_node(node, ctx):
    async def wrapped(state, proceed):
        return await proceed(state)
    return wrapped
"""


@pytest.fixture
def slow(tmp_path):
    path = tmp_path / "sluggard.py"
    path.write_text(SLOW)
    return [str(FAST_PLUGIN), str(path)]


def blocked(folder):
    lines = map(json.loads, (folder / "run.log").read_text().splitlines())
    return [line for line in lines if line["event"] == "loop_blocked"]


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=FULL)])
async def test_the_plugin_that_holds_up_the_loop_is_named_once(tmp_path, run, slow, processes):
    suite = fast_suite(
        tmp_path / "suite", ["blocks", "blocks too"], quality={"validators": [{"use": "slow"}]}
    )

    ended = await run(suite, plugins=slow, processes=processes)

    named = [line for line in blocked(ended.folder) if line["culprit"] == "sluggard"]
    assert len(named) == 1
    assert named[0]["where"].startswith("slow (sluggard.py:")
    assert named[0]["lag_s"] > 0.2
    told = [text for text in ended.summary.warnings if "plugin sluggard held up everything" in text]
    assert len(told) == 1


async def test_a_plugin_around_the_one_that_holds_up_the_loop_is_not_named(tmp_path, run, slow):
    around = tmp_path / "around.py"
    around.write_text(AROUND)
    nodes = {"solve": {"node_type": "blocks"}}
    quality = {"candidate": "answer", "validators": [{"use": "says"}]}
    suite = fast_suite(tmp_path / "suite", ["q"], nodes=nodes, quality=quality)

    ended = await run(suite, plugins=[*slow, str(around)])

    culprits = [line["culprit"] for line in blocked(ended.folder)]
    assert "sluggard" in culprits
    assert "around" not in culprits


async def test_whoever_awaits_holds_up_nobody(tmp_path, run, slow):
    suite = fast_suite(tmp_path / "suite", ["waits"], quality={"validators": [{"use": "slow"}]})

    ended = await run(suite, plugins=slow)

    assert [line for line in blocked(ended.folder) if line["culprit"] == "sluggard"] == []
