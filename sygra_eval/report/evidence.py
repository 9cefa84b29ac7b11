"""What stands behind the rows: how strong their evidence is, and what their tests let through.

Tables and sentences for `tables.tables_of`; a figure that a run does not have leaves them out.
"""

from collections.abc import Iterator

from sygra_eval.engine import WEAK, PassRates, RunSummary
from sygra_eval.report.figures import UNKNOWN, bounds, percent, some_of
from sygra_eval.report.table import Align, Table
from sygra_eval.values import Outcome


def grades(summary: RunSummary) -> Table:
    """Return how strong the evidence of the verified rows is; the rows add up to verified."""
    verified = summary.counts.get(Outcome.VERIFIED, 0)
    rows = [
        (grade, str(count), percent(count / verified if verified else None))
        for grade, count in summary.grades.items()
    ]
    return Table(
        title="Grades of evidence",
        columns=("grade", "verified rows", "%"),
        aligns=(Align.LEFT, Align.RIGHT, Align.RIGHT),
        rows=(*rows, ("all grades", str(verified), "")) if verified and rows else (),
    )


def pass_rates(summary: RunSummary) -> Table:
    """Return how hard the questions are, by how many of their drafts pass."""
    found = summary.pass_rates
    title, columns = "Pass rate of the drafts", ("difficulty", "rows", "%", "verified in the end")
    aligns = (Align.LEFT, *(Align.RIGHT,) * 3)
    if found is None:
        return Table(title=title, columns=columns, aligns=aligns, rows=())
    rows = [
        (band, str(count), percent(count / found.rows), str(verified))
        for band, (count, verified) in found.by_difficulty.items()
    ]
    if found.judged < found.rows:
        unjudged = found.rows - found.judged
        rows.append(("not judged", str(unjudged), percent(unjudged / found.rows), UNKNOWN))
    return Table(
        title=title,
        columns=columns,
        aligns=aligns,
        rows=tuple(rows),
        notes=tuple(_rate_notes(found)),
    )


def _rate_notes(found: PassRates) -> Iterator[str]:
    interval = f", 95 % interval {bounds(found.interval)}" if found.interval is not None else ""
    yield (
        f"pass@1: {percent(found.pass_at_1)} %{interval}: the mean over "
        f"{counted(found.judged, 'question')}, {counted(found.drafts, 'draft')} in all"
    )
    yield "easy: more than 80 % pass · medium: 20 to 80 % · hard: fewer · unsolved: none"
    count, verified = found.by_difficulty["unsolved"]
    if count:
        yield (
            f"unsolved: {counted(count, 'row')}, such as {some_of(found.unsolved)}; "
            f"{verified} verified by a revision, the others are kept with the rejected rows"
        )
    if found.left_band:
        yield f"drawn fewer drafts, as the rate lies outside the band: {found.left_band}"


def notes_on_tests(summary: RunSummary) -> tuple[str, ...]:
    """Return what is known of the rows' tests: how strong they are, what they let through."""
    return (
        *strength_notes(summary),
        *_hard_coding_notes(summary),
        *_weak_notes(summary),
    )


def strength_notes(summary: RunSummary) -> Iterator[str]:
    """Yield how strong the rows' tests are, and whose are weak; nothing where none was asked."""
    strength = summary.strength
    if strength is None:
        return
    weakest = ", ".join(f"{row_id} ({score:.2f})" for row_id, score in strength.weakest)
    such_as = f", lowest first: {weakest}" if weakest else ""
    yield (
        f"mutation score of {counted(strength.rows, 'verified row')}: "
        f"median {strength.median:.2f}, lowest {strength.lowest:.2f}"
    )
    yield f"weakly tested (below {WEAK:g}): {counted(strength.weak, 'row')}{such_as}"


def _hard_coding_notes(summary: RunSummary) -> Iterator[str]:
    found = summary.hard_coding
    if found is None:
        return
    rate = found.rate
    share = percent(rate.estimate if rate is not None else None)
    interval = f", 95 % interval {bounds(rate)}" if rate is not None else ""
    such_as = f", such as {some_of(found.examples)}" if found.examples else ""
    yield (
        f"rate of hard-coding: {share} %{interval}: {found.rows} of "
        f"{counted(found.of, 'row')} that pass the visible tests fail the hidden ones{such_as}"
        if found.of
        else f"rate of hard-coding: {UNKNOWN}: no row passes all its visible tests"
    )


def _weak_notes(summary: RunSummary) -> Iterator[str]:
    found = summary.weak_tests
    if found is None:
        return
    told = f"weak tests: {found.rows} of {counted(found.of, 'row')} whose tests were tried"
    if not found.rows:
        yield f"{told}; no program passes that must not"
        return
    yield f"{told}, such as {some_of(found.examples)}"
    for reason, rows in found.reasons.items():
        yield f"{counted(rows, 'row')}: {reason.removeprefix('weak tests: ')}"


def canary_notes(summary: RunSummary) -> tuple[str, ...]:
    """Return what became of the rows that nothing right can verify."""
    found = summary.canaries
    if found is None:
        return ()
    told = f"canaries: {counted(found.rows, 'row')}, never verified data"
    if not found.verified:
        return (f"{told}; none passed the required validators",)
    return (
        f"ALARM: {told}; {found.verified} passed the required validators although the tests "
        f"contradict the text, such as {some_of(found.examples)}",
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
