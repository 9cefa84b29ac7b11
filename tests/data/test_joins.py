"""Several sources: a test for each join type with its rows, and what holds for any rows."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.data.held import Held, key_of
from sygra_eval.values import BadRow, Row, UsageError

from .conftest import Inputs, disk

TASKS = [{"n": "a", "k": 1}, {"n": "b", "k": 2}, {"n": "c", "k": None}]


def columns(rows):
    return [dict(row.columns) for row in rows]


def ids(rows):
    return [row.id for row in rows]


# Each join type


async def test_column_is_a_left_join_that_keeps_every_primary_row(inputs, two):
    others = [{"key": 2, "w": "two"}, {"key": 1, "w": "one"}, {"key": 9, "w": "nine"}]
    data = two(TASKS, others, "column", primary_key="k", join_key="key")

    rows, (_, of_others) = await inputs.read(data)

    assert columns(rows) == [
        {"task->n": "a", "task->k": 1, "other->key": 1, "other->w": "one"},
        {"task->n": "b", "task->k": 2, "other->key": 2, "other->w": "two"},
        {"task->n": "c", "task->k": None, "other->key": None, "other->w": None},
    ]
    assert ids(rows) == ["tasks.jsonl:1", "tasks.jsonl:2", "tasks.jsonl:3"]
    assert of_others.parts == {"held to be joined": 2, "joined with no row": 1}


async def test_column_with_several_rows_of_one_key_makes_a_row_of_each(inputs, two):
    others = [{"key": 1, "w": "one"}, {"key": 1, "w": "uno"}]
    data = two(TASKS[:2], others, "column", primary_key="k", join_key="key")

    rows, (account, _) = await inputs.read(data)

    assert [(row.id, row.columns["other->w"]) for row in rows] == [
        ("tasks.jsonl:1#1", "one"),
        ("tasks.jsonl:1#2", "uno"),
        ("tasks.jsonl:2", None),
    ]
    assert (account.read, account.made) == (2, 1)


async def test_a_row_without_the_column_it_is_joined_by_is_a_bad_row(inputs, two):
    data = two(
        [TASKS[0], {"n": "x"}], [{"key": 1}, {"w": 2}], "column", primary_key="k", join_key="key"
    )

    rows, _ = await inputs.read(data)

    assert [(row.id, row.reason) for row in rows if isinstance(row, BadRow)] == [
        (
            "other/others.jsonl:2",
            "bad_input: it has no column `key`, by which it is joined",
        ),
        ("tasks.jsonl:2", "bad_input: it has no column `k`, by which `other` is joined"),
    ]


async def test_sequential_meets_row_i_mod_n(inputs, two):
    rows, _ = await inputs.read(two(TASKS, [{"w": 0}, {"w": 1}], "sequential"))

    assert [row.columns["other->w"] for row in rows] == [0, 1, 0]


async def test_random_meets_each_once_before_any_twice_and_the_same_ones_again(inputs, two):
    tasks, others = [{"n": n} for n in range(25)], [{"w": w} for w in range(10)]
    data = two(tasks, others, "random")

    first, _ = await inputs.read(data)
    again, _ = await inputs.read(data)

    met = [row.columns["other->w"] for row in first]
    assert sorted(met[:10]) == list(range(10))
    assert met[:10] != list(range(10))
    assert first == again


async def test_random_is_another_order_under_another_seed(inputs, two):
    data = two([{"n": n} for n in range(30)], [{"w": w} for w in range(30)], "random")
    seven, _ = await inputs.read(data)

    eight = [row async for row in inputs.source(data, seed=8).rows()]

    assert columns(seven) != columns(eight)


async def test_cross_makes_every_pair_in_the_order_of_the_primary(inputs, two):
    rows, (account, _) = await inputs.read(two(TASKS[:2], [{"w": 0}, {"w": 1}], "cross"))

    assert [(r.id, r.columns["task->n"], r.columns["other->w"]) for r in rows] == [
        ("tasks.jsonl:1#1", "a", 0),
        ("tasks.jsonl:1#2", "a", 1),
        ("tasks.jsonl:2#1", "b", 0),
        ("tasks.jsonl:2#2", "b", 1),
    ]
    assert (account.read, account.made) == (2, 2)


async def test_vstack_appends_rows_with_the_columns_that_all_have(inputs):
    inputs.write("a/rows.jsonl", {"q": 1, "only_a": 1}, {"q": 2})
    inputs.write("b/rows.jsonl", {"q": 3, "only_b": 1})
    data = {
        "source": [
            disk("a/rows.jsonl", alias="a", join_type="vstack"),
            disk("b/rows.jsonl", alias="b", join_type="vstack"),
        ]
    }

    rows, accounts = await inputs.read(data)
    warned = inputs.check(data)

    assert columns(rows) == [{"q": 1}, {"q": 2}, {"q": 3}]
    assert ids(rows) == ["a/rows.jsonl:1", "a/rows.jsonl:2", "b/rows.jsonl:1"]
    assert [account.of for account in accounts[1:]] == ["rows of `a`", "rows of `b`"]
    assert [(d.code, "`only_a`" in d.message, "`only_b`" in d.message) for d in warned] == [
        ("columns-left-out", True, False),
        ("columns-left-out", False, True),
    ]


async def test_a_column_that_only_a_later_row_has_is_common_all_the_same(inputs):
    inputs.write("a.jsonl", {"q": 1}, {"q": 2, "late": 2})
    inputs.write("b.jsonl", {"q": 3, "late": 3})
    stacked = [disk(f"{n}.jsonl", alias=n, join_type="vstack") for n in "ab"]

    rows, _ = await inputs.read({"source": stacked})

    assert columns(rows) == [{"q": 1}, {"q": 2, "late": 2}, {"q": 3, "late": 3}]


async def test_an_id_that_two_stacked_sources_have_is_a_named_bad_row(inputs):
    inputs.write("a.jsonl", {"id": "x", "q": 1})
    inputs.write("b.jsonl", {"id": "x", "q": 2}, {"id": "y", "q": 3})
    stacked = [disk(f"{n}.jsonl", alias=n, join_type="vstack", id="id") for n in "ab"]

    rows, _ = await inputs.read({"source": stacked})

    assert [type(row) for row in rows] == [Row, BadRow, Row]
    assert rows[1].origin == "b.jsonl:1"
    assert rows[1].reason == "bad_input: the id `x` is taken by a.jsonl:1"


async def test_joins_are_made_in_the_order_of_the_list_and_the_primary_may_stand_anywhere(inputs):
    for name in "abc":
        inputs.write(f"{name}.jsonl", {name: f"{name}1"}, {name: f"{name}2"})
    data = {
        "source": [
            disk("b.jsonl", alias="b", join_type="sequential"),
            disk("a.jsonl", alias="a", join_type="primary"),
            disk("c.jsonl", alias="c", join_type="cross"),
        ]
    }

    rows, _ = await inputs.read(data)

    assert [tuple(row.columns.values()) for row in rows] == [
        ("a1", "b1", "c1"),
        ("a1", "b1", "c2"),
        ("a2", "b2", "c1"),
        ("a2", "b2", "c2"),
    ]


# Ids


async def test_the_aliased_id_column_names_the_rows_before_they_multiply(inputs, two):
    data = two(TASKS[:2], [{"w": 0}, {"w": 1}], "cross", id_column="task->n")

    rows, _ = await inputs.read(data)

    assert ids(rows) == ["a#1", "a#2", "b#1", "b#2"]


async def test_an_id_column_of_a_joined_source_names_the_rows_too(inputs, two):
    data = two(TASKS[:2], [{"w": "x"}, {"w": "y"}], "sequential", id_column="other->w")

    rows, _ = await inputs.read(data)

    assert ids(rows) == ["x", "y"]


async def test_a_joined_row_without_an_id_is_a_bad_row(inputs, two):
    data = two([{"n": "a"}, {"n": ""}], [{"w": 0}], "sequential", id_column="task->n")

    rows, _ = await inputs.read(data)

    assert ids(rows) == ["a", "tasks.jsonl:2"]
    assert rows[1].reason == "bad_input: the id in `task->n` is empty"


async def test_an_id_that_a_join_makes_and_another_row_has_is_a_named_bad_row(inputs, two):
    tasks, others = [{"n": "a", "k": 1}, {"n": "a#1", "k": 2}], [{"k": 1}, {"k": 1}]
    data = two(tasks, others, "column", primary_key="k", join_key="k", id_column="task->n")

    rows, _ = await inputs.read(data)

    assert ids(rows) == ["a#1", "a#2", "tasks.jsonl:2"]
    assert rows[2].reason == "bad_input: the id `a#1` is taken by tasks.jsonl:1"


async def test_an_id_column_names_stacked_rows(inputs):
    inputs.write("a.jsonl", {"q": "x"})
    inputs.write("b.jsonl", {"q": "y"}, {"q": None})
    stacked = [disk(f"{n}.jsonl", alias=n, join_type="vstack") for n in "ab"]

    rows, _ = await inputs.read({"source": stacked, "id_column": "q"})

    assert ids(rows) == ["x", "y", "b/b.jsonl:2"]


# Bad rows


@pytest.mark.parametrize("join_type", ["sequential", "random", "cross", "column"])
async def test_a_bad_row_of_either_source_is_named_by_file_and_line(inputs, two, join_type):
    keys = {"primary_key": "n", "join_key": "w"} if join_type == "column" else {}
    data = two([{"n": 1}, "{broken"], [{"w": 1}, "[]", {"w": 2}], join_type, **keys)

    rows, (_, of_others) = await inputs.read(data)

    bad = [row for row in rows if isinstance(row, BadRow)]
    assert [(row.id, row.origin) for row in bad] == [
        ("other/others.jsonl:2", "others.jsonl:2"),
        ("tasks.jsonl:2", "tasks.jsonl:2"),
    ]
    assert of_others.parts["bad rows"] == 1
    assert len(rows) - len(bad) == (2 if join_type == "cross" else 1)


async def test_a_bad_row_of_a_joined_source_takes_no_id_of_a_good_one(inputs):
    inputs.write("a.jsonl", {"id": "t"})
    inputs.write("b.jsonl", '{"id": "t", "x": NaN}', {"id": "u", "x": 1})
    data = {
        "source": [
            disk("a.jsonl", id="id", alias="a", join_type="primary"),
            disk("b.jsonl", id="id", alias="b", join_type="sequential"),
        ]
    }

    rows, _ = await inputs.read(data)

    assert [(row.id, type(row)) for row in rows] == [("b/b.jsonl:1", BadRow), ("t", Row)]


async def test_a_source_without_a_usable_row_is_an_error_that_names_it(inputs, two):
    data = two(TASKS, ["{broken"], "sequential")

    (found,) = [d for d in inputs.check(data) if d.severity == "error"]

    assert "`other` has no usable row, so nothing can be joined with it" in found.message
    with pytest.raises(UsageError):
        inputs.source(data)


async def test_a_reader_that_stops_early_leaves_no_file_and_no_database_open(inputs, two):
    data = two([{"n": n} for n in range(5_000)], [{"w": w} for w in range(5_000)], "random")
    source = inputs.source(data)

    async with aclosing(source.rows()) as rows:
        async for row in rows:
            if row.index == 300:
                break

    opened = {str(link.resolve()) for link in Path("/proc/self/fd").iterdir() if link.exists()}
    assert not any(str(inputs.folder) in path for path in opened)


def test_names_in_transforms_of_stacked_rows_are_checked(inputs):
    inputs.write("a.jsonl", {"q": 1})
    inputs.write("b.jsonl", {"q": 2})
    stacked = [disk(f"{n}.jsonl", alias=n, join_type="vstack") for n in "ab"]

    found = inputs.check({"source": stacked, "transforms": [{"use": "filter", "where": "p > 1"}]})

    assert [d.code for d in found if d.severity == "error"] == ["unknown-variable"]


# What is wrong with the suite

TASK = disk("tasks.jsonl", alias="task", join_type="primary")
OTHER = disk("others.jsonl", alias="other", join_type="sequential")
BY_N = {"join_type": "column", "primary_key": "n", "join_key": "w"}


@pytest.mark.parametrize(
    ("sources", "code", "line_has"),
    [
        ([OTHER], "wrong-join", "- type"),
        ([TASK, {**OTHER, "join_type": "primary"}], "wrong-join", "- type"),
        ([TASK, {**OTHER, "join_type": "vstack"}], "wrong-join", "join_type: vstack"),
        ([TASK, {**OTHER, "alias": "task"}], "duplicate-name", "alias: task"),
        ([TASK, disk("others.jsonl", join_type="cross")], "missing-key", "- type"),
        ([TASK, disk("others.jsonl", alias="o")], "missing-key", "- type"),
        ([TASK, {**OTHER, "join_type": "column"}], "missing-key", "- type"),
        ([TASK, {**OTHER, "join_key": "w"}], "wrong-join", "join_key: w"),
        ([TASK, {**OTHER, "join_type": "inner"}], "wrong-value", "join_type: inner"),
        ([TASK, {**OTHER, "alias": "the other"}], "wrong-value", "alias: the other"),
        ([TASK, {**OTHER, "file_path": "othrs.jsonl"}], "file-not-found", "othrs"),
        ([TASK, {**OTHER, "file_pth": "x"}], "unknown-key", "file_pth"),
        ([TASK, {**OTHER, "shard": {"regex": "*"}}], "unsupported-key", "shard"),
        ([TASK, {**OTHER, "type": "dsk"}], "unknown-type", "type: dsk"),
        ([TASK, {**OTHER, **BY_N, "primary_key": "m"}], "unknown-column", "primary_key: m"),
        ([TASK, {**OTHER, **BY_N}], "keys-differ", "join_key: w"),
        ([], "wrong-value", "source"),
        ([TASK, 3], "wrong-type", "- 3"),
        ([TASK, {**OTHER, "where": "v == 1"}], "unknown-variable", "where"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_together_is_said_at_its_place(inputs, sources, code, line_has):
    inputs.write("tasks.jsonl", {"n": "a"}, {"n": "b"})
    inputs.write("others.jsonl", {"w": 1}, {"w": 2})

    found = inputs.check({"source": sources})

    lines = (inputs.folder / "suite.yaml").read_text().splitlines()
    assert [d.code for d in found][:1] == [code]
    assert line_has in lines[found[0].line - 1]


def test_an_id_column_that_no_source_has_is_said(inputs, two):
    data = two(TASKS, [{"w": 1}], "sequential", id_column="task->m")

    found = inputs.check(data)

    assert (found[0].code, found[0].fix) == ("unknown-column", "write `task->n`")
    assert "`task->m`" in found[0].message


# Properties

SMALL = st.lists(st.integers(0, 5), max_size=8)


@settings(max_examples=15, deadline=None)
@given(tasks=SMALL, others=SMALL.filter(bool))
@pytest.mark.parametrize("join_type", ["column", "sequential", "random", "cross"])
def test_what_holds_for_any_rows(tmp_path_factory, tasks, others, join_type):
    inputs = Inputs(tmp_path_factory.mktemp("any"))
    inputs.write("tasks.jsonl", *({"k": k, "i": i} for i, k in enumerate(tasks)))
    inputs.write("others.jsonl", *({"k": k, "i": i} for i, k in enumerate(others)))
    keys = {"primary_key": "k", "join_key": "k"} if join_type == "column" else {}
    data = {
        "source": [
            disk("tasks.jsonl", alias="t", join_type="primary"),
            disk("others.jsonl", alias="o", join_type=join_type, **keys),
        ]
    }

    rows, _ = asyncio.run(inputs.read(data))

    left = [row.columns["t->i"] for row in rows]
    right = [row.columns["o->i"] for row in rows]
    if join_type == "column":
        matches = {i: [j for j, o in enumerate(others) if o == k] for i, k in enumerate(tasks)}
        assert list(zip(left, right, strict=True)) == [
            (i, j) for i, found in matches.items() for j in (found or [None])
        ]
    elif join_type == "cross":
        assert list(zip(left, right, strict=True)) == [
            (i, j) for i in range(len(tasks)) for j in range(len(others))
        ]
    elif join_type == "sequential":
        assert (left, right) == (
            list(range(len(tasks))),
            [i % len(others) for i in range(len(tasks))],
        )
    else:
        once = right[: len(others)]
        assert left == list(range(len(tasks)))
        assert len(set(once)) == len(once)
        assert set(right) <= set(range(len(others)))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_keys_are_equal_as_json_values_are(number, text):
    assert key_of(number) == key_of(json.loads(json.dumps(number)))
    assert key_of(str(number)) != key_of(number)
    assert (key_of(text) == key_of(text + "x")) is False


def test_one_is_like_one_point_zero_and_not_like_true_or_its_text():
    assert key_of(1) == key_of(1.0)
    assert len({key_of(value) for value in [1, bool(1), "1", [1]]}) == 4
    assert key_of(None) is None


def test_held_rows_are_found_again_whatever_they_hold():
    held = Held("k")
    rows = [
        {"k": key, "v": value}
        for key, value in [("ä", {"deep": [None, 1.5]}), (2**70, "x" * 10_000), ("ä", "\0")]
    ]
    for index, columns in enumerate(rows):
        row = Row(id=str(index), index=index, columns=columns, origin=f"f:{index}")
        assert held.add(row) == ""
    held.complete()

    assert held.like("ä") == [rows[0], rows[2]]
    assert held.at(1) == rows[1]
    assert list(held.all()) == rows
    held.close()
