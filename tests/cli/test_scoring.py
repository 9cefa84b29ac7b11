"""Gates and `score` as they are called: exit codes, and what is printed where."""

import json
from pathlib import Path

import pytest
import yaml


@pytest.fixture
def gated(suite):
    """Write a suite with these gates."""

    def of(*gates, questions=("good", "bad")):
        path = suite("small", *questions)
        document = yaml.safe_load(Path(path).read_text())
        document["quality"]["gates"] = list(gates)
        Path(path).write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    return of


def test_each_end_of_a_gate_has_its_exit_code_and_the_last_line_says_the_same(run, gated):
    passed = run(gated({"metric": "verified_rate", "value": ">=50%"}), "--json")
    failed = run(gated({"metric": "verified_rate", "value": ">=51%"}), "--json")
    broken = run(gated({"metric": "liked_score", "value": ">=0.5"}), "--json")
    unreachable = run(gated({"metric": "verified_rate", "lower": ">=0.9"}))
    unknown = run(gated({"metric": "verified_rat", "value": ">=0.9"}))

    assert [one.code for one in (passed, failed, broken, unreachable, unknown)] == [0, 1, 7, 4, 4]
    for one in (passed, failed, broken):
        assert one.json[-1]["exit"] == one.code
    assert [one.json[-1]["gates"][0]["state"] for one in (passed, failed, broken)] == [
        "passed",
        "failed",
        "error",
    ]
    assert "error[gate-unreachable]" in unreachable.err
    assert "error[unknown-metric]" in unknown.err
    assert "write `verified_rate`" in unknown.err


def test_a_finished_run_repeats_its_gates_and_its_code(cli, run, gated):
    failed = run(gated({"metric": "verified_rate", "value": ">=51%"}), "--json").json[-1]

    again = cli("resume", failed["run"], "-p", "echo.py", "--unsafe-no-sandbox", "--json")

    assert again.code == 1
    assert again.json[-1]["gates"] == failed["gates"]
    assert again.json[-1]["exit_reason"] == failed["exit_reason"]


def test_score_prints_what_flipped_and_ends_as_the_new_run_does(cli, run, suite):
    path = suite("small", "good", "bad")
    first = run(path, "--json").json[-1]["run"]

    told = cli("score", first, "-p", "echo.py", "--unsafe-no-sandbox")
    line = json.loads(cli("score", first, "-p", "echo.py", "--unsafe-no-sandbox", "--json").out)

    assert told.code == 0
    assert "2 rows matched" in told.out
    assert (line["exit"], line["calls"], line["verified"], line["rejected"]) == (0, 0, 1, 1)
    assert line["run"] != first
    assert line["unsupported"] == []
    assert cli("score", "nowhere").code == 4


def test_rows_that_were_deselected_skip_gates_and_a_sample_keeps_them(run, gated):
    path = gated({"metric": "verified_rate", "value": ">=0.1"}, questions=["good"] * 6)

    some = run(path, "-k", "r0 or r1", "--json").json[-1]
    sample = run(path, "--sample", "3", "--json").json[-1]

    assert [gate["state"] for gate in some["gates"]] == ["skipped"]
    assert "-k" in some["gates"][0]["reason"]
    assert "gates: 1 skipped" in some["exit_reason"]
    assert [gate["state"] for gate in sample["gates"]] == ["passed"]


def test_a_gate_that_warns_ends_with_6_under_strict(run, gated):
    path = gated({"metric": "verified_rate", "value": ">=0.9", "severity": "warn"})

    usual, strict = run(path, "--json"), run(path, "--strict", "--json")

    assert (usual.code, strict.code) == (0, 6)
    assert strict.json[-1]["exit"] == 6
    assert strict.json[-1]["gates"][0]["state"] == "warned"
