"""`pytest suites/x.yaml`: what is collected, what a row's item says, what options do."""

import json
import sys
import xml.etree.ElementTree as ET

import pytest

WITH_TESTS = {
    "candidate": {"code": "{code}", "entry_point": "{entry_point}"},
    "sandbox": None,
    "quality": {"validators": [{"use": "python_compiles"}, {"use": "unit_tests", "from": "tests"}]},
}
LOADED = """
import sys
from pathlib import Path

def pytest_unconfigure(config):
    Path("loaded").write_text(str("pandas" in sys.modules))
"""


@pytest.mark.slow
def test_each_row_is_an_item_and_a_rejected_one_says_what_show_says(project, told):
    suite = project.suite(
        [
            {
                "id": f"add {number}[x]::y",
                "code": f"def f(x):\n    return x + {number}\n",
                "entry_point": "f",
                "tests": ["assert f(1) == 2"],
            }
            for number in (1, 2)
        ],
        **WITH_TESTS,
    )

    project.pytester.makeconftest(LOADED)

    ran = project.run_apart(suite, "-v", "--junitxml=report.xml")

    assert (project.folder / "loaded").read_text() == "False"  # pandas, which takes 0.3 s
    one, two = "add_x201_x5Bx_x5D_x3A_x3Ay", "add_x202_x5Bx_x5D_x3A_x3Ay"
    assert told(ran) == {"PASSED": [one], "FAILED": [two]}
    assert ran.ret == 1
    (run,) = project.runs()
    ran.stdout.fnmatch_lines(
        [
            f"*s::default::{two}*",
            "add 2*: rejected, unit_tests: visible test 1 of 1 failed: `f(1)` gave 3,",
            "unit_tests[*]*fail*0.00*",
            "  test: assert f(1) == 2",
            "  input: f(1)",
            "  expected: 2",
            "  got: 3",
            f"sygra-eval show {run} 'add 2[[]x]::y'",
            "*= sygra_eval =*",
            "s: exit 1, 1 of 2 rows rejected",
            f"files     {run}",
            f"FAILED s.yaml::default::{two} - unit_tests: visible test 1 of 1*",
        ]
    )
    cases = ET.parse(project.folder / "report.xml").iter("testcase")  # noqa: S314 - our own
    found = {
        case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in cases
    }
    assert found == {
        one: {"sygra_outcome": "verified", "sygra_score": "1.0"},
        two: {"sygra_outcome": "rejected", "sygra_score": "0.0"},
    }


def test_k_and_m_and_deselect_choose_rows_and_only_those_are_run(project, rows, told):
    suite = project.suite(rows("pppppr"))

    by_word = project.run(suite, "-v", "-k", "(row/1 or row/2 or row/5) and quick and s")
    by_mark = project.run(suite, "-v", "-m", "not quick")
    without = project.run(
        suite, "-v", "-m", "quick and sygra", "--deselect", "s.yaml::default::row/5"
    )

    assert told(by_word) == {"PASSED": ["row/1", "row/2"], "FAILED": ["row/5"]}
    assert (by_mark.ret, told(by_mark)) == (5, {})
    assert (without.ret, told(without)) == (0, {"PASSED": [f"row/{n}" for n in range(5)]})
    chosen, others = project.runs()
    assert json.loads((chosen / "report.json").read_text())["rows"]["value"] == 3
    assert json.loads((others / "report.json").read_text())["rows"]["value"] == 5


def test_k_knows_the_tags_in_a_rows_own_column(project, rows, told):
    tags = iter(["", ["hard"], "hard one"])
    tagged = [{**row, "tags": next(tags)} for row in rows("ppp")]

    ran = project.run(project.suite(tagged), "-v", "-k", "hard and not one")

    assert told(ran) == {"PASSED": ["row/1"]}


def test_a_row_is_named_on_the_command_line_and_a_run_of_some_rows_is_resumed_as_it_was(
    project, rows, told
):
    suite = project.suite(rows("prppp"))
    names = [f"{suite}::default::row/{number}" for number in (1, 2, 4)]

    ran = project.run("-v", "-x", *names)

    assert told(ran) == {"FAILED": ["row/1"]}
    (run,) = project.runs()
    resumed = project.pytester.run(sys.executable, "-m", "sygra_eval", "resume", run, "--json")
    line = json.loads(resumed.outlines[-1])
    assert (line["rows"], line["verified"], line["rejected"]) == (3, 2, 1)


