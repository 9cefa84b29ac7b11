import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.report import printable, record_json, record_text
from sygra_eval.values import (
    CallFault,
    Evidence,
    Outcome,
    RecordEnd,
    Round,
    RoundKind,
    Status,
    Verdict,
)


def test_the_text_tells_the_rounds_in_order_and_the_end(story):
    text = record_text(*story)

    told = [
        "numbers-007: verified",
        "Write f() that returns 2.",
        "round 1 of solve",
        "draft 1: not accepted, not kept",
        "no code (no code block)",
        "FAILED unit_tests: f() gave 1",
        "draft 2: not accepted, kept",
        "critique (7 tokens, 0.5 s)",
        "stop requested by the critic and refused",
        "round 2 of solve",
        "revision: accepted, kept",
        "+    return 2",
        "PASSED unit_tests",
        "stop requested by the critic and granted",
        "unit_tests*  pass",
        "isolation: reduced(landlock7,seccomp,rlimit)",
        "stopped by sentinel after rounds: 2",
        "outcome: verified",
    ]
    places = [text.index(words) for words in told]
    assert places == sorted(places)


def test_a_reason_that_the_table_cuts_is_whole_below_it(story):
    end, rounds = story
    reason = "the first of many words " * 10
    verdict = Verdict(validator="unit_tests", status=Status.FAIL, reason=reason)

    text = record_text(replace(end, verdicts=(verdict,), outcome=Outcome.REJECTED), rounds)

    assert reason.strip() in " ".join(text.split())


def test_a_row_that_never_reached_a_loop_has_a_story_too():
    end = RecordEnd(
        row_id="questions.jsonl_x3A9",
        index=8,
        outcome=Outcome.FAILED,
        reason="bad_input: not JSON",
        data={},
    )

    text, data = record_text(end, ()), record_json(end, ())

    assert "failed, bad_input: not JSON" in text
    assert "no loop" in text
    assert (data["rounds"], data["stop_reason"], data["verdicts"]) == ([], None, [])


def test_a_round_shows_the_attempt_that_was_kept_and_all_of_them(story):
    first, second = record_json(*story)["rounds"]

    assert (first["round"], first["code"], first["accepted"]) == (
        1,
        "def f():\n    return 1",
        False,
    )
    assert [attempt["kept"] for attempt in first["attempts"]] == [False, True]
    assert (first["tokens"], first["latency_s"], first["sentinel"]) == (27, 3.5, "refused")
    assert (second["accepted"], second["sentinel"]) == (True, "granted")
    assert second["diff"].endswith("+    return 2")


def test_a_round_that_kept_nothing_shows_its_last_attempt(story, attempt_of):
    end, _ = story
    attempts = (attempt_of(code="first"), attempt_of(code="last", is_accepted=True))

    (shown,) = record_json(end, [Round(node="solve", number=3, attempts=attempts)])["rounds"]

    assert (shown["code"], shown["kept"], shown["accepted"]) == ("last", False, True)
    assert (shown["critique"], shown["sentinel"]) == (None, "absent")


def test_the_data_has_the_verdicts_with_isolation_and_trust(story):
    data = record_json(*story)

    assert list(data) == ["id", "outcome", "reason", "stop_reason", "rounds", "verdicts"]
    assert data["verdicts"] == [
        {
            "validator": "unit_tests",
            "status": "pass",
            "score": 1.0,
            "reason": "2 passed",
            "isolation": "reduced(landlock7,seccomp,rlimit)",
            "trust": "cooperative",
        }
    ]
    assert json.dumps(data)


@settings(deadline=None)
@given(st.text(st.characters()))
def test_nothing_that_a_model_wrote_reaches_the_terminal_raw(attempt_of, text):
    verdict = Verdict(
        validator=text, status=Status.FAIL, reason=text, evidence=Evidence(isolation=text)
    )
    attempt = attempt_of(answer=text, code=text, extraction=text, evidence=text, diff=text)
    no_code = attempt_of(answer=text, code=None, extraction=text)
    end = RecordEnd(
        row_id=text,
        index=0,
        outcome=Outcome.REJECTED,
        reason=text,
        data={"question": text},
        verdicts=(verdict,),
    )

    shown = record_text(
        end, [Round(node=text, number=1, attempts=(attempt, no_code), critique=text)]
    )

    assert printable(shown) == shown


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters()), st.sampled_from([RoundKind.REPLIES, RoundKind.CANDIDATES]))
def test_nor_does_what_a_row_calls_its_candidates(attempt_of, text, kind):
    end = RecordEnd(row_id="a", index=0, outcome=Outcome.REJECTED, reason="", data={})
    attempts = (attempt_of(answer=text, code=text, label=text * 50),)
    several = Round(
        node=text,
        number=1,
        attempts=attempts,
        kind=kind,
        choice=text,
        unanswered=((text, text),),
    )

    shown = record_text(end, [several])

    assert printable(shown) == shown


