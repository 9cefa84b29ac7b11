"""`kill -9` at any moment of a batch's life costs nothing: no request is paid twice."""

import signal
import subprocess
import sys
import time

import pytest
import yaml

from sygra_eval.engine import summarise
from sygra_eval.testing import ScriptedEndpoint, audit
from tests.faults.conftest import PATIENCE_S, Ended

QUESTIONS = 12
FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")


@pytest.fixture(scope="module")
def shared():
    """A server that outlives the runs; what a question is answered with follows from it alone."""
    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")
        yield endpoint


@pytest.fixture
def served(shared, whole):
    """The server that answered the undisturbed run, with an empty log."""
    shared.events.clear()
    shared.batches.forget()
    return shared


@pytest.fixture(scope="module")
def whole(shared, suite):
    """What a run that nothing befell asked, and its files."""
    command = [sys.executable, "-m", "sygra_eval", "run", str(suite), "--out", "whole", "--json"]
    ran = subprocess.run(  # noqa: S603
        command, cwd=suite.parent, capture_output=True, text=True, check=True
    )
    asked = sorted(e.request for e in shared.events if e.kind == "batched")
    assert len(asked) == len(set(asked)) == QUESTIONS
    folder = Ended(0, ran.stdout, ran.stderr).folder
    return asked, [(folder / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def suite(shared, tmp_path_factory):
    """A suite of questions, a third of whose answers are rejected."""
    tmp_path, served = tmp_path_factory.mktemp("batched"), shared
    rows = "".join(f'{{"id": "r{n}", "question": "question {n}"}}\n' for n in range(QUESTIONS))
    (tmp_path / "rows.jsonl").write_text(rows)
    solve = {"node_type": "llm", "model": "author", "prompt": "{question}"}
    batch = {"wait": 5.0, "poll": 0.02, "max_requests": QUESTIONS // 2}
    document = {
        "suite": {"name": "small"},
        "models": {"author": {**served.model_entry(), "mode": "batch", "batch": batch}},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": {
            "nodes": {"solve": {**solve, "output_keys": "answer"}},
            "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
        },
        "quality": {"validators": [{"use": "regex", "pattern": "[0124578]$", "required": True}]},
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
    }
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def seen(endpoint, kind, fault=None):
    """Return how many events of a kind the server has in its log."""
    events = tuple(endpoint.events)
    return sum(e.kind == kind and fault in {None, e.fault} for e in events)


def wait_until(is_so, child):
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert child.process.poll() is None, child.end().err
        assert time.monotonic() < until, "it did not come so far"
        time.sleep(0.005)


# What the server does, what shows that the moment has come, and what it had taken by then.
MOMENTS = {
    "after the upload": ("submit_503", lambda e: seen(e, "refused submit") >= 2),
    "after it was taken and before that is known": (
        "submit_hangs",
        lambda e: seen(e, "submitted") == 2,
    ),
    "while it is in progress": ("stays", lambda e: seen(e, "looked", "in_progress") >= 4),
    "after it has ended and before it is read": (
        "read_hangs",
        lambda e: seen(e, "reading") == 2,
    ),
    "in the middle of the answers": ("read_stalls", lambda e: seen(e, "reading") == 2),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_pays_no_call_of_a_batch_twice(served, cli, only_run, suite, whole, moment):
    asked, files = whole
    fault, has_come = MOMENTS[moment]
    served.batches.fails_with(fault, float("inf"))

    child = cli("run", suite, "--out", "killed", "--json")
    wait_until(lambda: has_come(served), child)
    child.kill_group()
    served.mark("killed")
    served.batches.fails_with(fault, 0)
    folder = only_run("killed")
    assert summarise(folder).state == "running"
    resumed = cli("resume", folder, "--json").end()

    assert resumed.code == 0, resumed.err
    served.batches.finish()
    assert sorted(e.request for e in served.events if e.kind == "batched") == asked
    assert audit.problems(served.events) == []
    assert len(served.batches.uploaded) == 2  # what was uploaded is what was submitted
    assert len(served.batches.submitted) == 2
    assert served.requests == []
    assert resumed.line["calls"] == QUESTIONS
    assert resumed.adds_up()
    assert [(folder / name).read_bytes() for name in FILES] == files


def test_a_signal_leaves_the_batch_open_and_says_which(served, cli, suite):
    served.batches.fails_with("stays", float("inf"))
    child = cli("run", suite, "--out", "stopped", "--json")
    wait_until(lambda: seen(served, "looked") >= 2, child)

    child.send(signal.SIGINT)
    stopped = child.end()

    assert (stopped.code, stopped.line["not_reached"]) == (2, QUESTIONS)
    for batch_id in served.batches.submitted:
        assert f"the batch {batch_id} with" in stopped.err
    assert "sygra-eval resume" in stopped.err
    assert seen(served, "batched") == 0

    served.batches.fails_with("stays", 0)
    resumed = cli("resume", stopped.folder, "--json").end()
    assert (resumed.code, resumed.line["calls"]) == (0, QUESTIONS), resumed.err
    served.batches.finish()
    assert len(served.batches.submitted) == 2
    assert audit.problems(served.events) == []


def test_a_signal_while_a_batch_is_submitted_waits_for_its_id(served, cli, suite):
    served.batches.submit_delay_s = 0.5
    child = cli("run", suite, "--out", "stopped", "--json")
    wait_until(lambda: seen(served, "submitted") >= 1, child)

    child.send(signal.SIGINT)
    stopped = child.end()

    assert stopped.code == 2
    assert f"the batch {served.batches.submitted[0]} with" in stopped.err


def test_a_second_signal_waits_for_no_id_and_resume_finds_the_batch(served, cli, suite):
    served.batches.fails_with("submit_hangs", float("inf"))
    child = cli("run", suite, "--out", "stopped", "--json")
    wait_until(lambda: seen(served, "submitted") == 2, child)

    child.send(signal.SIGINT)
    assert child.process.stderr is not None
    assert "again to stop at once" in child.process.stderr.readline()
    child.send(signal.SIGINT)
    stopped = child.end()

    assert stopped.code == 2
    served.batches.fails_with("submit_hangs", 0)
    resumed = cli("resume", stopped.folder, "--json").end()
    served.batches.finish()
    assert (resumed.code, resumed.line["calls"]) == (0, QUESTIONS), resumed.err
    assert len(served.batches.submitted) == 2
    assert audit.problems(served.events) == []
