"""`verify`: a run's claims, or the error rates of validators; one line of JSON, one exit code."""

import json
from pathlib import Path

import pytest

ANSWER = {
    "task_id": "t",
    "prompt": "add one",
    "entry_point": "f",
    "test": ["assert f(1) == 2"],
    "reference": "def f(x):\n    return x + 1\n",
    "code": "def f(x):\n    return x + 1\n",
    "label": "right",
}
SUITE = """\
suite: {name: given}
data_config: {source: {type: disk, file_path: given.jsonl, id: task_id}}
candidate: {code: "{code}", entry_point: "{entry_point}"}
quality: {validators: [{use: unit_tests, from: test}]}
"""


@pytest.fixture
def given_run(cli, write):
    """A finished run of one row that exists."""
    write("given.jsonl", json.dumps(ANSWER) + "\n")
    write("given.yaml", SUITE)
    ran = cli("run", "given.yaml", "--json")
    assert ran.code == 0, ran.err
    return Path(ran.json[0]["run"])


def test_a_run_that_holds_ends_with_0(cli, given_run):
    ran = cli("verify", f"given/{given_run.name}", "--json")

    (line,) = ran.json
    assert (ran.code, line["exit"], line["re_executed"], line["changed"]) == (0, 0, 1, [])
    assert cli("verify", str(given_run)).out.endswith(
        "1 verified rows of 1 were judged again, and pass\nthe claims hold\n"
    )


def test_a_changed_file_ends_with_1_and_is_named(cli, given_run):
    with (given_run / "verified.jsonl").open("a") as file:
        file.write("\n")

    ran = cli("verify", str(given_run))

    assert (ran.code, ran.out.splitlines()[0]) == (1, "changed: verified.jsonl")
    assert cli("verify", str(given_run), "--json").json[0]["changed"] == ["verified.jsonl"]


def test_what_is_no_run_ends_with_4(cli):
    ran = cli("verify", "nothing", "--json")

    assert (ran.code, ran.json[0]["exit"]) == (4, 4)
    assert "nothing is not a run" in ran.err


def test_truth_prints_the_line_that_the_design_names(cli, write):
    wrong = {**ANSWER, "task_id": "w", "code": "def f(x):\n    return 2\n", "label": "wrong"}
    write("truth.jsonl", json.dumps(ANSWER) + "\n" + json.dumps(wrong) + "\n")

    ran = cli("verify", "--truth", "truth.jsonl", "--validators", "unit_tests", "--json")

    (line,) = ran.json
    assert ran.code == 0
    assert list(line) == [
        "right",
        "wrong",
        "false_accepts",
        "false_rejects",
        "errors",
        "intervals",
        "per_validator",
        "task_ids",
    ]
    assert [line[key] for key in list(line)[:5]] == [1, 1, 1, 0, 0]
    assert list(line["per_validator"]) == ["unit_tests"]
    assert line["task_ids"] == {"false_accepts": ["w"], "false_rejects": [], "errors": []}


def test_truth_for_a_person_is_a_table_of_80_columns(cli, write):
    write("truth.jsonl", json.dumps(ANSWER) + "\n{broken\n")

    ran = cli("verify", "--truth", "truth.jsonl")

    assert ran.code == 7
    assert "python_compiles" in ran.out
    assert "error: truth.jsonl:2: broken JSON" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [(), ("a", "--truth", "b")])
def test_either_a_run_or_a_truth_file_is_asked_for(cli, arguments):
    assert cli("verify", *arguments, "--json").json == [
        {"exit": 4, "error": "say either RUN or --truth FILE"}
    ]


def test_an_unknown_validator_is_a_usage_error_with_the_nearest(cli, write):
    write("truth.jsonl", json.dumps(ANSWER) + "\n")

    ran = cli("verify", "--truth", "truth.jsonl", "--validators", "unit_test,python_compiles")

    assert ran.code == 4
    assert "write `unit_tests`" in ran.err
