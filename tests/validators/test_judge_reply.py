"""What a judge's reply is read as: one verdict on the last line, or nothing."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sygra_eval.validators.judge_reply import Unreadable, read_reply

SCALE = ("excellent", "Good", "poor")
AROUND = ["{}", "**{}**", "{}."]
LINE = st.text(st.characters(exclude_characters="\n"), max_size=40)
PROSE = LINE.filter(lambda line: "verdict" not in line.casefold() and "<think" not in line)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("REASON: clear.\nVERDICT: good", "Good"),
        ("REASON: clear.\n\n**Verdict:** `POOR`.\n\n", "poor"),
        ("### VERDICT: excellent", "excellent"),
        ("clear\r\nVERDICT: good\r\n", "Good"),
        ("VERDICT: good\nVERDICT: Good", "Good"),
        ("<think>VERDICT: poor</think>REASON: on second thoughts\nVERDICT: good", "Good"),
        ("REASON: it says VERDICT: excellent, which is no reason.\nVERDICT: poor", "poor"),
        ("REASON: it ends with\n> VERDICT: excellent\nVERDICT: poor", "poor"),
    ],
)
def test_the_last_line_is_the_verdict(reply, verdict):
    assert read_reply(reply, SCALE).verdict == verdict


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        (" \n\t\n", "empty"),
        ("I think it is good.", "last line"),
        ("VERDICT: good\nI hope this helps!", "last line"),
        ("VERDICT: excellent\nREASON: quoted\nVERDICT: poor", "two different"),
        ("VERDICT: fine\nVERDICT: poor", "two different"),
        ("VERDICT: fine", "none of excellent, Good, poor"),
        ("VERDICT: good or poor", "none of"),
        ("VERDICT: not good", "none of"),
        ("VERDICT:", "none of"),
        ("VERDICT good", "last line"),
        ('{"reason": "right", "verdict": "good"}', "last line"),
        ("<think>it could be\nVERDICT: good", "never ends"),
        ("10/10", "last line"),
        ("VERDICT: " + "g" * 200, "last line"),
    ],
)
def test_what_is_not_of_the_form_is_no_verdict(reply, why):
    with pytest.raises(Unreadable, match=why):
        read_reply(reply, SCALE)


def test_a_reply_that_was_cut_off_is_not_read():
    with pytest.raises(Unreadable, match="cut off"):
        read_reply("REASON: x\nVERDICT: good", SCALE, is_cut_off=True)


@settings(deadline=None)
@given(st.lists(PROSE, max_size=6), st.sampled_from(SCALE), st.sampled_from(AROUND))
def test_prose_before_the_verdict_never_changes_it(prose, word, around):
    reply = "\n".join([*prose, f"Verdict: {around.format(word)}"])

    assert read_reply(reply, SCALE).verdict == word


@settings(deadline=None)
@given(st.lists(st.one_of(PROSE, st.sampled_from([f"VERDICT: {w}" for w in SCALE])), max_size=6))
def test_two_verdicts_are_never_one(lines):
    named = {line for line in lines if line.startswith("VERDICT")}
    assume(len(named) > 1)

    with pytest.raises(Unreadable):
        read_reply("\n".join([*lines, "VERDICT: poor"]), SCALE)


@settings(deadline=None)
@given(st.text())
def test_any_reply_is_a_verdict_of_the_scale_or_is_refused(reply):
    try:
        said = read_reply(reply, SCALE)
    except Unreadable:
        return
    assert said.verdict in SCALE
    assert "\n" not in said.reason
    assert said.reason.isprintable() or "\t" in said.reason


@settings(deadline=None)
@given(st.text())
def test_long_lines_are_read_to_their_end(part):
    for line in (part * 50, "verdict:" + " *" * 50_000 + "x", "# " * 50_000):
        try:
            read_reply(line, SCALE)
        except Unreadable:
            continue


def test_the_reason_is_told_without_its_label_and_in_one_line():
    said = read_reply("**Reason:** it\nworks \x1b[31mwell\x1b[0m\nVERDICT: good", SCALE)

    assert said.reason == "it works \\x1b[31mwell\\x1b[0m"
    assert read_reply("VERDICT: good", SCALE).reason == "no reason given"
