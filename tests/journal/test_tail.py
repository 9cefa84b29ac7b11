"""What was appended since is read once, whatever the order in which rows end."""

import asyncio
import sqlite3
from contextlib import closing
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.journal import Journal, JournalTail, tail
from sygra_eval.journal.tail import Gaps
from sygra_eval.values import Outcome, RecordEnd


def end_of(index):
    return RecordEnd(
        row_id=f"r{index}", index=index, outcome=Outcome.VERIFIED, reason="", data={"id": index}
    )


async def finish(path, indices):
    journal = Journal.open(path)
    for index in indices:
        await journal.finish(end_of(index))
    await journal.close()


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(12)), st.integers(0, 12))
def test_each_place_is_new_once(places, cut):
    gaps = Gaps()

    first = [gaps.take(place) for place in places[:cut]]
    again = [gaps.take(place) for place in places[:cut]]
    rest = [gaps.take(place) for place in places[cut:]]

    assert (all(first), any(again), all(rest)) == (True, False, True)
    assert gaps.open == []


def test_rows_that_end_out_of_order_are_each_read_once(tmp_path):
    path = tmp_path / "journal.db"
    asyncio.run(Journal.create(path, {"suite": "s"}).close())
    read = []
    for most_gaps in (0, 256):  # all places are looked through, and gap by gap
        with mock.patch.object(tail, "MOST_GAPS", most_gaps), JournalTail(path) as one:
            for indices in ((7, 2, 30), (0, 3, 29), (), (1, 4, 5, 6, 31)):
                asyncio.run(finish(path, indices if most_gaps == 0 else ()))
                read += [place for place, *_ in one.outcomes()]
            assert sorted(read) == [0, 1, 2, 3, 4, 5, 6, 7, 29, 30, 31]
            read.clear()


def test_a_look_without_anything_new_is_told_from_one_with(tmp_path):
    path = tmp_path / "journal.db"
    asyncio.run(Journal.create(path, {"suite": "s"}).close())

    with JournalTail(path) as one:
        looks = [one.has_changed(), one.has_changed()]
        asyncio.run(finish(path, (0,)))
        looks += [one.has_changed(), one.has_changed()]

    assert looks == [True, False, True, False]


def test_a_damaged_row_is_counted_once_and_the_next_is_read(tmp_path):
    path = tmp_path / "journal.db"
    asyncio.run(Journal.create(path, {"suite": "s"}).close())
    asyncio.run(finish(path, (0, 1, 2)))
    with closing(sqlite3.connect(path)) as journal:
        journal.execute("UPDATE outcome SET record = 'other' WHERE idx = 1")
        journal.commit()

    with JournalTail(path) as one:
        read = [place for place, *_ in one.outcomes()]
        read += [place for place, *_ in one.outcomes()]

        assert (read, one.damaged) == ([0, 2], 1)
