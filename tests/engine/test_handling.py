"""Answers that are cut, that repeat themselves, that do not fit: what becomes of their rows."""

import contextlib
import sqlite3

import pytest
import yaml

from sygra_eval.journal import open_readonly
from sygra_eval.testing import completion, ended_early, status
from sygra_eval.values import StopReason, UsageError
from tests.engine.conftest import block, code_row, fast_suite

SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "regex", "pattern": "answer", "required": True}]}
TOO_LONG = status(400, {"error": {"code": "context_length_exceeded", "message": "too long"}})
FILTERED = status(400, {"error": {"code": "content_filter", "message": "no"}})


@pytest.fixture
def suite_of(endpoint, tmp_path):
    """Write a suite that asks the server each question once."""

    def write(*questions: str, node: dict | None = None, **entry: object):
        author = {
            **endpoint.model_entry("openai"),
            "parameters": {"max_tokens": 10},
            "max_concurrency": 2,
            **entry,
        }
        return fast_suite(
            tmp_path / "suite",
            questions,
            models={"author": author},
            nodes={"solve": {**SOLVE, **(node or {})}},
            quality=JUDGED,
        )

    return write


def cut_below(limit: int):
    """Answer whole from a limit on, and by half below it."""

    def answer(body):
        is_whole = body.get("max_tokens", 0) >= limit
        text = "the whole answer" if is_whole else "the ans"
        return completion(text + " answer", finish_reason="stop" if is_whole else "length")

    return answer


# Cut at the limit


async def test_an_answer_that_was_cut_is_kept_and_flagged_and_no_validator_passes_it(
    suite_of, endpoint, run
):
    endpoint.answers_with(cut_below(20))

    finished = await run(suite_of("q"))

    (row,) = finished.rows("rejected")
    assert row["answer"] == "the ans answer"
    assert row["verdicts"][0]["status"] == "fail"
    assert row["reason"].startswith("regex: truncated: the answer was cut at its limit")
    assert row["provenance"]["notes"] == [
        "solve (round 1, sample 1): the answer was cut at max_tokens 10"
    ]


async def test_a_cut_answer_that_is_accepted_is_judged_as_it_stands_and_still_says_so(
    suite_of, endpoint, run
):
    endpoint.answers_with(cut_below(20))

    finished = await run(suite_of("q", on_length="accept"))

    (row,) = finished.rows("verified")
    assert "cut at max_tokens 10" in row["provenance"]["notes"][0]
    assert "verified rows with `provenance.notes`" in finished.summary.warnings[-1]
    assert finished.summary.warnings[-1].endswith(": 1")


async def test_a_raised_limit_is_one_more_call_that_is_journalled_and_counted(
    suite_of, endpoint, run
):
    endpoint.answers_with(cut_below(20))

    finished = await run(suite_of("q", on_length="raise_max_tokens"))

    (row,) = finished.rows("verified")
    assert row["answer"] == "the whole answer answer"
    assert [body["max_tokens"] for body in endpoint.requests] == [10, 20]
    assert finished.summary.calls == 2
    assert row["provenance"]["notes"] == [
        "solve (round 1, sample 1): cut at max_tokens 10, asked for again with 20"
    ]


async def test_a_limit_is_raised_once_only(suite_of, endpoint, run):
    endpoint.answers_with(cut_below(1_000))

    finished = await run(suite_of("q", on_length="raise_max_tokens"))

    (row,) = finished.rows("rejected")
    assert len(endpoint.requests) == 2
    assert row["provenance"]["notes"][0].endswith("cut at max_tokens 10, and again at 20")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"max_tokens": 10}, "cut at max_tokens 10, and 20 is refused"),
        ({}, "was cut, and the parameters name no limit that could be raised"),
    ],
)
async def test_where_no_limit_can_be_raised_the_cut_answer_is_what_there_is(
    suite_of, endpoint, run, parameters, told
):
    def answer(body):
        if body.get("max_tokens") == 20:
            return status(400, {"error": {"message": "max_tokens is at most 10"}})
        return completion("the ans answer", finish_reason="length")

    endpoint.answers_with(answer)

    finished = await run(suite_of("q", parameters=parameters, on_length="raise_max_tokens"))

    (row,) = finished.rows("rejected")
    assert row["provenance"]["notes"][0].endswith(told)


async def test_a_cut_answer_may_fail_its_row_as_truncated_and_a_resume_pays_nothing(
    suite_of, endpoint, run, resume
):
    endpoint.answers_with(cut_below(20))

    finished = await run(suite_of("q", on_length="fail"))
    again = await resume(finished.folder)

    (end,) = again.ends()
    assert end.reason.startswith("truncated: the answer was cut at max_tokens 10")
    assert (end.outcome, len(endpoint.requests), again.summary.calls) == ("failed", 1, 1)


