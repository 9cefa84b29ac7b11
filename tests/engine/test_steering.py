"""A run that goes is paused, goes on, is stopped and watched through its door."""

import asyncio
import contextlib
import os
import threading

import pytest

from sygra_eval.engine import (
    ControlRefused,
    ExitCode,
    go_on_with,
    look_at,
    pause_run,
    process_of,
    stop_run,
    watch_run,
)
from sygra_eval.engine.deltas import MOST_OF_A_CALL, Deltas, Watcher
from sygra_eval.engine.pausing import Pause
from sygra_eval.journal import open_readonly, record_end_from_json, record_end_to_json
from sygra_eval.testing import status
from sygra_eval.values import CallSite, Outcome, RecordEnd
from tests.engine.conftest import fast_suite
from tests.engine.held import PATIENCE_S, HeldEndpoint, until

SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "length", "max": 9, "unit": "words", "required": True}]}
AT_ONCE = 2


@pytest.fixture
async def held():
    async with HeldEndpoint.on_a_free_port() as endpoint:
        endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")
        yield endpoint
        endpoint.may_answer.set()


@pytest.fixture
async def running(held, tmp_path, run, stop):
    """Start a run whose calls are held; return its folder and what it comes to."""
    tasks = []

    async def start(*, rows=12, sections=None, options=None, **model):
        entry = {**held.model_entry("openai"), "max_concurrency": AT_ONCE, **model}
        suite = fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(rows)],
            models={"author": entry},
            nodes={"solve": SOLVE},
            quality=JUDGED,
            **(sections or {}),
        )
        tasks.append(asyncio.create_task(run(suite, name="steered", stop=stop, **(options or {}))))
        await until(lambda: held.inside == min(rows, AT_ONCE) or tasks[-1].done())
        return tmp_path / "out" / "small" / "steered", tasks[-1]

    yield start
    held.may_answer.set()
    for task in tasks:
        stop.drain("the test is over")
        with contextlib.suppress(Exception):
            await task


def kinds(folder):
    with open_readonly(folder / "journal.db") as reader:
        return [event.kind for event in reader.events()]


