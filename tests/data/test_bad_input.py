"""Input that is broken, hostile or merely odd: each place is named, and good rows are kept."""

import gzip
import json

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from sygra_eval.data import DiskSource, unpacking, write_parquet
from sygra_eval.values import BadRow, Row, Severity, SourceSpec
from tests.engine.row_forms import zstd


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
    return [row async for row in source.rows()]


def reasons(rows: list[Row | BadRow]) -> list[str]:
    return [row.reason for row in rows if isinstance(row, BadRow)]


def problems(source: DiskSource) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in source.check()]


def many(count: int = 20_000) -> bytes:
    return b"".join(json.dumps({"id": n, "n": n * n * 7919}).encode() + b"\n" for n in range(count))


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstd)])
@pytest.mark.parametrize("kept", [0.5, 0.98])
async def test_packed_lines_that_are_cut_off_keep_their_rows(source, suffix, pack, kept):
    whole = pack(many())

    *rows, last = await read(source(f"cut.jsonl{suffix}", whole[: int(len(whole) * kept)]))

    assert [row.columns["id"] for row in rows] == list(range(len(rows)))
    assert len(rows) > 100
    packing = {".gz": "gzip", ".zst": "zstd"}[suffix]
    assert last.reason.startswith(f"bad_input: broken {packing}: ")
    assert last.origin == f"cut.jsonl{suffix}:{len(rows) + 1}"


@pytest.mark.parametrize("name", ["q.jsonl.zst", "q.csv.gz", "q.json.gz"])
async def test_what_is_not_packed_at_all_is_refused_with_the_file(source, name):
    plain = source(name, b'{"id": 1}\n')

    ((code, message),) = problems(plain)
    rows = await read(plain)

    assert code == "file-unreadable"
    assert f"`{name}` cannot be read: broken " in message
    assert [type(row) for row in rows] == [BadRow]


async def test_several_packed_parts_in_one_file_are_all_read(source):
    parts = source("q.jsonl.zst", zstd(b'{"id": 1}\n') + zstd(b'{"id": 2}\n'))

    assert [row.columns["id"] for row in await read(parts)] == [1, 2]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstd)])
async def test_a_bomb_is_stopped_and_the_rows_before_it_are_kept(source, monkeypatch, suffix, pack):
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 100_000)
    monkeypatch.setattr(unpacking, "MOST_TIMES", 20)
    bomb = pack(b'{"id": 0}\n' * 50_000)

    *rows, last = await read(source(f"bomb.jsonl{suffix}", bomb))

    assert 3_000 < len(rows) < 20_000
    assert last.reason.endswith("over 20 times its own size; the file was read up to here")


async def test_one_line_that_unpacks_without_end_is_no_row_and_takes_no_memory(source, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 1 << 26)
    monkeypatch.setattr("sygra_eval.data.text_formats.LONGEST_LINE", 1 << 20)
    bomb = zstd(b'{"id": "' + b"0" * (1 << 27))

    rows = await read(source("bomb.jsonl.zst", bomb))

    assert [reason.partition(";")[0] for reason in reasons(rows)] == [
        "bad_input: the line is longer than 1 MiB",
        "bad_input: it unpacks to more than 64 MiB, over 200 times its own size",
    ]


