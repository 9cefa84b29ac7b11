"""A run that stopped goes on where it was; what was answered is never asked again."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from sygra_eval.data import DiskSource
from sygra_eval.engine import ExitCode, resume_run, summarise
from sygra_eval.journal import RunLock, open_readonly
from sygra_eval.report import closing_json
from sygra_eval.testing import status
from sygra_eval.values import Outcome, UsageError
from tests.engine.conftest import FAST_PLUGIN, answer, code_row, counts_add_up, fast_suite

FILES = ("verified.jsonl", "verified.parquet")


def rounds_of(run):
    """Return what each row's rounds hold, without how long they took."""

    def told(finished, attempt):
        critique, sentinel = finished.critique, finished.sentinel
        return finished.number, critique, sentinel, attempt.answer, attempt.diff

    with open_readonly(run.folder / "journal.db") as reader:
        return {
            row_id: [
                told(finished, attempt)
                for finished in reader.rounds(row_id)
                for attempt in finished.attempts
            ]
            for row_id in run.outcomes()
        }


async def test_a_finished_run_calls_nothing_and_repeats_its_line(code_suite, run, resume, endpoint):
    suite = code_suite(code_row("r0", "draft=right"), code_row("r1", "draft=wrong revise=wrong"))
    finished = await run(suite)
    asked, written = len(endpoint.requests), finished.bytes_of("report.json", "manifest.json")
    await endpoint.stop()

    again = await resume(finished.folder)

    assert closing_json(again.summary) == closing_json(finished.summary)
    assert len(endpoint.requests) == asked
    assert again.bytes_of("report.json", "manifest.json") == written


async def test_the_input_is_read_once_by_a_resume_as_it_was_counted_before(
    code_suite, run, resume, endpoint, stop, monkeypatch
):
    suite = code_suite(*(code_row(f"r{n}", f"draft=right n={n} .") for n in range(6)))

    def after_two(progress):
        if progress.rows_done == 2:
            stop.drain("SIGINT")

    stopped = await run(suite, show=after_two, stop=stop)
    places = 0
    whole = DiskSource.rows

    async def counted(source):
        nonlocal places
        async for row in whole(source):
            places += 1
            yield row

    monkeypatch.setattr(DiskSource, "rows", counted)
    totals = []
    resumed = await resume(stopped.folder, show=lambda progress: totals.append(progress.rows_total))

    assert places == 1 + 6  # the first row is looked at by itself
    assert set(totals) == {6}
    assert resumed.summary.not_reached == 0


async def test_an_interrupted_run_ends_with_the_bytes_of_an_undisturbed_one(
    code_suite, run, resume, endpoint, stop
):
    questions = ["draft=right", "draft=wrong revise=right", "draft=wrong revise=wrong"] * 5
    suite = code_suite(*(code_row(f"r{n}", f"{q} n={n} .") for n, q in enumerate(questions)))
    undisturbed = await run(suite, name="undisturbed")
    asked = len(endpoint.requests)

    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    stopped = await run(suite, name="stopped", show=after_four, stop=stop)
    resumed = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert counts_add_up(stopped.summary)
    assert resumed.summary.exit_code is ExitCode.PASSED
    assert rounds_of(resumed) == rounds_of(undisturbed)
    assert resumed.bytes_of(*FILES) == undisturbed.bytes_of(*FILES)
    assert len(endpoint.requests) == 2 * asked
    assert resumed.summary.calls == asked


async def test_a_resumed_run_counts_what_ended_before_in_its_progress(tmp_path, run, resume, stop):
    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    suite = fast_suite(tmp_path, ["fine"] * 40)
    stopped = await run(suite, show=after_four, stop=stop)
    ended, seen = sum(stopped.summary.counts.values()), []

    await resume(stopped.folder, show=seen.append)

    assert (seen[0].rows_done, seen[0].rows_before, seen[0].verified) == (
        ended + 1,
        ended,
        ended + 1,
    )
    assert (seen[-1].rows_done, seen[-1].verified) == (40, 40)


async def test_rows_that_failed_by_infrastructure_are_tried_again(
    code_suite, run, resume, endpoint
):
    endpoint.answers_with(
        lambda body: status(400, "down") if "down" in str(body["messages"]) else answer(body)
    )
    suite = code_suite(
        code_row("up", "draft=right"), code_row("down", "draft=right down=yes"), "no row at all"
    )
    broken = await run(suite)
    endpoint.answers_with(answer)

    kept = await resume(broken.folder, retries_failed=False)
    mended = await resume(broken.folder)

    assert broken.summary.exit_code is ExitCode.INCOMPLETE
    assert kept.outcomes() == broken.outcomes()
    assert mended.outcomes() == {"up": "verified", "down": "verified", "rows.jsonl:3": "failed"}
    assert mended.summary.counts[Outcome.FAILED] == 1


