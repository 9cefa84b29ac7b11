"""Tells an answer that fell into repeating itself from one that only says something twice.

Two forms are known of broken servers and small models: an end that goes round in a circle until a
limit stops it, and a text whose words come doubled. Both are looked for where they cannot be meant:
a circle counts only in an answer that did not end by itself.
"""

from operator import eq

from sygra_eval.values import ChatResponse

TAIL = 1_024
LEAST_ROUNDS = 8
_NEVER_ENDED_BY_ITSELF = 256 * 1024
_LOOKED_AT = 1_024
_GLANCED_AT = 128
_FEWEST_WORDS = 24
_DOUBLED = 0.8


def repetition_in(response: ChatResponse) -> str:
    """Return what is repeated without end; empty where nothing is."""
    text = response.text
    is_endless = response.finish_reason == "length" or len(text) > _NEVER_ENDED_BY_ITSELF
    if is_endless and len(text) >= TAIL:
        length = period_of(text[-TAIL:])
        if length * LEAST_ROUNDS <= TAIL:
            told = "blank space" if not text[-length:].strip() else f"the same {length} characters"
            return f"the answer ends in {told}, over and over"
    if are_words_doubled(text):
        return "every word of the answer comes twice"
    return ""


def period_of(text: str) -> int:
    """Return the length of the shortest text that, repeated, gives this one (its end may be cut).

    By the borders of its beginnings, as in the search of Knuth, Morris and Pratt.
    """
    borders = [0] * len(text)
    border = 0
    for place in range(1, len(text)):
        while border and text[place] != text[border]:
            border = borders[border - 1]
        border += text[place] == text[border]
        borders[place] = border
    return len(text) - border if text else 0


def are_words_doubled(text: str) -> bool:
    """Say whether the words come in pairs, as from a server that sends every token twice.

    Each pair stands in one line, has letters, and differs from the pair before: a run of one word
    is a list or a picture, and `1 2`, `2 3` are the edges of a graph.
    """
    first = text[:_GLANCED_AT].split()
    if not any(map(eq, first, first[1:])):
        return False  # as nearly all answers, and this is all that it costs them
    lines = [line.split() for line in text[:_LOOKED_AT].splitlines()]
    words = sum(map(len, lines))
    if words < _FEWEST_WORDS:
        return False
    doubled = sum(max(_pairs(line), _pairs(line[1:])) for line in lines)
    return doubled >= _DOUBLED * (words // 2)


def _pairs(words: list[str]) -> int:
    pairs = list(zip(words[::2], words[1::2], strict=False))
    before = ["", *(one for one, _ in pairs)]
    return sum(
        one == other != last and any(map(str.isalpha, one))
        for (one, other), last in zip(pairs, before, strict=False)
    )