def test_last_failed_and_failed_first_and_stepwise_find_the_rows_again(project, rows, told):
    suite = project.suite(rows("prpr"))

    first = project.run(suite, "-v")
    last_failed = project.run(suite, "-v", "--lf")
    failed_first = project.run(suite, "-v", "--ff")
    step = project.run(suite, "-v", "--sw")
    (project.folder / "s.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows("pppr")))
    next_step = project.run(suite, "-v", "--sw")

    assert told(first) == {"PASSED": ["row/0", "row/2"], "FAILED": ["row/1", "row/3"]}
    assert told(last_failed) == {"FAILED": ["row/1", "row/3"]}
    order = [line.split("::")[2].split()[0] for line in failed_first.outlines if "%]" in line]
    assert order == ["row/1", "row/3", "row/0", "row/2"]
    assert told(step) == {"PASSED": ["row/0"], "FAILED": ["row/1"]}
    assert told(next_step) == {"PASSED": ["row/1", "row/2"], "FAILED": ["row/3"]}


def test_rejected_rows_may_be_reported_and_not_fail_the_session(project, rows, told):
    suite = project.suite(rows("prp"))

    ran = project.run(suite, "-v", "-x", "-o", "sygra_rows=report")
    again = project.run(suite, "-v", "-o", "sygra_rows=report", "--lf")

    assert told(ran) == {"PASSED": ["row/0", "row/2"], "XFAIL": ["row/1"]}
    assert (ran.ret, again.ret) == (0, 0)
    assert project.last_failed() == {"s.yaml::default::row/1"}
    assert told(again) == {"XFAIL": ["row/1"]}


def test_each_variant_of_a_matrix_and_each_repeat_is_run(project, rows, told):
    suite = project.suite(
        rows("pr"),
        suite={"name": "s", "repeat": 2},
        matrix={"most": [4, 40]},
        quality={"validators": [{"use": "length", "max": "${matrix.most}"}]},
    )

    ran = project.run(suite, "-v")

    ran.assert_outcomes(passed=6, failed=2)
    failed = [line.split()[0] for line in ran.outlines if "::" in line and " FAILED " in line]
    assert failed == [f"s.yaml::most=4::row/1_x3A_x3Ar{number}" for number in (1, 2)]
    assert len(project.runs()) == 2


def test_with_tb_line_a_rejected_row_and_a_failed_gate_are_a_line_that_can_be_read(project, rows):
    quality = {
        "validators": [{"use": "length", "max": 4}],
        "gates": [{"metric": "verified_rate", "value": ">=0.9"}],
    }

    ran = project.run(project.suite(rows("pr"), quality=quality), "--tb=line")

    ran.stdout.fnmatch_lines(
        [
            "s.yaml::default::row/1: length: too long: 8 characters, at most 4 allowed",
            "s.yaml::default::gates::0::verified_rate: gate failed: *",
        ]
    )


def test_without_pytests_cache_nothing_is_missing(project, rows):
    suite = project.suite(rows("pr"))

    ran = project.run(suite, "-p", "no:cacheprovider", "-o", "sygra_rows=report")

    ran.assert_outcomes(passed=1, xfailed=1)


def test_a_row_that_cannot_be_judged_is_an_error_and_an_unjudged_one_says_so(project, rows):
    bad = project.suite([*rows("p"), {"id": "row/0", "said": "ok"}], name="bad")
    sampler = {"node_type": "weighted_sampler", "attributes": {"shade": {"values": ["red"]}}}
    edges = [{"from": "START", "to": "draw"}, {"from": "draw", "to": "END"}]
    none = project.suite(
        rows("p"),
        name="none",
        quality=None,
        candidate=None,
        sandbox=None,
        graph_config={"nodes": {"draw": sampler}, "edges": edges},
    )

    ran = project.run(bad, "-rE")
    unjudged = project.run(none, "-v")

    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["ERROR bad.yaml::* - bad_input: the id `row/0` is taken by*"])
    unjudged.stdout.fnmatch_lines(["*::row/0 UNJUDGED*", "*1 unjudged*"])
    assert unjudged.ret == 0
