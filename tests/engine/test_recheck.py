"""What a run folder claims can be checked later: files by checksum, verified rows by running."""

import hashlib
import json
import shutil
import sqlite3

import pytest

from sygra_eval.data import write_jsonl, write_parquet
from sygra_eval.engine import ExitCode, RunOptions, Selection, recheck
from sygra_eval.engine.recheck_rows import drawn_numbers
from sygra_eval.report import claims_by_query, recheck_text
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


def state(folder, of, value) -> None:
    """Have the report state another figure, and the manifest another checksum."""
    report = at = json.loads((folder / "report.json").read_text())
    for key in of.split("."):
        at = at[int(key) if isinstance(at, list) else key]
    at["value"] = value
    rewrite(folder, "report.json", json.dumps(report).encode())


async def test_a_figure_that_its_query_does_not_give_is_named(judged):
    state(judged, "validators.0.pass", 3)

    found = await recheck(judged, sample=0, by_query=claims_by_query)

    assert found.queries > 20
    (claim,) = [claim for claim in found.claims if claim.by.startswith("query")]
    assert (claim.of, claim.said) == ("report.json: validators[0].pass.value", "3")


async def test_an_untouched_run_holds_and_its_rows_pass_again(judged):
    found = await recheck(judged, by_query=claims_by_query)

    assert found.exit_code is ExitCode.PASSED
    assert (found.re_executed, found.note) == (4, "")
    assert found.figures > 100
    said = recheck_text(found)
    assert "4 verified rows of 4 were judged again, and pass" in said
    assert said.endswith("the claims hold\n")


async def test_a_graphs_rows_are_judged_again_with_what_its_nodes_added(made):
    found = await recheck(made, FAST)

    assert (found.exit_code, found.re_executed) == (ExitCode.PASSED, 2)


async def test_the_sample_is_bounded_and_drawn_again_by_its_seed(judged):
    first = await recheck(judged, sample=2)

    assert (first.re_executed, await recheck(judged, sample=2, seed=first.seed)) == (2, first)
    assert f"--seed {first.seed}" in recheck_text(first)


def test_another_seed_draws_other_rows_and_none_knows_them_beforehand():
    drawn = {drawn_numbers(1_000, 5, seed) for seed in range(20)}

    assert len(drawn) == 20
    assert drawn_numbers(3, None, 0) == drawn_numbers(3, 7, 0) == {0, 1, 2}


@pytest.mark.parametrize("name", ["verified.jsonl", "verified.parquet", "report.md", "suite.yaml"])
async def test_a_changed_file_is_named(judged, name):
    data = (judged / name).read_bytes()
    (judged / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    found = await recheck(judged)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, (name,))
    assert found.re_executed == (4 if name in ("verified.parquet", "report.md") else 0)


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
    (row,) = found.altered
    assert (row.row, row.what) == ("r0", "not as in the journal: `solution`")
    assert "altered: row r0 of verified.jsonl: not as in the journal" in recheck_text(found)
    assert [row for row, _ in found.refuted] == ["r0"]


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


async def test_without_the_journal_rows_are_judged_by_the_suite_and_the_rest_is_named(judged):
    (judged / "journal.db").unlink()

    found = await recheck(judged)

    assert (found.exit_code, found.re_executed) == (ExitCode.PASSED, 4)
    assert "there is no journal.db" in recheck_text(found)
    assert recheck_text(found).endswith("the claims hold, as far as this copy shows\n")


async def test_without_the_journal_an_altered_answer_is_found_by_the_other_format(judged):
    (judged / "journal.db").unlink()
    lines = (judged / "verified.jsonl").read_bytes()
    rewrite(judged, "verified.jsonl", lines.replace(b"x + 1", b"x + 1 + 0", 1))

    found = await recheck(judged)

    assert found.exit_code is ExitCode.GATE_FAILED
    assert [row.row for row in found.altered] == ["r0"]


async def test_an_answer_altered_in_both_formats_is_found_by_running_it(judged):
    (judged / "journal.db").unlink()
    rows = [json.loads(line) for line in (judged / "verified.jsonl").read_text().splitlines()]
    rows[2]["solution"] = "def f(x):\n    return x - 1\n"
    write_jsonl(judged / "verified.jsonl", rows)
    write_parquet(judged / "verified.parquet", lambda: rows)
    for name in ("verified.jsonl", "verified.parquet"):
        rewrite(judged, name, (judged / name).read_bytes())

    found = await recheck(judged, sample=None)

    assert (found.exit_code, found.changed, found.altered) == (ExitCode.GATE_FAILED, (), ())
    assert [row for row, _ in found.refuted] == ["r2"]


async def test_a_table_that_is_not_the_lines_is_named_even_with_a_new_checksum(judged):
    rows = [json.loads(line) for line in (judged / "verified.jsonl").read_text().splitlines()]
    rows[3]["solution"] = "import os"
    write_parquet(judged / "verified.parquet", lambda: rows)
    rewrite(judged, "verified.parquet", (judged / "verified.parquet").read_bytes())

    found = await recheck(judged, sample=0)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, ("verified.parquet",))
    assert [(row.row, row.what) for row in found.altered] == [
        ("r3", "not as in the JSONL file: `solution`")
    ]


