"""`runs list`, `rm` and `gc`: nothing that is not ours, or goes on, is ever removed."""

import json
from pathlib import Path

import pytest

from sygra_eval.journal import RunLock
from sygra_eval.values import Outcome, RecordEnd
from tests.report.handmade import handmade_run

LONG = "x" * 70_000


def end(number, text="fine"):
    return RecordEnd(
        row_id=f"r{number}",
        index=number,
        outcome=Outcome.VERIFIED if number else Outcome.REJECTED,
        reason="as it is",
        data={"id": f"r{number}", "answer": text, "grade": "none"},
    )


@pytest.fixture
def made(cli) -> Path:
    """A run of four rows, one of them with a long text beside the journal."""
    del cli
    folder = Path("reports/small/one").absolute()
    handmade_run(folder, [end(n, LONG if n == 1 else "fine") for n in range(4)])
    return folder


def everything_in(folder):
    return {path.relative_to(folder): path.lstat().st_size for path in folder.rglob("*")}


def test_runs_are_listed_with_rate_cost_and_size(cli, made):
    text, (line,) = cli("runs", "list"), cli("runs", "list", "--json").json

    assert "small/one" in text.out
    assert "3 of 4, 75.0 %" in text.out
    assert max(map(len, text.out.splitlines())) <= 80
    (known,) = line["runs"]
    assert (known["state"], known["verified"], known["verified_rate"]) == ("finished", 3, 0.75)
    assert known["bytes"] == sum(p.stat().st_size for p in made.rglob("*") if p.is_file())
    assert known["cost"] == 0
    assert cli("runs").out == text.out


def test_a_run_is_removed_when_that_is_said(cli, made):
    asked = cli("runs", "rm", "small/one")
    said = cli("runs", "rm", "small/one", "--yes", "--json")

    assert (asked.code, "say --yes" in asked.err) == (4, True)
    assert said.json[0]["removed"] == [str(made)]
    assert said.json[0]["bytes"] > 70_000
    assert (made.exists(), made.parent.exists()) == (False, True)


def test_a_run_that_goes_on_is_not_removed(cli, made):
    before = everything_in(made)
    with RunLock(made):
        ran = cli("runs", "rm", str(made), "--yes")

    assert ran.code == 4
    assert "the run still goes on" in ran.err
    assert everything_in(made) == before


def test_nothing_is_removed_where_one_of_several_is_refused(cli, made):
    (made.parent / "two").mkdir()
    (made.parent / "two" / "journal.db").write_text("no journal")

    ran = cli("runs", "rm", "small/one", "small/two", "--yes")

    assert ran.code == 4
    assert "journal cannot be read" in ran.err
    assert made.exists()


def test_a_folder_with_files_of_somebody_else_is_not_removed(cli, made):
    (made / "thesis.tex").write_text("years of work")

    ran = cli("runs", "rm", "small/one", "--yes")

    assert ran.code == 4
    assert "also holds what no run writes: thesis.tex" in ran.err
    assert (made / "thesis.tex").exists()


def test_views_that_the_suite_asked_for_are_removed_with_the_run(cli, made):
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["files"]["rows.csv"] = {"bytes": 3, "sha256": "0" * 64}
    (made / "manifest.json").write_text(json.dumps(manifest))
    (made / "rows.csv").write_text("id\n")

    ran = cli("runs", "rm", "small/one", "--yes")

    assert (ran.code, made.exists()) == (0, False)


def test_no_link_is_followed_out_of_the_folder(cli, made):
    outside = Path("outside").absolute()
    outside.mkdir()
    (outside / "kept").write_text("mine")
    Path("reports/small/link").symlink_to(made)

    by_link = cli("runs", "rm", "small/link", "--yes")
    (made / "blobs" / "out").symlink_to(outside)
    inside = cli("runs", "rm", "small/one", "--yes")

    assert (by_link.code, "is a link" in by_link.err) == (4, True)
    assert inside.code == 0
    assert (outside / "kept").read_text() == "mine"


@pytest.mark.parametrize("name", ["blobs", "verified", "parts"])
def test_a_link_in_the_place_of_a_folder_of_ours_is_refused(cli, made, name):
    if (made / name).is_dir():
        (made / name).rename(made.parent / "elsewhere")
    (made / name).symlink_to(made.parent)

    ran = cli("runs", "rm", "small/one", "--yes")

    assert ran.code == 4
    assert made.exists()


def test_what_is_no_run_is_refused(cli):
    Path("data").mkdir()
    Path("data/verified.jsonl").write_text("{}\n")

    ran = cli("runs", "rm", "data", "--yes")

    assert (ran.code, Path("data").exists()) == (4, True)
    assert "is not a run" in ran.err


# gc


@pytest.fixture
def littered(made) -> dict[str, Path]:
    """What a kill leaves: files that were not finished, a text whose row was never written."""
    files = {
        "half a report": made / "report.md.tmp",
        "half a data file": made / ".verified.jsonl.tmp",
        "half a text": made / "blobs" / f"{'a' * 64}.77.tmp",
        "a text without a row": made / "blobs" / ("b" * 64),
    }
    for path in files.values():
        path.write_text("left")
    return files


def test_what_a_kill_left_is_removed_and_named_and_all_else_stays(cli, made, littered):
    mine = made / "blobs" / "notes.txt"
    mine.write_text("mine")
    kept = everything_in(made).keys() - {path.relative_to(made) for path in littered.values()}

    looked = cli("runs", "gc", "--dry-run", "--json").json[0]
    there = [path.exists() for path in littered.values()]
    ran = cli("runs", "gc")

    assert {one["path"] for one in looked["found"]} == {str(path) for path in littered.values()}
    assert (looked["removed"], there) == ([], [True] * 4)
    assert ran.out.endswith("4 files, 16 bytes\n")
    assert f"removed blobs/{'b' * 64}: a text that no row of the journal names" in ran.out
    assert everything_in(made).keys() == kept
    assert cli("show", str(made), "r1", "--json").json[0]["outcome"] == "verified"
    assert cli("runs", "gc", "--json").json[0]["removed"] == []


def test_gc_leaves_a_run_that_goes_on_alone(cli, made, littered):
    with RunLock(made):
        (line,) = cli("runs", "gc", "--json").json

    assert line["removed"] == []
    assert "another process is at work" in line["left_alone"][0]["why"]
    assert all(path.exists() for path in littered.values())


def test_gc_keeps_texts_where_another_journal_may_name_them(cli, made, littered):
    (made / "journal.damaged-1.db").write_bytes(b"kept by a repair")

    removed = {one["path"] for one in cli("runs", "gc", "--json").json[0]["removed"]}

    assert str(littered["a text without a row"]) not in removed
    assert str(littered["half a text"]) in removed


def test_gc_does_not_follow_links(cli, made):
    outside = Path("outside").absolute()
    outside.mkdir()
    (outside / "report.md.tmp").write_text("mine")
    (made / "rejected").symlink_to(outside)

    assert cli("runs", "gc", "--json").json[0]["removed"] == []
    assert json.loads(cli("runs", "--json").out)["runs"][0]["state"] == "finished"
    assert (outside / "report.md.tmp").exists()
