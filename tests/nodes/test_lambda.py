"""A lambda node calls a function of a trusted plugin, and nothing else that a suite may name."""

import json

import pytest

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite
from tests.engine.conftest import FAST_PLUGIN, Run, chain, write_suite

CLEAN = """
import asyncio
import time
from os import system


def shout(state):
    state["question"] = "changed in place"
    state["tags"].append("changed in place")
    return {"answer": state["tags"][0].upper()}


def with_keys(config, state):
    return {"answer": config["suffix"] + state["question"]}


async def later(state):
    await asyncio.sleep(0)
    return {"answer": "later"}


def bad(state):
    return {"answer": object()}


def wrong_keys(state):
    return {"reply": "x"}


def no_mapping(state):
    return ["answer"]


def raising(state):
    raise KeyError("tags")


def hanging(state):
    time.sleep(3)
    return {"answer": "too late"}


class Callable:
    pass
"""


@pytest.fixture
def suite_with(tmp_path):
    def write(function, **keys):
        folder = tmp_path / "suite"
        node = {"node_type": "lambda", "lambda": function, "output_keys": "answer", **keys}
        path = write_suite(
            folder,
            [{"id": "a", "question": "why", "tags": ["x"]}],
            graph_config={"nodes": {"call": node}, "edges": chain(["call"])},
            quality={"validators": [{"use": "says"}]},
            output_config={"output_map": {"asked": {"from": "question"}}},
            sandbox={"isolation": "none", "i_accept_the_risk": True},
        )
        (folder / "plugins").mkdir(exist_ok=True)
        (folder / "plugins" / "clean.py").write_text(CLEAN)
        return path

    return write


@pytest.fixture
def end_of(suite_with, tmp_path):
    """Run one row through a function; return how it ended."""

    async def run(function, **keys):
        path = suite_with(function, **keys)
        options = RunOptions(out=tmp_path / "out", plugins=[str(FAST_PLUGIN)], is_trusted=True)
        summary = await run_suite(path, options)
        (end,) = Run(summary, summary.folder).ends()
        return end

    return run


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("clean:shout", "X"),
        ("clean.shout", "X"),
        ("clean:with_keys", "! why"),
        ("clean:later", "later"),
    ],
)
async def test_what_the_function_returns_is_added_and_nothing_else_changes(
    end_of, function, answer
):
    end = await end_of(function, suffix="! ")

    assert (end.outcome.value, end.data["answer"], end.data["asked"]) == ("verified", answer, "why")
    assert end.data["tags"] == ["x"]


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("clean:bad", "TypeError: returned a value that is not JSON"),
        ("clean:wrong_keys", "did not return `answer` and returned `reply`, which `output_keys`"),
        ("clean:no_mapping", "`clean:no_mapping` returned list, a mapping by variable is needed"),
        ("clean:raising", "KeyError: 'tags'"),
    ],
)
async def test_a_function_that_breaks_fails_its_row_and_the_node_is_named(end_of, function, told):
    end = await end_of(function)

    assert end.outcome.value == "failed"
    assert end.reason.startswith("node `call` (type `lambda` of plugin sygra_eval.nodes.builtin)")
    assert told in end.reason


async def test_a_function_that_hangs_is_left_behind_at_its_deadline(end_of):
    end = await end_of("clean:hanging", timeout=0.05)

    assert end.reason == (
        "deadline: node `call`: `clean:hanging` took longer than 0.05 s (its `timeout`)"
    )


@pytest.mark.parametrize(
    ("function", "message", "fix"),
    [
        ("clean:shuot", "`clean` defines no function `shuot`", "write `shout`"),
        ("clean:system", "`clean` defines no function `system`", "known here: "),
        ("os:system", "no loaded plugin is called `os`", "known here: `clean`"),
        ("os.path.join", "no loaded plugin is called `os`", "known here: `clean`"),
        ("sygra_eval.trust:remember", "no loaded plugin is called `sygra_eval`", "known here"),
        ("clean.inner:shout", "that plugin is no package", "name its function itself"),
    ],
)
def test_only_what_a_loaded_plugin_defines_can_be_named(suite_with, function, message, fix):
    path = suite_with(function)

    found = check_suite(path, load_plugins(path.parent, named=[str(FAST_PLUGIN)], is_trusted=True))

    (problem,) = (one for one in found if one.code == "unknown-function")
    assert message in problem.message
    assert problem.fix.startswith(fix)


def test_a_folder_that_is_not_trusted_is_not_imported_and_that_is_said(suite_with, monkeypatch):
    monkeypatch.delenv("SYGRA_EVAL_TRUST", raising=False)
    path = suite_with("clean:shout")

    found = check_suite(path, load_plugins(path.parent, named=[str(FAST_PLUGIN)], environ={}))

    (problem,) = (one for one in found if one.code == "unknown-function")
    assert "is code and not trusted yet" in problem.fix


@pytest.mark.parametrize(
    "path", ["", "shout", "clean:", ":shout", "clean:a b", "clean:a()", "../x:y"]
)
def test_what_is_no_path_to_a_function_is_refused(suite_with, path):
    suite = suite_with(path)

    found = check_suite(
        suite, load_plugins(suite.parent, named=[str(FAST_PLUGIN)], is_trusted=True)
    )

    assert "wrong-value" in [one.code for one in found], json.dumps([str(one) for one in found])
