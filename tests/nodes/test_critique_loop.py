"""The loop's rules, against scripted critics: what stops it, what is kept, what is refused."""

from collections.abc import Callable

import pytest

from sygra_eval.values import Sentinel, Status, StopReason, Verdict

LOOP = {
    "draft": {"model": "author", "prompt": "{question}"},
    "critique": {"model": "critic", "prompt": "{candidate} {evidence}"},
    "revise": {"model": "author", "prompt": "{critique}"},
    "until": {"sentinel": "NO MORE FEEDBACK", "accepted_by": ["unit_tests"]},
    "max_rounds": 4,
}


def loop(**changes: object) -> dict[str, object]:
    return {key: value for key, value in {**LOOP, **changes}.items() if value is not None}


def verdict(*, passed: int, of: int = 2, name: str = "unit_tests") -> Verdict:
    status = Status.PASS if passed == of else Status.FAIL
    return Verdict(
        validator=name, status=status, reason=f"{passed} of {of} tests", score=passed / of
    )


def passing(*good: str) -> Callable[[str], list[Verdict]]:
    """Judge these answers right and all others wrong."""
    return lambda answer: [verdict(passed=2 if answer in good else 0)]


async def test_the_sentinel_stops_when_the_accepting_validators_pass(visit_node):
    answers = {"draft": ["good"], "critique": ["NO MORE FEEDBACK"]}

    visit = await visit_node(
        "critique_loop", config=loop(), answers=answers, judging=passing("good"), question="q"
    )

    assert visit.additions == {"answer": "good"}
    assert (visit.loop.stop_reason, visit.loop.rounds) == (StopReason.SENTINEL, 1)
    assert visit.rounds[0].sentinel is Sentinel.GRANTED


@pytest.mark.parametrize(
    "reply", ["no more feedback.", "  NO MORE FEEDBACK\n", "No more feedback!", "NO MORE FEEDBACK…"]
)
async def test_case_white_space_and_closing_punctuation_do_not_matter(visit_node, reply):
    answers = {"draft": ["good"], "critique": [reply]}

    visit = await visit_node(
        "critique_loop", config=loop(), answers=answers, judging=passing("good"), question="q"
    )

    assert visit.loop.stop_reason is StopReason.SENTINEL


@pytest.mark.parametrize(
    "reply",
    [
        "I cannot say NO MORE FEEDBACK yet.",
        "NO MORE FEEDBACK, but rename x.",
        "- no more feedback",
        '"NO MORE FEEDBACK" is what I would say if it were right',
        "",
    ],
)
async def test_a_sentinel_inside_a_longer_sentence_does_not_stop(visit_node, reply):
    answers = {"draft": ["good"], "critique": [reply], "revise": ["good 2", "good 3", "good 4"]}
    judging = passing("good", "good 2", "good 3", "good 4")

    visit = await visit_node(
        "critique_loop", config=loop(), answers=answers, judging=judging, question="q"
    )

    assert visit.loop.stop_reason is StopReason.MAX_ROUNDS
    assert all(finished.sentinel is Sentinel.ABSENT for finished in visit.rounds)


async def test_a_sentinel_with_failing_tests_is_refused_and_answered_with_the_evidence(visit_node):
    answers = {"draft": ["bad"], "critique": ["NO MORE FEEDBACK"], "revise": ["good"]}

    visit = await visit_node(
        "critique_loop", config=loop(), answers=answers, judging=passing("good"), question="q"
    )

    assert [finished.sentinel for finished in visit.rounds] == [Sentinel.REFUSED, Sentinel.GRANTED]
    assert visit.loop.sentinels_refused == 1
    revise = next(call for call in visit.asked if call.step == "revise")
    assert "FAILED unit_tests: 0 of 2 tests" in revise.messages[0].content
    assert visit.additions == {"answer": "good"}


async def test_without_accepting_validators_the_sentinel_alone_stops(visit_node):
    answers = {"draft": ["bad"], "critique": ["NO MORE FEEDBACK"]}

    visit = await visit_node(
        "critique_loop",
        config=loop(until={"sentinel": "NO MORE FEEDBACK"}),
        answers=answers,
        judging=passing(),
        question="q",
    )

    assert visit.loop.stop_reason is StopReason.SENTINEL


