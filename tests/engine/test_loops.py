"""A row is verified exactly when the kept candidate passes, whatever made its loop stop."""

import pytest

from sygra_eval.journal import open_readonly
from sygra_eval.testing import status
from tests.engine.conftest import CODE, CODE_VALIDATORS, code_row


@pytest.mark.parametrize(
    ("question", "loop", "stop_reason", "rounds", "outcome"),
    [
        ("draft=right critic=honest", {}, "sentinel", 1, "verified"),
        ("draft=hard-coded critic=eager", {}, "sentinel", 1, "rejected"),
        ("draft=wrong critic=eager revise=right", {}, "sentinel", 2, "verified"),
        ("draft=wrong critic=eager revise=wrong", {}, "no_change", 2, "rejected"),
        ("draft=right critic=never revise=right", {}, "no_change", 2, "verified"),
        ("draft=wrong critic=never revise=broken", {}, "max_rounds", 3, "rejected"),
        ("draft=right critic=never revise=wrong", {}, "max_rounds", 3, "verified"),
        ("draft=right critic=never", {"max_rounds": 1}, "max_rounds", 1, "verified"),
        ("draft=wrong critic=never", {"max_rounds": 1}, "max_rounds", 1, "rejected"),
        ("draft=right", {"budget": {"tokens": 1}}, "budget", 1, "verified"),
        ("draft=wrong", {"budget": {"tokens": 1}}, "budget", 1, "rejected"),
        ("draft=right", {"timeout": 1e-9}, "timeout", 1, "verified"),
        (
            "draft=wrong revise=right",
            {"critique": None, "until": {"accepted_by": ["unit_tests"]}},
            "accepted",
            2,
            "verified",
        ),
    ],
)
async def test_the_stop_reason_never_decides(
    code_suite, run, question, loop, stop_reason, rounds, outcome
):
    given = {key: value for key, value in loop.items() if value is not None}
    suite = code_suite(code_row("r0", question), loop=given)
    if loop.get("critique", "") is None:
        text = suite.read_text()
        start, end = text.index("      critique:"), text.index("      revise:")
        suite.write_text(text[:start] + text[end:])

    finished = await run(suite)

    (end,) = finished.ends()
    assert (end.outcome, end.loop.stop_reason, end.loop.rounds) == (outcome, stop_reason, rounds)
    assert end.data["stop_reason"] == stop_reason


async def test_drafts_are_drawn_until_one_passes(code_suite, run, endpoint):
    replies = [CODE["wrong"], CODE["talk"], CODE["right"]]

    def by_sample(body):
        if body["messages"][-1]["content"].startswith("draft"):
            return replies.pop(0)
        return "NO MORE FEEDBACK"

    endpoint.answers_with(by_sample)
    draft = {"model": "author", "prompt": [{"user": "draft {question}"}], "samples": 5}
    suite = code_suite(code_row("r0", "q"), loop={"draft": draft})

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "verified"}
    assert finished.summary.verified_by_sample == {3: 1}
    assert finished.summary.repaired == ("r0",)
    assert not replies


async def test_a_refused_sentinel_is_counted_and_its_row_is_shown(code_suite, run):
    suite = code_suite(
        code_row("refused", "draft=wrong critic=eager revise=right"),
        code_row("plain", "draft=right critic=eager"),
    )

    finished = await run(suite)

    summary = finished.summary
    assert (summary.sentinels_refused, summary.rows_with_refused_sentinel) == (1, 1)
    assert (summary.repaired, summary.example_id) == (("refused",), "refused")
    assert summary.rounds == {1: 1, 2: 1}
    assert summary.verified_by_round == {1: 1, 2: 1}


async def test_hidden_tests_never_reach_a_model(code_suite, run, endpoint):
    suite = code_suite(
        code_row("r0", "draft=hard-coded critic=honest"),
        code_row("r1", "draft=wrong critic=eager revise=hard-coded"),
    )

    finished = await run(suite)

    assert set(finished.outcomes().values()) == {"rejected"}
    sent = [message["content"] for body in endpoint.requests for message in body["messages"]]
    assert sent
    assert not any("f(10)" in text or "11" in text for text in sent)


async def test_a_loop_that_broke_is_recorded_as_stopped_by_an_error(code_suite, run, endpoint):
    def refuse_the_critic(body):
        if body["messages"][-1]["content"].startswith("draft"):
            return CODE["right"]
        return status(400, {"error": {"message": "no such parameter"}})

    endpoint.answers_with(refuse_the_critic)

    finished = await run(code_suite(code_row("r0", "q")))

    (end,) = finished.ends()
    assert (end.outcome, end.loop.stop_reason) == ("failed", "error")
    assert finished.summary.stop_reasons == {"failed": {"error": 1}}


async def test_a_revision_is_compared_with_the_draft_that_it_revises(code_suite, run):
    agrees = {
        "use": "properties",
        "properties": ["agrees_with_previous_draft"],
        "strategies": ["integers(0, 9)"],
        "required": False,
    }
    suite = code_suite(
        code_row("r0", "draft=wrong critic=honest revise=right"),
        quality={"validators": [*CODE_VALIDATORS, agrees]},
    )

    finished = await run(suite)

    with open_readonly(finished.folder / "journal.db") as reader:
        said = [round_.attempts[0].verdicts[-1] for round_ in reader.rounds("r0")]
    assert [verdict.reason for verdict in said] == [
        "there is no earlier draft",
        "agrees_with_previous_draft: `f(0)` gave 1, the draft before gives -1",
        "agrees_with_previous_draft: no counterexample in 10 inputs (0 of 10 discarded)",
    ]
