"""The gates of a suite under pytest: an item for each, behind all rows."""

import json
import xml.etree.ElementTree as ET

import pytest

AT_LEAST_HALF = {"metric": "verified_rate", "value": ">=0.5"}
NEARLY_ALL = {"metric": "verified_rate", "value": ">=90%"}
REVERSED = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.reverse()
"""


@pytest.fixture
def gated(project, rows):
    """Write a suite over such rows with such gates."""

    def write(answers, *gates, name="s", **sections):
        quality = {"validators": [{"use": "length", "max": 4}], "gates": list(gates)}
        return project.suite(rows(answers), name=name, quality=quality, **sections)

    return write


def order(ran):
    return [line.split()[0].split("::", 2)[2] for line in ran.outlines if "%]" in line]


def test_a_gate_is_an_item_that_says_what_the_run_says_of_it(project, gated, told):
    suite = gated("pppr", AT_LEAST_HALF, NEARLY_ALL)

    ran = project.run(suite, "-v", "--junitxml=report.xml")

    assert told(ran)["PASSED"][-1] == "gates::0::verified_rate"
    assert told(ran)["FAILED"] == ["row/3", "gates::1::verified_rate"]
    (run,) = project.runs()
    (_, gate) = json.loads((run / "report.json").read_text())["gates"]
    figure = gate["figure"]
    assert (gate["state"], figure["n"]) == ("failed", 4)
    ran.stdout.fnmatch_lines(
        [
            "failed  verified_rate value >=90%: value 0.75 of 4 rows",
            f"  value 0.75, 95 % interval [[]{figure['lower']:.4g}, {figure['upper']:.4g}]",
            "  n_judged 4, n_error 0",
            "s: exit 1, gate failed: verified_rate value >=90%*",
            "FAILED s.yaml::default::gates::1::verified_rate - gate failed: verified_rate value*",
        ]
    )
    cases = ET.parse(project.folder / "report.xml").iter("testcase")  # noqa: S314 - our own
    states = [
        one.get("value")
        for case in cases
        for one in case.iter("property")
        if one.get("name") == "sygra_gate"
    ]
    assert states == ["passed", "failed"]


def test_with_reported_rows_the_gates_alone_decide(project, gated):
    passing = project.run(gated("pppr", AT_LEAST_HALF), "-o", "sygra_rows=report")
    failing = project.run(gated("pppr", NEARLY_ALL), "-o", "sygra_rows=report", "-x")

    passing.assert_outcomes(passed=4, xfailed=1)
    assert passing.ret == 0
    failing.assert_outcomes(passed=3, xfailed=1, failed=1)
    assert failing.ret == 1


@pytest.mark.parametrize("conftest", ["", REVERSED])
def test_gates_come_behind_all_rows_whoever_orders_them(project, gated, conftest):
    one, two = gated("pr", NEARLY_ALL, AT_LEAST_HALF, name="a"), gated("p", NEARLY_ALL, name="b")
    project.pytester.makeconftest(conftest)

    project.run(one, two)
    ran = project.run(one, two, "-v", "--ff")

    names = order(ran)
    assert sorted(names[:3]) == ["row/0", "row/0", "row/1"]
    assert sorted(names[3:]) == ["gates::0::verified_rate"] * 2 + ["gates::1::verified_rate"]


@pytest.mark.parametrize(
    "chosen", [["-k", "row/1 or row/2 or gates"], ["--deselect", "s.yaml::default::row/0"]]
)
def test_gates_are_skipped_where_rows_were_deselected(project, gated, chosen):
    # So few rows could not pass the first, which is no reason to refuse their run.
    suite = gated(
        "p" * 20,
        {"metric": "verified_rate", "lower": ">=0.8"},
        {**AT_LEAST_HALF, "partial": "allow"},
    )

    ran = project.run(suite, "-rs", *chosen)

    assert ran.parseoutcomes()["skipped"] == 1
    assert "failed" not in ran.parseoutcomes()
    ran.stdout.fnmatch_lines(["*pytest selected * of 20 rows"])


def test_last_failed_takes_the_gate_with_its_rows_and_skips_it(project, gated):
    suite = gated("prp", NEARLY_ALL)

    project.run(suite)
    assert project.last_failed() == {
        "s.yaml::default::row/1",
        "s.yaml::default::gates::0::verified_rate",
    }
    ran = project.run(suite, "--lf")

    ran.assert_outcomes(failed=1, skipped=1)


def test_a_session_that_stops_early_judges_no_gate(project, gated):
    suite = gated("r" + "p" * 99, NEARLY_ALL)  # more than the look-ahead

    ran = project.run(suite, "-x", "-p", "no:randomly")

    ran.assert_outcomes(failed=1)
    (run,) = project.runs()
    (gate,) = json.loads((run / "report.json").read_text())["gates"]
    assert (gate["state"], gate["reason"]) == ("skipped", "the run is not finished")


@pytest.mark.parametrize("chosen", [["-k", "gates"], []])
def test_gates_alone_are_skipped_and_nothing_is_run(project, gated, chosen):
    suite = gated("ppp", AT_LEAST_HALF)
    named = suite if chosen else f"{suite}::default::gates::0::verified_rate"

    ran = project.run(named, "-rs", *chosen)

    assert ran.parseoutcomes()["skipped"] == 1
    ran.stdout.fnmatch_lines(["*no row of the suite was run here"])
    assert project.runs() == []


def test_collect_only_lists_gates_and_runs_nothing(project, gated):
    suite = gated("p", {"distribution": "a[b]::c", "wanted": {"x": 1}, "max_tv": 0.1})
    row = {"id": "row/0", "said": "ok", "a[b]::c": "x"}
    suite.with_suffix(".jsonl").write_text(json.dumps(row))

    ran = project.run(suite, "--collect-only", "-q")

    assert ran.outlines[:2] == [
        "s.yaml::default::row/0",
        "s.yaml::default::gates::0::a_x5Bb_x5D_x3A_x3Ac",
    ]
    assert project.runs() == []


def test_a_gate_without_a_value_is_an_error(project, gated):
    suite = gated("pp", {"metric": "rounds", "value": "<=3"})

    ran = project.run(suite, "-rE")

    ran.assert_outcomes(passed=2, errors=1)
    assert ran.ret == 1
    ran.stdout.fnmatch_lines(
        ["s: exit 7, *", "ERROR s.yaml::default::gates::0::rounds - gate error: rounds value <=3*"]
    )


def test_a_gate_that_warns_passes_with_a_warning(project, gated):
    suite = gated("pppr", {**NEARLY_ALL, "severity": "warn"})

    ran = project.run(suite, "-W", "default", "-o", "sygra_rows=report")
    strict = project.run(suite, "-o", "sygra_rows=report")  # `-W error` as in our settings

    ran.assert_outcomes(passed=4, xfailed=1, warnings=1)
    assert ran.ret == 0
    strict.assert_outcomes(passed=3, xfailed=1, failed=1)
    ran.stdout.fnmatch_lines(["*GateWarning: *gate warned: verified_rate value >=90% (value 0.75*"])


def test_groups_are_parts_of_their_gate(project, gated):
    gate = {"metric": "verified_rate", "value": ">=0.9", "group_by": "said", "min_n": 1}

    ran = project.run(gated("pprr", gate), "-o", "sygra_rows=report")

    ran.assert_outcomes(passed=2, xfailed=2, failed=1)
    ran.stdout.fnmatch_lines(
        ["failed  verified_rate of too long value >=0.9*", "of its other groups: 1 passed"]
    )


def test_a_suite_that_is_one_item_has_gates_behind_it(project, gated):
    report = ["-o", "sygra_items=suite", "-o", "sygra_rows=report"]

    ran = project.run(gated("pppr", AT_LEAST_HALF, NEARLY_ALL), "-v", *report)
    alone = project.run(gated("p", AT_LEAST_HALF, name="t"), "-k", "gates", *report)

    ran.assert_outcomes(passed=2, xfailed=1, failed=1)
    assert order(ran)[-2:] == ["gates::0::verified_rate", "gates::1::verified_rate"]
    alone.assert_outcomes(skipped=1, deselected=1)


def test_gates_that_so_many_rows_cannot_pass_are_said_of_each_item(project, gated):
    ran = project.run(gated("pp", {"metric": "verified_rate", "lower": ">=0.95"}), "-rE")

    ran.assert_outcomes(errors=3)
    ran.stdout.fnmatch_lines(['quality.gates[[]0]: lower ">=0.95" cannot pass with 2 rows*'])


@pytest.mark.parametrize("size", ["rows", "suite"])
def test_under_xdist_a_gate_that_fails_is_not_lost(project, gated, size):
    pytest.importorskip("xdist")
    suite = gated("pppr", NEARLY_ALL)

    ran = project.run_apart(
        suite, "-n", "2", "-rs", "-o", f"sygra_items={size}", "-o", "sygra_rows=report"
    )

    assert ran.parseoutcomes()["skipped"] == 1
    assert ran.ret == (1 if size == "suite" else 0)
    if size == "rows":
        ran.stdout.fnmatch_lines(["*a worker of xdist runs a part of the rows*"])


def test_a_run_that_ends_with_7_by_a_gate_ends_pytest_with_1(project, gated):
    suite = gated("pr", {"metric": "rounds", "value": "<=3"})

    ran = project.run_apart(suite, "-o", "sygra_rows=report")

    assert ran.ret == 1
    ran.stdout.fnmatch_lines(["s: exit 7, incomplete: gate error: rounds *"])


def test_a_gate_does_not_wait_for_rows_that_nobody_waits_for(project, gated):
    project.pytester.makeconftest(
        """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if "row" in item.name:
        pytest.skip("not today")
"""
    )

    ran = project.run(gated("p" * 99, NEARLY_ALL), "-x")  # more than the look-ahead

    ran.assert_outcomes(passed=1, skipped=99)