async def test_a_revision_that_breaks_what_passed_is_not_kept(visit_node):
    answers = {"draft": ["good"], "critique": ["rename x"], "revise": ["bad"]}

    visit = await visit_node(
        "critique_loop",
        config=loop(max_rounds=2),
        answers=answers,
        judging=passing("good"),
        question="q",
    )

    assert visit.additions == {"answer": "good"}
    assert visit.loop.kept_round == 1
    revision = visit.rounds[1].attempts[0]
    assert (revision.answer, revision.is_kept, revision.is_accepted) == ("bad", False, False)
    assert "-good\n+bad" in revision.diff


async def test_a_revision_whose_score_went_down_is_not_kept(visit_node):
    judging = {"half": [verdict(passed=1)], "none": [verdict(passed=0)]}.__getitem__
    answers = {"draft": ["half"], "critique": ["more"], "revise": ["none"]}

    visit = await visit_node(
        "critique_loop", config=loop(max_rounds=2), answers=answers, judging=judging, question="q"
    )

    assert visit.additions == {"answer": "half"}


async def test_a_revision_that_trades_one_passing_validator_for_another_is_not_kept(visit_node):
    judging = {
        "draft": [verdict(passed=2, name="unit_tests"), verdict(passed=0, name="lint")],
        "other": [verdict(passed=0, name="unit_tests"), verdict(passed=2, name="lint")],
    }.__getitem__
    answers = {"draft": ["draft"], "critique": ["lint it"], "revise": ["other"]}

    visit = await visit_node(
        "critique_loop", config=loop(max_rounds=2), answers=answers, judging=judging, question="q"
    )

    assert visit.additions == {"answer": "draft"}


async def test_a_revision_that_is_as_good_is_kept(visit_node):
    answers = {
        "draft": ["good"],
        "critique": ["rename x", "NO MORE FEEDBACK"],
        "revise": ["better"],
    }

    visit = await visit_node(
        "critique_loop",
        config=loop(),
        answers=answers,
        judging=passing("good", "better"),
        question="q",
    )

    assert visit.additions == {"answer": "better"}
    assert visit.loop.kept_round == 2


async def test_drafts_are_drawn_one_by_one_until_one_passes(visit_node):
    draft = {**LOOP["draft"], "samples": 4}
    answers = {"draft": ["bad", "good", "never drawn"], "critique": ["NO MORE FEEDBACK"]}

    visit = await visit_node(
        "critique_loop",
        config=loop(draft=draft),
        answers=answers,
        judging=passing("good"),
        question="q",
    )

    assert [call.sample for call in visit.asked if call.step == "draft"] == [0, 1]
    assert [attempt.is_kept for attempt in visit.rounds[0].attempts] == [False, True]
    assert (visit.loop.samples, visit.loop.rounds) == (2, 1)


async def test_when_no_draft_passes_the_best_one_is_kept_and_of_equals_the_first(visit_node):
    draft = {**LOOP["draft"], "samples": 3}
    judging = {
        "a": [verdict(passed=0)],
        "b": [verdict(passed=1)],
        "c": [verdict(passed=1)],
    }.__getitem__

    visit = await visit_node(
        "critique_loop",
        config=loop(draft=draft, max_rounds=1),
        answers={"draft": ["a", "b", "c"], "critique": ["go on"]},
        judging=judging,
        question="q",
    )

    assert visit.additions == {"answer": "b"}


@pytest.mark.parametrize("is_right", [True, False])
async def test_the_rounds_end_with_their_reason_whether_or_not_the_tests_pass(visit_node, is_right):
    replies = ["one", "two", "three"]
    judging = passing(*(replies if is_right else ()))

    visit = await visit_node(
        "critique_loop",
        config=loop(max_rounds=3),
        answers={"draft": ["one"], "critique": ["go on"], "revise": ["two", "three"]},
        judging=judging,
        question="q",
    )

    assert (visit.loop.stop_reason, visit.loop.rounds) == (StopReason.MAX_ROUNDS, 3)
    assert [call.step for call in visit.asked] == [
        "draft",
        "critique",
        "revise",
        "critique",
        "revise",
        "critique",
    ]


@pytest.mark.parametrize("is_right", [True, False])
async def test_a_revision_with_the_same_code_ends_the_loop(visit_node, is_right):
    judging = passing("same") if is_right else passing()

    visit = await visit_node(
        "critique_loop",
        config=loop(),
        answers={"draft": ["same"], "critique": ["go on"], "revise": ["same"]},
        judging=judging,
        question="q",
    )

    assert (visit.loop.stop_reason, visit.loop.rounds) == (StopReason.NO_CHANGE, 2)
    assert visit.additions == {"answer": "same"}


