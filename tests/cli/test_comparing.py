"""`compare` and `bless` as they are called: exit codes, and what is printed where."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def folder_of(run, suite):
    """Run a suite with these questions; return the run's folder."""

    def of(*questions):
        return run(suite("small", *questions), "--json").json[-1]["run"]

    return of


def test_runs_are_named_by_their_folder_or_by_suite_and_run(cli, folder_of):
    first, second = folder_of("good", "fine"), folder_of("good", "fine")

    same = cli("compare", first, "/".join(Path(second).parts[-2:]), "--fail-on-regression")
    markdown = cli("compare", first, second, "--as", "markdown")

    assert same.code == 0
    assert "2 rows matched" in same.out
    assert "no regression was shown" in same.out
    assert markdown.out.startswith("# Comparison\n")


def test_a_planted_regression_ends_with_1_and_the_line_says_so(cli, write):
    rows = [{"id": n, "ok": "pass"} for n in range(12)]
    write("a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    write("b.jsonl", "".join(f"{json.dumps({**row, 'ok': 'fail'})}\n" for row in rows))

    failed = cli("compare", "a.jsonl", "b.jsonl", "--fail-on-regression", "--json")
    told = cli("compare", "a.jsonl", "b.jsonl")
    back = cli("compare", "b.jsonl", "a.jsonl", "--fail-on-regression")

    said = json.loads(failed.out)
    assert (failed.code, said["exit"], said["regressions"]) == (1, 1, ["ok"])
    assert said["metrics"]["ok"]["verdict"] == "worse"
    assert len(said["metrics"]["ok"]["broken"]) == 12
    assert (told.code, back.code) == (0, 0)
    assert "regression: ok" in told.out
    assert "and 2 more broken" in told.out
    assert max(map(len, told.out.splitlines())) <= 80


def test_what_cannot_be_compared_ends_with_4_and_nothing_in_common_with_5(cli, write):
    write("a.jsonl", '{"id": 1, "ok": true}\n')
    write("b.jsonl", '{"id": 2, "ok": true}\n')

    assert cli("compare", "a.jsonl", "b.jsonl").code == 5
    assert cli("compare", "a.jsonl", "nowhere").code == 4
    assert cli("compare", "a.jsonl", "a.jsonl", "--metrics", "okay").code == 4
    none = cli("compare", "a.jsonl", "b.jsonl", "--json")
    assert json.loads(none.out)["exit"] == 5


def test_bless_writes_the_baseline_that_compare_reads(cli, folder_of):
    folder = folder_of("good", "bad")

    blessed = cli("bless", folder)
    again = cli("bless", folder, "--json")

    assert blessed.code == 0
    assert "baselines/small.json was written: 2 rows" in " ".join(blessed.out.split())
    assert json.loads(again.out)["is_same"] is True
    compared = cli("compare", "baselines/small.json", folder, "--json")
    assert json.loads(compared.out)["matched"] == 2
    assert cli("bless", "nowhere").code == 4


def test_several_are_compared_with_the_first_and_p_pays_for_each(cli, write):
    for name, bad in (("a", 0), ("b", 6), ("c", 0)):
        rows = [{"id": n, "ok": "fail" if n < bad else "pass"} for n in range(12)]
        write(f"{name}.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    three = ("a.jsonl", "b.jsonl", "c.jsonl")

    told = cli("compare", *three)
    failed = cli("compare", *three, "--fail-on-regression", "--json", "--all-rows")

    assert "b.jsonl against a.jsonl\n=====" in told.out
    assert "those of all 2 comparisons (Holm)" in " ".join(told.out.split())
    assert max(map(len, told.out.splitlines())) <= 80
    said = json.loads(failed.out)
    assert (failed.code, said["exit"], said["tests"]) == (1, 1, 2)
    b, c = (one["metrics"]["ok"] for one in said["comparisons"])
    assert (b["p_holm"], c["p_holm"]) == (2 * b["p"], 1)
    assert (len(b["both"]), b["failed_twice"], len(c["both"])) == (6, 0, 12)
    assert [one["exit"] for one in said["comparisons"]] == [1, 0]


def test_one_run_and_six_are_not_compared(cli, write):
    write("a.jsonl", '{"id": 1, "ok": true}\n')

    assert cli("compare", "a.jsonl").code == 4
    assert "2 to 5" in cli("compare", *["a.jsonl"] * 6).err
    assert cli("compare", "a.jsonl", "a.jsonl", "--all-rows").code == 4
