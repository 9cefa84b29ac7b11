from dataclasses import replace

from sygra_eval.report.flips import flips_between
from sygra_eval.values import Attempt, Status
from tests.report.html.conftest import FAILED, PASSED, verdict_of


def attempt_with(*verdicts):
    return Attempt(
        sample=0,
        answer="",
        code="pass",
        extraction="",
        evidence="",
        verdicts=verdicts,
        is_accepted=False,
        is_kept=True,
        diff="",
        tokens=0,
        latency_s=0.0,
    )


def test_what_failed_and_passes_now_is_named():
    assert flips_between(attempt_with(FAILED), attempt_with(PASSED)) == {
        "fixed": ["unit_tests: assert f(1) == 2", "unit_tests: assert f(2) == 3"]
    }


def test_what_passed_and_fails_now_is_named():
    assert flips_between(attempt_with(PASSED), attempt_with(FAILED)) == {
        "broken": ["unit_tests: assert f(1) == 2", "unit_tests: assert f(2) == 3"]
    }


def test_both_ways_at_once():
    before = attempt_with(verdict_of(Status.FAIL, "a", "b", passed=1))
    now = attempt_with(verdict_of(Status.FAIL, "b", "c", passed=1))

    assert flips_between(before, now) == {"fixed": ["unit_tests: a"], "broken": ["unit_tests: c"]}


def test_a_test_is_not_said_to_pass_where_not_all_that_fail_are_named():
    before = attempt_with(verdict_of(Status.FAIL, "a", passed=4, total=5))
    now = attempt_with(verdict_of(Status.FAIL, "b", "c", "d", passed=1, total=5))

    assert flips_between(before, now) == {"broken": [f"unit_tests: {name}" for name in "bcd"]}


def test_an_error_is_no_flip():
    error = replace(PASSED, status=Status.ERROR, score=None, evidence=None)

    assert flips_between(attempt_with(FAILED), attempt_with(error)) == {}
    assert flips_between(attempt_with(error), attempt_with(PASSED)) == {}


def test_a_validator_without_named_tests_is_named_itself():
    failed = replace(FAILED, evidence=None)

    assert flips_between(attempt_with(failed), attempt_with(PASSED)) == {"fixed": ["unit_tests"]}