async def test_no_call_is_made_once_the_budget_is_spent(visit_node):
    visit = await visit_node(
        "critique_loop",
        config=loop(budget={"tokens": 25}),
        answers={"draft": ["a"], "critique": ["go on"], "revise": ["b"]},
        judging=passing(),
        question="q",
        tokens_per_call=10,
    )

    assert visit.loop.stop_reason is StopReason.BUDGET
    assert [call.step for call in visit.asked] == ["draft", "critique", "revise"]
    assert visit.loop.tokens == 30


async def test_the_budget_also_bounds_the_drafts(visit_node):
    draft = {**LOOP["draft"], "samples": 8}

    visit = await visit_node(
        "critique_loop",
        config=loop(draft=draft, budget={"tokens": 20}),
        answers={"draft": ["a", "b", "c"]},
        judging=passing(),
        question="q",
        tokens_per_call=10,
    )

    assert (visit.loop.samples, visit.loop.stop_reason) == (2, StopReason.BUDGET)


async def test_recorded_model_time_ends_the_loop_as_a_timeout(visit_node):
    visit = await visit_node(
        "critique_loop",
        config=loop(timeout=1.5),
        answers={"draft": ["a"], "critique": ["go on"], "revise": ["b"]},
        judging=passing(),
        question="q",
    )

    assert visit.loop.stop_reason is StopReason.TIMEOUT


async def test_without_a_sentinel_the_accepting_validators_end_it_and_no_critic_is_asked(
    visit_node,
):
    visit = await visit_node(
        "critique_loop",
        config=loop(until={"accepted_by": ["unit_tests"]}),
        answers={"draft": ["good"]},
        judging=passing("good"),
        question="q",
    )

    assert visit.loop.stop_reason is StopReason.ACCEPTED
    assert [call.step for call in visit.asked] == ["draft"]


async def test_without_a_critic_the_evidence_alone_drives_the_revision(visit_node):
    visit = await visit_node(
        "critique_loop",
        config=loop(critique=None, revise=None, until={"accepted_by": ["unit_tests"]}),
        answers={"draft": ["bad"], "revise": ["good"]},
        judging=passing("good"),
        question="q",
    )

    assert (visit.loop.stop_reason, visit.loop.rounds) == (StopReason.ACCEPTED, 2)
    revise = visit.asked[-1].messages
    assert [message.role for message in revise] == ["user", "assistant", "user"]
    assert revise[-1].content.count("FAILED unit_tests") == 1


async def test_every_round_records_candidate_evidence_critique_diff_and_cost(visit_node):
    visit = await visit_node(
        "critique_loop",
        config=loop(),
        answers={"draft": ["bad"], "critique": ["add one", "NO MORE FEEDBACK"], "revise": ["good"]},
        judging=passing("good"),
        question="q",
    )

    first, second = visit.rounds
    assert (first.number, first.critique, first.critique_tokens) == (1, "add one", 10)
    assert first.attempts[0].evidence == "FAILED unit_tests: 0 of 2 tests"
    assert (second.number, second.attempts[0].answer) == (2, "good")
    assert second.attempts[0].diff == "--- kept\n+++ revision\n@@ -1 +1 @@\n-bad\n+good"
    assert (second.attempts[0].tokens, second.attempts[0].latency_s) == (10, 1.0)
    assert second.attempts[0].evidence == "PASSED unit_tests"


async def test_an_error_of_a_validator_is_not_taken_for_acceptance(visit_node):
    broken = Verdict(validator="unit_tests", status=Status.ERROR, reason="sandbox is gone")

    visit = await visit_node(
        "critique_loop",
        config=loop(max_rounds=1),
        answers={"draft": ["a"], "critique": ["NO MORE FEEDBACK"]},
        judging=lambda _: [broken],
        question="q",
    )

    assert visit.rounds[0].sentinel is Sentinel.REFUSED
    assert visit.loop.stop_reason is StopReason.MAX_ROUNDS


CRITICS = {
    "never says it": ["- rename x"],
    "always says it": ["NO MORE FEEDBACK"],
    "says it in between": ["- rename x", "NO MORE FEEDBACK"],
}


