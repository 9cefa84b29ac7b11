"""The index follows a journal: while it is written, after a resume, past damage, and in bounds."""

import asyncio
import sqlite3

import pytest

from sygra_eval.journal import Journal, open_readonly
from sygra_eval.sandbox.folders import PREFIX as STALE
from sygra_eval.studio.rows import Asked, Indexes
from sygra_eval.studio.rows.page import facets_of, page_of
from sygra_eval.studio.rows.record import record_of
from sygra_eval.studio.rows.texts import Texts
from sygra_eval.values import Outcome, UsageError
from tests.report.run_by_hand import call_of, end_of, rounds_of, write_run


@pytest.fixture
def indexes(monkeypatch):
    monkeypatch.setattr("sygra_eval.studio.rows.indexes.WAIT_S", 20)  # until it is done
    one = Indexes()
    yield one
    one.close()


@pytest.fixture
def folder(tmp_path):
    calls = [call_of("q0"), call_of("q0", step="critique"), call_of("q1", cost_nano_usd=None)]
    ends = [end_of(0), end_of(1, Outcome.REJECTED)]
    return write_run(tmp_path / "run", ends, calls=calls, rounds=rounds_of("q0"))


def ids(page):
    return [row.row for row in page.rows]


def journalled(folder, *ends):
    async def append():
        async with Journal.open(folder / "journal.db") as journal:
            for end in ends:
                await journal.finish(end)

    asyncio.run(append())


def test_rows_that_end_later_are_counted_and_do_not_move_the_view(indexes, folder):
    first = page_of(indexes.of(folder), Asked())
    journalled(folder, end_of(7), end_of(5))

    opened = indexes.of(folder)
    until = int(first.view.partition(".")[2])
    same = page_of(opened, Asked(until=until))
    now = page_of(opened, Asked())

    assert (ids(same), same.newer) == (["q0", "q1"], 2)
    assert (ids(now), now.newer) == (["q0", "q1", "q5", "q7"], 0)
    rejected = Asked(filters={"outcome": ("rejected",)}, until=until)
    assert page_of(opened, rejected).newer == 0


def test_what_calls_cost_is_added_up_and_an_unknown_price_is_unknown(indexes, folder):
    known, unknown = page_of(indexes.of(folder), Asked()).rows

    assert (known.cost_usd, known.latency_s, known.tokens, known.calls) == (0.5, 3.0, 30, 2)
    assert (unknown.cost_usd, unknown.calls) == (None, 1)
    (cost,) = [one for one in facets_of(indexes.of(folder), Asked()) if one.facet == "cost"]
    assert [(value.label, value.count) for value in cost.values] == [
        ("$0.1 – $1", 1),
        ("not known", 1),
    ]


def test_a_damaged_row_is_counted_and_stops_none_of_the_others(indexes, folder):
    journalled(folder, end_of(2), end_of(3))
    with sqlite3.connect(folder / "journal.db") as journal:
        journal.execute("UPDATE outcome SET reason = 'better' WHERE idx = 2")

    page = page_of(indexes.of(folder), Asked())

    assert (ids(page), page.damaged) == (["q0", "q1", "q3"], 1)


def test_a_row_that_failed_and_is_run_again_is_shown_as_it_ended_then(indexes, folder):
    journalled(folder, end_of(2, Outcome.FAILED))
    failed = Asked(filters={"outcome": ("failed",)})
    assert ids(page_of(indexes.of(folder), failed)) == ["q2"]

    async def resume():
        async with Journal.open(folder / "journal.db") as journal:
            journal.event("started", pid=1)
            await journal.forget_failed()
            await journal.finish(end_of(2))

    asyncio.run(resume())

    opened = indexes.of(folder)
    assert ids(page_of(opened, failed)) == []
    assert ids(page_of(opened, Asked(filters={"outcome": ("verified",)}))) == ["q0", "q2"]


def test_another_run_in_the_place_of_one_is_not_taken_for_it(indexes, folder, tmp_path):
    assert page_of(indexes.of(folder), Asked()).total == 2
    folder.rename(tmp_path / "other")
    write_run(folder, [end_of(n) for n in range(5)])

    assert page_of(indexes.of(folder), Asked()).total == 5


def test_a_journal_that_cannot_be_read_is_said_so_and_is_read_once_it_can(indexes, folder):
    path = folder / "journal.db"
    whole = path.read_bytes()
    path.write_bytes(b"no journal at all" * 100)
    with pytest.raises(UsageError, match=r"journal\.db"):
        indexes.of(folder)

    path.write_bytes(whole)

    assert page_of(indexes.of(folder), Asked()).total == 2


def test_an_answer_of_ten_megabytes_is_told_by_its_beginning(indexes, folder):
    answer = "<script>window.hurt=1</script>\x1b[2J" + "é" * 10_000_000
    journalled(folder, end_of(2, data={"answer": answer}, code=None))
    opened = indexes.of(folder)

    record = record_of(opened.index, "q2", Texts())
    page = page_of(opened, Asked(needle="window.hurt"), columns=["answer"])

    assert (record.answer.length, len(record.answer.text)) == (len(answer), 20_000)
    assert ids(page) == ["q2"]
    assert len(page.model_dump_json()) < 10_000
    whole = Texts(record.answer.of)
    record_of(opened.index, "q2", whole)
    assert whole.found == answer


def test_a_row_on_its_way_is_told_as_far_as_it_came(indexes, folder):
    async def ask():
        async with Journal.open(folder / "journal.db") as journal:
            site, response = call_of("q9")
            await journal.commit_call(b"9" * 16, site, b"9" * 16, response, model="author")
            journal.append_round("q9", rounds_of("q9")[0][1])

    asyncio.run(ask())

    record = record_of(indexes.of(folder).index, "q9", Texts())

    assert (record.outcome, len(record.calls), len(record.rounds)) == ("running", 1, 1)
    assert "on its way" in record.why


def test_an_odd_row_is_shown_as_the_journal_spells_it(indexes, folder):
    odd = "a/b \ud800 '; DROP TABLE row"
    journalled(folder, end_of(2, row_id=odd, data={"question": "\udfff odd"}))
    opened = indexes.of(folder)

    (row,) = page_of(opened, Asked(needle="drop table")).rows

    assert record_of(opened.index, row.row, Texts()).row == row.row
    with open_readonly(folder / "journal.db") as reader:
        assert reader.find(row.row).row_id == odd


def test_the_files_of_indexes_go_with_them(indexes, folder):
    file = indexes.of(folder).file
    assert file.is_file()
    assert not file.parent.name.startswith(STALE)  # a sandbox that starts would remove it

    indexes.close()

    assert not file.parent.exists()
