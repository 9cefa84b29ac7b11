"""Lines that a code host's CI shows beside a change: `::error …`, then the rows behind them.

A host shows ten annotations of a kind and drops the rest without a word, so the tenth says how many
more there are. What rows say stands where no line of it is a command.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.engine import ReportContext, ReportRow, suite_path_of
from sygra_eval.quality import GateState
from sygra_eval.report.plain_text import cut, shown
from sygra_eval.report.text_safety import one_line
from sygra_eval.values import Outcome, Status

MOST_SHOWN = 10
MOST_ROWS = 50
MOST_TEXT = 400
MOST_LINES = 40
_FALLEN = (Outcome.REJECTED, Outcome.FAILED)

Annotation = tuple[str, str]  # title, text


@dataclass(slots=True)
class _Fallen:
    """The first rows that fell out, and how many there are."""

    first: dict[Outcome, list[ReportRow]]
    told: list[ReportRow]
    counts: Mapping[Outcome, int]


def annotations_report(
    ctx: ReportContext, token: str | None = None, here: Path | None = None
) -> Iterator[str]:
    """Yield the lines.

    :param here: The folder that the host takes for the top of its files.
    :param token: What ends the part without commands: nobody may guess it, so it is random.
    """
    suite, fallen = suite_file(ctx, here or Path.cwd()), _fallen(ctx)
    if ctx.state_words != ctx.summary.state:
        yield _line("notice", "sygra-eval", ctx.state_words, suite)
    yield from _kind("error", *_errors(ctx, fallen), suite)
    yield from _kind("warning", *_warnings(ctx, fallen), suite)
    yield _line("notice", "sygra-eval", ctx.summary.exit_reason, suite)
    yield from _rows_told(ctx, fallen, token or secrets.token_hex(16))


def _fallen(ctx: ReportContext) -> _Fallen:
    """Go through the rows once, and no further than it takes."""
    counts = {outcome: ctx.summary.counts.get(outcome, 0) for outcome in _FALLEN}
    fallen = _Fallen(first={outcome: [] for outcome in _FALLEN}, told=[], counts=counts)
    wanted = min(ctx.options.max_rows or MOST_ROWS, sum(counts.values()))
    missing = wanted + sum(min(count, MOST_SHOWN) for count in counts.values())
    rows = ctx.rows() if missing else iter(())
    for row in rows:
        if row.outcome not in _FALLEN:
            continue
        for kept, most in ((fallen.first[row.outcome], MOST_SHOWN), (fallen.told, wanted)):
            if len(kept) < most:
                kept.append(row)
                missing -= 1
        if not missing:
            break
    return fallen


def suite_file(ctx: ReportContext, here: Path) -> str:
    """Return the suite as the host knows it: below its folder, else nothing."""
    try:
        return suite_path_of(ctx.folder).relative_to(here).as_posix()
    except ValueError:
        return ""


def _errors(ctx: ReportContext, fallen: _Fallen) -> tuple[list[Annotation], int]:
    """Return the first of what fails the run, and how many there are."""
    gates = [
        (f"gate {gate.state.value}", f"{gate.name}: {gate.reason}")
        for gate in ctx.summary.gates
        if gate.state in (GateState.FAILED, GateState.ERROR)
    ]
    rows = _of_rows(fallen, Outcome.REJECTED)
    return [*gates, *rows], len(gates) + fallen.counts[Outcome.REJECTED]


def _warnings(ctx: ReportContext, fallen: _Fallen) -> tuple[list[Annotation], int]:
    told = [("sygra-eval", warning) for warning in ctx.summary.warnings]  # of gates too
    rows = _of_rows(fallen, Outcome.FAILED)
    return [*told, *rows], len(told) + fallen.counts[Outcome.FAILED]


def _of_rows(fallen: _Fallen, outcome: Outcome) -> list[Annotation]:
    return [(f"row {outcome.value}", f"{row.id}: {row.reason}") for row in fallen.first[outcome]]


def _kind(kind: str, first: list[Annotation], count: int, suite: str) -> Iterator[str]:
    """Yield at most ten lines of a kind."""
    if count > MOST_SHOWN:
        first = [*first[: MOST_SHOWN - 1], ("sygra-eval", f"and {count - MOST_SHOWN + 1} more")]
    for title, text in first:
        yield _line(kind, title, text, suite)


def _line(kind: str, title: str, text: str, suite: str) -> str:
    properties = {"file": suite, "title": title}
    told = ",".join(f"{name}={property_text(value)}" for name, value in properties.items() if value)
    return f"::{kind} {told}::{message_text(cut(one_line(cut(text, MOST_TEXT)), MOST_TEXT))}\n"


def message_text(text: str) -> str:
    """Escape what would end a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_text(text: str) -> str:
    """Escape what would end a command's property."""
    return message_text(one_line(text)).replace(":", "%3A").replace(",", "%2C")


def _rows_told(ctx: ReportContext, fallen: _Fallen, token: str) -> Iterator[str]:
    """Yield what is known of the rows that fell out, with no command in it."""
    count = sum(fallen.counts.values())
    if not fallen.told:
        return
    yield f"::group::rows that fell out: {count}\n::stop-commands::{token}\n"
    for row in fallen.told:
        yield from (f"{line}\n" for line in _row_lines(row))
    if more := count - len(fallen.told):
        yield f"and {more} more: sygra-eval report {ctx.summary.suite}/{ctx.summary.run} --as csv\n"
    yield f"::{token}::\n::endgroup::\n"


def _row_lines(row: ReportRow) -> Iterator[str]:
    yield one_line(cut(f"{row.id}: {row.outcome.value}: {row.reason}", MOST_TEXT))
    for verdict in row.verdicts:
        if verdict.status in (Status.FAIL, Status.ERROR):
            told = f"{verdict.validator}: {verdict.status.value}: {verdict.reason}"
            yield f"  {one_line(cut(told, MOST_TEXT))}"
            evidence = verdict.evidence
            if evidence is not None and evidence.failing is not None:
                trace = shown(evidence.failing.traceback, MOST_TEXT)
                yield from (f"    {line}" for line in trace.splitlines()[:MOST_LINES])
