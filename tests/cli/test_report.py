"""`sygra-eval report`: views of a run by the command, and from a figure to the row behind it."""

import hashlib
import json
import re
import sqlite3

import pytest

from sygra_eval.cli import main
from sygra_eval.engine import RunOptions, run_suite
from tests.engine.conftest import FAST_PLUGIN, fast_suite

QUESTIONS = ["fine", "says-fail one", "says-fail two", "says-error"]


@pytest.fixture
async def folder(tmp_path):
    suite = fast_suite(tmp_path / "suite", QUESTIONS)
    options = RunOptions(out=tmp_path / "out", plugins=(str(FAST_PLUGIN),))
    return (await run_suite(suite, options)).folder


@pytest.fixture
def report(folder, capfd):
    def ask(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["report", str(folder), *arguments])
        printed = capfd.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return ask


def test_every_view_is_shown_and_nothing_in_the_folder_changes(report, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    for name in ("terminal", "markdown", "json", "html", "card"):
        code, out, err = report("--as", name)
        assert (code, err) == (0, "")
        assert "small" in out

    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_what_decides_stands_first_and_full_has_every_table(report):
    _, short, _ = report()
    _, full, _ = report("--full")

    assert short.split("\n\n")[1].startswith("exit ")
    assert "verified: 1 of 4 rows" in short
    assert "how far rows came" not in short
    assert "how far rows came" in full
    assert not re.search("\x1b", short + full)


def test_the_page_of_a_finished_run_is_the_one_that_its_journal_gives(report, folder):
    _, kept, _ = report()
    (folder / "report.json").write_text("{}")  # no longer what the manifest names

    _, made, _ = report()

    assert kept == made


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema_version": 2, "state": "finished"}'])
def test_a_report_that_is_not_ours_is_made_from_the_journal_though_its_manifest_names_it(
    report, folder, text
):
    _, ours, _ = report()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["report.json"]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "report.json").write_text(text)

    assert report() == (0, ours, "")


def test_a_view_goes_to_a_file_by_rename(report, tmp_path):
    code, out, _ = report("--as", "json", "--to", str(tmp_path / "r.json"))

    assert (code, out) == (0, "")
    assert json.loads((tmp_path / "r.json").read_text())["rows"]["value"] == 4
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


def test_each_view_of_a_run_that_goes_on_says_so_at_its_top(report, folder):
    with sqlite3.connect(folder / "journal.db") as journal:
        journal.execute("DELETE FROM event WHERE kind <> 'started'")
    (folder / "manifest.json").unlink()

    for name in ("terminal", "markdown", "card"):
        _, out, _ = report("--as", name)
        said = out.split("\n---\n", 1)[1] if name == "card" else out  # behind its header
        top = "\n".join(line for line in said.splitlines() if line)[:600]
        assert "running" in top, name
    _, out, _ = report("--as", "json")
    assert json.loads(out)["state"] == "running"


def test_from_a_figure_to_the_rows_behind_it(report):
    code, out, _ = report("--query", "outcomes", "--at", "outcome=rejected", "--json")

    found = json.loads(out)
    assert code == 0
    assert found["result"] == [{"outcome": "rejected", "value": 2}]
    assert [row["id"] for row in found["behind"]] == ["r1", "r2"]
    assert "SELECT outcome, count(*)" in found["sql"]


def test_a_query_is_shown_to_a_person_with_its_statement_and_its_first_rows(report):
    _, out, _ = report("--query", "outcomes", "--max-rows", "1")

    assert "SELECT outcome, count(*) AS value FROM rows GROUP BY outcome" in out
    assert "the first 1 rows behind it" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--query", "outcome"), "no query is called `outcome`: write `outcomes`"),
        (("--query", "outcomes", "--at", "topic=x"), "has no column `topic`"),
        (("--query", "outcomes", "--at", "topic"), "write COLUMN=VALUE"),
        (("--as", "jsn"), "no reporter is called `jsn`: write `json`"),
        (("--as", "json", "--to", "/nowhere/at/all"), "cannot be written"),
    ],
)
def test_what_cannot_be_shown_is_said(report, asked, said):
    code, _, err = report(*asked)

    assert code == 4
    assert said in err


def test_the_schema_of_a_report_is_printed(capsys):
    with pytest.raises(SystemExit):
        main(["schema", "report"])

    assert json.loads(capsys.readouterr().out)["$id"] == "urn:sygra-eval:schema:report:2"


@pytest.mark.parametrize("view", ["csv", "junit", "sarif"])
def test_a_view_that_lacks_a_damaged_row_is_not_written_in_silence(report, folder, view):
    with sqlite3.connect(folder / "journal.db") as journal:
        journal.execute("UPDATE outcome SET reason = 'altered' WHERE idx = 1")

    code, _, said = report("--as", view)

    assert code == 0
    assert said.startswith("note: 1 damaged row of the journal counts as absent: what it held")
