"""A kill in the middle of a cycle: what chance and the clock said before it still holds."""

import json
import random

import pytest

from sygra_eval.journal import open_readonly
from tests.faults.conftest import UNSAVED, write_suite

KILLS = 3
TURNS = 4
ROWS = 10
DRAWS = """
import json
import os
import time


def draw(config, state):
    luck = [*state.get("luck", []), [os.urandom(8).hex(), time.time_ns()]]
    with open(config["log"], "a") as log:
        log.write(json.dumps([state["question"], luck[-1]]) + "\\n")
    return {"luck": luck, "turns": len(luck)}
"""


@pytest.fixture
def suite(server, tmp_path):
    """A suite whose records draw and ask in turn, four times each, inside a graph inside a node."""
    (tmp_path / "draws.py").write_text(DRAWS)
    draw = {"node_type": "lambda", "lambda": "draws:draw", "output_keys": ["luck", "turns"]}
    nodes = {
        "draw": {**draw, "log": str(tmp_path / "drawn.jsonl")},
        "ask": {
            "node_type": "llm",
            "model": "author",
            "prompt": [{"user": "draft {question} {luck}"}],
            "output_keys": "answer",
        },
    }
    edges = [
        {"from": "START", "to": "draw"},
        {"from": "draw", "to": "ask"},
        {"from": "ask", "to": "END", "when": f"turns >= {TURNS}"},
        {"from": "ask", "to": "draw"},
    ]
    step = {
        "node_type": "subgraph",
        "suite": {"graph_config": {"nodes": nodes, "edges": edges}},
        "outputs": {"answer": "answer", "luck": "luck"},
    }
    ends = [{"from": "START", "to": "step"}, {"from": "step", "to": "END"}]
    rows = [
        {"id": f"row/{number}", "question": f"kind=right number={number}"} for number in range(ROWS)
    ]
    return write_suite(
        tmp_path / "suite",
        server.base_url,
        rows=rows,
        graph_config={"nodes": {"step": step}, "edges": ends},
        quality={"candidate": "answer", "validators": [{"use": "python_compiles"}]},
        output_config={"output_map": {"luck": {"from": "luck"}}},
    )


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def visits_in(folder) -> dict[tuple[str, str], object]:
    found = {}
    with open_readonly(folder / "journal.db") as reader:
        for number in range(ROWS):
            for turn in range(1, TURNS + 1):
                key = "step/draw" if turn == 1 else f"step/draw#{turn}"
                visit = reader.visit(f"row/{number}", key)
                if visit is not None:
                    found[f"row/{number}", key] = visit["additions"]
    return found


@pytest.mark.parametrize("seed", [20261126])
def test_what_was_drawn_before_a_kill_is_not_drawn_again(
    server, cli, only_run, suite, tmp_path, seed
):
    plugin = ("-p", tmp_path / "draws.py")
    moments = sorted(random.Random(seed).sample(range(4, ROWS * TURNS - 3), KILLS))  # noqa: S311
    kept: dict[tuple[str, str], object] = {}

    child = cli("run", suite, *plugin, "--out", "killed", "--json")
    for moment in moments:
        server.wait_for(moment, child)
        assert child.process.poll() is None, "it ended before it could be killed"
        child.kill_group()
        now = visits_in(only_run("killed"))
        assert {key: now.get(key) for key in kept} == kept
        kept = now
        child = cli("resume", only_run("killed"), *plugin, "--json")
    resumed = child.end()

    assert resumed.code == 0, resumed.err
    assert len(kept) > ROWS  # the last kill came in the middle of cycles
    final = visits_in(resumed.folder)
    assert {key: final[key] for key in kept} == kept
    assert len(final) == ROWS * TURNS
    rows = lines_of(resumed.folder / "verified.jsonl")
    drawn = [one for _, one in lines_of(tmp_path / "drawn.jsonl")]
    assert len(rows) == ROWS
    assert all(one in drawn for row in rows for one in row["luck"])
    assert len(drawn) - ROWS * TURNS <= KILLS * UNSAVED
    sent = server.requests()
    assert len(sent) - ROWS * TURNS <= KILLS * UNSAVED


def test_a_killed_end_is_written_from_the_journal_with_the_same_bytes(
    server, cli, only_run, suite, tmp_path
):
    plugin = ("-p", tmp_path / "draws.py")
    ended = cli("run", suite, *plugin, "--out", "killed", "--json").end()
    files = ("verified.jsonl", "verified.parquet")
    before = [(ended.folder / name).read_bytes() for name in files]
    for name in (*files, "manifest.json"):
        (ended.folder / name).unlink()
    asked = len(server.requests())

    cli("resume", ended.folder, *plugin, "--json").end()

    assert [(ended.folder / name).read_bytes() for name in files] == before
    assert len(server.requests()) == asked
