"""What the file keeps of a row, as data for the page of that row.

Values are as they came; the browser shows them as text and spells out what is invisible. Long
texts are cut, which the text then says, so that no row makes a page that cannot be opened.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sygra_eval.engine import ReportRow
from sygra_eval.report.flips import flips_between
from sygra_eval.values import (
    Attempt,
    CallFault,
    Evidence,
    FailingCase,
    GuardVerdict,
    RecordEnd,
    Round,
    RoundKind,
    Sentinel,
    Status,
    Verdict,
)

MOST_CHARACTERS = 100_000
"""Of one text; `sygra-eval show` and the data files have all of it."""

_COLUMN_CHARACTERS = 20_000
_LINE_CHARACTERS = 500_000  # of a row, before its columns are cut too
_OURS = frozenset(
    {
        "answer",
        "code",
        "messages",
        "rounds",
        "stop_reason",
        "verdicts",
        "provenance",
        "question",
        "reason",
        "outcome_reason",
    }
)
"""Columns that the page shows in their own place, or that stand there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A row with all that is told of it."""

    row: ReportRow
    rounds: tuple[Round, ...] = ()
    faults: tuple[CallFault, ...] = ()

    @property
    def end(self) -> RecordEnd:
        """How it ended."""
        return self.row.end


def line_of(told: Told) -> bytes:
    """Return the row's story as a line of JSON."""
    story = story_of(told)
    line = _json(story)
    if len(line) > _LINE_CHARACTERS and isinstance(columns := story.get("columns"), dict):
        line = _json(story | {"columns": _cut_columns(columns)})
    return line.encode("ascii") + b"\n"


def story_of(told: Told) -> dict[str, object]:
    """Return the row's story; what only some rows have is left out of the others."""
    end = told.end
    loop = end.loop
    story: dict[str, object] = {
        "id": end.row_id,
        "index": end.index,
        "outcome": end.outcome.value,
        "reason": _cut(end.reason),
        "question": _text(end.data.get("question")),
        "columns": _columns(end.data),
        "verdicts": [_verdict(one) for one in end.verdicts],
        "rounds": [_round(one) for one in _with_flips(told.rounds)],
        "weak": end.weak_tests,
        "way": list(end.way),
        "notes": _notes(end),
        "guards": [_guard(one) for one in end.guards],
        "faults": [_fault(one) for one in told.faults],
        "calls": told.row.calls,
        "tokens": [told.row.prompt_tokens, told.row.completion_tokens],
        "s": round(told.row.latency_s, 3),
        "usd": told.row.cost_usd,
    }
    if not told.rounds:  # else they are in these
        story["answer"] = _text(end.data.get("answer"))
        story["code"] = _text(end.data.get("code"))
    if loop is not None:
        story["loop"] = {
            "node": loop.node,
            "stop": loop.stop_reason.value,
            "rounds": loop.rounds,
            "drafts": loop.samples,
            "refused": loop.sentinels_refused,
            "kept": loop.kept_round,
        }
    return _said(story)


_Compared = tuple[Round, Attempt | None]


def _with_flips(rounds: Sequence[Round]) -> list[_Compared]:
    """Return each round with the attempt that the loop went on from, None for the first."""
    paired: list[_Compared] = []
    kept: dict[str, Attempt] = {}
    for one in rounds:
        paired.append((one, kept.get(one.node)))
        for attempt in one.attempts:
            if attempt.is_kept:
                kept[one.node] = attempt
    return paired


def _round(compared: _Compared) -> dict[str, object]:
    one, before = compared
    found: dict[str, object] = {
        "node": one.node,
        "n": one.number,
        "attempts": [_attempt(attempt, before) for attempt in one.attempts],
    }
    if one.kind is not RoundKind.LOOP:
        found["kind"] = one.kind.value
    if one.critique is not None:
        found["critique"] = _cut(one.critique)
        found["tokens"] = one.critique_tokens
        found["s"] = round(one.critique_latency_s, 3)
    if one.sentinel is not Sentinel.ABSENT:
        found["sentinel"] = one.sentinel.value
    if one.choice:
        found["choice"] = one.choice
    if one.unanswered:
        found["unanswered"] = [list(pair) for pair in one.unanswered]
    return found