@pytest.mark.parametrize("kept", [("verified.jsonl",), ("verified.parquet",)])
async def test_a_data_set_that_was_passed_on_alone_is_checked_as_far_as_it_goes(judged, kept):
    for path in [path for path in judged.iterdir() if path.is_file()]:
        if path.name not in (*kept, "manifest.json", "suite.yaml"):
            path.unlink()

    found = await recheck(judged)

    assert (found.exit_code, found.missing, found.re_executed) == (ExitCode.PASSED, (), 4)
    assert "report.json" in found.absent
    (judged / "suite.yaml").unlink()
    without = await recheck(judged)
    assert (without.exit_code, without.re_executed) == (ExitCode.INCOMPLETE, 0)
    assert "there is no suite.yaml" in without.note
    assert (await recheck(judged, sample=0)).exit_code is ExitCode.PASSED


async def test_a_copy_elsewhere_holds_though_nothing_of_its_first_place_is_left(judged, tmp_path):
    copy = tmp_path / "another machine" / "by-another-name"
    shutil.copytree(judged, copy)
    shutil.rmtree(judged)
    (tmp_path / "suite.yaml").unlink()
    (tmp_path / "rows.jsonl").unlink()

    found = await recheck(copy)

    assert (found.exit_code, found.re_executed, found.open) == (ExitCode.PASSED, 4, ())


@pytest.mark.parametrize(
    "of", ["outcomes.verified", "outcomes.rejected", "validators.0.pass", "damaged_rows.met"]
)
async def test_a_figure_that_does_not_come_out_again_is_named(judged, of):
    state(judged, of, 9)

    found = await recheck(judged, sample=0)

    assert found.exit_code is ExitCode.GATE_FAILED
    assert any(claim.of.startswith(f"report.json: {of}") for claim in found.claims)
    said = f"does not come out again: report.json: {of}"
    assert said in " ".join(recheck_text(found).split())


async def test_a_figure_is_counted_from_the_rows_where_there_is_no_journal(judged):
    (judged / "journal.db").unlink()
    state(judged, "outcomes.rejected", 0)
    state(judged, "verified_rate", 1.0)

    found = await recheck(judged, sample=0)

    assert {(claim.of, claim.by) for claim in found.claims} == {
        ("report.json: outcomes.rejected", "data files"),
        ("report.json: verified_rate.value", "data files"),
    }


async def test_a_page_that_says_other_figures_than_the_journal_is_named(judged):
    page = (judged / "report.md").read_text()
    rewrite(judged, "report.md", page.replace("80.0", "99.9").encode())

    found = await recheck(judged, sample=0)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, ("report.md",))


async def test_a_report_of_another_version_is_compared_by_its_numbers(judged):
    report = json.loads((judged / "report.json").read_text())
    report |= {"version": "0.0.1", "exit_reason": "said otherwise", "of_another": 3}
    rewrite(judged, "report.json", json.dumps(report).encode())
    held = await recheck(judged, sample=0)
    state(judged, "rows", 6)

    found = await recheck(judged, sample=0)

    assert held.exit_code is ExitCode.PASSED
    assert [claim.of for claim in found.claims] == ["report.json: rows.value"]


async def test_a_damaged_row_of_the_journal_is_found_wherever_it_is(judged):
    with sqlite3.connect(judged / "journal.db") as journal:
        journal.execute("UPDATE execution SET verdict = replace(verdict, 'passed', 'PASSED')")
    journal.close()

    found = await recheck(judged, sample=0)

    assert (found.exit_code, found.changed) == (ExitCode.GATE_FAILED, ("journal.db",))


async def test_code_that_is_not_that_of_its_answer_is_found_without_the_journal(made):
    (made / "journal.db").unlink()
    rows = [json.loads(line) for line in (made / "verified.jsonl").read_text().splitlines()]
    rows[0]["code"] = "import os"
    rows[1]["messages"][-1]["content"] = "something else"
    write_jsonl(made / "verified.jsonl", rows)
    write_parquet(made / "verified.parquet", lambda: rows)
    for name in ("verified.jsonl", "verified.parquet"):
        rewrite(made, name, (made / name).read_bytes())

    found = await recheck(made, FAST)

    assert dict(found.refuted) == {
        "r0": "`code` is not the code in `answer`",
        "r1": "`messages` do not end with `answer`",
    }


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


async def test_a_rate_of_repeated_rows_holds_with_the_interval_of_its_questions(run, tmp_path):
    rows = [{**code_row(f"r{n}", "add"), "solution": RIGHT} for n in range(2)]
    path = write_suite(tmp_path, rows, **SANDBOXED)
    folder = (await run(path, plugins=[], selection=Selection(repeat=2))).folder
    rate = json.loads((folder / "report.json").read_text())["verified_rate"]

    found = await recheck(folder, sample=0, by_query=claims_by_query)

    assert rate["method"] == "clustered"
    assert (found.claims, found.queries > 20) == ((), True)
