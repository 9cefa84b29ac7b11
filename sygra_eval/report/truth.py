"""What a measured verifier looks like, as a table and as data."""

from collections.abc import Iterator, Sequence

from sygra_eval.engine import Complaint, ErrorRates, TruthReport
from sygra_eval.quality import Interval
from sygra_eval.report.figures import bounds
from sygra_eval.report.layout import grid, wrapped
from sygra_eval.report.text_safety import one_line

MOST_NAMED = 20
_COLUMNS = ("validator", "false acc.", "95 %", "false rej.", "95 %", "error")
_ALIGNS = ("left", "right", "right", "right", "right", "right")


def truth_text(report: TruthReport) -> str:
    """Return the error rates, and the rows that they come from."""
    stack = report.stack
    rows = [_line(name, rates) for name, rates in report.per_validator.items()]
    if len(rows) > 1:
        rows.append(_line("all of them", stack))
    sections = (
        f"{stack.right} answers known to be right, {stack.wrong} known to be wrong",
        grid(_COLUMNS, _ALIGNS, rows),
        *_notes(report),
    )
    return "\n".join(sections) + "\n"


def truth_json(report: TruthReport) -> dict[str, object]:
    """Return the figures as design.md section 10 names them."""
    return {
        **_figures(report.stack),
        "per_validator": {name: _figures(rates) for name, rates in report.per_validator.items()},
        "task_ids": _task_ids(report.stack),
    }


def complaint_line(complaint: Complaint) -> str:
    """Return why a line could not be judged, and which one."""
    name = "" if complaint.task_id == complaint.place else f"{complaint.task_id}: "
    return one_line(f"{complaint.place}: {name}{complaint.reason}")


def _line(name: str, rates: ErrorRates) -> tuple[str, ...]:
    return (
        name,
        f"{len(rates.false_accepts)} / {rates.decided_wrong}",
        bounds(rates.false_accept_rate),
        f"{len(rates.false_rejects)} / {rates.decided_right}",
        bounds(rates.false_reject_rate),
        str(len(rates.errors)),
    )


def _notes(report: TruthReport) -> Iterator[str]:
    if report.stack.skipped:
        yield wrapped(
            f"not accepted because a validator did not apply: {report.stack.skipped}", indent="  "
        )
    yield wrapped(f"isolation: {report.isolation}", indent="  ")
    named = (
        ("false accepts", report.stack.false_accepts),
        ("false rejects", report.stack.false_rejects),
    )
    for what, ids in named:
        if ids:
            yield wrapped(f"{what}: {_some(ids)}", indent="  ")
    for complaint in report.complaints[:MOST_NAMED]:
        yield wrapped(f"error: {complaint_line(complaint)}", indent="  ")
    if len(report.complaints) > MOST_NAMED:
        yield f"and {len(report.complaints) - MOST_NAMED} more errors"


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(map(one_line, ids[:MOST_NAMED])) + more


def _figures(rates: ErrorRates) -> dict[str, object]:
    return {
        "right": rates.right,
        "wrong": rates.wrong,
        "false_accepts": len(rates.false_accepts),
        "false_rejects": len(rates.false_rejects),
        "errors": len(rates.errors),
        "intervals": {
            "false_accepts": _interval(rates.false_accept_rate, rates.decided_wrong),
            "false_rejects": _interval(rates.false_reject_rate, rates.decided_right),
        },
    }


def _interval(interval: Interval | None, of: int) -> dict[str, object] | None:
    if interval is None:
        return None
    return {
        "value": interval.estimate,
        "lower": interval.low,
        "upper": interval.high,
        "of": of,
        "method": "wilson",
        "confidence": 0.95,
    }


def _task_ids(rates: ErrorRates) -> dict[str, list[str]]:
    return {
        "false_accepts": list(rates.false_accepts),
        "false_rejects": list(rates.false_rejects),
        "errors": list(rates.errors),
    }