def test_replies_and_candidates_are_told_with_who_made_them_and_why_one_was_kept(attempt_of):
    end = RecordEnd(row_id="a", index=0, outcome=Outcome.VERIFIED, reason="", data={})
    replies = Round(
        node="ask",
        number=1,
        attempts=(attempt_of(label="first", answer="so it is", tokens=5, latency_s=0.5),),
        kind=RoundKind.REPLIES,
        unanswered=(("second", "rate_limited: slow down"),),
    )
    candidates = Round(
        node="pick",
        number=1,
        attempts=(
            attempt_of(label="first", code="x = 1"),
            attempt_of(label="second", code="x = 2", is_accepted=True, is_kept=True),
        ),
        kind=RoundKind.CANDIDATES,
        choice="candidate 2 of 2: it alone passes what is required",
    )

    text = record_text(end, [replies, candidates])

    told = [
        "replies of ask",
        "  first (5 tokens, 0.5 s)",
        "    so it is",
        "  second: no answer, rate_limited: slow down",
        "candidates of pick",
        "  candidate 1 (first): not accepted, not kept",
        "    x = 1",
        "  candidate 2 (second): accepted, kept",
        "    x = 2",
        "  kept: candidate 2 of 2: it alone passes what is required",
    ]
    places = [text.index(words) for words in told]
    assert places == sorted(places)
    first, second = record_json(end, [replies, candidates])["rounds"]
    assert (first["kind"], first["candidate"], first["unanswered"]) == (
        "replies",
        None,
        [{"label": "second", "reason": "rate_limited: slow down"}],
    )
    assert (second["kind"], second["code"], second["choice"]) == (
        "candidates",
        "x = 2",
        "candidate 2 of 2: it alone passes what is required",
    )


def test_a_measure_is_shown_with_what_it_rests_on(story):
    end, rounds = story
    verdict = Verdict(
        validator="mutation",
        status=Status.PASS,
        reason="11 of 12 mutants noticed",
        evidence=Evidence(
            output="11 killed\nsurvived: line 2", measures={"mutation_score": 11 / 12}
        ),
    )
    end = replace(end, verdicts=(*end.verdicts, verdict))

    text, data = record_text(end, rounds), record_json(end, rounds)

    assert "mutation\n" in text
    assert "survived: line 2" in text
    assert data["verdicts"][-1]["measures"] == {"mutation_score": 11 / 12}
    assert data["verdicts"][-1]["output"] == "11 killed\nsurvived: line 2"


def test_a_row_with_weak_tests_says_why_they_are(story):
    end, rounds = story
    why = 'weak tests: the probe "returns None" passes'

    assert why in record_text(replace(end, weak_tests=why), rounds)
    assert "weak tests" not in record_text(replace(end, weak_tests=""), rounds)
    refused = replace(end, weak_tests=why, reason=why, verdicts=(), loop=None)
    assert record_text(refused, ()).count(why) == 1


def test_what_came_in_the_place_of_an_answer_is_shown_and_harms_no_terminal(story):
    end, rounds = story
    fault = CallFault(node="solve", kind="bad_body", message="not JSON", raw="<html>\x1b[31m\nred")

    text = record_text(end, rounds, [fault])

    assert "no answer at solve, round 1, sample 1: bad_body: not JSON" in text
    assert "    <html>" in text
    assert "\x1b" not in text
    assert record_json(end, rounds, [fault])["faults"][0]["raw"] == fault.raw


def test_what_a_row_says_of_its_answers_is_shown(story):
    end, rounds = story
    noted = replace(end, data={**end.data, "provenance": {"notes": ["it was cut"]}})

    assert "note: it was cut" in record_text(noted, rounds)
    assert record_json(noted, rounds)["notes"] == ["it was cut"]
