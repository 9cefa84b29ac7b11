"""`kill -9` at any moment costs the calls in flight and nothing else."""

import random

import pytest

from sygra_eval.engine import summarise
from sygra_eval.testing import audit
from tests.faults.conftest import IN_FLIGHT, ROWS

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
KILLS = 3


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
    assert len(sent) - len(set(sent)) <= KILLS * IN_FLIGHT
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
