"""What author and critic are told: within its budget, the useful first, never a hidden test."""

from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.nodes import evidence_text
from sygra_eval.values import Evidence, FailingCase, Status, TestCount, Verdict

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
CASE = st.builds(FailingCase, test=TEXT, input=TEXT, expected=TEXT, got=TEXT, traceback=TEXT)
GROUPS = st.dictionaries(
    st.sampled_from(["visible", "properties"]),
    st.builds(TestCount, passed=st.just(0), total=st.just(2)),
)
EVIDENCE = st.builds(
    Evidence,
    failing=st.none() | CASE,
    further=st.lists(CASE, max_size=4).map(tuple),
    tests=GROUPS,
)
VERDICTS = st.lists(
    st.builds(
        Verdict,
        validator=st.text("abc_", min_size=1, max_size=8),
        status=st.sampled_from(Status),
        reason=TEXT,
        evidence=st.none() | EVIDENCE,
    ),
    max_size=5,
)
FIRST = FailingCase(
    test="assert f([]) == 0",
    input="f([])",
    expected="0",
    got="None",
    traceback="answer.py, line 2, in f: return\nTypeError: no",
)


def failed(reason="1 of 3 visible tests passed", **evidence):
    tests = evidence.pop("tests", {"visible": TestCount(passed=1, total=3)})
    return Verdict(
        validator="unit_tests",
        status=Status.FAIL,
        reason=reason,
        evidence=Evidence(tests=tests, **evidence),
    )


def further(number, size=1):
    return FailingCase(test="t", input=f"f({number})", expected="e" * size, got="g")


@given(VERDICTS, st.integers(200, 800))
def test_the_text_keeps_to_its_budget(verdicts, most):
    assert len(evidence_text(verdicts, most)) <= most


@given(VERDICTS, st.integers(200, 2000))
def test_a_larger_budget_never_tells_less(verdicts, most):
    assert len(evidence_text(verdicts, most)) <= len(evidence_text(verdicts, 100_000))


@given(VERDICTS)
def test_what_fits_is_told_whole(verdicts):
    whole = evidence_text(verdicts, 100_000)

    assert evidence_text(verdicts, max(200, len(whole))) == whole


def test_a_failing_test_is_told_with_its_input_and_the_next_two_in_short():
    verdict = failed(failing=FIRST, further=tuple(further(number) for number in range(4)))

    assert evidence_text([verdict]).splitlines() == [
        "FAILED unit_tests: 1 of 3 visible tests passed",
        "  test: assert f([]) == 0",
        "  input: f([])",
        "  expected: 0",
        "  got: None",
        "  TypeError: no",
        "  also: input f(0), expected e, got g",
        "  also: input f(1), expected e, got g",
    ]


def test_a_case_without_values_is_told_by_its_test_and_what_was_raised():
    only = FailingCase(test="check(f)", traceback="ValueError: bad")

    told = evidence_text([failed(failing=FIRST, further=(only,))])

    assert told.endswith("\n  also: test check(f), got ValueError: bad")


def test_reason_counterexample_and_last_traceback_line_outlive_everything_else():
    long = FailingCase(**{**{f: getattr(FIRST, f) for f in FIRST.__slots__}, "test": "x" * 150})
    passing = Verdict(validator="python_compiles", status=Status.PASS, reason="ok")
    verdicts = [passing, failed(failing=long, further=(further(1, 150), further(2, 150)))]

    told = evidence_text(verdicts, 200).splitlines()

    assert told == [
        "PASSED python_compiles",
        "FAILED unit_tests: 1 of 3 visible tests passed",
        "  input: f([])",
        "  expected: 0",
        "  got: None",
        "  TypeError: no",
    ]


def test_a_reason_without_end_leaves_room_for_the_counterexample():
    told = evidence_text([failed("r" * 5000, failing=FIRST)], 200)

    assert "  input: f([])\n  expected: 0\n  got: None" in told
    assert told.startswith("FAILED unit_tests: rrr")
    assert "…" in told


@given(TEXT.filter(lambda text: len(text.strip()) > 3), CASE)
def test_of_a_verdict_on_hidden_tests_nothing_is_told_but_that_they_fail(reason, case):
    tests = {"hidden": TestCount(passed=0, total=1)}

    told = evidence_text([failed(reason, tests=tests, failing=case, further=(case,))])

    assert told == "FAILED unit_tests: tests that are not shown fail"
