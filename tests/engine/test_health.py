"""A run whose journal was damaged is repaired, and goes on without paying for what can be saved."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from sygra_eval.cli.doctor import command
from sygra_eval.engine import examine_run, keep_ledger, repair_run
from sygra_eval.journal import RunLock
from sygra_eval.values import UsageError
from tests.engine.conftest import code_row, fast_suite

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
PAGE = 8192


def wipe_root(folder: Path, *tables: str) -> None:
    """Overwrite the pages from which SQLite finds all rows of these tables."""
    journal = folder / "journal.db"
    with closing(sqlite3.connect(journal)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        roots = [connection.execute(sql, (table,)).fetchone()[0] for table in tables]
    with journal.open("r+b") as file:
        for root in roots:
            file.seek((root - 1) * PAGE)
            file.write(b"\0" * PAGE)


def wipe_header(folder: Path) -> None:
    """Overwrite what tells that the file is a database at all."""
    with (folder / "journal.db").open("r+b") as file:
        file.write(b"\0" * 100)


@pytest.fixture
def suite(code_suite):
    questions = ["draft=right", "draft=wrong revise=right", "draft=wrong revise=wrong"] * 4
    return code_suite(*(code_row(f"r{n}", f"{q} n={n} .") for n, q in enumerate(questions)))


async def test_outcomes_that_are_gone_are_come_to_again_from_answers_that_are_paid(
    suite, run, resume, endpoint
):
    finished = await run(suite)
    asked, written = len(endpoint.requests), finished.bytes_of(*FILES)
    wipe_root(finished.folder, "outcome", "visit")

    with pytest.raises(UsageError, match=r"doctor .* --repair"):
        await resume(finished.folder)
    repair = repair_run(finished.folder)
    resumed = await resume(finished.folder)

    assert repair is not None
    assert repair.rows["outcome"] == 0
    assert len(endpoint.requests) == asked
    assert resumed.bytes_of(*FILES) == written
    assert examine_run(finished.folder).is_sound
    assert (await keep_ledger(finished.folder, lambda line: None)).holds


async def test_answers_are_found_in_the_raw_file_and_not_paid_again(
    suite, run, resume, endpoint, stop
):
    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    stopped = await run(suite, show=after_four, stop=stop)
    asked = len(endpoint.requests)
    wipe_header(stopped.folder)

    repair = repair_run(stopped.folder)
    resumed = await resume(stopped.folder)

    assert repair is not None
    assert repair.rows["call"] == stopped.summary.calls
    assert len(endpoint.requests) == resumed.summary.calls > asked
    assert set(resumed.outcomes().values()) == {"verified", "rejected"}


async def test_a_sound_journal_is_left_alone(tmp_path, run):
    finished = await run(fast_suite(tmp_path, ["fine"]))
    before = (finished.folder / "journal.db").read_bytes()

    assert repair_run(finished.folder) is None
    assert (finished.folder / "journal.db").read_bytes() == before


async def test_a_run_at_which_another_process_works_is_not_repaired(tmp_path, run):
    finished = await run(fast_suite(tmp_path, ["fine"]))
    wipe_root(finished.folder, "outcome")

    with (
        RunLock(finished.folder),
        pytest.raises(UsageError, match="another process is at work on this run: pid"),
    ):
        repair_run(finished.folder)


@pytest.fixture
async def damaged(tmp_path, run) -> Path:
    folder = (await run(fast_suite(tmp_path, ["fine"] * 3))).folder
    with closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as journal:
        journal.execute("UPDATE call SET response = response || ' ' WHERE record = 'r1'")
    return folder


def test_the_doctor_names_what_is_damaged_and_what_to_do(damaged):
    told = CliRunner().invoke(command, [str(damaged)], standalone_mode=False)
    said = json.loads(CliRunner().invoke(command, [str(damaged), "--json"]).output)

    assert told.return_value == 1
    assert "--repair" in told.output
    assert (said["is_sound"], said["damaged"], said["sound"]["call"]) == (False, {"call": 1}, 2)


def test_the_doctor_repairs_and_says_what_was_kept(damaged):
    repaired = json.loads(CliRunner().invoke(command, [str(damaged), "--repair", "--json"]).output)
    again = CliRunner().invoke(command, [str(damaged), "--repair"], standalone_mode=False)

    assert (repaired["exit"], repaired["repair"]["lost"]) == (0, {"call": 1})
    assert (damaged / "journal.damaged-1.db").is_file()
    assert again.return_value == 0
    assert "the journal is sound" in again.output


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    told = CliRunner().invoke(command, [str(tmp_path)], standalone_mode=False)

    assert isinstance(told.exception, UsageError)
