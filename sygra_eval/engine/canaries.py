"""Rows whose tests contradict their text: nothing right can pass them, so one that passes is news.

A canary runs as every row does. It is never verified data: one that would be is rejected with
`ALARM` as its reason, and ends the run with exit code 1.
"""

from collections.abc import Mapping

from sygra_eval.suite import Suite
from sygra_eval.values import Outcome, RecordEnd

MARK = "canary: "
ALARM = f"{MARK}alarm, all required validators passed what contradicts the row's text"


def mark_of(value: object) -> bool | None:
    """Read the column that marks canaries; None where it says neither. CSV has only text."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def is_canary(suite: Suite, columns: Mapping[str, object]) -> bool:
    """Say whether a row is one; the source's columns decide, not what nodes add."""
    return suite.canary is not None and mark_of(columns.get(suite.canary)) is True


def has_held(suite: Suite, end: RecordEnd) -> bool:
    """Say whether a row is a canary that was rejected as it has to be, so that nothing failed."""
    return (
        end.outcome is Outcome.REJECTED
        and end.reason.startswith(MARK)
        and end.reason != ALARM
        and is_canary(suite, end.data)
    )


def outcome_of_canary(outcome: Outcome, reason: str) -> tuple[Outcome, str]:
    """Return where a canary ends: rejected, unless it failed by infrastructure or is unjudged."""
    if outcome is Outcome.VERIFIED:
        return Outcome.REJECTED, ALARM
    return (outcome, MARK + reason) if outcome is Outcome.REJECTED else (outcome, reason)
