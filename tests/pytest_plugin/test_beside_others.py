"""What many have installed beside us: each does its own work, and takes nothing from the rows."""

import json

import pytest

TEST_AND_CODE = """
def add(a, b):
    return a + b

def test_add():
    assert add(1, 2) == 3
"""


AS_IT_IS = ("-W", "default")
"""`-p html` is taken for the module of the standard library, with a warning."""


def of_the_last_run(project):
    return json.loads((project.runs()[-1] / "report.json").read_text())


def test_coverage_is_measured_of_python_and_not_of_rows(project, rows):
    code = project.pytester.makepyfile(TEST_AND_CODE)
    suite = project.suite(rows("prp"))

    ran = project.run(suite, code, "-p", "pytest_cov", "--cov=.", "--cov-report=term")

    ran.assert_outcomes(passed=3, failed=1)
    ran.stdout.fnmatch_lines(["s: exit 1, 1 of 3 rows rejected", f"{code.name} * 100%"])


def test_shuffled_rows_are_each_run_once_and_gates_stay_behind_them(project, rows):
    gates = [{"metric": "verified_rate", "value": ">=0.5"}]
    quality = {"validators": [{"use": "length", "max": 4}], "gates": gates}
    suite = project.suite(rows("p" * 20), quality=quality)

    ran = project.run(suite, "-v", "-p", "randomly", "-p", "randomly", "-p", "no:cacheprovider")

    ran.assert_outcomes(passed=21)
    names = [line.split()[0].split("::", 2)[2] for line in ran.outlines if "%]" in line]
    assert names[-1] == "gates::0::verified_rate"
    assert names[:-1] != sorted(names[:-1], key=lambda name: int(name.partition("/")[2]))
    assert of_the_last_run(project)["rows"]["value"] == 20


@pytest.mark.parametrize("size", ["rows", "suite"])
def test_a_rerun_asks_again_for_an_outcome_and_gets_the_same(project, rows, size):
    suite = project.suite(rows("prp"))

    ran = project.run(
        suite, "-p", "rerunfailures", "--reruns", "2", "-o", f"sygra_items={size}", "-rR"
    )

    assert ran.ret == 1
    assert ran.parseoutcomes()["rerun"] == 2
    assert ran.parseoutcomes()["failed"] == (1 if size == "rows" else 2)
    assert of_the_last_run(project)["rows"]["value"] == 3
    assert len(project.runs()) == 1


def test_the_html_report_has_the_rows_and_what_is_said_of_them(project, rows):
    suite = project.suite(rows("pr"))

    project.run(suite, "-p", "metadata", "-p", "html", "--html=report.html", *AS_IT_IS)

    report = (project.folder / "report.html").read_text()
    assert "s.yaml::default::row/0" in report
    assert "too long: 8 characters" in report


@pytest.mark.slow
def test_all_of_them_with_xdist_at_once(project, rows):
    suite = project.suite(rows("prppr"))
    plugins = ("pytest_cov", "randomly", "rerunfailures", "metadata", "html", "xdist")
    named = [word for name in plugins for word in ("-p", name)]
    asked = ["--cov=.", "--reruns", "1", "--html=report.html", "-n", "2", "--junitxml=report.xml"]

    ran = project.run_apart(suite, *named, *asked, *AS_IT_IS)

    assert {"passed": 3, "failed": 2, "rerun": 2}.items() <= ran.parseoutcomes().items()
    assert ran.ret == 1
    rows_run = [
        json.loads((run / "report.json").read_text())["rows"]["value"] for run in project.runs()
    ]
    assert sum(rows_run) == 5
    assert (project.folder / "report.html").is_file()
