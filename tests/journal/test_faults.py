"""What calls met instead of an answer: refusals stay, and older journals need no table for them."""

import contextlib
import sqlite3

import pytest

from sygra_eval.journal import Journal, open_readonly
from sygra_eval.values import CallFault

REFUSED = CallFault(node="solve", kind="refused", message="no", raw="{}", is_final=True, visit=2)
SPOILT = CallFault(node="solve/draft", kind="bad_body", message="html", raw="<\0\ud800é", sample=1)
KEY = b"k" * 16


@pytest.fixture
async def journal(path):
    async with Journal.create(path, {"suite": "s"}) as opened:
        yield opened


async def test_a_refusal_is_known_at_once_and_after_reopening(journal, path):
    await journal.commit_refusal(KEY, "r1", REFUSED)
    await journal.close()

    async with Journal.open(path) as again:
        assert (journal.refusal(KEY), again.refusal(KEY)) == (REFUSED, REFUSED)
        assert again.refusal(b"o" * 16) is None


async def test_a_spoilt_try_is_kept_for_its_record_and_refuses_nothing(journal, path):
    journal.append_fault(KEY, "r1", SPOILT)
    journal.append_fault(KEY, "r2", SPOILT)
    await journal.commit_refusal(KEY, "r1", REFUSED)
    await journal.flush()

    assert journal.reader.faults("r1") == (SPOILT, REFUSED)
    assert journal.reader.faults("r3") == ()
    assert [(record, fault) for _, record, fault in journal.reader.refusals()] == [("r1", REFUSED)]


async def test_refusals_outlive_the_rows_that_are_tried_again(journal):
    await journal.commit_refusal(KEY, "r1", REFUSED)

    await journal.forget_failed()

    assert journal.refusal(KEY) == REFUSED
    assert journal.reader.faults("r1") == (REFUSED,)


@pytest.fixture
async def of_before(journal, path, call):
    """A journal as earlier versions wrote it."""
    await journal.commit_call(*call())
    await journal.close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE fault")
        connection.execute("PRAGMA user_version = 1")
    return path


async def test_a_journal_without_the_table_can_be_read(of_before, call):
    with open_readonly(of_before) as reader:
        assert reader.faults("r1") == ()
        assert list(reader.refusals()) == []
        assert reader.answer(call()[0]) is not None


async def test_a_journal_without_the_table_gets_it_when_it_is_gone_on_with(of_before, call):
    async with Journal.open(of_before) as again:
        await again.commit_refusal(KEY, "r1", REFUSED)

        assert again.reader.faults("r1") == (REFUSED,)
        assert again.answer(call()[0]) is not None


async def test_a_damaged_refusal_is_absent_so_the_call_is_asked_again(journal, path):
    await journal.commit_refusal(KEY, "r1", REFUSED)
    await journal.close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE fault SET kind = 'refuses'")

    async with Journal.open(path) as again:
        assert again.refusal(KEY) is None
        assert again.damaged == 1
