"""A suite that is one item, and each row that falls out beside it."""

import xml.etree.ElementTree as ET

import pytest

from sygra_eval.pytest_plugin import collecting


def test_a_suite_of_many_rows_is_one_item_and_its_fallen_rows_have_reports(
    project, rows, monkeypatch, told
):
    suite = project.suite(rows("prprp"))
    monkeypatch.setattr(collecting, "MOST_ITEMS", 4)

    ran = project.run(suite, "-v", "--junitxml=report.xml")
    again = project.run(suite, "--lf", "-o", "sygra_rows=report")

    ran.assert_outcomes(failed=3)
    assert told(ran)["FAILED"] == ["row/1", "row/3", "rows"]
    ran.stdout.fnmatch_lines(
        ["*100%]", "*too long: 8 characters*", "rows that fell out: 2 rejected"]
    )
    names = [one.get("name") for one in ET.parse(project.folder / "report.xml").iter("testcase")]  # noqa: S314 - ours
    assert sorted(names) == ["row/1", "row/3", "rows"]
    again.assert_outcomes(passed=1, xfailed=2)
    again.stdout.fnmatch_lines(["0 of 2 rows are verified*"])


def test_one_item_ends_with_the_first_failure_where_that_is_asked(project, rows):
    suite = project.suite(rows("r" * 200))

    ran = project.run(suite, "-x", "-o", "sygra_items=suite")

    assert ran.parseoutcomes()["failed"] == 2  # the row and the suite


def test_a_suite_that_cannot_run_is_an_error_with_the_reason(project, rows):
    suite = project.suite(rows("p"), models={"author": {"use": "replay", "run": "nowhere"}})

    for size in ("rows", "suite"):
        ran = project.run(suite, "-o", f"sygra_items={size}")

        assert ran.ret in (1, 2)
        ran.stdout.fnmatch_lines(["*nowhere*"])


@pytest.mark.parametrize("name", ["sygra_rows", "sygra_items"])
def test_a_misspelt_setting_is_refused(project, rows, name):
    ran = project.run("-o", f"{name}=raport")

    assert ran.ret == 4
    ran.stderr.fnmatch_lines([f"*{name} = raport: it is one of *"])
