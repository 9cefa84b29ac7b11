"""pytest's exit codes over suites: a run's own 6 and 7, which pytest has no room for, become 1."""

import json

import pytest
import yaml

from tests.pytest_plugin.asking import asking

TOLD = """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    runs = session.config.pluginmanager.get_plugin("sygra_eval_outcomes").runs
    runs.append({"suite": "s", "exit": %d, "why": "so", "closing": "", "notes": []})
    return (yield)
"""
INTERRUPTED = """
def pytest_runtest_call(item):
    if item.name == "row/1":
        raise KeyboardInterrupt
"""


def exit_of(project):
    (run,) = project.runs()
    return json.loads((run / "report.json").read_text())["exit"]


@pytest.mark.parametrize(
    ("code", "ends"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)]
)
def test_what_a_run_came_to_fails_a_session_where_no_item_says_it(project, code, ends):
    project.pytester.makepyfile("def test_python(): pass")
    project.pytester.makeconftest(TOLD % code)

    ran = project.run()

    ran.stdout.fnmatch_lines([f"s: exit {code}, so"])
    assert ran.ret == ends  # 1 and 2 are what items, or pytest's own stop, have said


@pytest.mark.parametrize(("answers", "code"), [("pp", 0), ("pr", 1)])
def test_0_and_1_are_the_runs_own(project, rows, answers, code):
    ran = project.run(project.suite(rows(answers)))

    assert (ran.ret, exit_of(project)) == (code, code)


def test_7_by_rows_that_failed_is_1(project, rows):
    ran = project.run(project.suite([*rows("p"), {"id": "row/0", "said": "ok"}]))

    assert (ran.ret, exit_of(project)) == (1, 7)
    ran.assert_outcomes(passed=1, errors=1)


def test_7_by_a_budget_is_1_and_rows_that_were_not_reached_say_why(project, rows, endpoint):
    endpoint.answers_with(lambda body: "ok")
    suite = asking(project, rows, endpoint, "p" * 12, max_concurrency=1)
    named = {"name": "s", "budget": {"calls": 4}}
    suite.write_text(yaml.safe_dump(yaml.safe_load(suite.read_text()) | {"suite": named}))

    ran = project.run(suite, "-rE")

    assert (ran.ret, exit_of(project)) == (1, 7)
    assert {"passed", "errors"} <= ran.parseoutcomes().keys()
    ran.stdout.fnmatch_lines(["ERROR *row/11 - the run ended before this row: *budget*"])


def test_2_is_an_interrupt_and_the_run_can_be_resumed(project, rows):
    project.pytester.makeconftest(INTERRUPTED)
    suite = project.suite(rows("p" * 99))  # more than the look-ahead under --maxfail
    asked = [str(suite), "--maxfail=9"]

    ran = project.pytester.runpytest_inprocess(*asked, no_reraise_ctrlc=True)

    assert (ran.ret, exit_of(project)) == (2, 2)


def test_2_is_a_suite_that_is_not_fit_and_5_that_nothing_is_selected(project, rows):
    suite = project.suite(rows("p"))
    broken = project.suite(rows("p"), name="broken", qualty={})

    assert project.run(suite, "-k", "nowhere").ret == 5
    assert project.run(broken).ret == 2
    assert project.runs() == []
