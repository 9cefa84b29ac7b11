"""What verdicts come to, whatever their order; only required ones decide."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine import grade_of, outcome_of
from sygra_eval.engine.outcome import schema_mismatch
from sygra_eval.values import Evidence, Outcome, Status, TestCount, Trust, Verdict

STATUSES = st.sampled_from(Status)
WORST_FIRST = (Status.FAIL, Status.ERROR, Status.SKIP, Status.PASS)
OUTCOMES = {
    Status.FAIL: Outcome.REJECTED,
    Status.ERROR: Outcome.FAILED,
    Status.SKIP: Outcome.REJECTED,
    Status.PASS: Outcome.VERIFIED,
}


def verdict(
    status: Status, *, name: str = "v", is_required: bool = True, **tests: tuple[int, int]
) -> Verdict:
    counted = {group: TestCount(passed=p, total=t) for group, (p, t) in tests.items()}
    return Verdict(
        validator=name,
        status=status,
        reason=f"it says {status}",
        is_required=is_required,
        evidence=Evidence(tests=counted),
    )


VERDICTS = st.lists(st.tuples(STATUSES, st.booleans()), max_size=6).map(
    lambda drawn: [
        verdict(status, name=f"v{index}", is_required=is_required)
        for index, (status, is_required) in enumerate(drawn)
    ]
)


@given(VERDICTS)
def test_the_worst_required_verdict_decides(verdicts: Sequence[Verdict]):
    required = {verdict.status for verdict in verdicts if verdict.is_required}

    outcome, _ = outcome_of(verdicts)

    worst = next((status for status in WORST_FIRST if status in required), None)
    assert outcome is (Outcome.UNJUDGED if worst is None else OUTCOMES[worst])


@given(VERDICTS, st.randoms(use_true_random=False))
def test_the_order_of_verdicts_does_not_decide(verdicts, chance):
    shuffled = chance.sample(verdicts, len(verdicts))

    assert outcome_of(shuffled)[0] is outcome_of(verdicts)[0]
    assert grade_of(shuffled) == grade_of(verdicts)


@given(VERDICTS, STATUSES)
def test_a_verdict_that_is_not_required_changes_no_outcome(verdicts, status):
    more = [*verdicts, verdict(status, name="more", is_required=False)]

    assert outcome_of(more) == outcome_of(verdicts)


@given(VERDICTS)
def test_the_reason_names_the_first_validator_that_decided(verdicts):
    outcome, reason = outcome_of(verdicts)

    required = [verdict for verdict in verdicts if verdict.is_required]
    if outcome in (Outcome.REJECTED, Outcome.FAILED):
        worst = min((verdict.status for verdict in required), key=WORST_FIRST.index)
        first = next(verdict for verdict in required if verdict.status is worst)
        assert reason.endswith(f"{first.validator}: it says {worst}")


def test_a_skip_is_rejected_as_not_applicable_and_an_error_names_its_kind():
    assert outcome_of([verdict(Status.SKIP)])[1] == "not applicable: v: it says skip"
    assert outcome_of([verdict(Status.ERROR)])[1] == "validator error: v: it says error"


@pytest.mark.parametrize(
    ("groups", "grade"),
    [
        ({}, "none"),
        ({"visible": (2, 2)}, "tests"),
        ({"hidden": (2, 2)}, "tests + hidden"),
        ({"visible": (1, 1), "hidden": (3, 3)}, "tests + hidden"),
        ({"visible": (1, 1), "hidden": (0, 0)}, "tests"),
        ({"hidden": (1, 1), "differential": (40, 40)}, "differential"),
    ],
)
def test_the_grade_is_the_strongest_evidence_that_passed(groups, grade):
    assert grade_of([verdict(Status.PASS), verdict(Status.PASS, **groups)]) == grade


STRONGEST = "properties + differential + mutation + stable"


def measuring(name: str, status: Status = Status.PASS, **measures: float) -> Verdict:
    return replace(verdict(status, name=name), evidence=Evidence(measures=measures))


def all_four(**changes: Verdict) -> list[Verdict]:
    """One passing verdict of each kind that the strongest grade needs, some put in their place."""
    kinds = {
        "properties": verdict(Status.PASS, name="properties", properties=(100, 100)),
        "differential": verdict(Status.PASS, name="differential", differential=(40, 40)),
        "mutation": measuring("mutation", mutation_score=0.9),
        "stable": measuring("stable", stable_runs=3.0),
    }
    return list({**kinds, **changes}.values())


def test_a_row_that_passed_all_four_has_the_strongest_grade():
    assert grade_of(all_four()) == STRONGEST
    assert outcome_of(all_four(), least_grade=STRONGEST)[0] is Outcome.VERIFIED


@pytest.mark.parametrize("kind", ["properties", "differential", "mutation", "stable"])
def test_three_of_the_four_are_not_the_strongest_grade(kind):
    skipped = verdict(Status.SKIP, name=kind)

    grade = grade_of(all_four(**{kind: skipped}))

    assert grade == ("tests" if kind == "differential" else "differential")


@pytest.mark.parametrize(
    ("measures", "grade"),
    [
        ({"mutation_score": 0.8}, STRONGEST),
        ({"mutation_score": 0.79}, "differential"),
        ({"mutation_score": 0.7, "mutation_min_score": 0.7}, STRONGEST),
        ({"mutation_score": 0.85, "mutation_min_score": 0.8}, STRONGEST),
        ({}, "differential"),
    ],
)
def test_the_strongest_grade_needs_the_score_that_the_suite_asks_for_or_else_0_8(measures, grade):
    assert grade_of(all_four(mutation=measuring("mutation", **measures))) == grade


@given(STATUSES.filter(lambda status: status is not Status.PASS))
def test_evidence_that_did_not_pass_gives_no_grade(status):
    assert grade_of([verdict(status, hidden=(1, 2))]) == "none"


def test_all_passed_with_less_evidence_than_the_suite_asks_for_is_rejected():
    verdicts = [verdict(Status.PASS, visible=(2, 2))]

    outcome, reason = outcome_of(verdicts, least_grade="tests + hidden")

    assert outcome is Outcome.REJECTED
    assert reason == "grade: `tests`, the suite asks for `tests + hidden`"
    assert outcome_of(verdicts, least_grade="tests")[0] is Outcome.VERIFIED


def cooperative(*, is_accepted: bool = False, **tests: tuple[int, int]) -> Verdict:
    return replace(
        verdict(Status.PASS, name="unit_tests", **tests),
        trust=Trust.COOPERATIVE,
        is_accepted_cooperative=is_accepted,
    )


@pytest.mark.parametrize("tests", [{"visible": (2, 2)}, {}])
def test_a_cooperative_verdict_alone_does_not_verify_a_row(tests):
    outcome, reason = outcome_of([verdict(Status.PASS, name="compiles"), cooperative(**tests)])

    assert outcome is Outcome.REJECTED
    assert reason == (
        "cooperative: the tests of `unit_tests` ran in the candidate's own process; "
        "say accept_cooperative: true"
    )


def test_a_cooperative_verdict_that_the_suite_accepts_verifies_a_row():
    verdicts = [cooperative(is_accepted=True, visible=(2, 2))]

    assert outcome_of(verdicts)[0] is Outcome.VERIFIED


def test_a_cooperative_verdict_beside_a_separate_one_with_tests_verifies_a_row():
    verdicts = [
        cooperative(visible=(2, 2)),
        verdict(Status.PASS, name="differential", differential=(40, 40)),
    ]

    assert outcome_of(verdicts)[0] is Outcome.VERIFIED


def test_a_cooperative_verdict_that_is_not_required_is_not_asked():
    verdicts = [
        replace(cooperative(visible=(1, 1)), is_required=False),
        verdict(Status.PASS, visible=(1, 1)),
    ]

    assert outcome_of(verdicts)[0] is Outcome.VERIFIED


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"n": 3, "row": {}}, None),
        ({"n": True, "row": {}}, "schema: `n` is bool, the suite asks for int"),
        ({"n": 3, "row": []}, "schema: `row` is list, the suite asks for dict"),
        ({"n": 3, "row": None}, "schema: `row` has no value, the suite asks for dict"),
        ({"row": {}}, "schema: `n` has no value, the suite asks for int"),
    ],
)
def test_what_is_of_another_type_than_the_schema_is_named_and_so_is_what_is_not_there(state, said):
    assert schema_mismatch({"n": "int", "row": "dict"}, state) == said