async def rests(held, folder):
    """Wait until what was in flight has finished; return the view."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            view = await asyncio.to_thread(look_at, folder)
            if view.rows.done == AT_ONCE and held.inside == 0:
                return view


async def test_a_paused_run_finishes_what_is_in_flight_and_begins_nothing(held, running):
    folder, task = await running()

    paused = await asyncio.to_thread(pause_run, folder)
    held.may_answer.set()
    view = await rests(held, folder)
    for _ in range(20):  # what would begin would begin now
        await asyncio.sleep(0)
    later = await asyncio.to_thread(look_at, folder)

    assert paused.is_paused
    assert view.is_paused
    assert (view.rows.done, later.rows.done) == (AT_ONCE, AT_ONCE)
    assert later.calls.sent == AT_ONCE == len(held.requests)
    assert "paused" in kinds(folder)

    went_on = await asyncio.to_thread(go_on_with, folder)
    finished = await task

    assert not went_on.is_paused
    assert finished.summary.counts[Outcome.VERIFIED] == 12
    assert [kind for kind in kinds(folder) if kind in ("paused", "went_on")] == [
        "paused",
        "went_on",
    ]


async def test_to_pause_twice_is_to_pause_once(running):
    folder, _ = await running()

    await asyncio.to_thread(pause_run, folder)
    await asyncio.to_thread(pause_run, folder)

    assert kinds(folder).count("paused") == 1


async def test_a_paused_run_can_be_stopped(held, running):
    folder, task = await running()
    await asyncio.to_thread(pause_run, folder)
    held.may_answer.set()
    await rests(held, folder)

    view = await asyncio.to_thread(stop_run, folder)
    finished = await task

    assert view.is_draining
    assert finished.summary.exit_code is ExitCode.INTERRUPTED
    assert finished.summary.state == "interrupted"
    assert sum(finished.summary.counts.values()) == AT_ONCE


async def test_a_stop_waits_for_calls_in_flight_even_where_two_ask(held, running):
    folder, task = await running()

    for _ in range(2):
        await asyncio.to_thread(stop_run, folder)
    with pytest.raises(ControlRefused, match="ending"):
        await asyncio.to_thread(pause_run, folder)
    held.may_answer.set()
    finished = await task

    assert finished.summary.counts[Outcome.VERIFIED] == AT_ONCE
    assert finished.summary.exit_code is ExitCode.INTERRUPTED


async def test_the_time_of_a_pause_is_none_of_a_records(held, running):
    folder, task = await running(rows=2, sections={"suite": {"name": "small", "record_timeout": 2}})

    await asyncio.to_thread(pause_run, folder)
    await asyncio.sleep(2.2)  # longer than a record may take
    held.may_answer.set()
    await asyncio.to_thread(go_on_with, folder)
    finished = await task

    assert finished.summary.counts[Outcome.VERIFIED] == 2


async def test_a_view_says_where_the_records_are(held, running):
    folder, _ = await running()

    view = await asyncio.to_thread(look_at, folder)

    (solve,) = view.nodes
    assert (solve.node, solve.running) == ("solve", AT_ONCE)
    assert solve.waiting == view.rows.in_flight - AT_ONCE > 0
    assert process_of(folder) == os.getpid()


async def test_texts_are_told_as_they_are_made(held, running):
    folder, task = await running(rows=3, stream=True)
    heard, is_at_the_door = [], threading.Event()

    def has_heard_enough():  # asked for the first time once it is there
        is_at_the_door.set()
        return False

    def listen():
        for told in watch_run(folder, is_over=has_heard_enough):
            heard.extend(told["deltas"])

    await asyncio.to_thread(pause_run, folder)  # so that it does not end before all is heard
    listening = asyncio.create_task(asyncio.to_thread(listen))
    await asyncio.to_thread(is_at_the_door.wait, PATIENCE_S)
    await asyncio.to_thread(look_at, folder)  # who asks later is answered later
    held.may_answer.set()
    await until(lambda: {one["record"] for one in heard} == {"r0", "r1"})
    await asyncio.to_thread(go_on_with, folder)
    await task
    await listening  # the door lets go of who watches

    texts = {}
    for one in heard:
        texts[one["record"]] = texts.get(one["record"], "") + one["text"]
    assert texts["r0"] == "answer to question 0"
    assert {one["node"] for one in heard} == {"solve"}


async def test_a_slow_watcher_loses_text_and_is_told_so():
    deltas, watcher = Deltas(), Watcher()
    deltas.watchers.append(watcher)
    heard = deltas.listener(CallSite(record="r", node="solve"), lambda: 1)

    for _ in range(1_000):
        heard("x" * 100)
    told = watcher.take()

    (one,) = told["deltas"]
    assert (len(one["text"]), one["is_cut"]) == (MOST_OF_A_CALL, True)
    assert told["dropped"] > 0
    assert watcher.take() == {"deltas": [], "dropped": 0}


async def test_a_deadline_stands_still_while_it_is_paused():
    pause = Pause()
    pause.begin()

    async with asyncio.timeout(0.05) as deadline:
        with pause.sparing(deadline):
            await asyncio.sleep(0.1)
            assert deadline.when() is None
            pause.end()
            assert deadline.when() is not None


async def test_a_record_that_failed_says_at_which_node(running, held):
    folder, task = await running(rows=1)
    held.answers_with(lambda body: status(400))
    held.may_answer.set()
    await task

    with open_readonly(folder / "journal.db") as reader:
        (end,) = reader.outcomes()
    assert (end.outcome, end.at_node) == (Outcome.FAILED, "solve")
    assert record_end_from_json(record_end_to_json(end)) == end


def test_the_end_of_a_record_in_an_old_journal_names_no_node():
    end = RecordEnd(row_id="r", index=0, outcome=Outcome.FAILED, reason="", data={})

    assert "at_node" not in record_end_to_json(end)
    assert record_end_from_json(record_end_to_json(end)).at_node == ""
