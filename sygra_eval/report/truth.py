"""What a measured verifier and a rechecked folder look like, as tables and as data."""

from collections.abc import Iterator, Sequence

from sygra_eval.engine import Complaint, ErrorRates, Recheck, TruthReport
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


def recheck_text(found: Recheck) -> str:
    """Return what holds and what does not, a sentence each."""
    lines = [f"changed: {one_line(name)}" for name in found.changed]
    lines += [f"missing: {one_line(name)}" for name in found.missing]
    lines += [f"no longer passes: {one_line(row)}: {one_line(why)}" for row, why in found.refuted]
    lines += [f"not decided: {one_line(row)}: {one_line(why)}" for row, why in found.undecided]
    if not (found.changed or found.missing):
        lines.append(f"{found.files} files are those of the manifest")
    if found.note:
        lines.append(found.note)
    elif not (found.refuted or found.undecided):
        lines.append(f"{found.re_executed} verified rows were judged again, and pass")
    return "\n".join(wrapped(line, indent="  ") for line in lines) + "\n"


def recheck_json(found: Recheck) -> dict[str, object]:
    """Return the same as data."""
    return {
        "run": str(found.folder.absolute()),
        "exit": int(found.exit_code),
        "files": found.files,
        "changed": list(found.changed),
        "missing": list(found.missing),
        "re_executed": found.re_executed,
        "refuted": [{"row": row, "reason": why} for row, why in found.refuted],
        "undecided": [{"row": row, "reason": why} for row, why in found.undecided],
        "note": found.note or None,
    }


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
