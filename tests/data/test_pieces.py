"""Rows are cut where they alone say, so that memory holds few of them and files repeat."""

from sygra_eval.data.pieces import GROUP_WEIGHT, ROW_GROUP, groups, pieces

MEBIBYTE = "x" * 2**20


def sizes(rows) -> list[list[int]]:
    return [[len(piece) for piece in group] for group in groups(rows)]


def test_a_group_of_short_rows_has_a_fixed_number_of_them():
    rows = [{"n": n} for n in range(ROW_GROUP + 300)]

    assert [sum(group) for group in sizes(rows)] == [ROW_GROUP, 300]
    assert [row for piece in pieces(rows) for row in piece] == rows


def test_a_group_of_long_rows_ends_with_its_weight_and_few_are_held_at_once():
    rows = [{"deep": [{"text": MEBIBYTE}]} for _ in range(130)]

    cut = sizes(rows)

    assert [sum(group) for group in cut] == [GROUP_WEIGHT // 2**20] * 2 + [2]
    assert {piece for group in cut for piece in group} == {4, 2}


def test_a_row_that_is_heavier_than_a_group_is_one():
    rows = [{"text": MEBIBYTE * 80}, {"text": "short"}]

    assert sizes(rows) == [[1], [1]]


def test_no_row_is_read_further_ahead_than_one():
    read = []
    reading = groups({"n": read.append(n) or n} for n in range(ROW_GROUP))

    next(next(reading))

    assert len(read) == 257
