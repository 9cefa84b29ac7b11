import asyncio
import csv
import datetime
import decimal
import hashlib
import json
from contextlib import aclosing, suppress
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from pydantic import ValidationError

from sygra_eval.data import (
    DiskConfig,
    DiskSource,
    PackageConfig,
    PackageSource,
    TakenIds,
    text_formats,
)
from sygra_eval.values import BadRow, Row, SourceSpec, UsageError


@pytest.fixture
def source(tmp_path):
    """Make a file and a source that reads it."""

    def build(name: str, content: bytes | str | None = None, **config: object) -> DiskSource:
        if content is not None:
            data = content.encode() if isinstance(content, str) else content
            (tmp_path / name).write_bytes(data)
        spec = SourceSpec(type="disk", config={"file_path": name, **config}, folder=tmp_path)
        return DiskSource(spec)

    return build


async def read(source: DiskSource) -> list[Row | BadRow]:
    with TakenIds() as ids:
        return [ids.unless_taken(row) async for row in source.rows()]


def lines(*objects: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


async def test_each_line_is_a_row_with_its_id_place_and_columns(source):
    questions = source("q.jsonl", lines({"id": "a", "n": 1}, {"id": 2, "n": None}), id="id")

    assert await read(questions) == [
        Row(id="a", index=0, columns={"id": "a", "n": 1}, origin="q.jsonl:1"),
        Row(id="2", index=1, columns={"id": 2, "n": None}, origin="q.jsonl:2"),
    ]


async def test_without_an_id_column_a_row_is_named_by_file_and_line(source):
    questions = source("q.jsonl", '{"id": "x"}\n\n  \r\n{"id": "x"}')

    assert [(row.id, row.index) for row in await read(questions)] == [
        ("q.jsonl:1", 0),
        ("q.jsonl:4", 1),
    ]


BAD_LINES = {
    "broken": (b'{"id": "b", "q": "x"', "broken JSON: Expecting ',' delimiter at column 21", None),
    "half a string": (b'{"id": "b', "broken JSON: Unterminated string", None),
    "a list": (b'["b"]', "it is a list, not an object", None),
    "a number": (b"17", "it is a number, not an object", None),
    "null": (b"null", "it is null, not an object", None),
    "not utf-8": (b'{"id": "b", "q": "\xff"}', "it is not UTF-8 at byte 19", None),
    "no id": (b'{"ident": "b", "q": 1}', "it has no column `id`, which holds the id", None),
    "null id": (b'{"id": null}', "the id in `id` is empty", None),
    "empty id": (b'{"id": ""}', "the id in `id` is empty", None),
    "fraction id": (b'{"id": 1.5}', "the id in `id` is neither text nor a whole number", None),
    "truth id": (b'{"id": true}', "the id in `id` is neither text nor a whole number", None),
    "surrogate id": (b'{"id": "\\ud800"}', "it holds a lone surrogate", None),
    "duplicate": (b'{"id": "a"}', "the id `a` is taken by q.jsonl:1", None),
    "duplicate and bad": (b'{"id": "a", "x": NaN}', "it holds NaN", None),
    "NaN": (b'{"id": "b", "x": NaN}', "it holds NaN or an infinite number", "b"),
    "infinite": (b'{"id": "b", "x": [-Infinity]}', "it holds NaN or an infinite number", "b"),
    "too large": (b'{"id": "b", "x": 1e999}', "it holds NaN or an infinite number", "b"),
    "surrogate": (b'{"id": "b", "x": {"y": "\\udfff"}}', "it holds a lone surrogate", "b"),
    "a pair's halves": (b'{"id": "b", "\\ude00\\ud83d": 1}', "it holds a lone surrogate", "b"),
    "a number of 5000 digits": (b'{"id": "b", "x": ' + b"9" * 5000 + b"}", "broken JSON", None),
    "too deep": (b'{"id": ' + b"[" * 100_000, "broken JSON: nested too deeply", None),
}


@pytest.mark.parametrize("case", BAD_LINES)
async def test_a_bad_line_is_named_and_the_rest_goes_on(source, case):
    line, reason, row_id = BAD_LINES[case]
    questions = source("q.jsonl", b'{"id": "a"}\n' + line + b'\n{"id": "c"}\n', id="id")

    first, bad, last = await read(questions)

    assert (first.id, last.id, last.index) == ("a", "c", 2)
    assert isinstance(bad, BadRow)
    assert bad.reason.startswith(f"bad_input: {reason}")
    assert (bad.id, bad.index, bad.origin) == (row_id or "q.jsonl:2", 1, "q.jsonl:2")


async def test_a_missing_id_column_says_which_columns_there_are(source):
    (bad,) = await read(source("q.jsonl", '{"task": "a", "q": 1}\n', id="task_id"))

    assert bad.reason.endswith("it has no column `task_id`, which holds the id; it has `task`, `q`")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
async def test_line_ends_a_byte_order_mark_and_a_paired_surrogate_are_fine(source, end):
    content = b'\xef\xbb\xbf{"id": "a", "x": "\\ud83d\\ude00"}' + end

    assert (await read(source("q.jsonl", content, id="id")))[0].columns == {"id": "a", "x": "😀"}


async def test_a_line_that_is_too_long_costs_only_itself(source, monkeypatch):
    monkeypatch.setattr(text_formats, "LONGEST_LINE", 1 << 20)
    long = b'{"id": "b", "x": "' + b"x" * (3 << 20) + b'"}\n'

    rows = await read(
        source("q.jsonl", lines({"id": "a"}).encode() + long + b'{"id": "c"}', id="id")
    )

    assert [(row.id, row.index) for row in rows] == [("a", 0), ("q.jsonl:2", 1), ("c", 2)]
    assert rows[1].reason == "bad_input: the line is longer than 1 MiB"


async def test_long_ids_are_told_apart_and_a_second_one_is_found(source):
    long = "x" * 500
    questions = source("q.jsonl", lines({"id": long}, {"id": long + "y"}, {"id": long}), id="id")

    kinds = [type(row) for row in await read(questions)]

    assert kinds == [Row, Row, BadRow]


@pytest.mark.parametrize("name", ["q.jsonl", "q.json", "q.csv", "q.ndjson"])
async def test_an_empty_file_has_no_rows(source, name):
    assert await read(source(name, "")) == []


async def test_csv_columns_are_text_and_a_row_is_where_it_begins(source):
    content = 'id,q\na,"two\nlines"\n\nb,\n"c,d",é\n'

    rows = await read(source("q.csv", content, id="id"))

    assert [(row.id, row.origin, row.columns["q"]) for row in rows] == [
        ("a", "q.csv:2", "two\nlines"),
        ("b", "q.csv:5", ""),
        ("c,d", "q.csv:6", "é"),
    ]


async def test_bad_csv_records_are_named_and_the_rest_goes_on(source):
    content = b'id,q\na,1,2\nb\nc,\xff\nd,"x"y\na,1\ne,' + b"x" * 200_000 + b"\n"

    rows = await read(source("q.csv", content, id="id"))

    assert [(row.id, getattr(row, "reason", "")) for row in rows] == [
        ("a", "bad_input: it has 3 fields where the header has 2"),
        ("b", "bad_input: it has 1 fields where the header has 2"),
        ("c", "bad_input: it is not UTF-8"),
        ("q.csv:5", "bad_input: broken CSV: ',' expected after '\"'"),
        ("q.csv:6", "bad_input: the id `a` is taken by q.csv:2"),
        ("e", ""),
    ]


async def test_a_json_list_gives_its_items(source):
    content = '\n[ {"id": "a"},\n{"id": "a"}, 3, {"id": "b", "x": NaN} , {"id": "c"}]\n'

    rows = await read(source("q.json", content, id="id"))

    assert [(row.id, row.origin) for row in rows] == [
        ("a", "q.json:1"),
        ("q.json:2", "q.json:2"),
        ("q.json:3", "q.json:3"),
        ("b", "q.json:4"),
        ("c", "q.json:5"),
    ]
    assert [type(row) for row in rows] == [Row, BadRow, BadRow, BadRow, Row]


@pytest.mark.parametrize(
    ("content", "good", "reason"),
    [
        ('{"id": 1}', 0, "not a list of objects"),
        ('[{"id": 1}, {"id": 2', 1, "broken JSON: Expecting ',' delimiter at column 21; the file"),
        ('[{"id": 1}\n {"id": 2}]', 1, "the list does not end as one"),
        ('[{"id": 1}] x', 1, "the list does not end as one"),
        ('[{"id": 1},]', 1, "broken JSON: Expecting value at column 12"),
        ("[", 0, "broken JSON: Expecting value"),
        (b"[\xff]", 0, "not UTF-8 at column 2"),
        ("[" * 100_000, 0, "nested too deeply"),
        ("[]", 0, None),
        (" [ ] ", 0, None),
    ],
)
async def test_a_broken_json_list_gives_what_stands_before_the_break(source, content, good, reason):
    rows = await read(source("q.json", content))

    assert [type(row) for row in rows] == [Row] * good + [BadRow] * (reason is not None)
    assert reason is None or reason in rows[-1].reason


async def test_parquet_rows_are_json_values(source, tmp_path):
    table = pa.table(
        {
            "id": [1, 2],
            "when": [datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), None],
            "price": [decimal.Decimal("1.50"), None],
            "tags": [["a"], []],
            "more": [{"x": 1.5}, {"x": None}],
        }
    )
    parquet.write_table(table, tmp_path / "q.parquet")

    rows = await read(source("q.parquet", id="id"))

    assert [row.id for row in rows] == ["1", "2"]
    assert json.loads(json.dumps(rows[0].columns)) == {
        "id": 1,
        "when": "2026-01-02T00:00:00+00:00",
        "price": "1.50",
        "tags": ["a"],
        "more": {"x": 1.5},
    }


