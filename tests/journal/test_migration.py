"""A journal of an older version is brought to this one, and a copy of it is kept."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from sygra_eval.journal import Journal, open_readonly, store
from sygra_eval.journal.store import SCHEMA_VERSION
from sygra_eval.values import CallFault, UsageError


@pytest.fixture
async def old(path, call):
    """The path of a journal as version 1 wrote it at first: no table of tries."""
    async with Journal.create(path, {"suite": "s"}) as journal:
        await journal.commit_call(*call("r1", text="kept"))
    with closing(sqlite3.connect(path, isolation_level=None)) as journal:
        journal.execute("DROP TABLE fault")
        journal.execute("PRAGMA user_version = 1")
    return path


def version_of(path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        return journal.execute("PRAGMA user_version").fetchone()[0]


async def test_an_older_journal_is_migrated_after_a_copy_of_it_was_made(old, call):
    backup = old.with_name("journal.db.v1.bak")

    async with Journal.open(old) as journal:
        assert journal.answer(call("r1")[0]).text == "kept"
        fault = CallFault(node="n", visit=0, sample=0, kind="refused", message="no", is_final=True)
        await journal.commit_refusal(b"key", "r1", fault)
        assert list(journal.reader.refusals()) == [(b"key", "r1", fault)]

    assert (version_of(old), version_of(backup)) == (SCHEMA_VERSION, 1)
    with open_readonly(backup) as reader:
        assert reader.answer(call("r1")[0]).text == "kept"
        assert reader.faults("r1") == ()


async def test_an_older_journal_is_looked_at_without_a_change(old, call):
    before = old.read_bytes()

    with open_readonly(old) as reader:
        assert reader.answer(call("r1")[0]).text == "kept"

    assert old.read_bytes() == before
    assert not old.with_name("journal.db.v1.bak").exists()


async def test_a_journal_of_this_version_is_not_copied(path):
    await Journal.create(path, {}).close()

    await Journal.open(path).close()

    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]


async def test_a_migration_that_breaks_leaves_the_journal_as_it_was(old, call, monkeypatch):
    broken = "CREATE TABLE half(x); INSERT INTO nowhere VALUES (1);"
    with monkeypatch.context() as patched:
        patched.setattr(store, "_MIGRATIONS", {1: broken})
        with pytest.raises(UsageError, match="of journal version 1 and cannot be brought to 2"):
            Journal.open(old)

    assert version_of(old) == 1
    async with Journal.open(old) as journal:  # the next start does it
        assert journal.answer(call("r1")[0]).text == "kept"
    with closing(sqlite3.connect(old)) as journal:
        assert journal.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchall() == []


async def test_without_room_for_the_copy_nothing_is_migrated(old, tmp_path, monkeypatch):
    def no_room(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "sync", no_room)
    with pytest.raises(UsageError, match="No space left on device; what it holds is as it was"):
        Journal.open(old)

    assert version_of(old) == 1


async def test_a_newer_journal_is_refused_and_not_touched(old):
    with closing(sqlite3.connect(old, isolation_level=None)) as journal:
        journal.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = shutil.copy(old, old.with_name("before.db")).read_bytes()

    with pytest.raises(UsageError, match="written by a newer sygra-eval"):
        Journal.open(old)

    assert old.read_bytes() == before
