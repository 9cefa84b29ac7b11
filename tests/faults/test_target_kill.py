"""`target_verified: 100` is the same 100 rows, byte for byte, however often the run is killed."""

import json
import random

import pytest

from sygra_eval.engine import summarise
from tests.faults.conftest import IN_FLIGHT, write_suite

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
TARGET, MOST, INPUT = 100, 400, 450
KILLS = 3


def fickle_rows(seed):
    """Return rows of which the model gets about half right, by chance."""
    chance = random.Random(seed)  # noqa: S311
    kinds = [chance.choice(("right", "hopeless")) for _ in range(INPUT)]
    return [
        {"id": f"row/{n}", "question": f"kind={kind} number={n}", "kind": kind}
        for n, kind in enumerate(kinds)
    ]


@pytest.fixture
def aiming(server, tmp_path):
    """Write a suite of one call a row, judged by what the answer says."""
    rows = fickle_rows(20261125)
    solve = {
        "node_type": "llm",
        "model": "author",
        "prompt": "draft {question}",
        "output_keys": "answer",
    }
    edges = [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}]
    quality = {
        "validators": [{"use": "regex", "pattern": r"x \+ 1|1 \+ x"}],
        "target_verified": TARGET,
        "max_candidates": MOST,
    }
    graph = {"nodes": {"solve": solve}, "edges": edges}
    given = {"rows": rows, "graph_config": graph, "quality": quality}
    suite = write_suite(tmp_path / "aiming", server.base_url, **given)
    return suite, [row["id"] for row in rows if row["kind"] == "right"][:TARGET]


def test_three_kills_end_with_the_same_100_rows_and_few_calls_beyond(server, cli, only_run, aiming):
    suite, wanted = aiming
    whole = cli("run", suite, "--out", "whole", "--json").end()
    needed = summarise(whole.folder).target.last + 1
    server.forget()
    moments = sorted(random.Random(7).sample(range(5, needed - 5), KILLS - 1))  # noqa: S311
    moments.append(needed - 2)  # where what is needed and what is surplus are in flight together

    child = cli("run", suite, "--out", "killed", "--json")
    for moment in moments:
        server.wait_for(moment, child)
        assert child.process.poll() is None, "it ended before it could be killed"
        child.kill_group()
        child = cli("resume", only_run("killed"), "--json")
    resumed = child.end()

    for ended in (whole, resumed):
        assert ended.code == 0, ended.err
        line = ended.line
        assert (line["verified"], line["target_verified"], line["rows"]) == (TARGET, TARGET, MOST)
        assert ended.adds_up()
    for name in FILES:
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert [row["id"] for row in verified(resumed)] == wanted
    assert len(set(server.requests())) <= needed + 10 * IN_FLIGHT


def verified(ended):
    return [json.loads(line) for line in (ended.folder / "verified.jsonl").read_text().splitlines()]
