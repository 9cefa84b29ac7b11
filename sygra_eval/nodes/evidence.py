"""Verdicts as text for author and critic: what passed, what failed, and on which input.

Only what the loop stage saw is in it, so hidden tests cannot leak through here. A validator that
was skipped has nothing to say to them.
"""

from collections.abc import Iterator, Sequence

from sygra_eval.values import FailingCase, Status, Verdict

_WORDS = {
    Status.PASS: "PASSED",
    Status.FAIL: "FAILED",
    Status.ERROR: "ERROR",
}


def evidence_text(verdicts: Sequence[Verdict]) -> str:
    """Return one line per validator, below a failed one what proves it."""
    return "\n".join(line for verdict in verdicts for line in _lines(verdict))


def _lines(verdict: Verdict) -> Iterator[str]:
    if verdict.status is Status.SKIP:
        return
    word = _WORDS[verdict.status]
    if verdict.status is Status.PASS:
        yield f"{word} {verdict.validator}"
        return
    yield f"{word} {verdict.validator}: {verdict.reason}"
    if verdict.evidence is not None and verdict.evidence.failing is not None:
        yield from _case_lines(verdict.evidence.failing)


def _case_lines(case: FailingCase) -> Iterator[str]:
    for label, text in (
        ("test", case.test),
        ("input", case.input),
        ("expected", case.expected),
        ("got", case.got),
    ):
        if text:
            yield f"  {label}: {text}"
    if case.traceback:
        yield f"  {case.traceback.strip().splitlines()[-1]}"