@pytest.mark.parametrize("critique", CRITICS.values(), ids=CRITICS)
async def test_whatever_the_critic_says_a_right_draft_is_kept_and_a_wrong_one_is_not_accepted(
    visit_node, critique
):
    right = await visit_node(
        "critique_loop",
        config=loop(),
        answers={"draft": ["good"], "critique": critique, "revise": ["bad", "worse", "worst"]},
        judging=passing("good"),
        question="q",
    )
    wrong = await visit_node(
        "critique_loop",
        config=loop(),
        answers={"draft": ["bad"], "critique": critique, "revise": ["worse", "worst", "bad 4"]},
        judging=passing("good"),
        question="q",
    )

    assert right.additions == {"answer": "good"}
    assert wrong.loop.stop_reason is not StopReason.SENTINEL
    assert not any(
        attempt.is_accepted for finished in wrong.rounds for attempt in finished.attempts
    )


async def test_a_validator_that_is_skipped_in_the_loop_has_no_say_in_it_and_no_line(visit_node):
    skipped = Verdict(validator="mutation", status=Status.SKIP, reason="after the loop")
    answers = {"draft": ["good"], "critique": ["NO MORE FEEDBACK"]}

    visit = await visit_node(
        "critique_loop",
        config=loop(draft={**LOOP["draft"], "samples": 3}, until={"sentinel": "NO MORE FEEDBACK"}),
        answers=answers,
        judging=lambda answer: [verdict(passed=2), skipped],
        question="q",
    )

    (attempt,) = visit.rounds[0].attempts
    assert attempt.is_accepted
    assert attempt.evidence == "PASSED unit_tests"


async def test_where_all_are_skipped_nothing_is_accepted(visit_node):
    skipped = Verdict(validator="mutation", status=Status.SKIP, reason="after the loop")

    visit = await visit_node(
        "critique_loop",
        config=loop(until={"sentinel": "NO MORE FEEDBACK"}),
        answers={"draft": ["good"], "critique": ["NO MORE FEEDBACK"]},
        judging=lambda answer: [skipped],
        question="q",
    )

    assert not visit.rounds[0].attempts[0].is_accepted


def rate(k=5, **band):
    draft = {**LOOP["draft"], "samples": {"mode": "rate", "k": k, **band}}
    return loop(draft=draft, max_rounds=1, critique=None, until={"accepted_by": ["unit_tests"]})


async def drawn(visit_node, replies, config, judging=None):
    return await visit_node(
        "critique_loop",
        config=config,
        answers={"draft": replies},
        judging=judging or passing("good"),
        question="q",
    )


async def test_a_pass_rate_goes_on_drawing_when_a_draft_has_passed(visit_node):
    visit = await drawn(visit_node, ["bad", "good", "bad", "good", "bad"], rate())

    assert [call.sample for call in visit.asked] == [0, 1, 2, 3, 4]
    assert (visit.loop.rate.passed, visit.loop.rate.judged, visit.loop.samples) == (2, 5, 5)
    assert visit.additions == {"answer": "good"}
    assert visit.loop.stop_reason is StopReason.ACCEPTED
    (attempt,) = [attempt for attempt in visit.rounds[0].attempts if attempt.is_kept]
    assert attempt.sample == 1


async def test_drawing_ends_when_the_interval_has_left_the_band(visit_node):
    config = rate(k=40, band=[0.2, 0.8])

    always = await drawn(visit_node, ["good"], config)
    never = await drawn(visit_node, ["bad"], config)
    sometimes = await drawn(visit_node, ["good", "bad"] * 20, config)

    assert (always.loop.samples, never.loop.samples, sometimes.loop.samples) == (16, 16, 40)
    assert always.loop.rate.has_left_band
    assert never.loop.rate.has_left_band
    assert not sometimes.loop.rate.has_left_band


async def test_drafts_that_no_validator_judges_leave_the_rate_unknown(visit_node):
    skipped = Verdict(validator="unit_tests", status=Status.SKIP, reason="no visible tests")

    visit = await drawn(visit_node, ["bad"], rate(), judging=lambda answer: [skipped])

    assert (visit.loop.rate.passed, visit.loop.rate.judged) == (0, 0)


async def test_a_budget_ends_the_drawing_of_a_rate(visit_node):
    visit = await drawn(visit_node, ["bad"], {**rate(k=8), "budget": {"tokens": 25}})

    assert (visit.loop.samples, visit.loop.rate.judged) == (3, 3)


async def test_drafts_until_one_passes_have_no_rate(visit_node):
    draft = {**LOOP["draft"], "samples": 4}

    visit = await drawn(visit_node, ["bad", "good"], loop(draft=draft, max_rounds=1))

    assert visit.loop.rate is None
    assert visit.loop.samples == 2
