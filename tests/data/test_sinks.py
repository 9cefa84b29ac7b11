import hashlib
import json
import math
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sygra_eval.data import DiskSource, write_jsonl, write_parquet
from sygra_eval.values import SourceSpec

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4), max_size=6)
ANYWHERE = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
VERIFIED = {
    "task_id": "t1",
    "answer": "é\n",
    "rounds": 2,
    "verdicts": [{"validator": "v", "status": "pass", "score": None, "isolation": "reduced()"}],
    "provenance": {"row_id": "t1", "models": []},
}


async def test_a_line_keeps_order_letters_and_floats(tmp_path):
    rows = [{"z": 0.1, "a": "é\u2028", "m": {"y": 1e22, "b": None}}]

    assert write_jsonl(tmp_path / "x.jsonl", rows) == 1

    text = (tmp_path / "x.jsonl").read_text(encoding="utf-8")
    assert text == '{"z": 0.1, "a": "é\u2028", "m": {"y": 1e+22, "b": null}}\n'


@pytest.mark.parametrize("write", ["jsonl", "parquet"])
def test_no_rows_means_no_file_not_even_an_older_one(tmp_path, write):
    path = tmp_path / f"x.{write}"
    path.write_text("of an earlier run")

    if write == "jsonl":
        assert write_jsonl(path, iter([])) == 0
    else:
        assert write_parquet(path, list).rows == 0

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", ["jsonl", "parquet"])
def test_an_error_in_the_middle_leaves_the_older_file_as_it_was(tmp_path, write):
    path = tmp_path / f"x.{write}"
    path.write_text("of an earlier run")

    def rows():
        yield {"a": 1}
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        write_jsonl(path, rows()) if write == "jsonl" else write_parquet(path, rows)

    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "of an earlier run"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_json_has_not_is_refused(tmp_path, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_jsonl(tmp_path / "x.jsonl", [{"a": value}])

    assert list(tmp_path.iterdir()) == []


def test_a_lone_surrogate_becomes_a_replacement_character_in_both_formats(tmp_path):
    rows = [{"a": "x\ud800😀", "b": {"c": ["\udfff"]}}]

    write_jsonl(tmp_path / "x.jsonl", rows)
    write_parquet(tmp_path / "x.parquet", lambda: rows)

    expected = {"a": "x\ufffd😀", "b": {"c": ["\ufffd"]}}
    assert json.loads((tmp_path / "x.jsonl").read_text(encoding="utf-8")) == expected
    assert parquet.read_table(tmp_path / "x.parquet").to_pylist() == [expected]


def as_parquet(tmp_path, *rows, like=None):
    written = write_parquet(tmp_path / "x.parquet", lambda: iter(rows), like=like)
    assert written.rows == len(rows)
    return parquet.read_table(tmp_path / "x.parquet"), written.notes


def test_columns_stand_in_the_order_of_their_first_appearance(tmp_path):
    table, _ = as_parquet(tmp_path, {"z": 1, "a": "x"}, {"m": True, "z": 2})

    assert table.column_names == ["z", "a", "m"]
    assert table.to_pylist()[1] == {"z": 2, "a": None, "m": True}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None], "int64"),
        ([1, 2.5], "double"),
        ([None, None], "string"),
        ([[], []], "list<element: string>"),
        ([[None], [1.5]], "list<element: double>"),
        ([{"a": None}], "struct<a: string>"),
        ([{"a": 1}, {"b": [{"c": 2}]}], "struct<a: int64, b: list<element: struct<c: int64>>>"),
        ([{}, {"a": 1}], "struct<a: int64>"),
    ],
)
def test_values_of_one_type_get_that_type(tmp_path, values, kind):
    table, notes = as_parquet(tmp_path, *({"x": value} for value in values))

    assert (str(table.schema.field("x").type), notes) == (kind, ())


