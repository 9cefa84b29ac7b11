"""Gives every place of a source its id; `taken_ids` sees to it that no two rows have one."""

import json

from sygra_eval.data.found import Columns, Fault
from sygra_eval.data.surrogates import is_text
from sygra_eval.values import BadRow, Row

_MOST_NAMED = 12


class Namer:
    """Makes rows of what a reader found."""

    def __init__(self, id_column: str | None) -> None:
        self._id_column = id_column

    def name(self, index: int, origin: str, found: Columns | Fault) -> Row | BadRow:
        """Return the row, or why the place gives none."""
        if isinstance(found, Fault):
            known, _ = self._id_of(found.columns or {})
            return _bad(known or origin, index, origin, found.reason)
        if self._id_column is None:
            return Row(id=origin, index=index, columns=found, origin=origin)
        given = found.get(self._id_column)
        if type(given) is str and given and given.isascii():
            return Row(id=given, index=index, columns=found, origin=origin)
        row_id, complaint = self._id_of(found)
        if row_id is None:
            return _bad(origin, index, origin, complaint)
        return Row(id=row_id, index=index, columns=found, origin=origin)

    def _id_of(self, columns: Columns) -> tuple[str | None, str]:
        """Return the id, or why there is none."""
        column = self._id_column
        if column is None or column not in columns:
            names = ", ".join(f"`{_short(name)}`" for name in list(columns)[:_MOST_NAMED]) or "none"
            return None, f"it has no column `{column}`, which holds the id; it has {names}"
        value = columns[column]
        match value:
            case bool() | float():
                shown = json.dumps(value)
                return None, f"the id in `{column}` is neither text nor a whole number: {shown}"
            case list() | dict():
                return None, f"the id in `{column}` is neither text nor a whole number"
            case None | "":
                return None, f"the id in `{column}` is empty"
            case str() if not is_text(value):
                return None, f"the id in `{column}` is no text"
            case _:
                return str(value), ""


def _bad(row_id: str, index: int, origin: str, reason: str) -> BadRow:
    return BadRow(id=row_id, index=index, origin=origin, reason=f"bad_input: {reason}")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
