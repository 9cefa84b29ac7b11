"""One row's story: its rounds as they happened, then what the validators said in the end."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from sygra_eval.report.figures import UNKNOWN, duration
from sygra_eval.report.guardrails import guard_lines, guards_json
from sygra_eval.report.layout import grid, shorten, wrapped
from sygra_eval.report.text_safety import one_line, printable
from sygra_eval.values import (
    Attempt,
    CallFault,
    Evidence,
    RecordEnd,
    Round,
    RoundKind,
    Sentinel,
    Status,
    Verdict,
)

_INDENT = "    "
_LABEL_WIDTH = 40  # a row's own candidates may be called anything


def record_text(end: RecordEnd, rounds: Sequence[Round], faults: Sequence[CallFault] = ()) -> str:
    """Return the story as text; code, evidence and critiques are whole.

    :param faults: Replies that were no answers.
    """
    sections = (
        _head(end),
        *_question(end),
        *("\n".join(_round_lines(finished)) for finished in rounds),
        *("\n".join(_fault_lines(fault)) for fault in faults),
        *guard_lines(end),
        *_verdict_table(end.verdicts),
        _close(end),
    )
    return "\n\n".join(sections) + "\n"


def record_json(
    end: RecordEnd, rounds: Sequence[Round], faults: Sequence[CallFault] = ()
) -> dict[str, object]:
    """Return the story as data; what only some rows have is left out of the others."""
    return {
        "id": end.row_id,
        "outcome": end.outcome.value,
        "reason": end.reason,
        "stop_reason": end.loop.stop_reason.value if end.loop is not None else None,
        "rounds": [_round_json(finished) for finished in rounds],
        "verdicts": [_verdict_json(verdict) for verdict in end.verdicts],
        **({"notes": list(notes)} if (notes := _notes(end)) else {}),
        **({"guardrails": guards_json(end)} if end.guards else {}),
        **({"faults": [asdict(fault) for fault in faults]} if faults else {}),
    }


def _notes(end: RecordEnd) -> tuple[str, ...]:
    """Return what the row says of its answers."""
    provenance = end.data.get("provenance")
    notes = provenance.get("notes") if isinstance(provenance, Mapping) else None
    return tuple(map(str, notes)) if isinstance(notes, list) else ()


def _fault_lines(fault: CallFault) -> Iterator[str]:
    """Say what came in the place of an answer, as it came."""
    place = f"{one_line(fault.node)}, round {fault.visit}, sample {fault.sample + 1}"
    again = "; refused for good, not sent again" if fault.is_final else ""
    yield wrapped(f"no answer at {place}: {fault.kind}: {fault.message}{again}", indent="  ")
    if fault.raw:
        yield "  what came, at most its first 2 KB"
        yield _block(fault.raw)


def _head(end: RecordEnd) -> str:
    told = [f"{end.row_id}: {end.outcome.value}, {end.reason}"]
    if end.weak_tests and end.weak_tests != end.reason:
        told.append(end.weak_tests)
    told += [f"note: {note}" for note in _notes(end)]
    if end.way:
        told.append(f"way: {', '.join(end.way)}")
    return "\n".join(wrapped(line, indent="  ") for line in told)


def _question(end: RecordEnd) -> Iterator[str]:
    question = end.data.get("question")
    if isinstance(question, str):
        yield f"question\n{_block(question)}"


def _round_lines(finished: Round) -> Iterator[str]:
    if finished.kind is not RoundKind.LOOP:
        yield from _side_by_side_lines(finished)
        return
    yield f"round {finished.number} of {one_line(finished.node)}"
    what = "draft" if finished.number == 1 else "revision"
    for attempt in finished.attempts:
        number = f" {attempt.sample + 1}" if what == "draft" else ""
        yield from _attempt_lines(attempt, f"{what}{number}")
    if finished.critique is not None:
        yield f"  critique ({_spent(finished.critique_tokens, finished.critique_latency_s)})"
        yield _block(finished.critique)
    if finished.sentinel is Sentinel.GRANTED:
        yield "  stop requested by the critic and granted: the tests agree"
    elif finished.sentinel is Sentinel.REFUSED:
        yield "  stop requested by the critic and refused: the tests do not pass"


def _side_by_side_lines(finished: Round) -> Iterator[str]:
    """Tell of what several models, or one several times, made of the same prompt."""
    yield f"{finished.kind.value} of {one_line(finished.node)}"
    for number, attempt in enumerate(finished.attempts, start=1):
        label = shorten(one_line(attempt.label), _LABEL_WIDTH)
        if finished.kind is RoundKind.CANDIDATES:
            yield from _attempt_lines(attempt, f"candidate {number} ({label})")
        else:
            yield f"  {label} ({_spent(attempt.tokens, attempt.latency_s)})"
            yield _block(attempt.answer)
    for label, why in finished.unanswered:
        yield wrapped(f"{label}: no answer, {why}", indent=_INDENT, first="  ")
    if finished.choice:
        yield wrapped(f"kept: {finished.choice}", indent=_INDENT, first="  ")


def _attempt_lines(attempt: Attempt, what: str) -> Iterator[str]:
    accepted = "accepted" if attempt.is_accepted else "not accepted"
    kept = "kept" if attempt.is_kept else "not kept"
    was_asked = attempt.tokens or attempt.latency_s  # or it was there already
    spent = f" ({_spent(attempt.tokens, attempt.latency_s)})" if was_asked else ""
    yield f"  {what}: {accepted}, {kept}{spent}"
    if attempt.code is None:
        yield f"  no code ({one_line(attempt.extraction)}) in the answer"
        yield _block(attempt.answer)
    else:
        yield "  code"
        yield _block(attempt.code)
    if attempt.diff:
        yield "  diff from what was kept before"
        yield _block(attempt.diff)
    yield "  evidence"
    yield _block(attempt.evidence or UNKNOWN)


def _verdict_table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    if not verdicts:
        return
    columns = ("validator", "verdict", "score", "reason", "trust")
    rows = [
        (
            verdict.validator + "*" * verdict.is_required,
            verdict.status.value,
            UNKNOWN if verdict.score is None else f"{verdict.score:.2f}",
            verdict.reason,
            verdict.trust.value,
        )
        for verdict in verdicts
    ]
    isolation = sorted({_isolation(verdict) for verdict in verdicts} - {""})
    table = grid(columns, ("left", "left", "right", "left", "left"), rows)
    below = wrapped(f"* required   isolation: {' · '.join(isolation) or UNKNOWN}", indent="  ")
    yield f"{table}\n{below}"
    yield from _reasons(verdicts)


def _reasons(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Say in full what a cell of the table may have cut."""
    lines = [
        f"{verdict.validator}: {verdict.reason}"
        for verdict in verdicts
        if verdict.status is not Status.PASS
    ]
    if lines:
        yield "\n".join(wrapped(line, indent="  ") for line in lines)
    for verdict in verdicts:
        if verdict.evidence is not None and verdict.evidence.measures:
            yield f"{one_line(verdict.validator)}\n{_block(verdict.evidence.output)}"