@pytest.mark.parametrize(
    "values",
    [
        [1, "a"],
        [True, 1],
        [1.5, True],
        [[1.5], [True]],
        [{"a": 1.5}, {"a": True}],
        [{"a": 1}, [1]],
        [{}],
        [[{}]],
        [{"a": {}}],
        [2**70],
        [2**63],
        [2**60 + 1, 0.5],
        [1, None, "a"],
    ],
)
@pytest.mark.parametrize("apart", [0, 5_000])
def test_values_without_one_type_are_kept_as_json_text_and_that_is_said(tmp_path, values, apart):
    filling = [{"x": values[0]}] * apart
    rows = [*filling, *({"x": value} for value in values)]

    table, notes = as_parquet(tmp_path, *rows)

    assert notes == ("column `x` has no one type: kept as JSON text",)
    kept = [None if text is None else json.loads(text) for text in table["x"].to_pylist()]
    assert kept[apart:] == values


def test_an_example_row_gives_empty_columns_their_type(tmp_path):
    like = {"rounds": 1, "verdicts": [{"score": 0.5}], "unknown": 1}

    table, _ = as_parquet(tmp_path, VERIFIED, like=like)

    score = table.schema.field("verdicts").type.value_type.field("score").type
    assert (str(score), "unknown" in table.column_names) == ("double", False)


def test_the_same_rows_have_the_same_bytes_in_fixed_row_groups(tmp_path):
    def rows():
        return ({**VERIFIED, "task_id": f"t{n}"} for n in range(10_000))

    digests = set()
    for name in ("a", "b"):
        write_jsonl(tmp_path / f"{name}.jsonl", rows())
        write_parquet(tmp_path / f"{name}.parquet", rows)
        for suffix in ("jsonl", "parquet"):
            data = (tmp_path / f"{name}.{suffix}").read_bytes()
            digests.add((suffix, hashlib.sha256(data).hexdigest()))

    assert len(digests) == 2
    meta = parquet.ParquetFile(tmp_path / "a.parquet").metadata
    assert [meta.row_group(n).num_rows for n in range(meta.num_row_groups)] == [4096, 4096, 1808]


@ANYWHERE
@given(rows=ROWS)
def test_rows_come_back_from_jsonl_as_they_were(tmp_path, rows):
    path = tmp_path / "x.jsonl"

    assert write_jsonl(path, rows) == len(rows)

    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if rows else []
    assert repr([json.loads(line) for line in lines]) == repr(rows)


@ANYWHERE
@given(rows=ROWS)
def test_rows_come_back_from_parquet_with_absent_as_null(tmp_path, rows):
    path = tmp_path / "x.parquet"

    written = write_parquet(path, lambda: rows)

    if not any(rows):
        assert not path.exists()
        return
    as_text = {note.split("`")[1] for note in written.notes}
    found = [
        {
            name: json.loads(value) if name in as_text and value is not None else value
            for name, value in row.items()
        }
        for row in parquet.read_table(path).to_pylist()
    ]
    names = {name for row in rows for name in row}
    assert [bare(row) for row in found] == [
        bare({name: row.get(name) for name in names}) for row in rows
    ]


def bare(value: object) -> object:
    """Drop what is null from objects, and an object of which nothing is left: absent is null."""
    if isinstance(value, dict):
        kept = {name: bare(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, {})}
    return [bare(item) for item in value] if isinstance(value, list) else value


async def test_what_is_written_can_be_a_source_again(tmp_path):
    rows = [{**VERIFIED, "task_id": f"t{n}"} for n in range(3)]
    write_jsonl(tmp_path / "x.jsonl", rows)
    write_parquet(tmp_path / "x.parquet", lambda: rows)

    for name in ("x.jsonl", "x.parquet"):
        config = {"file_path": name, "id": "task_id"}
        source = DiskSource(SourceSpec(type="disk", config=config, folder=tmp_path))
        assert [row.columns async for row in source.rows()] == rows


LOAD = """
import json, sys
from datasets import load_dataset
loaded = load_dataset(sys.argv[1], split="train")
print(json.dumps([loaded.column_names, loaded[0], len(loaded)]))
"""
CARD = """---
configs:
- config_name: default
  data_files: verified.parquet
---
# A data set
"""


def test_load_dataset_loads_the_folder_without_a_network(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    write_parquet(run / "verified.parquet", lambda: iter([VERIFIED] * 3))
    write_jsonl(run / "rejected.jsonl", [{"other": "columns"}])
    (run / "README.md").write_text(CARD)

    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", LOAD, str(run)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == [list(VERIFIED), VERIFIED, 3]