def _attempt(attempt: Attempt, before: Attempt | None) -> dict[str, object]:
    found: dict[str, object] = {
        "sample": attempt.sample,
        "from": attempt.extraction,
        "tokens": attempt.tokens,
        "s": round(attempt.latency_s, 3),
        "ok": attempt.is_accepted,
        "kept": attempt.is_kept,
        "said": [
            [one.validator, one.status.value]
            for one in attempt.verdicts
            if one.status is not Status.SKIP
        ],
    }
    if attempt.code is not None:
        found["code"] = _cut(attempt.code)
    if attempt.answer != attempt.code:
        found["answer"] = _cut(attempt.answer)
    if attempt.evidence:
        found["evidence"] = _cut(attempt.evidence)
    if attempt.diff:
        found["diff"] = _cut(attempt.diff)
    if attempt.label:
        found["label"] = attempt.label
    if before is not None and (flips := flips_between(before, attempt)):
        found["flips"] = flips
    return found


def _verdict(verdict: Verdict) -> dict[str, object]:
    found: dict[str, object] = {
        "by": verdict.validator,
        "said": verdict.status.value,
        "why": _cut(verdict.reason),
        "trust": verdict.trust.value,
        "required": verdict.is_required,
    }
    if verdict.score is not None:
        found["score"] = verdict.score
    if verdict.evidence is not None:
        _add_evidence(found, verdict.evidence)
    return found


def _add_evidence(found: dict[str, object], evidence: Evidence) -> None:
    found["isolation"] = evidence.isolation
    if evidence.output:
        found["output"] = _cut(evidence.output)
    if evidence.tests:
        found["tests"] = {
            name: [count.passed, count.total] for name, count in evidence.tests.items()
        }
    if evidence.measures:
        found["measures"] = dict(evidence.measures)
    if evidence.failing is not None:
        found["failing"] = [_case(case) for case in (evidence.failing, *evidence.further)]


def _case(case: FailingCase) -> dict[str, object]:
    found = {
        "test": case.test,
        "input": case.input,
        "expected": case.expected,
        "got": case.got,
        "traceback": case.traceback,
    }
    return {key: _cut(value) for key, value in found.items() if value}


def _guard(one: GuardVerdict) -> dict[str, object]:
    evidence = one.verdict.evidence
    return {
        "by": one.verdict.validator,
        "at": one.at.value,
        "node": one.node,
        "visit": one.visit,
        "sample": one.sample,
        "said": one.verdict.status.value,
        "blocked": one.has_blocked,
        "why": _cut(one.verdict.reason),
        "output": _cut(evidence.output) if evidence is not None else "",
    }


def _fault(fault: CallFault) -> dict[str, object]:
    return {
        "node": fault.node,
        "visit": fault.visit,
        "sample": fault.sample,
        "kind": fault.kind,
        "why": _cut(fault.message),
        "raw": _cut(fault.raw or ""),
        "final": fault.is_final,
    }


def _notes(end: RecordEnd) -> list[str]:
    provenance = end.data.get("provenance")
    notes = provenance.get("notes") if isinstance(provenance, Mapping) else None
    return [str(note) for note in notes] if isinstance(notes, list) else []


def _said(found: Mapping[str, object]) -> dict[str, object]:
    """Leave out what says nothing; a figure of 0 says something."""
    return {
        key: value
        for key, value in found.items()
        if value is not None and value is not False and value not in ("", [], {})
    }


def _columns(data: Mapping[str, object]) -> dict[str, object]:
    """Return what else the row has."""
    return {
        name: _cut(value, _COLUMN_CHARACTERS) if isinstance(value, str) else value
        for name, value in data.items()
        if name not in _OURS and value is not None
    }


def _cut_columns(columns: Mapping[str, object]) -> dict[str, str]:
    """Return columns of which one is very large as texts that are not."""
    return {
        name: _cut(value if isinstance(value, str) else json.dumps(value), _COLUMN_CHARACTERS)
        for name, value in columns.items()
    }


def _json(value: object) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:  # a browser reads no NaN
        return json.dumps(_finite(value), separators=(",", ":"))


def _finite(value: object) -> object:
    """Spell out the numbers that JSON does not have."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
    return value


def _text(value: object) -> str | None:
    return _cut(value) if isinstance(value, str) else None


def _cut(text: str, most: int = MOST_CHARACTERS) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[… {len(text) - most:,} more characters are not in this file]"
