"""`stream` and `astream`: finished rows one by one, and what becomes of a run that is left."""

import asyncio
import gc
import threading

import psutil
import pytest

import sygra_eval
from sygra_eval.api.mailbox import MOST_WAITING
from sygra_eval.engine import ExitCode


def test_every_row_comes_once_with_its_outcome(suite, asked, questions):
    stream = sygra_eval.stream(suite, rows=questions(9), id="id", **asked)

    rows = {row.id: row for row in stream}

    assert sorted(rows) == [f"r{n}" for n in range(9)]
    assert (rows["r0"].outcome, rows["r2"].outcome) == ("verified", "rejected")
    assert (rows["r2"].reason, rows["r2"].index) == ("says: as the row says", 2)
    assert rows["r1"].columns["answer"] == "q1"
    assert rows["r1"].verdicts[0].validator == "says"
    assert stream.result.exit_code == ExitCode.PASSED
    assert list(stream) == []


def test_who_breaks_out_leaves_a_run_that_can_be_resumed(suite, asked, questions):
    for _ in sygra_eval.stream(suite, rows=questions(500), name="one", **asked):
        break

    # The fixture looks for threads and child processes.
    result = sygra_eval.resume(asked["out"] / "small" / "one", plugins=asked["plugins"])
    assert result.rows_done == 500


def test_a_run_whose_rows_nobody_takes_begins_no_more(suite, asked, questions):
    stream = sygra_eval.stream(suite, rows=questions(400), **asked)
    next(stream)
    seen = stream._session.mailbox
    ended = threading.Event()
    ended.wait(0.5)  # nothing to be seen from outside says that a run stands still

    with seen._arrived:
        waiting = len(seen._letters)
    assert waiting <= MOST_WAITING + 16
    assert sum(1 for _ in stream) == 399


async def test_rows_come_to_an_async_for(suite, asked, questions):
    async with sygra_eval.astream(suite, rows=questions(5), **asked) as rows:
        seen = [row.id async for row in rows]

    assert sorted(seen) == [f"rows:{n}" for n in range(1, 6)]
    assert rows.result.rows_done == 5


async def test_who_leaves_an_async_for_drains_the_run(suite, asked, questions):
    async with sygra_eval.astream(suite, rows=questions(500), **asked) as rows:
        async for _ in rows:
            break

    assert rows.result.exit_code == ExitCode.INTERRUPTED
    assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []


async def test_a_stream_that_nobody_closes_ends_by_itself(suite, asked, questions):
    given = iter(questions(500))  # has no end that is known, so its file stays open for more
    rows = sygra_eval.astream(suite, rows=given, name="one", **asked)
    await anext(rows)
    thread = next(t for t in threading.enumerate() if t.name == "sygra_eval run")

    del rows
    gc.collect()
    await asyncio.to_thread(thread.join)

    folder = asked["out"] / "small" / "one"
    assert (folder / "report.md").is_file()
    assert str(folder / "given.jsonl") not in {file.path for file in psutil.Process().open_files()}


def test_a_cancel_lets_the_rows_in_flight_come(suite, asked, questions):
    stream = sygra_eval.stream(suite, rows=questions(500), **asked)
    next(stream)
    stream.cancel()

    rest = sum(1 for _ in stream)

    assert rest < 499
    assert stream.result.rows_done == rest + 1
    assert stream.result.exit_code == ExitCode.INTERRUPTED


def test_what_is_wrong_is_raised_by_the_first_row(suite, asked):
    suite["models"]["author"]["use"] = "ecko"

    with pytest.raises(sygra_eval.values.UsageError, match="unknown-type"):
        next(sygra_eval.stream(suite, rows=[{"question": "q"}], **asked))


def test_a_stream_that_is_closed_at_once_has_nothing_to_tell(suite, asked, questions):
    with sygra_eval.stream(suite, rows=questions(3), **asked) as stream:
        pass

    assert stream.result is None or stream.result.exit_code == ExitCode.INTERRUPTED


async def test_an_async_stream_that_is_never_begun_starts_nothing(suite, asked, questions):
    rows = sygra_eval.astream(suite, rows=questions(3), **asked)
    await rows.aclose()

    assert not asked["out"].exists()
