"""What changed between two candidates of one row: code, verdicts, and the tests that flipped.

The two may be rounds of one run (`rounds_differing`) or the ends of a row in two runs
(`ends_differing`).
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sygra_eval.report.layout import grid, wrapped
from sygra_eval.report.text_safety import one_line, printable
from sygra_eval.values import Attempt, RecordEnd, Round, RoundKind, UsageError, Verdict

_NOTHING = "–"
_CONTEXT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One candidate, with what was said of it."""

    label: str
    code: str
    said: Mapping[str, str]  # status by validator
    failing: Mapping[str, tuple[str, ...]]  # names of failing tests by validator, the first ones
    passed: Mapping[str, str]  # `3 of 4 visible` by validator

    @property
    def tests(self) -> set[tuple[str, str]]:
        """The failing tests that are known by their names."""
        return {(of, name) for of, names in self.failing.items() for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """Two candidates of a row.

    :ivar fixed: Tests that failed before and are not among those that fail after, with their
        validators; `broken` the other way round.
    """

    row: str
    before: Shown
    after: Shown

    @property
    def fixed(self) -> list[tuple[str, str]]:
        """Tests that fail before and not after."""
        return sorted(self.before.tests - self.after.tests)

    @property
    def broken(self) -> list[tuple[str, str]]:
        """Tests that fail after and not before."""
        return sorted(self.after.tests - self.before.tests)

    def diff(self) -> list[str]:
        """Return the unified diff of the code, a line each."""
        before, after = (one.code.splitlines() for one in (self.before, self.after))
        names = self.before.label, self.after.label
        return list(difflib.unified_diff(before, after, *names, lineterm="", n=_CONTEXT))


def rounds_differing(
    row: str, rounds: Sequence[Round], numbers: tuple[int, int] | None = None
) -> Differing:
    """Compare the candidates of two rounds, by default of the first and of the last one.

    :raises UsageError: When the row has no such rounds.
    """
    those = [one for one in rounds if one.kind is not RoundKind.REPLIES and one.attempts]
    if not those:
        raise UsageError(f"row `{row}` has no rounds: nothing was tried and judged in turns")
    by_number = {one.number: one for one in those}
    first, last = numbers or (those[0].number, those[-1].number)
    for number in (first, last):
        if number not in by_number:
            known = ", ".join(map(str, by_number))
            raise UsageError(f"row `{row}` has no round {number}; it has {known}")
    if first == last:
        one = by_number[first]
        if numbers is not None or len(one.attempts) < 2:
            raise UsageError(f"row `{row}` has one candidate, so nothing to compare it with")
        before, after = one.attempts[0], _kept(one)
        if before is after:
            before = one.attempts[1]
        return Differing(
            row=row,
            before=_of_attempt(f"round {first}, draft {before.sample + 1}", before),
            after=_of_attempt(f"round {first}, draft {after.sample + 1}", after),
        )
    return Differing(
        row=row,
        before=_of_attempt(f"round {first}", _kept(by_number[first])),
        after=_of_attempt(f"round {last}", _kept(by_number[last])),
    )


def ends_differing(labels: tuple[str, str], before: RecordEnd, after: RecordEnd) -> Differing:
    """Compare how one row ended in two runs."""
    return Differing(
        row=before.row_id,
        before=_of_end(labels[0], before),
        after=_of_end(labels[1], after),
    )


def differing_text(found: Differing) -> str:
    """Return it as text: verdicts, tests that flipped, then the diff."""
    lines = [wrapped(f"{found.row}: {found.before.label} → {found.after.label}", indent="  ")]
    names = list(dict.fromkeys((*found.before.said, *found.after.said)))
    if names:
        rows = [(name, *_side(found.before, name), *_side(found.after, name)) for name in names]
        columns = ("validator", "before", "tests", "after", "tests")
        lines += ["", grid(columns, ("left",) * 5, rows)]
    lines += list(_flips(found))
    diff = found.diff()
    lines += ["", *(printable(line).replace("\n", "\\n") for line in diff)]
    if not diff:
        lines.append("the code is the same")
    return "\n".join(lines)


def differing_json(found: Differing) -> dict[str, object]:
    """Return it as data."""
    return {
        "row": found.row,
        "before": _side_json(found.before),
        "after": _side_json(found.after),
        "fixed": [{"validator": of, "test": name} for of, name in found.fixed],
        "broken": [{"validator": of, "test": name} for of, name in found.broken],
        "diff": "\n".join(found.diff()),
    }


def _flips(found: Differing) -> Iterator[str]:
    for what, tests in (("passes now", found.fixed), ("fails now", found.broken)):
        for of, name in tests:
            yield wrapped(f"{what}: {name} ({of})", indent="  ")
    if found.before.tests & found.after.tests:
        still = sorted(found.before.tests & found.after.tests)
        for of, name in still:
            yield wrapped(f"fails still: {name} ({of})", indent="  ")


def _side(shown: Shown, name: str) -> tuple[str, str]:
    return shown.said.get(name, _NOTHING), shown.passed.get(name, _NOTHING)


def _side_json(shown: Shown) -> dict[str, object]:
    return {
        "label": shown.label,
        "code": shown.code,
        "verdicts": dict(shown.said),
        "failing": {of: list(names) for of, names in shown.failing.items()},
    }


def _kept(one: Round) -> Attempt:
    return next((attempt for attempt in one.attempts if attempt.is_kept), one.attempts[-1])


def _of_attempt(label: str, attempt: Attempt) -> Shown:
    code = attempt.answer if attempt.code is None else attempt.code
    return _shown(label, code, attempt.verdicts)


def _of_end(label: str, end: RecordEnd) -> Shown:
    code = end.data.get("code")
    answer = end.data.get("answer")
    text = code if isinstance(code, str) else answer if isinstance(answer, str) else ""
    return _shown(f"{label} ({end.outcome.value})", text, end.verdicts)


def _shown(label: str, code: str, verdicts: Sequence[Verdict]) -> Shown:
    failing: dict[str, tuple[str, ...]] = {}
    passed: dict[str, str] = {}
    for verdict in verdicts:
        evidence = verdict.evidence
        if evidence is None:
            continue
        cases = [case for case in (evidence.failing, *evidence.further) if case is not None]
        if cases:
            failing[verdict.validator] = tuple(one_line(case.test) for case in cases)
        if evidence.tests:
            passed[verdict.validator] = ", ".join(
                f"{count.passed} of {count.total} {group}"
                for group, count in evidence.tests.items()
            )
    said = {verdict.validator: verdict.status.value for verdict in verdicts}
    return Shown(label=one_line(label), code=code, said=said, failing=failing, passed=passed)
