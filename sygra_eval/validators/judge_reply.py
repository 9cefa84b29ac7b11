"""Reads a judge's reply: a reason, then one verdict as the last line. Nothing is guessed.

The reply may quote what was judged, and that may hold verdicts. So only whole lines count, the last
line has to be one, and a reply with two different verdicts has none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sygra_eval.validators.verdicts import in_one_line

LONGEST_LINE = 120
LONGEST_REASON = 300
VERDICT_LINE = re.compile(r"[\s*#`]*verdict[\s*`]*:(?P<word>.*)", re.IGNORECASE)
AROUND_A_WORD = " \t*`\"'.![]<>(){}"
THOUGHT = re.compile(r"\s*<think(?:ing)?>", re.IGNORECASE)
END_OF_THOUGHT = re.compile(r"</think(?:ing)?>", re.IGNORECASE)


class Unreadable(Exception):
    """The reply holds no verdict, or more than one; the message is for the judge and for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a judge said once; `verdict` is a word of the scale as the suite spells it."""

    verdict: str
    reason: str


def read_reply(reply: str, scale: Sequence[str], *, is_cut_off: bool = False) -> Said:
    """Return reason and verdict.

    :param is_cut_off: The model was stopped by its limit: its last line may be half a line.
    :raises Unreadable: When the reply is not of the form asked for.
    """
    lines = [line.strip() for line in _without_thought(reply).splitlines() if line.strip()]
    if is_cut_off:
        raise Unreadable("it was cut off by the limit of tokens")
    if not lines:
        raise Unreadable("it is empty")
    named = {word.casefold(): word for word in scale}
    found = [_word_in(line) for line in lines]
    if found[-1] is None:
        raise Unreadable("its last line is not `VERDICT:` and a word")
    words = {word for word in found if word is not None}
    if len(words) > 1:
        raise Unreadable("it holds two different verdicts")
    (word,) = words
    if word not in named:
        raise Unreadable(f"its verdict is none of {', '.join(scale)}")
    told = " ".join(line for line, word in zip(lines, found, strict=True) if word is None)
    reason = re.sub(r"^[\s*#`]*reason[\s*`]*:[\s*`]*", "", told, flags=re.IGNORECASE)
    return Said(
        verdict=named[word], reason=in_one_line(reason, LONGEST_REASON) or "no reason given"
    )


def _without_thought(reply: str) -> str:
    """Leave out what a reasoning model thought aloud before its reply."""
    if THOUGHT.match(reply) is None:
        return reply
    end = END_OF_THOUGHT.search(reply)
    if end is None:
        raise Unreadable("its reasoning never ends")
    return reply[end.end() :]


def _word_in(line: str) -> str | None:
    """Return the verdict in a line that is one, else None; what follows it may be any text."""
    found = VERDICT_LINE.fullmatch(line) if len(line) <= LONGEST_LINE else None
    return None if found is None else found["word"].strip(AROUND_A_WORD).casefold()
