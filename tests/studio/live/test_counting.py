"""What is counted is what the journal holds, and each thing belongs to its place in the graph."""

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from sygra_eval.journal.store import checksum
from sygra_eval.studio.graphs import graph_in
from sygra_eval.studio.live.counting import Places
from sygra_eval.studio.live.run_watch import Gone, RunWatch
from tests.studio.rounds_run import ROWS, RUN, SUITE

LOOP = {"node_type": "critique_loop", "critique": {}}
GRAPH = {
    "nodes": {
        "solve": LOOP,
        "draft": {"node_type": "llm"},
        "outer": {"node_type": "subgraph", "suite": {"graph_config": {"nodes": {"solve": LOOP}}}},
    }
}


@pytest.fixture
def folder(rounds_workspace):
    return rounds_workspace / "reports" / SUITE / RUN


@pytest.fixture
def copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "reports" / SUITE / RUN)


def counted(folder):
    watch = RunWatch(folder)
    watch.catch_up()
    while not watch.is_caught_up:
        watch.catch_up()
    watch.close()
    return watch.counts()


def write(folder, sql, *values):
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        journal.execute(sql, values)
        journal.commit()


def test_steps_of_a_loop_were_taken_as_often_as_the_journal_has_calls_of_them(folder):
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        calls = Counter(
            node.rpartition("/")[2] for (node,) in journal.execute("SELECT node FROM call")
        )

    (loop,) = counted(folder).loops

    steps = loop.steps
    assert {"max_rounds", "sentinel"} <= set(loop.stop_reasons)  # the last round has a critique too
    assert (steps.draft, steps.critique, steps.revise) == (
        calls["draft"],
        calls["critique"],
        calls["revise"],
    )
    assert steps.draft == len(ROWS)
    assert (steps.verify, steps.back) == (steps.draft + steps.revise, steps.revise)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("solve/draft", ("solve", "draft", None)),
        ("solve#3/critique/repair:1", ("solve", "critique", None)),
        ("solve", ("solve", None, None)),
        ("draft", ("draft", None, None)),
        ("draft/draft", ("draft", None, None)),  # it has no steps, whatever it asks for
        ("outer#2/solve/revise", ("outer/solve", "revise", None)),
        ("outer/other", ("outer", None, None)),
        ("elsewhere/draft", ("elsewhere", None, None)),
        ("validator:judge/final/vote", ("", None, "judge")),
        ("", ("", None, None)),
    ],
)
def test_a_text_belongs_to_the_node_and_the_step_that_its_call_names(path, place):
    found = Places.of(graph_in({"graph_config": GRAPH})).of_call(path)

    assert (found.node, found.step, found.validator) == place


def test_a_resumed_loop_that_writes_its_rounds_again_has_had_each_once(copied):
    write(copied, "DELETE FROM outcome")  # the loops go on
    watch = RunWatch(copied)
    watch.look()
    before = watch.counts().loops
    write(copied, "INSERT OR REPLACE INTO round SELECT * FROM round")

    watch.look()

    assert watch.counts().loops == before
    watch.close()


def sound(*columns):
    return (*columns, checksum(columns))


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("call", (b"k", "r", "solve/draft", 1, 0, b"h", '{"usage":{},"tries":1,"latency_s":1}')),
        ("call", (b"k", "r", "solve/draft", 1, 0, b"h", "[]")),
        ("visit", ("r", "solve", '{"loop":"none"}')),
        ("round", ("r", "solve", 1, '{"attempts":{"a":1},"critique":7}')),
        ("round", ("r", "solve", 1, '{"attempts":[{"is_kept":true,"verdicts":[{"evidence":9}]}]}')),
        ("outcome", (99, "r", "verified", "", '{"verdicts":[1],"guards":{"verdict":2}}')),
        ("outcome", (99, "r", "verified", "", '{"at_node":{"a":1},"loop":[2]}')),
    ],
)
def test_a_strangers_row_with_a_right_checksum_stops_nothing(copied, table, columns):
    """It is counted as damaged where nothing can be made of it, and all others are shown."""
    watch, truth = RunWatch(copied), counted(copied)
    watch.look()
    marks = ", ".join("?" * (len(columns) + 1))
    write(copied, f"INSERT INTO {table} VALUES ({marks})", *sound(*columns))  # noqa: S608

    watch.look()
    after = watch.counts()

    watch.close()
    assert after.damaged in (0, 1)
    assert after.outcomes.rejected == truth.outcomes.rejected
    assert after.nodes["solve"].calls == truth.nodes["solve"].calls
    assert json.loads(after.model_dump_json())


def test_a_run_that_is_removed_while_it_is_watched_is_gone_and_another_in_its_place_is_new(copied):
    watch = RunWatch(copied)
    watch.look()
    kept = shutil.copytree(copied, copied.with_name("kept"))
    shutil.rmtree(copied)
    with pytest.raises(Gone):
        watch.look()
    write(kept, "DELETE FROM outcome WHERE idx > 1")
    kept.rename(copied)

    watch.look()

    assert watch.counts().rows == 2
    watch.close()


def test_a_second_start_with_another_plan_is_counted_anew(copied):
    """What held only under the plan before it is gone, also from counts that were told already."""
    watch = RunWatch(copied)
    watch.look()
    assert watch.counts().rows == len(ROWS)
    write(copied, "DELETE FROM outcome WHERE idx = 0")
    write(copied, "DELETE FROM round WHERE record = 'q/right'")
    event = (2e9, 1.0, "plan_changed", "{}")
    write(
        copied,
        "INSERT INTO event(wall, mono, kind, data, crc) VALUES (?, ?, ?, ?, ?)",
        *sound(*event),
    )

    watch.look()
    while not watch.is_caught_up:
        watch.look()

    assert watch.counts().rows == len(ROWS) - 1
    assert watch.counts().loops[0].steps.draft == len(ROWS) - 1
    watch.close()
