"""What became of critiques: whether the revision after one touches anything that it names.

Words decide, not meaning: a critique whose code words (names, calls, numbers of lines) and quoted
lines are all untouched by the next revision's diff was ignored as far as text can tell. A function
that is named is touched by whatever changes in it. One that names nothing of the code is not
judged.
"""

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.journal import JournalReader
from sygra_eval.values import Interval, Sentinel, wilson

EXAMPLES = 3
_WORD = re.compile(r"[^\W\d]\w*")
_LINE_NUMBER = re.compile(r"\blines?\s+(\d+)(?:\s*(?:-|–|to|and)\s*(\d+))?", re.IGNORECASE)
_DEFINES = re.compile(r"\s*(?:(?:export|async|static)\s+)*(?:def|class|function)\s+(\w+)")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? ")
_MOST_LINES = 1_000
_LONGEST = 1 << 20  # of a critique, a diff or code; what is longer is not read further


@dataclass(frozen=True, slots=True, kw_only=True)
class Critiques:
    """How often a critic was asked, and what came of it.

    :ivar made: All critiques; `stops` of them said the sentinel.
    :ivar judged: Those that name something of the code and were followed by a revision.
    :ivar ignored: Of these, those whose revision touches nothing that they name; `examples` are
        rows and rounds.
    """

    made: int
    stops: int
    judged: int
    ignored: int
    examples: tuple[tuple[str, int], ...] = ()

    @property
    def rate(self) -> Interval | None:
        """The share of judged critiques that were ignored."""
        return wilson(self.ignored, self.judged)


@dataclass(frozen=True, slots=True)
class Heard:
    """One critique: whose, of which round, and whether the next revision heeded it.

    :ivar is_ignored: None where that cannot be said.
    """

    record: str
    node: str
    number: int
    is_stop: bool
    is_ignored: bool | None


@dataclass(slots=True)
class _Waiting:
    """A critique whose revision has not been read yet."""

    critique: str
    code: str
    is_stop: bool


def critiques_of(reader: JournalReader) -> Critiques | None:
    """Count the critiques of a run; None where no critic was asked."""
    made = stops = judged = ignored = 0
    examples: list[tuple[str, int]] = []
    for one in heard_in(reader):
        made += 1
        stops += one.is_stop
        judged += one.is_ignored is not None
        if one.is_ignored:
            ignored += 1
            examples.append((one.record, one.number))
            examples = sorted(examples)[:EXAMPLES]
    if not made:
        return None
    return Critiques(
        made=made, stops=stops, judged=judged, ignored=ignored, examples=tuple(examples)
    )


def heard_in(reader: JournalReader) -> Iterator[Heard]:
    """Yield every critique; those of rows in flight wait in memory for their revision."""
    waiting: dict[tuple[str, str], tuple[int, _Waiting]] = {}
    for record, node, number, data in reader.stored_rounds():
        if data.get("kind", "loop") != "loop":
            continue
        before = waiting.pop((record, node), None)
        if before is not None:
            of, said = before
            is_next = number == of + 1
            verdict = _is_ignored(said, data) if is_next else None
            yield Heard(record, node, of, said.is_stop, verdict)
        critique = data.get("critique")
        if critique is None:
            continue
        is_stop = data["sentinel"] != Sentinel.ABSENT.value
        if data["sentinel"] == Sentinel.GRANTED.value:  # nothing follows, so nothing is kept
            yield Heard(record, node, number, is_stop=True, is_ignored=None)
            continue
        kept = next((one for one in data["attempts"] if one["is_kept"]), None)
        # Where the revision was not kept, the critic saw again what it had seen before.
        seen = before[1].code if kept is None and before else _code_of(kept)
        waiting[record, node] = number, _Waiting(str(critique), seen, is_stop)
    for (record, node), (of, said) in waiting.items():
        yield Heard(record, node, of, said.is_stop, None)


def is_ignored(critique: str, code: str, diff: str) -> bool | None:
    """Say whether a diff leaves all untouched that a critique names; None where it names nothing.

    :param code: What the critique is of; only words of it count as names.
    :param diff: A unified diff from it to the revision; empty where nothing was changed.
    """
    critique, code, diff = critique[:_LONGEST], code[:_LONGEST], diff[:_LONGEST]
    names = _names(_words(critique) & _words(code))
    lines = _lines_named(critique, code) | _lines_inside(names, code)
    if not (names or lines):
        return None
    touched_lines, touched_text = _touched(diff)
    return not (names & _words(touched_text) or lines & touched_lines)


def _code_of(attempt: Mapping[str, Any] | None) -> str:
    """Return what was judged of an attempt, as its diffs are of."""
    if attempt is None:
        return ""
    return str(attempt["answer"] if attempt["code"] is None else attempt["code"])


def _is_ignored(said: _Waiting, revised: Mapping[str, Any]) -> bool | None:
    attempts: list[Mapping[str, Any]] = revised["attempts"]
    return is_ignored(said.critique, said.code, str(attempts[-1]["diff"])) if attempts else None


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text))


def _names(words: set[str]) -> set[str]:
    """Return the words that can name something: no keywords, and none of one or two letters."""
    return {word for word in words if len(word) > 2 and not keyword.iskeyword(word)}


def _lines_named(critique: str, code: str) -> set[int]:
    """Return the lines of the code that a critique names by number, or quotes whole."""
    text = code.splitlines()
    found: set[int] = set()
    for first, last in _LINE_NUMBER.findall(critique):
        begin, end = int(first[:9]), int((last or first)[:9])
        found.update(range(begin, min(end, len(text), begin + _MOST_LINES) + 1))
    found = {number for number in found if 1 <= number <= len(text)}
    quoted = {line.strip(" `>") for line in critique.splitlines()} - {""}
    found.update(number for number, line in enumerate(text, 1) if line.strip() in quoted)
    return found


def _lines_inside(names: set[str], code: str) -> set[int]:
    """Return the lines of the functions and classes of these names, as the indentation has them.

    Who changes what a function does has heeded a critique that names the function. The line behind
    it counts too: what is added at its end stands there.
    """
    found: set[int] = set()
    inside: list[int] = []  # how far the definitions that are named, and open, are indented
    for number, line in enumerate(code.splitlines(), 1):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        is_end = line.lstrip()[0] in ")]}"
        while inside and (indent < inside[-1] or (indent == inside[-1] and not is_end)):
            inside.pop()
        if inside:
            found |= {number, number + 1}
        defined = _DEFINES.match(line)
        if defined is not None and defined[1] in names:
            inside.append(indent)
    return found


def _touched(diff: str) -> tuple[set[int], str]:
    """Return the old lines that a diff takes away or adds after, and all text that it changes."""
    lines: set[int] = set()
    changed: list[str] = []
    number = 0
    for line in diff.splitlines():
        if hunk := _HUNK.match(line):
            number = int(hunk[1][:9])
        elif line.startswith(("---", "+++")) and not number:
            continue
        elif line.startswith("-"):
            lines.add(number)
            changed.append(line[1:])
            number += 1
        elif line.startswith("+"):
            lines.add(max(1, number))
            changed.append(line[1:])
        else:
            number += 1
    return lines, "\n".join(changed)
