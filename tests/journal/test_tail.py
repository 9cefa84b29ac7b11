"""What was appended since is read once, whatever the order in which rows end."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sygra_eval.journal import Journal, JournalTail, gaps, tail
from sygra_eval.journal.gaps import Gaps
from sygra_eval.journal.store import open_reader
from sygra_eval.values import Outcome, RecordEnd


def end_of(index):
    return RecordEnd(
        row_id=f"r{index}", index=index, outcome=Outcome.VERIFIED, reason="", data={"id": index}
    )


async def finish(path, indices):
    journal = Journal.open(path)
    await asyncio.gather(*(journal.finish(end_of(index)) for index in indices))
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
    with JournalTail(path) as one:
        for indices in ((7, 2, 30), (0, 3, 29), (), (1, 4, 5, 6, 31)):
            asyncio.run(finish(path, indices))
            one.has_changed()
            read += [place for place, *_ in one.outcomes()]
            assert not one.is_behind

    assert sorted(read) == [0, 1, 2, 3, 4, 5, 6, 7, 29, 30, 31]


def test_gaps_that_hold_more_than_a_page_are_read_to_their_end(tmp_path):
    path = tmp_path / "journal.db"
    asyncio.run(Journal.create(path, {"suite": "s"}).close())
    with mock.patch.object(tail, "PAGE", 3), JournalTail(path) as one:
        asyncio.run(finish(path, (10, 20)))
        assert [place for place, *_ in one.outcomes()] == [10, 20]
        asyncio.run(finish(path, (19, 18, 2, 5, 3, 4, 11, 12, 30)))

        assert [place for place, *_ in one.outcomes()] == [2, 3, 4, 5, 11, 12, 18, 19, 30]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 40), max_size=6), max_size=8), st.sampled_from((2, 4, 8, 64))
)
@example([[*range(0, 33, 3)], [], [1]], 2)  # into a gap that the turn has passed
def test_however_few_gaps_a_look_asks_for_all_are_asked_before_it_says_so(batches, most):
    """What a look finds is what ended before it said that something changed."""
    ended, found = set(), set()
    one = Gaps()

    def look():
        asked, how_far = one.to_ask()
        assert len(asked) <= most
        for first, last in asked:
            found.update(
                place for place in range(first, last + 1) if place in ended and one.take(place)
            )
        one.take_asked(how_far)
        found.update(place for place in sorted(ended) if place > one.last and one.take(place))

    with mock.patch.object(gaps, "MOST_ASKED", most):
        for batch in batches:
            ended.update(batch)
            one.ask_again()
            look()
        for _ in range(2 * 41):
            if one.are_asked:
                break
            look()

        assert one.are_asked
        assert found == ended


def test_what_a_look_costs_grows_neither_with_the_rows_nor_with_places_that_stay_empty(
    tmp_path, monkeypatch
):
    """A run of each third row of its source: two of three places never have an outcome."""
    steps = Counter()

    def counted(path):
        connection = open_reader(path)
        connection.set_progress_handler(lambda: steps.update([path]), 10)
        return connection

    monkeypatch.setattr(tail, "open_reader", counted)
    monkeypatch.setattr(gaps, "MOST_ASKED", 32)
    costs = []
    for rows in (50, 200, 800):
        path = tmp_path / f"{rows}.db"
        asyncio.run(Journal.create(path, {"suite": "s"}).close())
        asyncio.run(finish(path, [3 * at for at in range(rows) if at != rows - 2]))
        with JournalTail(path) as one:
            assert len(list(one.outcomes())) == rows - 1
            steps.clear()
            asyncio.run(finish(path, (3 * (rows - 2), 3 * rows)))
            assert len(list(one.outcomes())) == 2
        costs.append(steps[path])

    assert max(costs[1:]) <= 1.2 * costs[0]


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