async def test_a_parquet_file_that_is_cut_off_is_refused_and_is_one_bad_row(source, tmp_path):
    parquet.write_table(pa.table({"id": list(range(100))}), tmp_path / "q.parquet")
    data = (tmp_path / "q.parquet").read_bytes()
    cut = source("q.parquet", data[: len(data) // 2], id="id")

    ((code, message),) = problems(cut)
    (row,) = await read(cut)

    assert (code, row.origin) == ("file-unreadable", "q.parquet:1")
    assert message.startswith("`q.parquet` cannot be read: ")
    assert row.reason.startswith("bad_input: broken Parquet: ")


@pytest.mark.parametrize("form", ["file", "stream"])
async def test_an_arrow_file_that_is_cut_off_gives_the_rows_before_the_cut(source, tmp_path, form):
    table = pa.table({"id": [f"r{n}" for n in range(4_000)]})
    path = tmp_path / "q.arrow"
    if form == "file":
        feather.write_feather(table, str(path), chunksize=1_000, compression="uncompressed")
    else:
        with pa.ipc.new_stream(str(path), table.schema) as stream:
            stream.write_table(table, max_chunksize=1_000)
    data = path.read_bytes()

    *rows, last = await read(source("q.arrow", data[: len(data) * 6 // 10], id="id"))

    assert [row.id for row in rows] == [f"r{n}" for n in range(2_000)]
    assert last.reason.startswith("bad_input: broken Arrow: ")


async def test_an_arrow_file_without_its_end_is_told_though_all_rows_may_be_there(source, tmp_path):
    feather.write_feather(pa.table({"id": ["a"]}), str(tmp_path / "q.feather"))
    data = (tmp_path / "q.feather").read_bytes()

    first, last = await read(source("q.feather", data[:-4], id="id"))

    assert first.id == "a"
    assert (
        last.reason == "bad_input: broken Arrow: its end is missing; the file was read up to here"
    )


def test_feather_of_the_first_version_is_refused_with_what_to_do(source):
    ((code, message),) = problems(source("q.feather", b"FEA1" + b"\0" * 100))

    assert code == "file-unreadable"
    assert "write it anew as version 2" in message


@pytest.mark.parametrize(
    ("id_column", "severity"), [({"id": "id"}, Severity.ERROR), ({}, Severity.WARNING)]
)
def test_another_delimiter_in_the_header_is_told_with_the_key_to_add(source, id_column, severity):
    (problem,) = source("q.csv", "id;q\na;1\n", **id_column).check()

    assert (problem.code, problem.severity) == ("wrong-delimiter", severity)
    assert problem.message == "`q.csv` has one column, `id;q`: a semicolon may part it"
    assert problem.fix == 'add `delimiter: ";"`'


async def test_a_delimiter_that_changes_costs_the_changed_rows_only(source):
    rows = await read(source("q.csv", "id,q,x\na,1,2\nb;1;2\nc,3,4\n", id="id"))

    assert [row.id for row in rows] == ["a", "b;1;2", "c"]
    assert reasons(rows) == [
        "bad_input: it has 1 fields where the header has 3; a semicolon would part it into as many"
    ]


async def test_a_quote_that_is_never_closed_is_bounded(source, monkeypatch):
    monkeypatch.setattr("sygra_eval.data.text_formats.LONGEST_LINE", 1_000)
    content = 'id,q\na,1\nb,"2\n' + "x" * 200 + "\n" + "y\n" * 2_000 + "c,3\n"

    rows = await read(source("q.csv", content, id="id"))

    assert (rows[0].id, rows[-1].id) == ("a", "c")
    assert "bad_input: broken CSV: it is longer than 0 MiB" in reasons(rows)


async def test_mixed_types_in_a_column_are_kept_and_become_text_in_parquet(source, tmp_path):
    content = '{"id": "a", "x": 1}\n{"id": "b", "x": "one"}\n{"id": "c", "x": [null]}\n'

    rows = await read(source("q.jsonl", content, id="id"))
    written = write_parquet(tmp_path / "out.parquet", lambda: [row.columns for row in rows])

    assert [row.columns["x"] for row in rows] == [1, "one", [None]]
    assert written.notes == ("column `x` has no one type: kept as JSON text",)
    assert parquet.read_table(tmp_path / "out.parquet")["x"].to_pylist() == ["1", '"one"', "[null]"]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
async def test_nested_nulls_come_back_as_they_were(source, tmp_path, form):
    values = [
        {"a": None, "b": [None, {"c": None}]},
        None,
        {"a": [], "b": []},
        {"a": [1], "b": None},
    ]
    table = pa.table({"id": list("abcd"), "x": values})
    if form == "parquet":
        parquet.write_table(table, tmp_path / "q.parquet")
    else:
        feather.write_feather(table, str(tmp_path / "q.arrow"))

    rows = await read(source(f"q.{form}", id="id"))

    assert [row.columns["x"] for row in rows] == values


@pytest.mark.parametrize("name", ["q.jsonl", "q.parquet"])
async def test_a_row_of_50_mb_is_a_row(source, tmp_path, name):
    long = "x" * 50_000_000
    made = f'{{"id": "a", "x": "{long}"}}\n{{"id": "b"}}\n'
    parquet.write_table(pa.table({"id": ["a", "b"], "x": [long, None]}), tmp_path / "q.parquet")

    rows = await read(source(name, made if name == "q.jsonl" else None, id="id"))

    assert [row.id for row in rows] == ["a", "b"]
    assert len(rows[0].columns["x"]) == 50_000_000


async def test_a_row_that_is_longer_than_rows_may_be_is_named_in_parquet_too(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr("sygra_eval.data.arrow_rows.LONGEST_ROW", 1_000)
    parquet.write_table(
        pa.table({"id": ["a", "b"], "x": ["y", "z" * 2_000]}), tmp_path / "q.parquet"
    )

    good, bad = await read(source("q.parquet", id="id"))

    assert (good.id, bad.origin) == ("a", "q.parquet:2")
    assert bad.reason == "bad_input: the row is longer than 0 MiB"


async def test_nul_bytes_spoil_their_own_row(source):
    rows = await read(source("q.csv", b"id,q\na,1\nb,\0\nc,3\n", id="id"))
    lines = await read(source("q.jsonl", b'{"id": "a"}\n{"id": "\0"}\n{"id": "c"}\n', id="id"))

    assert [row.id for row in rows] == ["a", "b", "c"]
    assert "it holds a NUL byte" in reasons(rows)[0]
    assert [row.id for row in lines] == ["a", "q.jsonl:2", "c"]
    assert reasons(lines)[0].endswith("Invalid control character at column 9; it holds a NUL byte")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.jsonl", b'{"id": "a"}\n{"id": "\xe9"}\n{"id": "c"}\n'),
        ("q.json", b'[{"id": "a"},\n{"id": "\xe9"},\n{"id": "c"}]'),
        ("q.csv", b"id\na\n\xe9\nc\n"),
    ],
)
async def test_what_is_not_in_the_encoding_spoils_its_own_row(source, name, content):
    as_utf8 = await read(source(name, content, id="id"))
    as_ascii = await read(source(name, content, id="id", encoding="ascii"))
    as_latin = await read(source(name, content, id="id", encoding="latin-1"))

    assert [isinstance(row, Row) for row in as_utf8] == [True, False, True]
    assert "it is not UTF-8" in reasons(as_utf8)[0]
    assert reasons(as_ascii) == ["bad_input: it is not ASCII"]
    assert [row.id for row in as_latin] == ["a", "é", "c"]


def test_utf_16_is_told_from_its_first_bytes(source):
    (problem,) = source("q.csv", "id,q\na,1\n".encode("utf-16")).check()

    assert problem.message.endswith("it begins as UTF-16 does; say so with `encoding: utf-16`")


def test_a_header_that_is_not_in_the_encoding_is_refused(source):
    assert problems(source("q.csv", "id,naïve\na,1\n".encode("latin-1"))) == [
        ("file-unreadable", "`q.csv` cannot be read: of the header: it is not UTF-8")
    ]


@pytest.mark.parametrize("name", ["q.jsonl", "q.json", "q.csv", "q.tsv", "q.jsonl.gz", "q.csv.zst"])
async def test_an_empty_file_is_told(source, name):
    empty = source(name, "")

    assert problems(empty) == [("empty-file", f"`{name}` is empty")]
    assert await read(empty) == []


async def test_ids_that_change_type_are_one_id_when_they_look_alike(source):
    from sygra_eval.engine.reading import limited

    content = '{"id": 1}\n{"id": "1"}\n{"id": 1.0}\n{"id": [1]}\n{"id": "b"}\n'

    rows = [row async for row in limited(source("q.jsonl", content, id="id"), None)]

    assert [row.id for row in rows] == ["1", "q.jsonl:2", "q.jsonl:3", "q.jsonl:4", "b"]
    assert reasons(rows) == [
        "bad_input: the id `1` is taken by q.jsonl:1",
        "bad_input: the id in `id` is neither text nor a whole number: 1.0",
        "bad_input: the id in `id` is neither text nor a whole number",
    ]
