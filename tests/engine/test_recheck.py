"""What a run folder claims can be checked later: files by checksum, verified rows by running."""

import hashlib
import json

import pytest

from sygra_eval.engine import ExitCode, RunOptions, recheck
from sygra_eval.report import recheck_json, recheck_text
from sygra_eval.values import UsageError
from tests.engine.conftest import (
    CODE_VALIDATORS,
    FAST_PLUGIN,
    code_row,
    fast_suite,
    write_suite,
)

SANDBOXED = {
    "candidate": {"code": "{solution}"},
    "quality": {"validators": CODE_VALIDATORS},
    "output_config": {"output_map": {"source": {"value": "ours"}}},
}
RIGHT = "def f(x):\n    return x + 1\n"
FAST = RunOptions(plugins=[str(FAST_PLUGIN)], accepts_no_sandbox=True)


@pytest.fixture
async def judged(run, tmp_path):
    """A run of rows with code, without a plugin."""
    rows = [{**code_row(f"r{n}", "add"), "solution": RIGHT} for n in range(4)]
    rows.append({**code_row("bad", "add"), "solution": "def f(x): ..."})
    path = write_suite(tmp_path, rows, **SANDBOXED)
    return (await run(path, plugins=[])).folder


@pytest.fixture
async def made(run, tmp_path):
    """A run of a graph whose validator is a plugin's."""
    return (await run(fast_suite(tmp_path, ["fine", "also fine", "says-fail"]))).folder


def rewrite(folder, name, data: bytes) -> None:
    """Change a file and its checksum, as one would who wants to be believed."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


async def test_an_untouched_run_holds_and_its_rows_pass_again(judged):
    found = await recheck(judged)

    assert found.exit_code is ExitCode.PASSED
    assert (found.re_executed, found.note) == (4, "")
    assert "4 verified rows were judged again, and pass" in recheck_text(found)


async def test_a_graphs_rows_are_judged_again_with_what_its_nodes_added(made):
    found = await recheck(made, FAST)

    assert (found.exit_code, found.re_executed) == (ExitCode.PASSED, 2)


async def test_the_sample_is_bounded_and_the_same_each_time(judged):
    first = await recheck(judged, sample=2)

    assert (first.re_executed, await recheck(judged, sample=2)) == (2, first)


@pytest.mark.parametrize("name", ["verified.jsonl", "verified.parquet", "report.md", "suite.yaml"])
async def test_a_changed_file_is_named(judged, name):
    data = (judged / name).read_bytes()
    (judged / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    found = await recheck(judged)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, (name,))
    assert found.re_executed == 0


async def test_a_missing_file_is_named(judged):
    (judged / "rejected.jsonl").unlink()

    found = await recheck(judged)

    assert (found.exit_code, found.missing) == (ExitCode.GATE_FAILED, ("rejected.jsonl",))


async def test_a_data_file_that_the_run_did_not_write_is_named(judged):
    (judged / "unjudged.jsonl").write_text("{}\n")

    assert (await recheck(judged)).changed == ("unjudged.jsonl",)


async def test_rows_that_are_not_the_journals_are_named_even_with_a_new_checksum(judged):
    lines = (judged / "verified.jsonl").read_bytes()
    rewrite(judged, "verified.jsonl", lines.replace(b"x + 1", b"x + 2", 1))

    found = await recheck(judged)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, ("verified.jsonl",))


async def test_another_suite_than_the_journals_is_not_believed(judged):
    text = (judged / "suite.yaml").read_bytes()
    rewrite(judged, "suite.yaml", text.replace(b"name: small", b"name: other"))

    found = await recheck(judged)

    assert found.exit_code is ExitCode.INCOMPLETE
    assert "not the suite that the journal was begun with" in found.note


async def test_a_row_that_no_longer_passes_refutes_the_run(run, tmp_path):
    plugin = tmp_path / "moody.py"
    text = FAST_PLUGIN.read_text()
    plugin.write_text(text)
    path = fast_suite(tmp_path, ["fine", "also fine"])
    folder = (await run(path, plugins=[str(plugin)])).folder
    plugin.write_text(text.replace("status or Status.PASS", "status or Status.FAIL"))

    found = await recheck(folder, RunOptions(plugins=[str(plugin)], accepts_no_sandbox=True))

    assert found.exit_code is ExitCode.GATE_FAILED
    assert [row for row, _ in found.refuted] == ["r0", "r1"]
    assert "no longer passes: r0: says: as the row says" in recheck_text(found)


async def test_a_strangers_folder_makes_us_load_no_plugin_and_leave_no_sandbox(made):
    without_plugin = await recheck(made)
    with_plugin = await recheck(made, RunOptions(plugins=[str(FAST_PLUGIN)]))

    for found, words in ((without_plugin, "say so again"), (with_plugin, "--unsafe-no-sandbox")):
        assert found.exit_code is ExitCode.INCOMPLETE
        assert words in found.note


async def test_a_data_folder_without_its_journal_is_checked_by_its_files(judged):
    (judged / "journal.db").unlink()

    found = await recheck(judged)

    assert (found.exit_code, found.re_executed) == (ExitCode.PASSED, 0)
    assert recheck_json(found)["note"] == "no row was judged again: there is no journal.db"


async def test_a_journal_that_cannot_be_read_is_named(judged):
    (judged / "journal.db").write_bytes(b"no database" * 100)

    found = await recheck(judged)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, ("journal.db",))


async def test_a_run_without_its_manifest_is_not_decidable(judged):
    (judged / "manifest.json").unlink()

    assert (await recheck(judged)).exit_code is ExitCode.INCOMPLETE


@pytest.mark.parametrize("manifest", ["{", "[]", '{"files": {"../x": {"sha256": ""}}}'])
async def test_a_manifest_that_is_none_is_a_changed_file(judged, manifest):
    (judged / "manifest.json").write_text(manifest)

    found = await recheck(judged)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, ("manifest.json",))


async def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is not a run"):
        await recheck(tmp_path)
