"""Fenced blocks of a Markdown answer, as CommonMark closes them, in lists and quotes too."""

import re
from dataclasses import dataclass

OPENING = re.compile(
    r"^(?P<lead>[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d+[.)][ \t]+)*)(?P<marks>`{3,}|~{3,})"
    r"[ \t]*(?P<info>[^`\n]*)$"
)
QUOTE = re.compile(r"^[ \t]*>[ \t]?")


@dataclass(frozen=True, slots=True)
class Fence:
    """One block: its tag in lower case, its dedented content, and whether it was closed."""

    tag: str
    content: str
    is_closed: bool


def fences_of(text: str) -> tuple[Fence, ...]:
    """Find the blocks. A fence closes only on a line of its own with at least as many marks."""
    found: list[Fence] = []
    lines = text.split("\n")
    position = 0
    while position < len(lines):
        opening = OPENING.match(lines[position])
        position += 1
        if opening is None:
            continue
        end = closing_line(lines, position, opening)
        is_closed = end < len(lines)
        content = lines[position:end]
        found.append(Fence(tag_of(opening["info"]), dedented(content, opening["lead"]), is_closed))
        position = end + 1
    return tuple(found)


def closing_line(lines: list[str], start: int, opening: re.Match[str]) -> int:
    """Find the line that closes a fence, or the number of lines when none does.

    Marks that are indented as code is, or stand inside a triple-quoted string, are content.
    """
    marks = opening["marks"]
    deepest = len(opening["lead"].expandtabs(4)) + 3
    quotes = {'"""': 0, "'''": 0}
    first = None
    for number in range(start, len(lines)):
        line = QUOTE.sub("", lines[number]).rstrip()
        blanks = len(line) - len(line.lstrip())
        if len(line) - blanks >= len(marks) and set(line[blanks:]) == {marks[0]}:
            if blanks <= deepest and not any(count % 2 for count in quotes.values()):
                return number
            first = first or number
        for quote in quotes:
            quotes[quote] += line.count(quote)
    return len(lines) if first is None else first


def tag_of(info: str) -> str:
    """Take the language of an info string such as `python title="a.py"` or `{.python}`."""
    word = info.strip().strip("{}").lstrip(".").split(maxsplit=1)
    return re.split(r"[,:{]", word[0])[0].lower() if word else ""


def dedented(lines: list[str], lead: str) -> str:
    """Take the fence's own indent, and its quote marks, off each line."""
    if ">" in lead:
        lines = [QUOTE.sub("", line, count=1) for line in lines]
        lead = QUOTE.sub("", lead)
    width = len(lead.expandtabs(4))
    return "\n".join(without_indent(line, width) for line in lines) + ("\n" if lines else "")


def without_indent(line: str, width: int) -> str:
    """Take off blanks up to a width, and no more than there are."""
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(blanks, width) :]