async def test_bad_parquet_rows_are_named_and_the_rest_goes_on(source, tmp_path):
    offsets = b"".join(n.to_bytes(4, "little") for n in (0, 2, 3, 5, 7, 9))
    broken = pa.StringArray.from_buffers(5, pa.py_buffer(offsets), pa.py_buffer(b"ok\xffokokok"))
    table = pa.table(
        {
            "id": ["a", "b", "c", "a", "e"],
            "text": broken,
            "x": [1.0, 2.0, float("nan"), 4.0, 5.0],
            "raw": pa.array([None, None, None, None, b"\0"], type=pa.binary()),
        }
    )
    parquet.write_table(table, tmp_path / "q.parquet")

    rows = await read(source("q.parquet", id="id"))

    assert [(row.id, getattr(row, "reason", "")) for row in rows] == [
        ("a", ""),
        ("q.parquet:2", "bad_input: it is not UTF-8"),
        ("c", "bad_input: it holds NaN or an infinite number, which JSON does not have"),
        ("q.parquet:4", "bad_input: the id `a` is taken by q.parquet:1"),
        ("e", "bad_input: it holds a value of type bytes, which JSON has not"),
    ]


async def test_a_parquet_file_that_breaks_in_the_middle_gives_what_stands_before(source, tmp_path):
    ids = [f"{n:064d}" for n in range(20_000)]
    file = tmp_path / "q.parquet"
    parquet.write_table(
        pa.table({"id": ids}), file, row_group_size=5_000, compression="none", use_dictionary=False
    )
    data = bytearray(file.read_bytes())
    middle = data.index(b"%064d" % 10_000)
    data[middle - 100 : middle - 40] = b"\xff" * 60
    file.write_bytes(data)

    rows = await read(source("q.parquet", id="id"))

    assert 5_000 <= sum(isinstance(row, Row) for row in rows) <= 20_000


