import pytest

from sygra_eval.journal import Journal
from sygra_eval.values import Outcome, RecordEnd, Status, Verdict

PLAN = {"suite": "glaive"}
PASSED = Verdict(validator="unit_tests", status=Status.PASS, reason="")


@pytest.fixture
async def journal(path):
    async with Journal.create(path, PLAN) as journal:
        yield journal


@pytest.fixture
def questions(journal):
    """What the journal asks SQLite."""
    asked = []
    journal.reader._connection.set_trace_callback(asked.append)
    return asked


def end(record):
    return RecordEnd(row_id=record, index=0, outcome=Outcome.UNJUDGED, reason="", data={})


async def test_what_a_new_journal_was_never_handed_is_not_sought_in_it(journal, call, questions):
    key, *_ = call("r1")

    assert (journal.answer(key), journal.execution(key)) == (None, None)

    assert questions == []


async def test_what_it_was_handed_is_found_while_its_record_is_open(journal, call, questions):
    key, site, told, response = call("r1")
    await journal.commit_call(key, site, told, response)
    await journal.commit_execution(b"kept", "r1", PASSED)
    journal.append_execution(b"queued", "r1", PASSED)
    await journal.flush()

    assert journal.answer(key) == response
    assert journal.execution(b"kept") == journal.execution(b"queued") == PASSED
    assert len(questions) == 3


async def test_the_keys_of_a_record_go_with_its_end_and_others_stay(journal, call, questions):
    ended, *of_ended = call("r1")
    going_on, *of_other = call("r2")
    await journal.commit_call(ended, *of_ended)
    await journal.commit_call(going_on, *of_other)

    await journal.finish(end("r1"))

    assert journal.answer(ended) is None
    assert questions == []
    assert journal.answer(going_on) == of_other[-1]
    assert journal.reader.answer(ended) == of_ended[-1]


async def test_a_journal_that_takes_in_another_or_is_opened_again_is_sought_in_for_all(
    journal, path, call, tmp_path
):
    key, *rest = call("r1")
    async with Journal.create(tmp_path / "other.db", PLAN) as other:
        await other.commit_call(key, *rest)
        rows = {"call": list(other.reader.sound_rows("call"))}

    await journal.take_in(rows)

    assert journal.answer(key) == rest[-1]
    await journal.close()
    async with Journal.open(path) as again:
        await again.finish(end("r1"))
        assert again.answer(key) == rest[-1]
