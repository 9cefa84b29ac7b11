"""A source of several files: a folder or a pattern, in a stable order, and nothing from outside."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import ValidationError

from sygra_eval.data import DiskConfig, DiskSource
from sygra_eval.values import BadRow, Row, SourceSpec, UsageError
from tests.engine.row_forms import zstd


@pytest.fixture
def data(tmp_path) -> Path:
    """A folder of files of several forms, and some that are none of its rows."""
    folder = tmp_path / "data"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "b.jsonl").write_text('{"id": "b1"}\n{"id": "b2"}\n')
    (folder / "a.csv").write_text("id\na1\n")
    (folder / "sub" / "c.jsonl.zst").write_bytes(zstd(b'{"id": "c1"}\n'))
    parquet.write_table(pa.table({"id": ["d1"]}), folder / "sub" / "deep" / "d.parquet")
    (folder / "README.md").write_text("no rows")
    (folder / ".hidden" / "x.jsonl").write_text('{"id": "hidden"}\n')
    (folder / ".y.jsonl").write_text('{"id": "hidden too"}\n')
    return folder


@pytest.fixture
def source(tmp_path):
    def build(file_path: str, **config: object) -> DiskSource:
        config = {"file_path": file_path, **config}
        return DiskSource(SourceSpec(type="disk", config=config, folder=tmp_path))

    return build


async def read(source: DiskSource) -> list[Row | BadRow]:
    return [row async for row in source.rows()]


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("data", ["a1", "b1", "b2", "c1", "d1"]),
        ("data/", ["a1", "b1", "b2", "c1", "d1"]),
        ("data/**", ["a1", "b1", "b2", "c1", "d1"]),
        ("data/**/*", ["a1", "b1", "b2", "c1", "d1"]),
        ("data/*", ["a1", "b1", "b2"]),
        ("data/*.jsonl", ["b1", "b2"]),
        ("data/**/*.jsonl*", ["b1", "b2", "c1"]),
        ("data/[ab].*", ["a1", "b1", "b2"]),
        ("data/?ub/*.zst", ["c1"]),
        ("*/sub/**/*.parquet", ["d1"]),
        ("data/.y.*", ["hidden too"]),
    ],
)
async def test_a_pattern_finds_what_a_shell_would_in_the_order_of_names(data, source, pattern, ids):
    rows = await read(source(pattern, id="id"))

    assert [row.id for row in rows] == ids
    assert [row.index for row in rows] == list(range(len(ids)))


async def test_rows_are_named_after_their_file_within_the_folder(data, source):
    rows = await read(source("data"))

    assert [row.id for row in rows] == [
        "a.csv:2",
        "b.jsonl:1",
        "b.jsonl:2",
        "sub/c.jsonl.zst:1",
        "sub/deep/d.parquet:1",
    ]
    assert list(source("data").check()) == []


async def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path, source):
    (tmp_path / "rows[1].jsonl").write_text('{"id": "x"}\n')
    (tmp_path / "rows1.jsonl").write_text('{"id": "y"}\n')

    assert [row.id for row in await read(source("rows[1].jsonl", id="id"))] == ["x"]


@pytest.mark.parametrize(
    ("pattern", "code", "words"),
    [
        ("data/*.tsv", "file-not-found", "`data/*.tsv` matches no file in "),
        ("nowhere/*.jsonl", "file-not-found", "there is no folder "),
        ("empty", "file-not-found", "the folder `empty` has no file"),
        ("data/README*", "unknown-format", "none of 1 is"),
        ("data/*/../../*.jsonl", "outside-folder", "leads out of that folder"),
    ],
)
async def test_what_finds_nothing_is_refused(data, source, tmp_path, pattern, code, words):
    (tmp_path / "empty").mkdir()

    (problem,) = source(pattern).check()

    assert (problem.code, problem.at) == (code, ("file_path",))
    assert words in problem.message
    with pytest.raises(UsageError, match=r"data|nowhere|empty"):
        await read(source(pattern))
    with pytest.raises(UsageError, match=r"data|nowhere|empty"):
        source(pattern).fingerprint()


@pytest.mark.parametrize("pattern", ["data", "data/*.jsonl", "data/**"])
async def test_a_link_out_of_the_folder_is_refused(data, source, tmp_path, pattern):
    (tmp_path / "secret.jsonl").write_text('{"id": "secret"}\n')
    (data / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")

    (problem,) = source(pattern).check()

    assert problem.code == "outside-folder"
    assert "`link.jsonl` is a link to a place outside of " in problem.message
    with pytest.raises(UsageError, match="outside"):
        await read(source(pattern))


async def test_a_link_to_a_folder_is_not_gone_through_and_one_within_is_a_file(data, source):
    (data / "again.jsonl").symlink_to(data / "b.jsonl")
    (data / "loop").symlink_to(data)

    rows = await read(source("data/**/*.jsonl"))

    assert [row.id for row in rows] == [
        "again.jsonl:1",
        "again.jsonl:2",
        "b.jsonl:1",
        "b.jsonl:2",
    ]


def test_a_folder_that_may_not_be_read_is_refused(data, source, monkeypatch):
    scandir = os.scandir

    def refusing(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)

    (problem,) = source("data").check()

    assert problem.code == "file-unreadable"
    assert "Permission denied" in problem.message


async def test_one_broken_file_is_named_and_the_others_are_read(data, source):
    (data / "sub" / "c.jsonl.zst").write_bytes(b"no zstd")

    (problem,) = source("data").check()
    rows = await read(source("data", id="id"))

    assert problem.message.startswith("`sub/c.jsonl.zst` cannot be read: broken zstd")
    assert [row.id for row in rows] == ["a1", "b1", "b2", "sub/c.jsonl.zst:1", "d1"]


def test_a_pattern_says_what_it_leaves_out_and_a_folder_does_not(data, source):
    (problem,) = source("data/*").check()

    assert problem.code == "unknown-format"
    assert problem.message == "`data/*` also finds `README.md`, which nothing reads"
    assert list(source("data").check()) == []


def test_the_fingerprint_follows_names_and_bytes_and_not_the_place(data, source, tmp_path):
    before = source("data").fingerprint()
    as_pattern = source("data/**").fingerprint()
    data.rename(tmp_path / "moved")
    moved = source("moved").fingerprint()
    (tmp_path / "moved" / "README.md").write_text("other words")
    with_other_words = source("moved").fingerprint()
    (tmp_path / "moved" / "b.jsonl").rename(tmp_path / "moved" / "bb.jsonl")
    renamed = source("moved").fingerprint()
    (tmp_path / "moved" / "a.csv").write_text("id\na2\n")

    assert before == as_pattern == moved == with_other_words
    assert len({before, renamed, source("moved").fingerprint()}) == 3


def test_rows_may_name_files_in_the_folder_of_the_pattern(data, tmp_path):
    folders = {
        "data/*.jsonl": data,
        "data": data,
        "data/**/*.zst": data,
        "data/b.jsonl": data,
        "*/b.jsonl": tmp_path,
    }

    for file_path, folder in folders.items():
        assert DiskConfig(file_path=file_path).data_folder(tmp_path) == folder


@pytest.mark.parametrize(
    "wrong",
    [
        {"encoding": "klingon"},
        {"encoding": "rot13"},
        {"encoding": "unicode_escape"},
        {"delimiter": ""},
        {"delimiter": "::"},
        {"delimiter": '"'},
        {"file_path": ""},
        {"file_path": "a\0b"},
    ],
)
def test_keys_that_no_file_can_have_are_refused(wrong):
    with pytest.raises(ValidationError):
        DiskConfig.model_validate({"file_path": "q.csv", **wrong})
