"""What `full` asks of the disk at every commit, and `normal` only now and then."""

import pytest

from sygra_eval.journal import Durability, Journal
from sygra_eval.journal.store import open_writer

EXTENT = {Durability.NORMAL: 1, Durability.FULL: 2}
"""SQLite's own numbers, https://www.sqlite.org/pragma.html#pragma_synchronous."""


@pytest.mark.parametrize("durability", Durability)
async def test_a_journal_is_gone_on_with_as_durably_as_it_was_asked(path, durability):
    await Journal.create(path, {}).close()

    connection = open_writer(path, durability)

    assert connection.execute("PRAGMA synchronous").fetchone() == (EXTENT[durability],)
    connection.close()


@pytest.mark.parametrize("durability", Durability)
async def test_what_was_committed_survives_a_kill_under_both(path, durability, call, after_kill):
    key, *answered = call()

    async with Journal.create(path, {}, durability) as journal:
        await journal.commit_call(key, *answered)
        copy = after_kill(path)

    async with Journal.open(copy) as journal:
        assert journal.answer(key) == answered[-1]