async def test_a_node_says_otherwise_than_its_model(suite_of, endpoint, run):
    endpoint.answers_with(cut_below(20))
    node = {"model": {"name": "author", "on_length": "raise_max_tokens"}}

    finished = await run(suite_of("q", node=node, on_length="fail"))

    assert finished.outcomes() == {"r0": "verified"}


async def test_a_loop_does_not_stop_at_a_cut_draft_even_where_its_code_passes(
    code_suite, endpoint, run
):
    texts = iter(
        [
            completion(block("return x + 1") + " And so", finish_reason="length"),
            completion(block("return x + 1") + " It adds."),
        ]
    )
    endpoint.answers_with(lambda body: next(texts))
    draft = {"model": "author", "prompt": [{"user": "draft {question}"}], "samples": 3}
    loop = {"draft": draft, "critique": None, "until": {"accepted_by": ["unit_tests"]}}

    finished = await run(code_suite(code_row("one", "add"), loop=loop))

    (row,) = finished.rows("verified")
    assert row["answer"].endswith("It adds.")
    assert len(endpoint.requests) == 2


async def test_a_resumed_run_knows_which_answers_were_cut(suite_of, endpoint, run, resume):
    endpoint.answers_with(cut_below(20))
    finished = await run(suite_of("q0", "q1"))
    whole = finished.bytes_of("rejected.jsonl")
    with contextlib.closing(sqlite3.connect(finished.folder / "journal.db")) as journal, journal:
        journal.execute("DELETE FROM outcome")  # as if it had been killed between node and end
        journal.execute("DELETE FROM event WHERE kind = 'finished'")

    resumed = await resume(finished.folder)

    assert resumed.bytes_of("rejected.jsonl") == whole
    assert len(endpoint.requests) == 2


# Repetition


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("answer " * 400, "ends in the same 7 characters, over and over"),
        ("{" + "\n" * 2_000, "ends in blank space, over and over"),
    ],
)
async def test_an_answer_without_end_fails_its_row(suite_of, endpoint, run, text, reason):
    endpoint.answers_with(lambda body: completion(text, finish_reason="length"))

    finished = await run(suite_of("q", on_length="raise_max_tokens"))

    (end,) = finished.ends()
    assert end.reason.startswith(f"repetition: the answer {reason}")
    assert len(endpoint.requests) == 1  # with twice the limit it would be twice as long


async def test_a_repetition_may_be_kept(suite_of, endpoint, run):
    endpoint.answers_with(lambda body: completion("answer " * 400, finish_reason="length"))

    finished = await run(suite_of("q", on_repetition="keep", on_length="accept"))

    (row,) = finished.rows("verified")
    assert any("repeats itself" in note for note in row["provenance"]["notes"])


async def test_a_draft_that_repeats_itself_is_one_draft_the_fewer(code_suite, endpoint, run):
    texts = iter(
        [
            completion("round and " * 300, finish_reason="length"),
            completion(block("return x + 1")),
        ]
    )
    endpoint.answers_with(lambda body: next(texts))
    draft = {"model": "author", "prompt": [{"user": "draft {question}"}], "samples": 2}
    loop = {"draft": draft, "critique": None, "until": {"accepted_by": ["unit_tests"]}}

    finished = await run(code_suite(code_row("one", "add"), loop=loop))

    assert finished.outcomes() == {"one": "verified"}


async def test_a_revision_or_critique_that_repeats_itself_leaves_the_kept_draft(
    code_suite, endpoint, run
):
    """The row is judged by what there is; it did not fail by infrastructure."""
    endless = completion("round and " * 300, finish_reason="length")
    rows = [code_row(f"{step}", f"draft=wrong {step} .") for step in ("critique", "revise")]

    def answer_to(body):
        text = body["messages"][-1]["content"]
        step = {"draft": "draft", "criticise": "critique"}.get(text.split()[0], "revise")
        if f" {step} " in text.partition("\n")[0]:
            return endless
        return {"draft": block("return x - 1"), "critique": "- look again"}.get(
            step, block("return x + 1")
        )

    endpoint.answers_with(answer_to)

    finished = await run(code_suite(*rows, loop={"max_rounds": 3}))

    assert finished.outcomes() == {"critique": "verified", "revise": "rejected"}
    ends = {end.row_id: end.loop for end in finished.ends()}
    assert (ends["revise"].stop_reason, ends["revise"].kept_round) == (StopReason.NO_CHANGE, 1)
    assert ends["critique"].kept_round == 2
    asked = len(endpoint.requests)
    assert len(set(map(str, endpoint.requests))) == asked


