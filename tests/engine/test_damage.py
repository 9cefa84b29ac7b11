"""The report of a run says what of its journal is not what was written."""

import json
import sqlite3
from contextlib import closing

import pytest

from sygra_eval.engine import summarise
from sygra_eval.engine.damage import Damage
from sygra_eval.report import json_report, terminal_report
from tests.engine.conftest import fast_suite


def spoil(folder, *changes):
    """Change rows behind their checksums' back."""
    with closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as journal:
        for change in changes:
            assert journal.execute(change).rowcount == 1


@pytest.fixture
async def finished(tmp_path, run):
    return await run(fast_suite(tmp_path, ["q0", "q1", "q2"]))


async def test_a_sound_journal_is_not_spoken_of(finished):
    assert finished.summary.damage == Damage()
    assert "damaged row" not in (finished.folder / "report.md").read_text()


async def test_every_view_counts_the_damaged_rows(finished):
    spoil(
        finished.folder,
        "UPDATE call SET response = response || ' ' WHERE record = 'r0'",
        "UPDATE outcome SET data = data || ' ' WHERE idx = 1",
    )

    summary = summarise(finished.folder)

    said = "2 damaged rows of the journal count as absent"
    assert said in " ".join(terminal_report(summary).split())
    found = json.loads(json_report(summary))["damaged_rows"]
    assert (found["absent"]["value"], found["met"]["value"]) == (2, 0)
    assert (summary.calls, summary.not_reached) == (2, 1)


async def test_a_finished_run_that_lost_an_outcome_is_gone_on_with_to_the_same_bytes(
    finished, resume
):
    names = ("verified.jsonl", "verified.parquet")
    before = finished.bytes_of(*names)
    spoil(finished.folder, "UPDATE outcome SET data = data || ' ' WHERE idx = 1")

    again = await resume(finished.folder)

    assert again.bytes_of(*names) == before
    assert again.summary.not_reached == 0
    assert again.summary.calls == 3  # none was asked again
    assert again.summary.damage == Damage(rows=0, met=1)
    told = "1 damaged row of the journal counted as absent while the run went on"
    assert told in " ".join((again.folder / "report.md").read_text().split())


async def test_a_run_that_lost_a_call_of_a_finished_row_stays_finished(finished, resume):
    spoil(finished.folder, "UPDATE call SET response = response || ' ' WHERE record = 'r0'")

    again = await resume(finished.folder)

    assert again.summary.damage == Damage(rows=1, met=0)
