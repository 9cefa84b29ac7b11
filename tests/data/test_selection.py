"""What is taken of a source, and that every row that is not taken is counted."""

import asyncio
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.data.selection import Chooser
from sygra_eval.values import BadRow, Sampling

from .conftest import Inputs, disk

ROWS = [{"id": f"r{n}", "n": n, "level": "easy" if n % 2 else "hard"} for n in range(10)]


def ids(rows):
    return [row.id for row in rows]


async def test_where_keeps_ids_and_makes_places_dense(inputs):
    inputs.write("q.jsonl", *ROWS)

    rows, (account,) = await inputs.read(
        {"source": disk("q.jsonl", id="id", where="n >= 4 and level == 'hard'")}
    )

    assert ids(rows) == ["r4", "r6", "r8"]
    assert account.parts == {
        "reach the graph": 3,
        "dropped by `where: n >= 4 and level == 'hard'`": 7,
    }
    assert account.examples["dropped by `where: n >= 4 and level == 'hard'`"] == (
        "q.jsonl:1",
        "q.jsonl:2",
        "q.jsonl:3",
    )


async def test_a_row_that_the_condition_cannot_judge_is_a_bad_row_and_not_dropped(inputs):
    inputs.write("q.jsonl", {"id": "a", "n": 1}, {"id": "b", "n": "1"}, {"id": "c"})

    rows, _ = await inputs.read({"source": disk("q.jsonl", id="id", where="n > 0")})

    assert [type(row) is BadRow for row in rows] == [False, True, True]
    assert rows[1].reason.startswith("bad_input: `where: n > 0`: ")
    assert "`n`" in rows[2].reason


async def test_bad_rows_pass_every_stage_and_count_for_none(inputs):
    inputs.write("q.jsonl", *ROWS[:4], "{broken", *ROWS[4:])
    source = disk(
        "q.jsonl",
        id="id",
        where="n >= 2",
        sample={"rows": 3},
        columns=["id", "n"],
        rename={"n": "number"},
        transforms=[
            {"use": "skip", "range": "[:1]"},
            {"use": "add", "columns": {"x": 1}},
            {"use": "filter", "where": "x == 1"},
        ],
    )

    rows, (account,) = await inputs.read({"source": source})

    assert [row.id for row in rows if isinstance(row, BadRow)] == ["q.jsonl:5"]
    assert len(rows) == 3
    assert account.read == 11


async def test_the_stages_follow_each_other_and_name_columns_as_the_source_does(inputs):
    inputs.write("q.jsonl", *ROWS[:2])
    source = disk(
        "q.jsonl", id="id", where="level == 'easy'", columns=["n"], rename={"n": "number"}
    )

    rows, _ = await inputs.read({"source": source})

    assert [(row.id, dict(row.columns)) for row in rows] == [("r1", {"number": 1})]


async def test_a_sample_keeps_the_order_and_is_the_same_each_time(inputs):
    inputs.write("q.jsonl", *ROWS)
    data = {"source": disk("q.jsonl", id="id", sample={"rows": 4, "seed": 3})}

    source = inputs.source(data)
    first = [row.id async for row in source.rows()]
    again = [row.id async for row in source.rows()]
    other, (account,) = await inputs.read(data)

    assert first == again == ids(other)
    assert first == sorted(first)
    assert len(first) == 4
    assert account.parts == {"reach the graph": 4, "dropped by `sample: 4 rows`": 6}


async def test_a_sample_depends_on_the_suites_seed_unless_it_has_its_own(inputs):
    inputs.write("q.jsonl", *({"id": f"r{n}"} for n in range(100)))
    sampled = {}
    for seed in (None, 7, 8):
        sample = {"rows": 10} | ({} if seed is None else {"seed": seed})
        rows, _ = await inputs.read({"source": disk("q.jsonl", id="id", sample=sample)})
        sampled[seed] = ids(rows)

    assert sampled[None] == sampled[7]  # as the suite's
    assert sampled[7] != sampled[8]


async def test_a_sample_of_more_than_there_are_is_all(inputs):
    inputs.write("q.jsonl", *ROWS)

    rows, _ = await inputs.read({"source": disk("q.jsonl", id="id", sample={"rows": 99})})

    assert ids(rows) == [row["id"] for row in ROWS]


async def test_the_sample_does_not_depend_on_the_form_of_the_file(inputs):
    inputs.write("q.jsonl", *({"id": f"r{n}"} for n in range(50)))
    inputs.write("q.csv", "id", *(f"r{n}" for n in range(50)))

    taken = [
        ids((await inputs.read({"source": disk(f, id="id", sample={"rows": 5})}))[0])
        for f in ("q.jsonl", "q.csv")
    ]

    assert taken[0] == taken[1]


