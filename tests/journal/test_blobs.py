"""Long texts stand beside the journal, once; what names a lost one counts as absent."""

import json
import os
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.journal import (
    Journal,
    JournalUnwritable,
    examine_journal,
    open_readonly,
    repair_journal,
)
from sygra_eval.journal.blobs import LARGE, Blobs, set_aside, without_texts
from sygra_eval.journal.repair import _NEEDED
from sygra_eval.values import Outcome, RecordEnd

LONG = "a word " * (LARGE // 7 + 1)
TEXTS = st.text(max_size=3) | st.sampled_from([LONG, "é" * LARGE, "\ud800" + LONG, "x" * LARGE])
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def blobs_of(path):
    return sorted(path.with_name("blobs").glob("*"))


def end(answer=LONG):
    return RecordEnd(
        row_id="r1", index=0, outcome=Outcome.VERIFIED, reason="", data={"answer": answer}
    )


@pytest.fixture
async def finished(path, call):
    """The path of a closed journal of one row, whose answer is long, and one that is short."""
    plan = dict.fromkeys(_NEEDED, "x")
    async with Journal.create(path, plan) as journal:
        await journal.commit_call(*call("r1", text=LONG))
        await journal.commit_call(*call("r2", text="short"))
        journal.append_visit("r1", "solve", {"answer": LONG})
        await journal.finish(end())
    return path


@settings(deadline=None)
@given(value=st.dictionaries(TEXTS, VALUES, max_size=3))
def test_any_value_comes_back_as_it_was(tmp_path_factory, value):
    blobs = Blobs(tmp_path_factory.mktemp("run") / "journal.db")

    stored, texts = set_aside(value)
    blobs.put(texts)

    assert blobs.value(stored) == value
    assert all(len(data) > LARGE for data in texts.values())
    assert without_texts(stored).keys() == value.keys()


async def test_a_long_answer_is_kept_once_however_many_rows_hold_it(finished, call):
    (blob,) = blobs_of(finished)

    assert blob.read_text() == LONG
    assert finished.stat().st_size < 3 * LARGE  # and not two such texts beside the rest
    with open_readonly(finished) as reader:
        assert reader.answer(call("r1")[0]).text == LONG
        assert reader.visit("r1", "solve") == {"answer": LONG}
        assert list(reader.outcomes()) == [reader.find("r1")] == [end()]
        assert list(reader.rows(Outcome.VERIFIED)) == [{"answer": LONG}]
        assert [one.response.text for one in reader.calls()] == [LONG, "short"]
        assert reader.damaged == 0


@pytest.mark.parametrize("befalls", ["gone", "flipped", "cut"])
async def test_what_names_a_lost_text_is_absent_counted_and_can_be_committed_again(
    finished, call, befalls
):
    (blob,) = blobs_of(finished)
    data = blob.read_bytes()
    blob.write_bytes({"flipped": b"A" + data[1:], "cut": data[:-1]}.get(befalls, b""))
    if befalls == "gone":
        blob.unlink()
    key, *answered = call("r1", text=LONG)

    async with Journal.open(finished) as journal:
        assert journal.answer(key) is None
        assert journal.visit("r1", "solve") is None
        assert not journal.has_outcome(0)
        assert sum(journal.counts().values()) == 0
        assert journal.answer(call("r2")[0]).text == "short"
        assert journal.damaged == 3
        assert journal.reader.calls_summary().calls == 2  # it was paid for all the same

        await journal.commit_call(key, *answered)

        assert journal.answer(key).text == LONG
        assert journal.has_outcome(0)  # it names the same text


async def test_a_row_is_never_committed_before_the_text_that_it_names(
    path, call, monkeypatch, after_kill
):
    key, *answered = call("r1", text=LONG)
    async with Journal.create(path, {}, disk_wait_s=0) as journal:
        with monkeypatch.context() as broken:
            broken.setattr("sygra_eval.journal.blobs.os.fsync", no_room)
            with pytest.raises(JournalUnwritable, match="No space left"):
                await journal.commit_call(key, *answered)
        assert (journal.answer(key), journal.damaged) == (None, 0)

        await journal.commit_call(key, *answered)  # there is room again

        assert journal.answer(key).text == LONG


def no_room(descriptor):
    raise OSError(28, "No space left on device")


async def test_the_doctor_sees_a_lost_text_and_a_repair_keeps_what_is_whole(finished, call):
    assert examine_journal(finished).is_sound
    blobs_of(finished)[0].unlink()

    state = examine_journal(finished)
    repair = repair_journal(finished)

    lost = {"call": 1, "visit": 1, "outcome": 1}
    assert (dict(state.damaged), dict(repair.lost)) == (lost, lost)
    assert examine_journal(finished).is_sound
    with open_readonly(finished) as reader:
        assert reader.answer(call("r2")[0]).text == "short"


async def test_a_repair_keeps_rows_whose_texts_are_whole(finished, call):
    with closing(sqlite3.connect(finished, isolation_level=None)) as journal:
        journal.execute("UPDATE call SET response = response || ' ' WHERE record = 'r2'")

    repair_journal(finished)

    with open_readonly(finished) as reader:
        assert reader.answer(call("r1")[0]).text == LONG
        assert reader.answer(call("r2")[0]) is None


async def test_a_name_can_lead_nowhere_else(finished, tmp_path):
    (tmp_path / "secret").write_text("of the machine")
    blobs = Blobs(finished)

    os.mkfifo(blobs_of(finished)[0].with_name("0" * 64))
    for name in ("../secret", str(tmp_path / "secret"), "", "\0", "/dev/zero", "0" * 64):
        row = ("k", json.dumps([{"a": None}, [[["a"], name]]]))
        with pytest.raises(LookupError):
            blobs.value(row[1])