# Too long for the context


@pytest.fixture
def turns():
    """A prompt of five messages, as a conversation."""
    return [
        {"system": "be brief"},
        {"user": "first {question}"},
        {"assistant": "one"},
        {"user": "second"},
        {"assistant": "two"},
        {"user": "the newest {question}"},
    ]


async def test_a_prompt_that_does_not_fit_fails_and_is_not_sent_again(
    suite_of, endpoint, run, resume
):
    endpoint.answers_with(lambda body: TOO_LONG)

    finished = await run(suite_of("q"))
    again = await resume(finished.folder)

    assert [end.reason for end in finished.ends()] == [end.reason for end in again.ends()]
    assert finished.ends()[0].reason.startswith("too_long: ")
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("fits", "sent", "left_out"),
    [(5, 2, "2 (user), 3 (assistant)"), (3, 3, "2 (user), 3 (assistant), 4 (user), 5 (assistant)")],
)
async def test_the_oldest_turns_go_and_never_the_system_prompt_or_the_newest_message(
    suite_of, endpoint, run, turns, fits, sent, left_out
):
    endpoint.answers_with(lambda body: TOO_LONG if len(body["messages"]) > fits else "an answer")

    finished = await run(suite_of("q", node={"prompt": turns}, on_too_long="truncate"))

    (row,) = finished.rows("verified")
    asked = [message["content"] for message in endpoint.requests[-1]["messages"]]
    assert (asked[0], asked[-1]) == ("be brief", "the newest q")
    assert len(endpoint.requests) == sent
    (note,) = row["provenance"]["notes"]
    assert f"of its 6 messages {left_out} were left out" in note


async def test_a_resume_sends_none_of_the_prompts_that_did_not_fit(
    suite_of, endpoint, run, resume, turns
):
    endpoint.answers_with(lambda body: TOO_LONG if len(body["messages"]) > 3 else FILTERED)

    finished = await run(suite_of("q", node={"prompt": turns}, on_too_long="truncate"))
    sent = len(endpoint.requests)
    await resume(finished.folder)

    assert finished.ends()[0].reason.startswith("refused: ")
    assert (sent, len(endpoint.requests)) == (3, 3)


async def test_what_may_not_be_cut_and_does_not_fit_alone_is_too_long(
    suite_of, endpoint, run, turns
):
    endpoint.answers_with(lambda body: TOO_LONG)

    finished = await run(suite_of("q", node={"prompt": turns}, on_too_long="truncate"))

    (end,) = finished.ends()
    assert end.reason.startswith("too_long: ")
    assert "the system prompt and the newest message are never cut" in end.reason
    assert len(endpoint.requests) == 3


# Refused for good, and bodies that are none


async def test_a_refusal_is_journalled_listed_and_not_sent_again(suite_of, endpoint, run, resume):
    endpoint.answers_with(
        lambda body: FILTERED if "bad" in body["messages"][-1]["content"] else "an answer"
    )

    finished = await run(suite_of("bad one", "good", "bad two"))
    sent = len(endpoint.requests)
    again = await resume(finished.folder)

    assert finished.outcomes() == {"r0": "failed", "r1": "verified", "r2": "failed"}
    assert (sent, len(endpoint.requests)) == (3, 3)
    told = "2 calls were refused for good (refused) and are not sent again: rows r0, r2"
    assert told in again.summary.warnings
    assert told in (again.folder / "report.md").read_text()


@pytest.mark.parametrize(
    "reply",
    [status(500, "boom"), status(200, "<html>"), status(429, {})],
    ids=["500", "html", "429"],
)
async def test_what_may_pass_is_asked_again_on_resume(
    suite_of, endpoint, run, resume, hurried, reply
):
    endpoint.answers_with(lambda body: reply)
    finished = await run(suite_of("q"), stop=hurried())
    assert finished.outcomes() == {"r0": "failed"}
    endpoint.answers_with(lambda body: "an answer")

    again = await resume(finished.folder)

    assert again.outcomes() == {"r0": "verified"}


async def test_a_refusal_of_a_stand_in_is_not_taken_for_one_of_the_model(
    suite_of, endpoint, run, resume
):
    def answer(body):
        return status(401, {}) if body["model"] == "scripted" else FILTERED

    endpoint.answers_with(answer)
    suite = suite_of("q", fallback="second")
    document = yaml.safe_load(suite.read_text())
    document["models"]["second"] = {**endpoint.model_entry("openai"), "model": "second"}
    suite.write_text(yaml.safe_dump(document))
    finished = await run(suite)
    assert finished.ends()[0].reason.startswith("refused: ")
    endpoint.answers_with(lambda body: "an answer")

    again = await resume(finished.folder)

    assert again.outcomes() == {"r0": "verified"}