async def test_a_run_that_died_before_its_files_were_written_gets_them(tmp_path, run, resume):
    finished = await run(fast_suite(tmp_path, ["one", "two", "says-fail"]))
    names = [*FILES, "rejected.jsonl", "report.json", "report.md", "README.md", "manifest.json"]
    written = finished.bytes_of(*names)
    for name in names:
        (finished.folder / name).unlink()

    again = await resume(finished.folder)

    assert again.bytes_of(*names) == written
    assert not (finished.folder / "LOCK").exists()


async def test_files_of_an_earlier_stop_are_not_taken_for_the_end(tmp_path, run, resume, stop):
    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    suite = fast_suite(tmp_path, ["fine"] * 40)
    stopped = await run(suite, show=after_four, stop=stop)
    kept = dict(zip(FILES, stopped.bytes_of(*FILES), strict=True))
    resumed = await resume(stopped.folder)
    whole = resumed.bytes_of(*FILES)
    # As a kill leaves it between the journal's last event and the first file.
    for name, content in kept.items():
        (stopped.folder / name).write_bytes(content)
    (stopped.folder / "manifest.json").unlink()

    again = await resume(stopped.folder)

    assert again.bytes_of(*FILES) == whole


async def test_a_changed_suite_in_the_run_folder_is_refused(tmp_path, run, resume):
    broken = await run(fast_suite(tmp_path, ["one", "call-timeout"]))
    own = broken.folder / "suite.yaml"
    own.write_text(own.read_text() + "card: {license: mit}\n")

    with pytest.raises(UsageError, match="no longer the suite that this run began with"):
        await resume(broken.folder)


async def test_an_edited_suite_file_does_not_change_a_run_that_has_begun(tmp_path, run, resume):
    suite = fast_suite(tmp_path, ["one", "call-timeout"])
    broken = await run(suite)
    suite.write_text("suite: {name: another}\n")

    again = await resume(broken.folder)

    assert again.outcomes() == {"r0": "verified", "r1": "failed"}


async def test_a_second_process_is_refused_with_the_owners_pid(tmp_path, run):
    broken = await run(fast_suite(tmp_path, ["one", "call-timeout"]))
    command = [sys.executable, "-m", "sygra_eval", "resume", str(broken.folder), "--json"]
    command += ["-p", str(FAST_PLUGIN)]

    with RunLock(broken.folder):
        refused = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False
        )

    assert refused.returncode == ExitCode.USAGE
    line = json.loads(refused.stdout.splitlines()[-1])
    assert line["exit"] == 4
    assert f"pid {os.getpid()} " in line["error"]


async def test_resume_does_not_run_code_that_only_the_folder_asks_for(tmp_path, run):
    broken = await run(fast_suite(tmp_path, ["one", "call-timeout"]))

    with pytest.raises(UsageError, match="say so again to resume it"):
        await resume_run(broken.folder)


async def test_a_damaged_answer_is_asked_again_and_never_used(
    code_suite, run, resume, endpoint, stop
):
    suite = code_suite(*(code_row(f"r{n}", f"draft=right n={n} .") for n in range(8)))
    stopped = await run(suite, show=lambda progress: stop.drain("test"), stop=stop)
    asked = len(endpoint.requests)
    with sqlite3.connect(stopped.folder / "journal.db") as journal:
        journal.execute("DELETE FROM outcome WHERE idx = 0")
        journal.execute("DELETE FROM visit WHERE record = 'r0'")
        journal.execute(
            "UPDATE call SET response = replace(response, '+ 1', '+ 2') "
            "WHERE record = 'r0' AND node = 'solve/draft'"
        )
    journal.close()

    resumed = await resume(stopped.folder)

    assert set(resumed.outcomes().values()) == {"verified"}
    assert len(endpoint.requests) == 8 * 2 + 1
    assert asked < len(endpoint.requests)


async def test_a_folder_that_is_no_run_is_named(tmp_path, resume):
    with pytest.raises(UsageError, match="is not a run: it has no journal"):
        await resume(tmp_path)


async def test_the_summary_of_a_run_is_a_function_of_its_folder(tmp_path, run):
    finished = await run(fast_suite(tmp_path, ["one", "says-fail", "call-timeout"]))

    assert summarise(finished.folder) == summarise(finished.folder) == finished.summary
