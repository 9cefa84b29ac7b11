"""The transforms that come with us, and what becomes of a plugin's that fails."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.plugins import load_plugins
from sygra_eval.values import BadRow

from .conftest import Inputs, disk


def source(*transforms, **keys):
    return {"source": disk("q.jsonl", transforms=list(transforms), **keys)}


def shown(rows):
    return [(row.id.removeprefix("q.jsonl:"), dict(row.columns)) for row in rows]


async def test_rename_and_add(inputs):
    inputs.write("q.jsonl", {"a": 1})

    rows, _ = await inputs.read(
        source(
            {"use": "rename", "columns": {"a": "b"}},
            {"use": "add", "columns": {"c": [1], "d": None}},
            {"use": "add", "columns": {"b": 2}, "overwrite": True},
        )
    )

    assert shown(rows) == [("1", {"b": 2, "c": [1], "d": None})]


async def test_explode_makes_a_row_of_each_item_and_counts_empty_lists(inputs):
    inputs.write("q.jsonl", {"a": 1, "t": ["x", "y"]}, {"a": 2, "t": []}, {"a": 3, "t": "no"})

    rows, (account,) = await inputs.read(source({"use": "explode", "column": "t", "into": "one"}))

    assert shown(rows[:2]) == [("1#1", {"a": 1, "one": "x"}), ("1#2", {"a": 1, "one": "y"})]
    assert rows[2].reason == "bad_input: transform `explode`: `t` holds text, not a list"
    assert account.parts == {"reach the graph": 3, "dropped by transform `explode`": 1}
    assert (account.read, account.made) == (3, 1)


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ({"range": "[:2]"}, [2, 3, 4, 5]),
        ({"range": "[:1],[-2:]"}, [1, 2, 3]),
        ({"range": "[2:4]"}, [0, 1, 4, 5]),
        ({"range": "[:-2]"}, [4, 5]),
        ({"range": "[-3:-1]"}, [0, 1, 2, 5]),
        ({"range": "[1:-1]"}, [0, 5]),
        ({"skip_type": "count", "count": {"from_start": 1, "from_end": 2}}, [1, 2, 3]),
        ({"skip_type": "count", "count": {"from_start": 9}}, []),
    ],
    ids=str,
)
async def test_skip_leaves_out_places(inputs, keys, left):
    inputs.write("q.jsonl", *({"n": n} for n in range(6)))
    data = source({"use": "skip", **keys})
    if not left:
        assert [d.code for d in inputs.check(data)] == ["no-rows"]
        return

    rows, (account,) = await inputs.read(data)

    assert [row.columns["n"] for row in rows] == left
    assert account.parts["dropped by transform `skip`"] == 6 - len(left)


async def test_combine_drops_the_rows_of_an_unfinished_window_that_were_in_no_other(inputs):
    inputs.write("q.jsonl", *({"n": n} for n in range(6)))
    combine = {"use": "combine", "combine": 3, "shift": 2, "join_column": {"n": "$1 $2 $3"}}

    rows, (account,) = await inputs.read(source(combine))

    assert [row.columns["n"] for row in rows] == ["0 1 2", "2 3 4"]
    assert account.parts["dropped by transform `combine`"] == 1
    assert account.examples["dropped by transform `combine`"] == ("q.jsonl:6",)


ENDS = st.none() | st.integers(-8, 8)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 9), ends=st.lists(st.tuples(ENDS, ENDS), min_size=1, max_size=3))
def test_skip_leaves_out_what_slices_of_a_list_name(size, ends):
    from sygra_eval.data.windows import Skip, SkipConfig
    from sygra_eval.values import Row, TransformSpec

    text = ",".join(f"[{'' if a is None else a}:{'' if b is None else b}]" for a, b in ends)
    skip = Skip(TransformSpec(use="skip", config=SkipConfig(range=text)))
    rows = [Row(id=str(n), index=n, columns={}, origin=str(n)) for n in range(size)]

    out = [one for row in rows for one in skip.take(row)]
    out += list(skip.finish())

    gone = {n for a, b in ends for n in range(size)[slice(a, b)]}
    assert [one.index for one in out if isinstance(one, Row)] == [
        n for n in range(size) if n not in gone
    ]
    assert len(out) == size


async def test_combine_loses_no_window(inputs):
    inputs.write("q.jsonl", *({"page": n, "text": f"t{n}"} for n in range(1, 5)))
    combine = {
        "use": "combine",
        "combine": 2,
        "shift": 1,
        "join_column": {"page": "$1-$2", "text": "$1\n\n$2"},
    }

    rows, (account,) = await inputs.read(source(combine))

    assert shown(rows) == [
        ("1", {"page": "1-2", "text": "t1\n\nt2"}),
        ("2", {"page": "2-3", "text": "t2\n\nt3"}),
        ("3", {"page": "3-4", "text": "t3\n\nt4"}),
    ]
    assert rows[0].origin == "q.jsonl:1 to q.jsonl:2"
    assert (account.read, account.made) == (4, 3)


async def test_combine_says_which_rows_fill_no_window(inputs):
    inputs.write("q.jsonl", *({"n": n} for n in range(8)))
    combine = {
        "use": "combine",
        "combine": 2,
        "shift": 2,
        "skip": {"from_beginning": 1, "from_end": 2},
        "join_column": {"n": "$1+$2"},
    }

    rows, (account,) = await inputs.read(source(combine))

    assert [row.columns["n"] for row in rows] == ["1+2", "3+4"]
    assert account.parts == {
        "reach the graph": 2,
        "merged by transform `combine`": 4,
        "dropped by transform `combine`": 4,
    }


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(0, 9),
    window=st.integers(1, 4),
    shift=st.integers(1, 5),
    first=st.integers(0, 3),
    last=st.integers(0, 3),
)
def test_combine_makes_the_windows_of_the_rows_between_the_ends(
    tmp_path_factory, size, window, shift, first, last
):
    inputs = Inputs(tmp_path_factory.mktemp("any"))
    inputs.write("q.jsonl", *({"n": n} for n in range(size)))
    combine = {
        "use": "combine",
        "combine": window,
        "shift": shift,
        "skip": {"from_beginning": first, "from_end": last},
        "join_column": {"n": " ".join(f"${n}" for n in range(1, window + 1))},
    }

    rows, _ = asyncio.run(inputs.read(source(combine)))

    inside = range(size)[first : size - last] if last < size else range(0)
    assert [row.columns["n"] for row in rows] == [
        " ".join(map(str, inside[at : at + window]))
        for at in range(0, max(0, len(inside) - window + 1), shift)
    ]


async def test_a_failing_transform_of_a_plugin_costs_one_row_and_is_named(inputs):
    plugin = inputs.folder / "mine.py"
    plugin.write_text(
        "from sygra_eval import UnusableRow, hookimpl\n"
        "def odd(columns, transform):\n"
        "    n = columns['n']\n"
        "    if n == 1: raise KeyError('nothing')\n"
        "    if n == 2: raise UnusableRow('two is no good')\n"
        "    if n == 3: return None\n"
        "    if n == 4: return [{'n': 4}, {'n': 44}]\n"
        "    if n == 5: return 'text'\n"
        "    if n == 6: raise SystemExit(3)\n"
        "    if n == 8: return [{'n': 8}, None]\n"
        "    if n == 9: return one_by_one()\n"
        "    columns['n'] = -n\n"
        "    return columns\n"
        "def one_by_one():\n"
        "    yield {'n': 9}\n"
        "    raise OSError('gone')\n"
        "@hookimpl\n"
        "def sygra_register_transforms(register):\n"
        "    register('odd', odd)\n"
    )
    inputs.plugins = load_plugins(inputs.folder, named=(str(plugin),))
    inputs.write("q.jsonl", *({"n": n} for n in range(10)))

    rows, (account,) = await inputs.read(source({"use": "odd"}))

    said = [r.reason if isinstance(r, BadRow) else r.columns["n"] for r in rows]
    assert said == [
        0,
        "bad_input: transform `odd` of plugin mine: KeyError: 'nothing'",
        "bad_input: transform `odd`: two is no good",
        4,
        44,
        "bad_input: transform `odd` of plugin mine returned str, and no columns",
        "bad_input: transform `odd` of plugin mine: sys.exit(3) was called",
        -7,
        8,
        "bad_input: transform `odd` of plugin mine returned NoneType, and no columns",
        9,
        "bad_input: transform `odd` of plugin mine: OSError: gone",
    ]
    assert account.parts["dropped by transform `odd`"] == 1


async def test_a_class_looks_at_several_rows_and_may_fail_in_its_middle(inputs):
    plugin = inputs.folder / "mine.py"
    plugin.write_text(
        "from sygra_eval import DroppedRow, NewRow, hookimpl\n"
        "class Pairs:\n"
        "    def __init__(self, transform): self.first = None\n"
        "    def take(self, row):\n"
        "        if row.columns['n'] == 3: raise ValueError('three')\n"
        "        if row.columns['n'] == 4:\n"
        "            yield DroppedRow(row=row)\n"
        "        elif self.first is None:\n"
        "            self.first = row\n"
        "        else:\n"
        "            both = {'n': [self.first.columns['n'], row.columns['n']]}\n"
        "            yield NewRow(id=self.first.id, columns=both, origin=row.origin)\n"
        "            self.first = None\n"
        "    def finish(self):\n"
        "        if self.first: raise RuntimeError('one is left')\n"
        "        return ()\n"
        "@hookimpl\n"
        "def sygra_register_transforms(register):\n"
        "    register('pairs', Pairs)\n"
    )
    inputs.plugins = load_plugins(inputs.folder, named=(str(plugin),))
    inputs.write("q.jsonl", *({"n": n} for n in range(7)))

    rows, (account,) = await inputs.read(source({"use": "pairs"}))

    said = [r.reason if isinstance(r, BadRow) else r.columns["n"] for r in rows]
    assert said == [
        [0, 1],
        "bad_input: transform `pairs` of plugin mine: ValueError: three",
        [2, 5],
        "bad_input: transform `pairs` of plugin mine: RuntimeError: one is left, at the end of "
        "the input",
    ]
    assert account.parts["dropped by transform `pairs`"] == 1


async def test_transforms_of_the_joined_rows_come_last(inputs, two):
    data = two(
        [{"n": 1}, {"n": 2}],
        [{"w": 1}, {"w": 2}],
        "cross",
        transforms=[{"use": "filter", "where": 'var("task->n") != var("other->w")'}],
    )

    rows, (account, _) = await inputs.read(data)

    assert [(r.columns["task->n"], r.columns["other->w"]) for r in rows] == [(1, 2), (2, 1)]
    assert account.parts['dropped by `filter: var("task->n") != var("other->w")`'] == 2