async def test_the_beginning_of_a_bad_body_is_kept_without_the_key(
    suite_of, endpoint, run, hurried, monkeypatch
):
    monkeypatch.setenv("SOME_KEY", "canary-0123456789")
    bad = b"<html>\x00\xff your key is canary-0123456789 " + b"x" * 9_000
    endpoint.answers_with(lambda body: status(200, bad))

    finished = await run(suite_of("q", api_key_env="SOME_KEY"), stop=hurried())

    with open_readonly(finished.folder / "journal.db") as reader:
        faults = reader.faults("r0")
    assert [fault.kind for fault in faults] == ["bad_body"] * 3
    assert faults[0].raw.startswith("<html>\0\\xff your key is [key] xxx")
    assert len(faults[0].raw) == 2_048
    assert not any(fault.is_final for fault in faults)


async def test_the_beginning_of_half_a_stream_is_kept_too(suite_of, endpoint, run):
    endpoint.will_answer(ended_early("half of it and then the end"), "an answer")

    finished = await run(suite_of("q", stream=True))

    with open_readonly(finished.folder / "journal.db") as reader:
        (fault,) = reader.faults("r0")
    assert finished.outcomes() == {"r0": "verified"}
    assert (fault.kind, fault.raw.startswith(": a comment keeps")) == ("bad_body", True)


# Another model than asked


async def test_another_model_is_told_once_and_in_every_row(suite_of, endpoint, run):
    endpoint.answers_with(lambda body: completion("an answer", model="other"))

    finished = await run(suite_of("q0", "q1", "q2"))

    rows = finished.rows("verified")
    assert [row["provenance"]["notes"] for row in rows] == [
        ["solve (round 1, sample 1): `scripted` was asked, `other` answered"]
    ] * 3
    told = [text for text in finished.summary.warnings if "`other` answered" in text]
    assert told == ["`author`: `scripted` was asked, `other` answered; its rows say so"]


async def test_a_strict_run_takes_no_answer_of_another_model_and_counts_what_it_cost(
    suite_of, endpoint, run, resume
):
    endpoint.answers_with(lambda body: completion("an answer", model="other"))

    finished = await run(suite_of("q"), strict_model=True)
    reasons = [finished.ends()[0].reason, (await resume(finished.folder)).ends()[0].reason]
    endpoint.answers_with(lambda body: "an answer")
    mended = await resume(finished.folder)

    assert len(set(reasons)) == 1
    assert reasons[0].startswith("other_model: `scripted` was asked, `other` answered")
    assert mended.outcomes() == {"r0": "verified"}
    assert mended.summary.calls == len(endpoint.requests) == 3  # all of them were paid for


async def test_a_suite_may_be_strict_itself(suite_of, endpoint, run):
    endpoint.answers_with(lambda body: completion("an answer", model="other"))
    suite = suite_of("q")
    suite.write_text(suite.read_text().replace("name: small", "name: small\n  strict_model: true"))

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "failed"}


async def test_an_answer_of_another_model_is_in_no_cache(
    suite_of, endpoint, run, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    endpoint.answers_with(lambda body: completion("an answer", model="other"))
    suite = suite_of("q")
    suite.write_text(suite.read_text().replace("name: small", "name: small\n  cache: read-write"))
    await run(suite, name="first")
    endpoint.answers_with(lambda body: "an answer")

    second = await run(suite, name="second", strict_model=True)

    assert second.outcomes() == {"r0": "verified"}
    assert (len(endpoint.requests), second.summary.calls_from_cache) == (2, 0)


async def test_where_it_cannot_be_seen_who_answered_a_strict_run_says_so(tmp_path, run):
    told = []

    await run(fast_suite(tmp_path, ["q"]), strict_model=True, tell=told.append)

    assert "author: its answers do not show which model gave them, so none is refused" in told


@pytest.mark.parametrize("key", ["on_length", "on_too_long", "on_repetition"])
async def test_a_word_that_no_policy_knows_is_said_before_anything_is_sent(
    suite_of, endpoint, run, key
):
    with pytest.raises(UsageError) as caught:
        await run(suite_of("q", **{key: "ignore"}))

    (found,) = caught.value.diagnostics
    assert (found.code, key in found.message) == ("wrong-value", True)
    assert endpoint.requests == []
