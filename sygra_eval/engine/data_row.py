"""The columns of a row in the data files; design.md section 10 fixes their names and order."""

import hashlib
from collections.abc import Mapping

from sygra_eval.engine.images import images_column
from sygra_eval.engine.outcome import grade_of
from sygra_eval.engine.probing import PROBES
from sygra_eval.journal import json_writer
from sygra_eval.quality import difficulty_of, wilson
from sygra_eval.suite import Suite
from sygra_eval.values import (
    DraftRate,
    Judgement,
    LoopEnd,
    Message,
    ModelUse,
    Outcome,
    Row,
    State,
    Status,
    Verdict,
)

_TEXT = "text"
TYPICAL_ROW: Mapping[str, object] = {
    "answer": _TEXT,
    "code": _TEXT,
    "messages": [{"role": _TEXT, "content": _TEXT}],
    "rounds": 1,
    "stop_reason": _TEXT,
    "verdicts": [
        {"validator": _TEXT, "status": _TEXT, "score": 1.0, "reason": _TEXT, "isolation": _TEXT}
    ],
    "provenance": {
        "suite_sha256": _TEXT,
        "row_id": _TEXT,
        "models": [{"role": _TEXT, "name": _TEXT, "model": _TEXT, "parameters": _TEXT}],
        "prompt_sha256": _TEXT,
    },
    "grade": _TEXT,
    "pass_rate": 1.0,
    "pass_rate_low": 1.0,
    "pass_rate_high": 1.0,
    "pass_rate_difficulty": _TEXT,
    "weak_tests": _TEXT,
    "prompt_images": [{"source": _TEXT, "media_type": _TEXT, "sha256": _TEXT, "bytes": 1}],
}
"""The types of our own columns, which a file has also where all its rows hold nothing there."""

MEASURED = ("mutation_score",)
"""Measures of verdicts that are columns of their own, in rows where they were taken."""


TYPICAL_JUDGED_ROW: Mapping[str, object] = {
    column: TYPICAL_ROW[column] for column in ("grade", "verdicts", "provenance")
}
"""The same of a suite without a graph; other columns of such a file are the source's alone."""


def data_row(
    suite: Suite,
    row: Row,
    state: State,
    judgement: Judgement,
    *,
    outcome: Outcome,
    reason: str,
    models: tuple[ModelUse, ...],
    prompt: tuple[Message, ...],
    loop: LoopEnd | None,
    weak_tests: str | None = None,
    notes: tuple[str, ...] = (),
) -> dict[str, object]:
    """Return the row: input columns, what was made of them, why it is right, where it is from.

    A row that is not verified also says its `reason`, as the last column (`outcome_reason` where
    the source has a `reason` of its own).
    """
    answer = judgement.candidate.text
    said = (*prompt, Message("assistant", answer))
    messages = [{"role": message.role, "content": message.content} for message in said]
    data: dict[str, object] = {
        **row.columns,
        "answer": answer,
        "code": judgement.candidate.code,
        "messages": messages,
        "rounds": loop.rounds if loop is not None else 1,
        "stop_reason": loop.stop_reason.value if loop is not None else None,
        "verdicts": [_verdict_column(verdict) for verdict in judgement.verdicts],
        "provenance": {
            "suite_sha256": suite.sha256,
            "row_id": row.id,
            "models": [_model_column(use) for use in models],
            "prompt_sha256": _prompt_sha256(prompt),
            **({"notes": list(notes)} if notes else {}),
        },
        "grade": grade_of(judgement.verdicts),
        **_measured(judgement.verdicts),
        **(_pass_rate(loop.rate) if loop is not None and loop.rate is not None else {}),
    }
    if images := images_column(prompt):
        data["prompt_images"] = images
    if weak_tests is not None:
        data["weak_tests"] = weak_tests
    return data | _closing_columns(suite, row, state, outcome=outcome, reason=reason)


def judged_row(
    suite: Suite,
    row: Row,
    judgement: Judgement,
    *,
    outcome: Outcome,
    reason: str,
    models: tuple[ModelUse, ...] = (),
    weak_tests: str | None = None,
) -> dict[str, object]:
    """Return a row that was there before: its columns, and only what judging adds to them.

    Such rows get no column of ours beyond three, so weak tests are told among the verdicts.
    """
    weak = Verdict(validator=PROBES, status=Status.FAIL, reason=weak_tests or "")
    verdicts = (*judgement.verdicts, weak) if weak_tests else judgement.verdicts
    data: dict[str, object] = {
        **row.columns,
        "grade": grade_of(judgement.verdicts),
        "verdicts": [_verdict_column(verdict) for verdict in verdicts],
        "provenance": {
            "suite_sha256": suite.sha256,
            "row_id": row.id,
            "models": [_model_column(use) for use in models],
            "prompt_sha256": None,
        },
    }
    return data | _closing_columns(suite, row, row.columns, outcome=outcome, reason=reason)


def _closing_columns(
    suite: Suite, row: Row, state: State, *, outcome: Outcome, reason: str
) -> dict[str, object]:
    """Return the suite's own columns, and the reason of a row that is not verified."""
    data = {
        column: mapping.value if mapping.variable is None else state.get(mapping.variable)
        for column, mapping in suite.output_map.items()
    }
    if outcome is not Outcome.VERIFIED:
        data[_reason_column(row)] = reason
    return data


def leftover_row(row: Row, reason: str) -> dict[str, object]:
    """Return what is known of a row that failed before it was judged."""
    return {**row.columns, _reason_column(row): reason}


def _reason_column(row: Row) -> str:
    """Leave a source's own `reason` alone."""
    return "outcome_reason" if "reason" in row.columns else "reason"


def _verdict_column(verdict: Verdict) -> dict[str, object]:
    return {
        "validator": verdict.validator,
        "status": verdict.status.value,
        "score": verdict.score,
        "reason": verdict.reason,
        "isolation": verdict.evidence.isolation if verdict.evidence is not None else "",
    }


def _model_column(use: ModelUse) -> dict[str, object]:
    return {
        "role": use.role,
        "name": use.name,
        "model": use.model,
        "parameters": use.parameters,
    }


def _measured(verdicts: tuple[Verdict, ...]) -> dict[str, float]:
    """Return the figures that are columns; of two validators that measure one, the first's."""
    return {
        name: verdict.evidence.measures[name]
        for name in MEASURED
        for verdict in reversed(verdicts)
        if verdict.evidence is not None and name in verdict.evidence.measures
    }


def _pass_rate(rate: DraftRate) -> dict[str, object]:
    """Return how many drafts pass, with the 95 % interval and the band that it lies in."""
    interval = wilson(rate.passed, rate.judged)
    difficulty = difficulty_of(rate.passed, rate.judged)
    return {
        "pass_rate": None if interval is None else interval.estimate,
        "pass_rate_low": None if interval is None else interval.low,
        "pass_rate_high": None if interval is None else interval.high,
        "pass_rate_difficulty": None if difficulty is None else difficulty.value,
    }


_sorted = json_writer(sort_keys=True)


def _prompt_sha256(prompt: tuple[Message, ...]) -> str:
    text = _sorted([message.as_key() for message in prompt])
    return hashlib.sha256(text.encode()).hexdigest()
