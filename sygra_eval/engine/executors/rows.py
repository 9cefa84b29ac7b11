"""Rows and their ends as messages between a run and its workers."""

from collections.abc import Mapping
from typing import Any

from sygra_eval.engine.spending import Amount
from sygra_eval.journal import record_end_from_json, record_end_to_json
from sygra_eval.values import BadRow, Frame, Outcome, RecordEnd, Row

_PLAIN = frozenset({str, int, float, bool, type(None)})


def row_to_json(row: Row | BadRow) -> Frame:
    """Return the message that gives a row to a worker."""
    told = {"do": "row", "id": row.id, "index": row.index, "origin": row.origin}
    if isinstance(row, BadRow):
        return {**told, "reason": row.reason}
    return {**told, "columns": dict(row.columns)}


def row_from_json(frame: Frame) -> Row | BadRow:
    """Return the row of a message."""
    told: Mapping[str, Any] = {key: frame[key] for key in ("id", "index", "origin")}
    if "reason" in frame:
        return BadRow(**told, reason=frame["reason"])
    return Row(**told, columns=frame["columns"])


def as_usable(row: Row | BadRow) -> Row | None:
    """Return the row where it is one."""
    return row if isinstance(row, Row) else None


def what_cannot_be_sent(row: Row | BadRow) -> str:
    """Name the first column whose value would not come out of a message as it went in."""
    if isinstance(row, BadRow):
        return ""
    for name, value in row.columns.items():
        if type(value) not in _PLAIN and not _is_plain(value):
            return f"column `{name}` holds what JSON cannot ({type(value).__name__})"
    return ""


def _is_plain(value: object) -> bool:
    kind = type(value)
    if kind is list:
        return all(_is_plain(item) for item in value)  # type: ignore[attr-defined]
    if kind is dict:
        items = value.items()  # type: ignore[attr-defined]
        return all(type(key) is str and _is_plain(item) for key, item in items)
    return kind in _PLAIN


def end_to_json(end: RecordEnd | None, *, is_whole: bool) -> Mapping[str, Any] | None:
    """Return a record's end, or what is counted of it.

    :param is_whole: Somebody looks at all of it.
    """
    if end is None:
        return None
    if is_whole:
        return {"whole": record_end_to_json(end)}
    return {
        "row_id": end.row_id,
        "index": end.index,
        "outcome": end.outcome.value,
        "reason": end.reason,
    }


def end_from_json(stored: Mapping[str, Any] | None) -> RecordEnd | None:
    """Return what `end_to_json` was given, or what is counted of it."""
    if stored is None:
        return None
    if "whole" in stored:
        return record_end_from_json(stored["whole"])
    return RecordEnd(
        row_id=stored["row_id"],
        index=stored["index"],
        outcome=Outcome(stored["outcome"]),
        reason=stored["reason"],
        data={},
    )


def difference(now: Amount, before: Amount) -> Amount:
    """Return what was added."""
    return Amount(
        now.nano_usd - before.nano_usd, now.tokens - before.tokens, now.calls - before.calls
    )
