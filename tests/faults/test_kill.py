"""`kill -9` at any moment costs the calls in flight and nothing else."""

import random
import time
from itertools import pairwise

import pytest
import yaml

from sygra_eval.engine import summarise
from sygra_eval.journal import open_readonly
from sygra_eval.testing import audit
from sygra_eval.testing.audit import Bound
from tests.faults.conftest import IN_FLIGHT, PATIENCE_S, ROWS, UNSAVED, rows, write_suite

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
KILLS = 3
AT_ONCE = 9  # canaries, which are asked side by side: so many answers may not be on disk yet


@pytest.mark.parametrize("seed", [20261125])
def test_three_kills_and_resumes_end_as_if_nothing_had_happened(
    server, cli, only_run, undisturbed, seed
):
    asked = undisturbed.asked
    moments = sorted(random.Random(seed).sample(range(3, len(asked) - 3), KILLS))  # noqa: S311

    child = cli("run", undisturbed.suite, "--out", "killed", "--json")
    for moment in moments:
        server.wait_for(moment, child)
        assert child.process.poll() is None, "it ended before it could be killed"
        child.kill_group()
        audit.mark(server.events, "killed")
        folder = only_run("killed")
        assert summarise(folder).state == "running"
        child = cli("resume", folder, "--json")
    resumed = child.end()

    assert resumed.code == 0, resumed.err
    assert resumed.folder == only_run("killed")
    sent = server.requests()
    assert set(sent) == set(asked)
    assert len(asked) == len(set(asked)) == resumed.line["calls"]
    assert len(sent) - len(set(sent)) <= KILLS * UNSAVED
    assert audit.problems(audit.read(server.events), most_in_flight=IN_FLIGHT) == []
    assert [(resumed.folder / name).read_bytes() for name in FILES] == undisturbed.bytes_of(*FILES)
    assert (resumed.line["rows"], resumed.line["not_reached"]) == (ROWS, 0)
    assert resumed.adds_up()
    assert not (resumed.folder / "LOCK").exists()


def test_a_kill_before_the_first_answer_leaves_a_run_that_can_be_resumed(
    server, cli, only_run, undisturbed
):
    server.stop()
    server.start(latency_s=30, port=server.port)
    child = cli("run", undisturbed.suite, "--out", "killed", "--json")
    server.wait_for(1, child)

    child.kill_group()
    server.stop()
    server.start(port=server.port)
    resumed = cli("resume", only_run("killed"), "--json").end()

    assert resumed.code == 0, resumed.err
    assert resumed.line["rows"] == ROWS
    assert resumed.adds_up()


def test_a_judges_calls_are_not_paid_for_twice_either(server, cli, only_run, undisturbed, tmp_path):
    said = [{"id": str(n), "given": f"{'because' if n % 3 else 'so'} {n}"} for n in range(12)]
    judge = {"use": "judge", "model": "critic", "rubric": "It says why.", "swap": True}
    sections = {"rows": said, "quality": {"validators": [judge]}}
    suite = write_suite(tmp_path / "judged", server.base_url, **sections)
    document = yaml.safe_load(suite.read_text())
    del document["graph_config"]
    suite.write_text(yaml.safe_dump({**document, "candidate": {"text": "{given}"}}))
    whole = cli("run", suite, "--out", "whole", "--json").end()
    asked = server.requests()
    assert len(asked) == len(set(asked)) == 2 * (1 + 9 + 12)
    server.forget()

    child = cli("run", suite, "--out", "killed", "--json")
    # Among the canaries, and among the rows: these begin once the canaries' 20 calls are answered,
    # of which the first kill has up to 9 sent again.
    for moment in (7, 32):
        server.wait_for(moment, child)
        assert child.process.poll() is None, "it ended before it could be killed"
        child.kill_group()
        child = cli("resume", only_run("killed"), "--json")
    resumed = child.end()

    sent = server.requests()
    assert set(sent) == set(asked)
    assert len(sent) - len(set(sent)) <= AT_ONCE + UNSAVED
    files = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
    for name in files:
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert (resumed.line["verified"], resumed.line["rejected"]) == (8, 4)


def test_a_killed_start_leaves_its_time_and_its_calls_to_the_budget(
    server, cli, only_run, undisturbed
):
    budget = len(undisturbed.asked) - 5
    server.stop()
    server.start(latency_s=0.3, port=server.port)
    asked = ("--budget", f"calls={budget}", "--json")

    child = cli("run", undisturbed.suite, "--out", "killed", *asked)
    server.wait_for(2, child)
    wait_for_a_note(only_run("killed"), child)
    child.kill_group()
    audit.mark(server.events, "killed")
    killed = summarise(only_run("killed"))
    stopped = cli("resume", killed.folder, *asked).end()

    assert (killed.state, killed.wall_s > 0) == ("running", True)
    assert (stopped.code, stopped.line["calls"]) == (7, budget)
    assert stopped.line["wall_s"] > killed.wall_s
    most = Bound(most=budget + UNSAVED, a_call=1)  # the server was paid for what was in flight
    assert audit.problems(audit.read(server.events), budgets=[most]) == []


def wait_for_a_note(folder, child):
    """Wait until the start has journalled how long it has been going."""
    until = time.monotonic() + PATIENCE_S
    while child.process.poll() is None:
        assert time.monotonic() < until
        with open_readonly(folder / "journal.db") as reader:
            if any(event.kind == "ticked" for event in reader.events()):
                return
        time.sleep(0.05)
    raise AssertionError("it ended before it noted its time")


def test_several_models_of_a_row_are_not_paid_for_twice_either(
    server, cli, only_run, undisturbed, tmp_path
):
    def warm(model, temperature):
        return {"name": model, "parameters": {"temperature": temperature}}

    routed = {"route": {"weights": {"author": 1, "critic": 2}}, "parameters": {"temperature": 3}}
    nodes = {
        "ask": {
            "node_type": "multi_llm",
            "models": {"a": warm("author", 0), "b": warm("critic", 1), "c": routed},
            "prompt": "revise {question}",
            "output_keys": "replies",
        },
        "pick": {"node_type": "best_of_n", "from": "replies", "output": "first"},
        "solve": {
            "node_type": "best_of_n",
            "models": {"d": warm("author", 4), "e": warm("critic", 5)},
            "prompt": "draft {question}",
        },
    }
    steps = ["START", *nodes, "END"]
    edges = [{"from": one, "to": other} for one, other in pairwise(steps)]
    graph = {"nodes": nodes, "edges": edges}
    suite = write_suite(tmp_path / "several", server.base_url, rows=rows(9), graph_config=graph)
    whole = cli("run", suite, "--out", "whole", "--json").end()
    asked = server.requests()
    assert len(asked) == len(set(asked)) == 5 * 9
    server.forget()

    child = cli("run", suite, "--out", "killed", "--json")
    for moment in (11, 31):
        server.wait_for(moment, child)
        assert child.process.poll() is None, "it ended before it could be killed"
        child.kill_group()
        audit.mark(server.events, "killed")
        child = cli("resume", only_run("killed"), "--json")
    resumed = child.end()

    sent = server.requests()
    assert set(sent) == set(asked)
    assert len(sent) - len(set(sent)) <= 2 * 3 * UNSAVED
    assert resumed.line["calls"] == len(asked)
    assert audit.problems(audit.read(server.events), most_in_flight=2 * IN_FLIGHT) == []
    assert [(resumed.folder / name).read_bytes() for name in FILES] == [
        (whole.folder / name).read_bytes() for name in FILES
    ]
    assert resumed.line["verified"] == 3
