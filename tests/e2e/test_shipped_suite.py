"""From the installed command to rows that load and pass their tests anywhere."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import HOPELESS, REPAIRED, ROWS, SUITE

RECHECK = Path(__file__).with_name("recheck.py")
LOAD = """
import json, sys, datasets
rows = datasets.load_dataset(sys.argv[1])["train"]
print(json.dumps([rows.num_rows, rows.column_names, rows[0]]))
"""


def recheck(*places: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-I", RECHECK, *places], capture_output=True, text=True, check=False
    )


def test_the_shipped_suite_is_fit_to_run(command):
    checked = command("check", SUITE)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "fit to run" in checked.stdout


def test_every_row_ends_as_its_answers_deserve(shipped):
    line = shipped.line
    assert shipped.ended.returncode == line["exit"] == 0, shipped.ended.stderr
    assert (line["rows"], line["rejected"], line["failed"]) == (ROWS, len(HOPELESS), 0)
    assert line["verified"] == ROWS - len(HOPELESS)
    assert f"[{ROWS}/{ROWS}]" in shipped.ended.stderr


def test_verified_rows_load_offline_as_the_closing_words_say(shipped, offline):
    command = [sys.executable, "-c", LOAD, str(shipped.folder)]
    loaded = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, env=offline, cwd=shipped.folder.parent, check=True
    )

    count, columns, first = json.loads(loaded.stdout.splitlines()[-1])
    (expected, *_) = shipped.rows("verified")
    assert count == shipped.line["verified"]
    assert columns == list(expected)
    assert first == expected


def test_every_verified_row_passes_its_tests_again_in_a_separate_script(shipped):
    checked = recheck(shipped.folder)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout == f"{shipped.line['verified']} rows\n"


def test_the_separate_script_notices_a_row_that_does_not_pass(shipped, tmp_path):
    rows = shipped.rows("verified")
    rows[0]["code"] = "raise SystemExit(0)\n"
    rows[1]["code"] = rows[1]["code"].replace("return", "return not", 1)
    spoilt = tmp_path / "verified.jsonl"
    spoilt.write_text("".join(json.dumps(row) + "\n" for row in rows))

    checked = recheck(spoilt)

    assert checked.returncode == 1
    assert checked.stdout.splitlines()[-1] == f"{len(rows)} rows, 2 do not pass"
    assert rows[0]["id"] in checked.stdout


def test_the_separate_script_takes_a_run_without_verified_rows(tmp_path):
    checked = recheck(tmp_path)

    assert (checked.returncode, checked.stdout) == (0, "0 rows\n")


def test_show_tells_how_a_refused_stop_became_a_verified_row(shipped, command, questions):
    row = questions[REPAIRED[0]]

    shown = command("show", shipped.folder, row["id"], "--json")

    told = json.loads(shown.stdout)
    first, last = told["rounds"]
    assert (told["outcome"], told["stop_reason"]) == ("verified", "sentinel")
    assert (first["sentinel"], first["accepted"]) == ("refused", False)
    assert "FAILED unit_tests" in first["evidence"]
    assert (last["sentinel"], last["accepted"]) == ("granted", True)
    assert last["code"].strip() == row["reference"].strip()
    assert {"candidate", "code", "evidence", "critique", "accepted"} <= set(first)
    assert len(first["attempts"]) == 4
    assert last["diff"]


def test_show_for_people_has_the_same_row(shipped, command, questions):
    shown = command("show", shipped.folder, questions[REPAIRED[0]]["id"])

    assert shown.returncode == 0
    assert "refused" in shown.stdout
    assert "round 2" in shown.stdout


def test_the_report_says_what_the_line_says(shipped):
    report = json.loads((shipped.folder / "report.json").read_text())
    text = (shipped.folder / "report.md").read_text()

    assert report["rows"]["value"] == shipped.line["rows"]
    assert "verified" in text
    assert str(shipped.line["calls"]) in text


def test_a_moved_run_folder_still_loads_and_is_still_shown(shipped, command, tmp_path, questions):
    moved = shutil.copytree(shipped.folder, tmp_path / "moved")

    shown = command("show", moved, questions[0]["id"], "--json")
    again = command("resume", moved, "--json")

    assert json.loads(shown.stdout)["id"] == questions[0]["id"]
    line = json.loads(again.stdout.splitlines()[-1])
    assert again.returncode == 0
    assert {**line, "run": ""} == {**shipped.line, "run": ""}


def test_the_run_folder_holds_what_the_design_names_and_nothing_else(shipped, command, questions):
    command("show", shipped.folder, questions[0]["id"])

    assert {path.name for path in shipped.folder.iterdir()} == {
        "verified.jsonl",
        "verified.parquet",
        "rejected.jsonl",
        "report.md",
        "report.json",
        "README.md",
        "journal.db",
        "suite.yaml",
        "manifest.json",
        "run.log",
    }
