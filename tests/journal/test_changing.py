"""Another plan in a journal: calls stay, what held under the old one goes and stays gone."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from sygra_eval.journal import Forgotten, Journal, open_readonly, repair_journal
from sygra_eval.values import CallSite, ChatResponse, Status, Usage, Verdict

KEYS = [bytes([n]) * 16 for n in range(40)]


@pytest.fixture
async def changed(tmp_path):
    """Return a journal of forty calls and verdicts whose plan was changed."""
    verdict = Verdict(validator="tests", status=Status.PASS, reason="y" * 2_000)
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    answer = ChatResponse(text="answer", finish_reason="stop", usage=usage)
    plan = {
        "suite": "s",
        "suite_sha256": "old",
        "suite_path": "p",
        "suite_folder": "f",
        "input_fingerprint": "old",
        "asked": "{}",
    }
    async with Journal.create(tmp_path / "journal.db", plan) as journal:
        for number, key in enumerate(KEYS):
            site = CallSite(record=f"r{number}", node="solve", visit=1, sample=0)
            await journal.commit_call(key, site, key, answer)
            await journal.commit_execution(key, f"r{number}", verdict)
            journal.append_visit(f"r{number}", "solve", {"additions": {}})
        await journal.flush()
    async with Journal.open(tmp_path / "journal.db") as journal:
        forgotten = Forgotten(records=frozenset({"r1"}), moved=frozenset({"r2"}))
        await journal.change_plan({**plan, "input_fingerprint": "newer"}, forgotten)
        assert journal.execution(KEYS[1]) is None
        assert journal.execution(KEYS[2]) == verdict
        assert [journal.visit(f"r{n}", "solve") is None for n in range(4)] == [0, 1, 1, 0]
        await journal.change_plan(
            {**plan, "suite_sha256": "new"}, Forgotten(is_all=True), told=["a change"]
        )
        (tmp_path / "killed").mkdir()
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / "killed" / name)
    return tmp_path / "journal.db"


def test_calls_stay_and_the_event_tells_what_changed(changed):
    with open_readonly(changed) as reader:
        assert all(reader.answer(key) is not None for key in KEYS)
        assert not any(reader.execution(key) for key in KEYS)
        assert reader.plan()["suite_sha256"] == "new"
        assert [event.data for event in reader.events() if event.kind == "plan_changed"] == [
            {},
            {"told": ["a change"]},
        ]


def test_a_repair_digs_out_no_verdict_of_the_old_plan(changed):
    killed = changed.parent / "killed" / "journal.db"  # the old rows are in the file still

    repair_journal(killed)

    with open_readonly(killed) as reader:
        assert all(reader.answer(key) is not None for key in KEYS)
        assert not any(reader.execution(key) for key in KEYS)
        assert reader.plan()["suite_sha256"] == "new"


@pytest.mark.parametrize("table", ["run", "run_again"])
def test_a_repair_finds_the_new_plan_where_one_of_its_two_places_is_gone(changed, table):
    with closing(sqlite3.connect(changed)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (root,) = connection.execute(sql, (table,)).fetchone()
    with changed.open("r+b") as file:
        file.seek((root - 1) * 8192)
        file.write(b"\0" * 8192)

    repair_journal(changed)

    with open_readonly(changed) as reader:
        assert (reader.plan()["suite_sha256"], reader.plan()["input_fingerprint"]) == ("new", "old")
