"""The report's table of guardrails, and what `show` says of those of one row."""

import textwrap
from collections.abc import Iterator

from sygra_eval.engine import RunSummary
from sygra_eval.report.figures import UNKNOWN
from sygra_eval.report.layout import wrapped
from sygra_eval.report.table import Align, Table
from sygra_eval.report.text_safety import printable
from sygra_eval.values import GuardVerdict, RecordEnd, Status


def guardrails(summary: RunSummary) -> Table:
    """Return what each guardrail said, node by node, counted in calls."""
    return Table(
        title="Guardrails",
        columns=("guardrail", "at", "node", "pass", "fail", "error", "skip", "blocked"),
        aligns=(Align.LEFT, Align.LEFT, Align.LEFT, *(Align.RIGHT,) * 5),
        rows=tuple(
            (
                tally.guardrail,
                tally.at,
                tally.node or UNKNOWN,
                *map(str, (tally.passed, tally.failed, tally.errors, tally.skipped)),
                str(tally.blocked),
            )
            for tally in summary.guardrails
        ),
        notes=(
            "in calls of rows that ended; blocked, of those that fail: a prompt that was not sent "
            "or a reply that was not used",
        ),
    )


def guard_lines(end: RecordEnd) -> Iterator[str]:
    """Yield what the guardrails said of a row's calls, one line a verdict."""
    if end.guards:
        yield "\n".join(("guardrails", *(line for one in end.guards for line in _lines(one))))


def _lines(one: GuardVerdict) -> Iterator[str]:
    yield wrapped(_told(one), indent="    ", first="  ")
    evidence = one.verdict.evidence
    if evidence is not None and evidence.output and one.verdict.status is not Status.PASS:
        yield textwrap.indent(printable(evidence.output).strip("\n"), "    ")


def _told(one: GuardVerdict) -> str:
    place = f"{one.node}, round {one.visit}, sample {one.sample + 1}"
    blocked = " (blocked)" if one.has_blocked else ""
    said = f"{one.verdict.status.value}{blocked}: {one.verdict.reason}"
    return f"{one.verdict.validator} at {one.at.value} of {place}: {said}"


def guards_json(end: RecordEnd) -> list[dict[str, object]]:
    """Return a row's verdicts as data."""
    return [
        {
            "guardrail": one.verdict.validator,
            "at": one.at.value,
            "node": one.node,
            "visit": one.visit,
            "sample": one.sample,
            "status": one.verdict.status.value,
            "blocked": one.has_blocked,
            "reason": one.verdict.reason,
            "evidence": one.verdict.evidence.output if one.verdict.evidence else "",
        }
        for one in end.guards
    ]