def _close(end: RecordEnd) -> str:
    loop = end.loop
    if loop is None:
        return f"no loop; outcome: {end.outcome.value}"
    loosely = " (the stop phrase stood inside other words)" if loop.is_loose else ""
    return wrapped(
        f"stopped by {loop.stop_reason.value}{loosely} after rounds: {loop.rounds}; "
        f"drafts: {loop.samples}; stops refused: {loop.sentinels_refused}; tokens: {loop.tokens}; "
        f"kept: round {loop.kept_round or UNKNOWN}; outcome: {end.outcome.value}",
        indent="  ",
    )


def _round_json(finished: Round) -> dict[str, object]:
    attempts = finished.attempts
    shown = None if finished.kind is RoundKind.REPLIES else _shown(attempts)
    return {
        "node": finished.node,
        "round": finished.number,
        "kind": finished.kind.value,
        "candidate": shown.answer if shown is not None else None,
        "code": shown.code if shown is not None else None,
        "evidence": shown.evidence if shown is not None else None,
        "critique": finished.critique,
        "accepted": shown.is_accepted if shown is not None else False,
        "kept": any(attempt.is_kept for attempt in attempts),
        "diff": shown.diff if shown is not None else "",
        "tokens": sum(attempt.tokens for attempt in attempts) + finished.critique_tokens,
        "latency_s": sum(attempt.latency_s for attempt in attempts) + finished.critique_latency_s,
        "sentinel": finished.sentinel.value,
        "attempts": [_attempt_json(attempt) for attempt in attempts],
        "choice": finished.choice,
        "unanswered": [{"label": label, "reason": why} for label, why in finished.unanswered],
    }


def _attempt_json(attempt: Attempt) -> dict[str, object]:
    return {
        "sample": attempt.sample,
        "label": attempt.label,
        "candidate": attempt.answer,
        "code": attempt.code,
        "extraction": attempt.extraction,
        "evidence": attempt.evidence,
        "accepted": attempt.is_accepted,
        "kept": attempt.is_kept,
        "diff": attempt.diff,
        "tokens": attempt.tokens,
        "latency_s": attempt.latency_s,
        "verdicts": [_verdict_json(verdict) for verdict in attempt.verdicts],
    }


def _verdict_json(verdict: Verdict) -> dict[str, object]:
    return {
        "validator": verdict.validator,
        "status": verdict.status.value,
        "score": verdict.score,
        "reason": verdict.reason,
        "isolation": _isolation(verdict),
        "trust": verdict.trust.value,
        **_measured(verdict.evidence),
    }


def _measured(evidence: Evidence | None) -> dict[str, object]:
    if evidence is None or not evidence.measures:
        return {}
    return {"measures": dict(evidence.measures), "output": evidence.output}


def _shown(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the attempt that was kept, else the last one."""
    kept = [attempt for attempt in attempts if attempt.is_kept]
    return next(iter(kept or attempts[-1:]), None)


def _isolation(verdict: Verdict) -> str:
    return verdict.evidence.isolation if verdict.evidence is not None else ""


def _spent(tokens: int, latency_s: float) -> str:
    return f"{tokens} tokens, {duration(latency_s)}"


def _block(text: str) -> str:
    """Indent a text of several lines; what it must not do to a terminal is made visible."""
    return textwrap.indent(printable(text).strip("\n"), _INDENT)
