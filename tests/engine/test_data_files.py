"""How rows are cut into files changes none of them: not their order, their bytes or their proof."""

import asyncio
import gzip
import json
import os
import sys
from asyncio.subprocess import PIPE

import pyarrow as pa
import pytest
from pyarrow import parquet

from sygra_eval.data import jsonl_line
from sygra_eval.engine import ExitCode, RunOptions, recheck
from sygra_eval.values import Budget
from tests.engine.conftest import FAST_PLUGIN, fast_suite

FAST = RunOptions(plugins=[str(FAST_PLUGIN)], accepts_no_sandbox=True)
WORDS = ["one", "two", "says-fail", "three", "four", "five"]
LOAD = """
import datasets, json, sys
rows = datasets.load_dataset(sys.argv[1])["train"]
print(json.dumps([row["id"] for row in rows]))
"""


@pytest.fixture
def sharded(tmp_path):
    """Write a suite whose files hold two rows each."""

    def write(folder: str = "sharded", **output: object):
        output = {"shard_rows": 2, **output}
        return fast_suite(tmp_path / folder, WORDS, output_config=output)

    return write


def lines_of(folder, outcome: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / outcome).glob("*.jsonl"))]


async def test_shards_hold_the_rows_of_the_journal_in_order(sharded, run):
    finished = await run(sharded())

    names = [path.name for path in sorted((finished.folder / "verified").iterdir())]
    assert names == [
        f"verified-{place:05}-of-00003.{form}"
        for place in range(3)
        for form in ("jsonl", "parquet")
    ]
    rows = [end.data for end in finished.ends() if end.outcome.value == "verified"]
    assert lines_of(finished.folder, "verified") == [
        b"".join(map(jsonl_line, rows[:2])),
        b"".join(map(jsonl_line, rows[2:4])),
        jsonl_line(rows[4]),
    ]
    assert [path.name for path in (finished.folder / "rejected").iterdir()] == [
        "rejected-00000-of-00001.jsonl"
    ]
    assert not list(finished.folder.glob("*.jsonl"))


async def test_all_parquet_shards_have_the_types_that_all_rows_together_need(tmp_path, run):
    rows = [
        json.dumps({"id": f"r{n}", "question": "fine", "x": [None, 1, 2.5][n]}) for n in range(3)
    ]
    finished = await run(fast_suite(tmp_path, rows, output_config={"shard_rows": 1}))

    tables = [
        parquet.read_table(path) for path in sorted(finished.folder.glob("verified/*.parquet"))
    ]
    assert {str(table.schema.field("x").type) for table in tables} == {"double"}
    assert [table["x"].to_pylist() for table in tables] == [[None], [1.0], [2.5]]


async def test_the_card_lets_load_dataset_read_all_shards(sharded, run, tmp_path):
    finished = await run(sharded())

    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", LOAD, str(finished.folder)]
    loading = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
    said, _ = await loading.communicate()

    assert loading.returncode == 0
    assert json.loads(said.splitlines()[-1]) == ["r0", "r1", "r3", "r4", "r5"]


async def test_a_shard_that_is_changed_gone_or_added_is_found(sharded, run):
    folder = (await run(sharded())).folder
    first, second = sorted((folder / "verified").glob("*.jsonl"))[:2]
    assert (await recheck(folder, FAST)).exit_code is ExitCode.PASSED

    kept = first.read_bytes()
    first.write_bytes(kept.replace(b"one", b"won"))
    second.unlink()
    (folder / "failed").mkdir()
    added = folder / "failed" / "failed-00000-of-00001.jsonl"
    added.write_text("{}\n")
    found = await recheck(folder, FAST)

    assert found.exit_code is ExitCode.GATE_FAILED
    assert set(found.changed) == {
        "verified/verified-00000-of-00003.jsonl",
        "failed/failed-00000-of-00001.jsonl",
    }
    assert found.missing == ("verified/verified-00001-of-00003.jsonl",)


@pytest.mark.parametrize("lost", ["a row", "a file"])
async def test_shards_that_fit_the_manifest_but_not_the_journal_are_found(sharded, run, lost):
    folder = (await run(sharded())).folder
    last = sorted((folder / "verified").glob("*.jsonl"))[-1]
    name, manifest = f"verified/{last.name}", json.loads((folder / "manifest.json").read_text())
    if lost == "a file":
        last.unlink()
        del manifest["files"][name]
    else:
        last.write_bytes(b"")
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        manifest["files"][name] = {"sha256": empty, "bytes": 0}
    (folder / "manifest.json").write_text(json.dumps(manifest))

    found = await recheck(folder, FAST)

    assert found.exit_code is ExitCode.GATE_FAILED
    assert all(named.startswith("verified/") for named in found.changed)


@pytest.mark.parametrize("name", ["../x", "verified/../../x", "/etc/passwd", "verified/x.jsonl"])
async def test_a_manifest_names_no_file_that_a_run_does_not_write(sharded, run, name):
    folder = (await run(sharded())).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": "0", "bytes": 0}
    (folder / "manifest.json").write_text(json.dumps(manifest))

    assert (await recheck(folder, FAST)).changed == ("manifest.json",)


async def test_a_stopped_run_leaves_no_shard_of_its_former_end(sharded, run, resume):
    whole = await run(sharded())
    cut = await run(sharded(), budget=Budget(calls=2))
    former = {path.name for path in (cut.folder / "verified").iterdir()}

    again = await resume(cut.folder, budget=Budget(calls=100))

    assert former == {"verified-00000-of-00001.jsonl", "verified-00000-of-00001.parquet"}
    files = [path.relative_to(whole.folder) for path in whole.folder.glob("*/*-of-*")]
    assert sorted(files) == sorted(
        path.relative_to(again.folder) for path in again.folder.glob("*/*-of-*")
    )
    assert whole.bytes_of(*files) == again.bytes_of(*files)


@pytest.mark.parametrize("packing", ["gz", "zst"])
async def test_packed_lines_are_the_same_lines_and_the_same_bytes_each_time(sharded, run, packing):
    plain, packed, again = [
        await run(sharded(f"s{n}", shard_rows=None, compress=compress))
        for n, compress in enumerate((None, packing, packing))
    ]

    name = f"verified.jsonl.{packing}"
    data, same = ((one.folder / name).read_bytes() for one in (packed, again))
    unpacked = (
        gzip.decompress(data)
        if packing == "gz"
        else pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()
    )
    assert data == same
    sha256 = [one.summary.suite_sha256.encode() for one in (plain, packed)]
    assert unpacked.replace(sha256[1], sha256[0]) == plain.bytes_of("verified.jsonl")[0]
    assert not (packed.folder / "verified.jsonl").exists()
    assert (await recheck(packed.folder, FAST)).exit_code is ExitCode.PASSED
