"""An id is that of one row, whatever its source: the first in the order of the input keeps it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.data import TakenIds
from sygra_eval.values import BadRow, InfrastructureError, Row

ODD = ["a" * 40, "\ud800", "\0", "1", "01", "rows:0", "rows:1"]
IDS = st.text(max_size=3) | st.sampled_from(ODD)


def row(index: int, row_id: str, *, bad: bool = False) -> Row | BadRow:
    origin = f"rows:{index}"
    if bad:
        return BadRow(id=row_id, index=index, origin=origin, reason="bad_input: broken")
    return Row(id=row_id, index=index, columns={}, origin=origin)


@given(st.lists(st.tuples(IDS, st.booleans()), max_size=12))
def test_ids_are_unique_and_the_first_row_of_each_is_as_it_was(given_rows):
    rows = [row(index, row_id, bad=bad) for index, (row_id, bad) in enumerate(given_rows)]

    with TakenIds() as ids:
        told = [ids.unless_taken(one) for one in rows]

    assert len({one.id for one in told}) == len(told)
    for place, (before, after) in enumerate(zip(rows, told, strict=True)):
        is_first = before.id not in {one.id for one in told[:place]}
        assert (after == before) == is_first
        assert (after.index, after.origin) == (before.index, before.origin)
        assert is_first or isinstance(after, BadRow)


def test_a_second_row_is_named_by_its_place_and_names_the_first():
    with TakenIds() as ids:
        ids.unless_taken(row(0, "a"))
        told = ids.unless_taken(row(7, "a"))

    assert (told.id, told.reason) == ("rows:7", "bad_input: the id `a` is taken by rows:0")


def test_a_bad_place_whose_id_is_taken_keeps_its_own_reason():
    with TakenIds() as ids:
        ids.unless_taken(row(0, "a"))
        told = ids.unless_taken(row(1, "a", bad=True))

    assert (told.id, told.reason) == ("rows:1", "bad_input: broken")


def test_what_cannot_be_kept_is_said_with_what_to_do():
    ids = TakenIds()
    ids.close()

    with pytest.raises(InfrastructureError, match="SQLITE_TMPDIR"):
        ids.unless_taken(row(0, "a"))
