"""Fenced blocks of a Markdown answer, as CommonMark closes them, in lists and quotes too."""

import re
from dataclasses import dataclass

OPENING = re.compile(r"^(?P<lead>[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d+[.)][ \t]+)*)(?P<marks>`{3,}|~{3,})"
                     r"[ \t]*(?P<info>[^`\n]*)$")
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
        end = closing_line(lines, position, opening["marks"])
        is_closed = end < len(lines)
        content = lines[position:end]
        found.append(Fence(tag_of(opening["info"]), dedented(content, opening["lead"]), is_closed))
        position = end + 1
    return tuple(found)


def closing_line(lines: list[str], start: int, marks: str) -> int:
    """The line that closes a fence, or the number of lines when none does."""
    for number in range(start, len(lines)):
        line = QUOTE.sub("", lines[number]).strip()
        if len(line) >= len(marks) and set(line) == {marks[0]}:
            return number
    return len(lines)


def tag_of(info: str) -> str:
    """The language of an info string such as `python title="a.py"` or `{.python}`."""
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
