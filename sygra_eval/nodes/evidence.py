"""Verdicts as text for author and critic: what passed, what failed, and on which input.

The text keeps to a budget. What helps most to mend an answer is kept first: the reasons, then the
counterexamples, then what was raised. A validator that was skipped has nothing to say. Only what
the loop stage saw is in it; should a verdict speak of hidden tests all the same, it is told that
they fail and nothing more, since an author who sees them learns to answer them by heart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sygra_eval.values import FailingCase, Status, Verdict

MAX_CHARS = 2_000
"""The budget where the suite names none: some 500 tokens."""
MOST_CASES = 3
_WORDS = {
    Status.PASS: "PASSED",
    Status.FAIL: "FAILED",
    Status.ERROR: "ERROR",
}
_REASON, _COUNTEREXAMPLE, _RAISED, _PASSED, _TEST, _FURTHER = range(6)
_LEAST_WORTH_CUTTING = 16


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, and when it is given up: the highest rank first, and of one rank the last."""

    rank: int
    text: str


def evidence_text(verdicts: Sequence[Verdict], max_chars: int = MAX_CHARS) -> str:
    """Return one line per validator, below a failed one what proves it, in `max_chars`."""
    lines = [line for verdict in verdicts for line in _lines(verdict)]
    return "\n".join(_within(lines, max_chars))


def _within(lines: Sequence[_Line], max_chars: int) -> Iterator[str]:
    """Keep the lines that matter most, in their order; one of these is cut where it must be."""
    if sum(len(line.text) + 1 for line in lines) <= max_chars + 1:
        yield from (line.text for line in lines)
        return
    room, kept = max_chars, dict[int, str]()
    for at in sorted(range(len(lines)), key=lambda at: (lines[at].rank, at)):
        line = lines[at]
        # No line takes so much that there is none left for what belongs below it.
        share = max_chars // (2 if line.rank == _REASON else 4)
        text = _cut(line.text, min(room, share)) if line.rank <= _RAISED else line.text
        if text and len(text) <= room:
            kept[at] = text
            room -= len(text) + 1
    yield from (kept[at] for at in sorted(kept))


def _cut(text: str, most: int) -> str:
    """Cut a line; what would be too short to mean anything is left out."""
    if len(text) <= most:
        return text
    return text[: most - 1] + "…" if most >= _LEAST_WORTH_CUTTING else ""


def _lines(verdict: Verdict) -> Iterator[_Line]:
    if verdict.status is Status.SKIP:
        return
    head = f"{_WORDS[verdict.status]} {verdict.validator}"
    if verdict.status is Status.PASS:
        yield _Line(_PASSED, head)
        return
    evidence = verdict.evidence
    if evidence is not None and "hidden" in evidence.tests:
        yield _Line(_REASON, f"{head}: tests that are not shown fail")
        return
    yield _Line(_REASON, f"{head}: {verdict.reason}")
    if evidence is None or evidence.failing is None:
        return
    yield from _case_lines(evidence.failing)
    for case in evidence.further[: MOST_CASES - 1]:
        yield _Line(_FURTHER, f"  also: {_in_one_line(case)}")


def _case_lines(case: FailingCase) -> Iterator[_Line]:
    for rank, label, text in (
        (_TEST, "test", case.test),
        (_COUNTEREXAMPLE, "input", case.input),
        (_COUNTEREXAMPLE, "expected", case.expected),
        (_COUNTEREXAMPLE, "got", case.got),
    ):
        if text:
            yield _Line(rank, f"  {label}: {text}")
    if raised := _last_line(case):
        yield _Line(_RAISED, f"  {raised}")


def _in_one_line(case: FailingCase) -> str:
    """Tell of a further case in short: what went in, what was to come out, and what did."""
    given = f"input {case.input}" if case.input else f"test {case.test}"
    expected = f", expected {case.expected}" if case.expected else ""
    came = case.got or _last_line(case)
    return f"{given}{expected}" + (f", got {came}" if came else "")


def _last_line(case: FailingCase) -> str:
    return case.traceback.strip().splitlines()[-1] if case.traceback.strip() else ""
