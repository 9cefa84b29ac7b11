"""The source of a run is what pytest wants, in its order."""

import asyncio
import threading

from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.pytest_plugin.wanted import Wanted, WantedRows
from sygra_eval.values import Row


class Numbers:
    """A source of rows that counts how often it was read."""

    def __init__(self, count):
        self.count = count
        self.readings = 0

    def fingerprint(self):
        return "numbers"

    async def rows(self):
        self.readings += 1
        for number in range(self.count):
            yield Row(id=f"r{number}", index=number, columns={}, origin=f"numbers:{number}")


async def taken(rows):
    return [row.index async for row in rows.rows()]


@given(st.permutations(range(12)).flatmap(lambda all_: st.integers(0, 12).map(lambda n: all_[:n])))
def test_rows_come_in_the_order_in_which_they_are_wanted(places):
    wanted, source = Wanted(), Numbers(12)
    wanted.add(places)
    wanted.end()
    rows = WantedRows(source, wanted)

    assert asyncio.run(taken(rows)) == places
    assert rows.total == len(places)
    assert source.readings <= 4


def test_in_order_the_source_is_read_once_and_to_its_end():
    wanted, source = Wanted(), Numbers(100)
    wanted.add(range(0, 50, 2))
    wanted.add(range(0, 50, 2))
    wanted.end()

    assert asyncio.run(taken(WantedRows(source, wanted))) == list(range(0, 50, 2))
    assert source.readings == 1


def test_rows_that_another_thread_wants_later_are_waited_for():
    wanted = Wanted()
    rows = WantedRows(Numbers(5), wanted)
    found = []
    thread = threading.Thread(target=lambda: found.extend(asyncio.run(taken(rows))))
    thread.start()

    assert rows.total is None
    for place in (3, 1, 4):
        wanted.add([place])
    wanted.end()
    thread.join(timeout=30)

    assert found == [3, 1, 4]