def problems_of(source: DiskSource) -> list[tuple[str, tuple[str | int, ...], str]]:
    return [(problem.code, problem.at, problem.fix) for problem in source.check()]


def test_a_sound_file_has_no_problems(source):
    assert problems_of(source("q.jsonl", '{"id": 1}\n', id="id")) == []


def test_a_misspelt_file_is_refused_with_the_nearest_name(source, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "questions.jsonl").touch()

    assert problems_of(source("data/question.jsonl")) == [
        ("file-not-found", ("file_path",), "write `data/questions.jsonl`")
    ]
    assert problems_of(source("nowhere/q.jsonl")) == [("file-not-found", ("file_path",), "")]


def test_a_folder_or_another_format_is_refused(source, tmp_path):
    (tmp_path / "folder.jsonl").mkdir()

    assert problems_of(source("folder.jsonl")) == [("file-not-found", ("file_path",), "")]
    assert problems_of(source("q.xml", "")) == [("unknown-format", ("file_path",), "")]
    assert problems_of(source("q", "")) == [("unknown-format", ("file_path",), "")]


def test_an_id_column_that_the_header_lacks_is_refused(source, tmp_path):
    parquet.write_table(pa.table({"task_id": [1]}), tmp_path / "q.parquet")
    expected = [("unknown-column", ("id",), "write `task_id`")]

    assert problems_of(source("q.csv", "task_id,q\n1,2\n", id="taskid")) == expected
    assert problems_of(source("q.parquet", id="taskid")) == expected


