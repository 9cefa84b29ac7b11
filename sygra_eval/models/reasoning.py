"""Parts what a model thought from what it answered, where it writes both into one text.

Models of the R1 family think between `<think>` and `</think>` before they answer; with some chat
templates the opening tag is in the prompt, so that only the closing one comes back, on a line of
its own. A tag in the middle of an answer is part of the answer: it may well be about such tags.
"""

import re

_OPENED = re.compile(r"\s*<(think|thinking|reasoning)>")
_CLOSED_ALONE = re.compile(r"^</(think|thinking|reasoning)>[ \t]*$", re.MULTILINE)


def separated(text: str) -> tuple[str, str]:
    """Return reasoning and answer; where there is no such section the answer is the whole text.

    A section that does not end, as when the tokens ran out, leaves an empty answer.
    """
    if "think>" not in text and "thinking>" not in text and "reasoning>" not in text:
        return "", text
    if opened := _OPENED.match(text):
        thought, _, answer = text[opened.end() :].partition(f"</{opened[1]}>")
        return thought.strip(), answer.lstrip()
    closed = _CLOSED_ALONE.search(text)
    if closed and f"<{closed[1]}>" not in text[: closed.start()]:
        return text[: closed.start()].strip(), text[closed.end() :].lstrip()
    return "", text