def test_each_row_is_as_likely_to_be_sampled_as_any_other():
    drawn: Counter[int] = Counter()
    for seed in range(4_000):
        chooser = Chooser(Sampling(rows=3, seed=seed))
        for _ in range(12):
            chooser.take()
        drawn.update(chooser.chosen())

    # 1,000 expected of each; the standard deviation is 27
    assert all(abs(drawn[n] - 1_000) < 140 for n in range(12))


@settings(max_examples=20, deadline=None)
@given(
    numbers=st.lists(st.integers(-5, 5), max_size=12),
    least=st.integers(-5, 5),
    most=st.integers(1, 6),
)
def test_what_reaches_the_graph_is_a_part_of_what_was_read(tmp_path_factory, numbers, least, most):
    inputs = Inputs(tmp_path_factory.mktemp("any"))
    inputs.write("q.jsonl", *({"n": n} for n in numbers))
    source = disk("q.jsonl", where=f"n >= {least}", sample={"rows": most})

    rows, _ = asyncio.run(inputs.read({"source": source}))

    fitting = [n for n in numbers if n >= least]
    taken = [row.columns["n"] for row in rows]
    places = [int(row.id.rpartition(":")[2]) for row in rows]
    assert len(taken) == min(most, len(fitting))
    assert places == sorted(places)
    assert [numbers[place - 1] for place in places] == taken
    assert all(n >= least for n in taken)


async def test_two_columns_of_one_name_after_renaming_are_an_error_beforehand(inputs):
    inputs.write("q.jsonl", {"a": 1, "b": 2})

    (found,) = [
        d
        for d in inputs.check({"source": disk("q.jsonl", rename={"a": "b"})})
        if d.severity == "error"
    ]

    assert (found.code, found.message) == (
        "duplicate-column",
        "there is a column `b` already, so `a` cannot be called so",
    )


async def test_columns_may_change_names_with_each_other(inputs):
    inputs.write("q.jsonl", {"a": 1, "b": 2})

    rows, _ = await inputs.read({"source": disk("q.jsonl", rename={"a": "b", "b": "a"})})

    assert dict(rows[0].columns) == {"b": 1, "a": 2}


@pytest.mark.parametrize(
    ("keys", "code", "fix"),
    [
        ({"where": "numbr > 1"}, "unknown-variable", "write `number`"),
        ({"where": "number >"}, "bad-condition", ""),
        ({"columns": ["numbr"]}, "unknown-column", "write `number`"),
        ({"rename": {"numbr": "n"}}, "unknown-column", "write `number`"),
        ({"sample": {"rows": 0}}, "wrong-value", ""),
        ({"sample": {"row": 1}}, "unknown-key", "write `rows`"),
        ({"alias": "a"}, "wrong-join", ""),
        ({"transforms": [{"use": "ad", "columns": {"x": 1}}]}, "unknown-type", "write `add`"),
        ({"transforms": [{"use": "add", "colums": {"x": 1}}]}, "unknown-key", "write `columns`"),
        ({"transforms": [{"use": "add", "columns": {"number": 1}}]}, "duplicate-column", ""),
        ({"transforms": [{"use": "filter"}]}, "missing-key", ""),
        ({"transforms": [{"use": "filter", "where": "numbr == 1"}]}, "unknown-variable", ""),
        ({"transforms": [{"use": "explode", "column": "numbr"}]}, "unknown-column", ""),
        ({"transforms": [{"use": "skip", "range": "[:x]"}]}, "wrong-value", ""),
        ({"transforms": [{"use": "skip"}]}, "wrong-value", ""),
        (
            {"transforms": [{"use": "combine", "combine": 2, "join_column": {"number": "$3"}}]},
            "wrong-value",
            "",
        ),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said_at_its_place_before_the_run(inputs, keys, code, fix):
    inputs.write("q.jsonl", {"id": "a", "number": 1})

    found = [d for d in inputs.check({"source": disk("q.jsonl", **keys)}) if d.severity == "error"]

    assert [d.code for d in found][:1] == [code]
    assert found[0].fix.startswith(fix)
    assert found[0].line > 1


async def test_a_source_none_of_whose_rows_is_left_says_what_left_them_out(inputs):
    inputs.write("q.jsonl", *ROWS)

    (found,) = inputs.check({"source": disk("q.jsonl", id="id", where="n > 100")})

    assert (found.code, found.message) == (
        "no-rows",
        "no row of the source reaches the graph: 10 dropped by `where: n > 100`",
    )


def test_another_filter_is_another_input(inputs):
    inputs.write("q.jsonl", *ROWS)
    prints = {
        inputs.source({"source": disk("q.jsonl", where=text)}).fingerprint()
        for text in ("n > 1", "n > 1", "n > 2")
    }

    assert len(prints) == 2
