"""Of several candidates the one is kept that the validators judge best, and it is said why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.nodes.ranking import best_of, is_accepted, rank
from sygra_eval.values import BadAnswer, Candidate, Judgement, RoundKind, Status, Verdict

SAMPLED = {"model": "author", "prompt": "{question}", "samples": 3}


def verdict(status, *, name="tests", score=None, required=True):
    return Verdict(validator=name, status=status, reason="", score=score, is_required=required)


def judging(**verdicts):
    """Judge each answer by these."""
    return lambda answer: verdicts[answer]


PASSED, FAILED = verdict(Status.PASS, score=1.0), verdict(Status.FAIL, score=0.0)
LINT = {
    True: verdict(Status.PASS, name="lint", required=False),
    False: verdict(Status.FAIL, name="lint", required=False),
}


async def best_of_n(visit_node, answers, judging, **config):
    return await visit_node(
        "best_of_n",
        config={**SAMPLED, **config},
        answers={"": answers},
        judging=judging,
        question="q",
    )


@pytest.mark.parametrize(
    ("judged", "kept"),
    [
        ({"a": [FAILED], "b": [PASSED], "c": [FAILED]}, "b"),
        # What is required goes before how many others pass …
        ({"a": [FAILED, LINT[True]], "b": [PASSED, LINT[False]], "c": [FAILED]}, "b"),
        # … then the number that pass, then the scores, then who was first.
        ({"a": [PASSED, LINT[False]], "b": [PASSED, LINT[True]], "c": [PASSED]}, "b"),
        (
            {
                "a": [verdict(Status.FAIL, score=0.2)],
                "b": [verdict(Status.FAIL, score=0.5)],
                "c": [verdict(Status.FAIL, score=0.4)],
            },
            "b",
        ),
        ({"a": [PASSED], "b": [PASSED], "c": [PASSED]}, "a"),
        ({"a": [FAILED], "b": [FAILED], "c": [FAILED]}, "a"),
        ({"a": [], "b": [], "c": []}, "a"),
        # One that is skipped, as it judges the kept candidate only, counts for and against nobody.
        ({"a": [verdict(Status.SKIP)], "b": [verdict(Status.SKIP), PASSED], "c": [FAILED]}, "b"),
    ],
)
async def test_the_best_is_kept_and_of_equals_the_earliest(visit_node, judged, kept):
    visit = await best_of_n(visit_node, ["a", "b", "c"], judging(**judged))

    assert visit.additions == {"answer": kept}
    (finished,) = visit.rounds
    assert finished.kind is RoundKind.CANDIDATES
    assert [one.answer for one in finished.attempts] == ["a", "b", "c"]
    assert [one.answer for one in finished.attempts if one.is_kept] == [kept]
    assert [list(one.verdicts) for one in finished.attempts] == list(judged.values())


async def test_all_samples_are_drawn_though_the_first_passes(visit_node):
    visit = await best_of_n(visit_node, ["a"], judging(a=[PASSED]))

    assert [(call.model, call.step, call.sample) for call in visit.asked] == [
        ("author", "", 0),
        ("author", "", 1),
        ("author", "", 2),
    ]


async def test_several_models_are_each_asked_as_often_as_samples_says(visit_node):
    config = {
        "models": {"first": "author", "second": {"name": "critic", "parameters": {"top_p": 1}}},
        "prompt": "{question}",
        "samples": 2,
        "output": "best",
        "winner": "who",
    }
    answers = {"first": ["bad", "bad"], "second": ["bad", "good"]}

    visit = await visit_node(
        "best_of_n",
        config=config,
        answers=answers,
        judging=judging(bad=[FAILED], good=[PASSED]),
        question="q",
    )

    assert visit.additions == {"best": "good", "who": "second"}
    assert [(call.model, call.step, call.sample) for call in visit.asked] == [
        ("author", "first", 0),
        ("author", "first", 1),
        ("critic", "second", 0),
        ("critic", "second", 1),
    ]
    attempts = visit.rounds[0].attempts
    assert [(one.label, one.sample, one.is_kept) for one in attempts] == [
        ("first", 0, False),
        ("first", 1, False),
        ("second", 0, False),
        ("second", 1, True),
    ]


@pytest.mark.parametrize(
    ("judged", "why"),
    [
        (
            {"a": [FAILED], "b": [PASSED], "c": [FAILED]},
            "candidate 2 of 3: it alone passes what is required",
        ),
        (
            {"a": [FAILED], "b": [PASSED, LINT[False]], "c": [PASSED, LINT[True]]},
            "candidate 3 of 3: of the 2 that pass what is required it is judged best "
            "(2 of 2 validators, score 1.00)",
        ),
        (
            {"a": [PASSED], "b": [PASSED], "c": [FAILED]},
            "candidate 1 of 3: of the 2 that pass what is required 2 are judged best "
            "(1 of 1 validators, score 1.00), and it is the earliest",
        ),
        (
            {"a": [FAILED], "b": [verdict(Status.FAIL, score=0.5)], "c": [FAILED]},
            "candidate 2 of 3: none passes what is required; of all it is judged best "
            "(0 of 1 validators, score 0.50)",
        ),
        (
            {"a": [], "b": [], "c": []},
            "candidate 1 of 3: nothing judged them, so it is the earliest",
        ),
        (
            {name: [verdict(Status.SKIP)] for name in "abc"},
            "candidate 1 of 3: nothing judged them, so it is the earliest",
        ),
    ],
)
async def test_what_it_was_ahead_in_is_said(visit_node, judged, why):
    visit = await best_of_n(visit_node, ["a", "b", "c"], judging(**judged))

    assert visit.rounds[0].choice == why


@pytest.mark.parametrize("held", [{"x": "bad", "y": "good"}, ["bad", "good"]])
async def test_candidates_may_be_there_already_and_then_nobody_is_asked(visit_node, held):
    visit = await visit_node(
        "best_of_n",
        config={"from": "replies", "winner": "who"},
        judging=judging(bad=[FAILED], good=[PASSED]),
        replies=held,
    )

    assert visit.asked == []
    assert visit.additions == {"answer": "good", "who": "y" if isinstance(held, dict) else "2"}


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({}, "holds nothing"),
        ([], "holds nothing"),
        ("text", "holds str"),
        (None, "holds nothing"),
        ({"x": 3}, "the candidate `x` of `replies` is int, not a text"),
        (["good"] * 257, "holds 257 candidates, more than 256"),
        (["good", {"a": 1}], "the candidate `2` of `replies` is dict, not a text"),
    ],
)
async def test_what_are_no_candidates_is_refused_by_name(visit_node, held, said):
    with pytest.raises(BadAnswer, match=said):
        await visit_node(
            "best_of_n",
            config={"from": "replies"},
            judging=judging(good=[PASSED]),
            replies=held,
        )


VERDICTS = st.builds(
    Verdict,
    validator=st.sampled_from(["tests", "lint"]),
    status=st.sampled_from([Status.PASS, Status.FAIL]),
    reason=st.just(""),
    score=st.none() | st.sampled_from([0.0, 0.25, 1.0]),
    is_required=st.booleans(),
)
JUDGEMENTS = st.builds(
    Judgement,
    candidate=st.builds(
        Candidate, text=st.text(max_size=2), code=st.none(), extraction=st.just("")
    ),
    verdicts=st.lists(VERDICTS, max_size=3).map(tuple),
)


@settings(deadline=None)
@given(st.lists(JUDGEMENTS, min_size=1, max_size=6))
def test_none_is_better_than_the_best_and_none_before_it_is_as_good(judgements):
    best = best_of(judgements)

    ranks = [rank(judgement) for judgement in judgements]
    assert ranks[best] == max(ranks)
    assert ranks.index(ranks[best]) == best
    if any(is_accepted(judgement) for judgement in judgements):
        assert is_accepted(judgements[best])