def test_a_file_that_is_not_what_its_suffix_says_is_refused(source):
    unreadable = [("file-unreadable", ("file_path",), "")]

    assert problems_of(source("q.parquet", "no parquet")) == unreadable
    assert problems_of(source("q.json", '{"a": 1}')) == unreadable
    assert problems_of(source("q.csv", "a,a\n1,2\n")) == [("duplicate-column", ("file_path",), "")]


@pytest.mark.parametrize("name", ["gone.jsonl", "q.xml", "folder.csv"])
async def test_what_cannot_be_read_is_refused_also_without_a_check_before(source, tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "q.xml").touch()

    with pytest.raises(UsageError):
        await read(source(name))


def test_a_file_that_is_gone_has_no_fingerprint(source):
    with pytest.raises(UsageError, match=r"gone\.jsonl: the input cannot be read"):
        source("gone.jsonl").fingerprint()


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="file_pth"):
        DiskConfig.model_validate({"file_path": "q.jsonl", "file_pth": 1})


def test_the_fingerprint_is_that_of_the_bytes(source):
    assert source("q.jsonl", "abc").fingerprint() == hashlib.sha256(b"abc").hexdigest()


def test_the_type_registers_through_the_hook():
    from sygra_eval.data import builtin

    registered = {}
    builtin.sygra_register_sources(
        lambda name, implementation, *, config: registered.update({name: (implementation, config)})
    )

    assert registered.keys() == {"disk", "package", "stdin", "sql", "http", "hf", "given", "cases"}
    assert registered["disk"] == (DiskSource, DiskConfig)
    assert registered["package"] == (PackageSource, PackageConfig)


@pytest.mark.parametrize("name", ["q.jsonl", "q.csv", "q.parquet"])
async def test_a_reader_that_stops_early_leaves_no_file_open(source, tmp_path, name):
    ids = [f"{n}" for n in range(5_000)]
    parquet.write_table(pa.table({"id": ids}), tmp_path / "q.parquet")
    content = {"q.jsonl": lines(*({"id": n} for n in ids)), "q.csv": "\n".join(["id", *ids])}
    questions = source(name, content.get(name), id="id")

    async with aclosing(questions.rows()) as rows:
        async for row in rows:
            if row.index == 300:
                assert open_files(name)
                break

    assert not open_files(name)


def open_files(name: str) -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them is gone by now
            found.append(str(descriptor.readlink()))
    return [file for file in found if file.endswith(name)]


async def test_a_reader_that_is_cancelled_in_the_middle_ends(source):
    questions = source("q.jsonl", lines(*({"id": n} for n in range(50_000))), id="id")

    async def read_all():
        async with aclosing(questions.rows()) as rows:
            async for _ in rows:
                pass

    reading = asyncio.create_task(read_all())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_two_readings_of_one_source_give_the_same(source):
    questions = source("q.jsonl", lines({"id": 1}, {"id": 1}, {"id": 2}), id="id")

    both = await asyncio.gather(read(questions), read(questions))

    assert both[0] == both[1]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.lists(st.binary(max_size=30) | st.sampled_from([b'{"id": 1}', b'{"id": "x"}'])))
@pytest.mark.parametrize("name", ["q.jsonl", "q.json", "q.csv"])
async def test_whatever_the_bytes_every_place_is_a_row_or_a_named_bad_row(source, name, content):
    rows = await read(source(name, b"\n".join(content), id="id"))

    assert [row.index for row in rows] == list(range(len(rows)))
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        json.dumps(row.columns if isinstance(row, Row) else row.reason, allow_nan=False)
        assert isinstance(row, Row) or row.reason.startswith("bad_input: ")


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12), min_size=1
    )
)
async def test_csv_cells_come_back_as_they_were(source, tmp_path, cells):
    with (tmp_path / "q.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["cell"], *([cell] for cell in cells)])

    assert [row.columns["cell"] for row in await read(source("q.csv"))] == cells
