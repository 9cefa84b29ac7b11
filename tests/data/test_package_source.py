"""A data file of an installed distribution is read as data; the package is never imported."""

import gzip
import json
import sys
import tracemalloc
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from sygra_eval.data import DiskSource, PackageSource
from sygra_eval.values import BadRow, SourceSpec, UsageError

ROWS = [{"task_id": "t/0", "n": 1}, {"task_id": "t/1", "n": 2}]
FILE = "some_problems/data/Problems.jsonl.gz"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a distribution whose import would not go unnoticed."""
    site = tmp_path / "site"
    package, info = site / "some_problems", site / "some_problems-1.5.dist-info"
    (package / "data").mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (site / FILE).write_bytes(gzip.compress(lines.encode()))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-problems\nVersion: 1.5\n")
    listed = ["some_problems/__init__.py", FILE, "some_problems/data/gone.jsonl"]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in listed))
    monkeypatch.syspath_prepend(str(site))
    return site


def source(**config) -> PackageSource:
    given = {"package": "some-problems", "file": FILE, **config}
    return PackageSource(SourceSpec(type="package", config=given, folder=Path()))


async def read(rows) -> list:
    return [row async for row in rows]


async def test_its_rows_are_read_and_the_package_is_not_imported(installed):
    problems = source(id="task_id")

    rows = await read(problems.rows())

    assert [(row.id, row.columns, row.origin) for row in rows] == [
        ("t/0", ROWS[0], "Problems.jsonl.gz:1"),
        ("t/1", ROWS[1], "Problems.jsonl.gz:2"),
    ]
    assert list(problems.check()) == []
    assert "some_problems" not in sys.modules


async def test_its_fingerprint_is_that_of_the_file(installed):
    before = source().fingerprint()
    (installed / FILE).write_bytes(gzip.compress(b"{}"))

    assert source().fingerprint() != before


@pytest.mark.parametrize(
    ("config", "code", "at", "words", "fix"),
    [
        (
            {"package": "no-such-thing-here"},
            "package-not-found",
            "package",
            "no distribution `no-such-thing-here` is installed",
            "pip install no-such-thing-here",
        ),
        (
            {"file": "some_problems/data/problems.jsonl.gz"},
            "file-not-found",
            "file",
            "some-problems 1.5 lists no file",
            f"write `{FILE}`",
        ),
        (
            {"file": "some_problems/data/gone.jsonl"},
            "file-not-found",
            "file",
            "is gone",
            "pip install --force-reinstall some-problems",
        ),
        ({"file": "/etc/passwd"}, "file-not-found", "file", "lists no file", ""),
        ({"file": "some_problems/__init__.py"}, "unknown-format", "file", "only files in", ""),
    ],
)
def test_what_is_missing_is_named_with_a_fix(installed, config, code, at, words, fix):
    (problem,) = source(**config).check()

    assert (problem.code, problem.at, problem.fix) == (code, (at,), fix)
    assert words in problem.message


def test_a_file_that_is_gone_is_told_where_the_library_hides_it_too(installed, monkeypatch):
    """As Python 3.12 does, and any Python in which the backport was imported."""
    files = Distribution.files.fget
    monkeypatch.setattr(
        Distribution,
        "files",
        property(lambda self: [file for file in files(self) or () if file.locate().exists()]),
    )

    (problem,) = source(file="some_problems/data/gone.jsonl").check()

    assert "is gone" in problem.message


async def test_a_run_that_gets_there_all_the_same_is_refused(installed):
    with pytest.raises(UsageError, match="pip install no-such-thing-here"):
        await read(source(package="no-such-thing-here").rows())


def disk(path) -> DiskSource:
    spec = SourceSpec(type="disk", config={"file_path": path.name}, folder=path.parent)
    return DiskSource(spec)


async def test_disk_reads_gzipped_lines_with_flat_memory(tmp_path):
    path = tmp_path / "many.jsonl.gz"
    line = json.dumps({"n": 1, "text": "x" * 1000}).encode() + b"\n"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(20_000):
            file.write(line)

    tracemalloc.start()
    count = 0
    async for row in disk(path).rows():
        count += row.columns["n"]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 20_000
    assert most < 6_000_000  # of 20 MB unpacked


@pytest.mark.parametrize("kept", [0.5, 0.98])
async def test_a_cut_off_gzip_file_keeps_its_rows_and_names_where_it_broke(tmp_path, kept):
    path = tmp_path / "cut.jsonl.gz"
    lines = b"".join(json.dumps({"n": n * n * 7919}).encode() + b"\n" for n in range(5_000))
    whole = gzip.compress(lines)
    path.write_bytes(whole[: int(len(whole) * kept)])

    *rows, last = await read(disk(path).rows())

    assert len(rows) > 100
    assert isinstance(last, BadRow)
    assert "broken gzip" in last.reason


async def test_what_is_no_gzip_is_one_bad_row(tmp_path):
    path = tmp_path / "no.jsonl.gz"
    path.write_bytes(b'{"n": 1}\n')

    (row,) = await read(disk(path).rows())

    assert isinstance(row, BadRow)
    assert "broken gzip" in row.reason
