"""Gives every place of a file its id; of two rows with one id the first keeps it."""

from hashlib import blake2b

from sygra_eval.data.found import Columns, Fault
from sygra_eval.data.surrogates import is_text
from sygra_eval.values import BadRow, Row

_LONGEST_KEPT = 32
_MOST_NAMED = 12


class Namer:
    """Makes rows of what a reader found. Remembers each id that was given, and where."""

    def __init__(self, file: str, id_column: str | None) -> None:
        self._file = file
        self._id_column = id_column
        self._lines: dict[str | bytes, int] = {}

    def name(self, index: int, line: int, found: Columns | Fault) -> Row | BadRow:
        """Return the row, or why the place gives none."""
        origin = f"{self._file}:{line}"
        if isinstance(found, Fault):
            known, _ = self._id_of(found.columns or {})
            is_free = known is not None and self._take(known, line) is None
            return _bad(known if known and is_free else origin, index, origin, found.reason)
        if self._id_column is None:
            return Row(id=origin, index=index, columns=found, origin=origin)
        row_id, complaint = self._id_of(found)
        if row_id is None:
            return _bad(origin, index, origin, complaint)
        first = self._take(row_id, line)
        if first is not None:
            reason = f"the id `{_short(row_id)}` is taken by {self._file}:{first}"
            return _bad(origin, index, origin, reason)
        return Row(id=row_id, index=index, columns=found, origin=origin)

    def _id_of(self, columns: Columns) -> tuple[str | None, str]:
        """Return the id, or why there is none."""
        return id_in(columns, self._id_column)

    def _take(self, row_id: str, line: int) -> int | None:
        """Take an id for a line, unless it is taken: then return the line that has it."""
        key = _key(row_id)
        if key in self._lines:
            return self._lines[key]
        self._lines[key] = line
        return None


def id_in(columns: Columns, column: str | None) -> tuple[str | None, str]:
    """Return the id that a column holds, or why there is none."""
    if column is None or column not in columns:
        names = ", ".join(f"`{_short(name)}`" for name in list(columns)[:_MOST_NAMED]) or "none"
        return None, f"it has no column `{column}`, which holds the id; it has {names}"
    value = columns[column]
    match value:
        case bool() | float() | list() | dict():
            return None, f"the id in `{column}` is neither text nor a whole number"
        case None | "":
            return None, f"the id in `{column}` is empty"
        case str() if not is_text(value):
            return None, f"the id in `{column}` is no text"
        case _:
            return str(value), ""


def _bad(row_id: str, index: int, origin: str, reason: str) -> BadRow:
    return BadRow(id=row_id, index=index, origin=origin, reason=f"bad_input: {reason}")


def _key(row_id: str) -> str | bytes:
    """Return what is remembered of an id: long ones by their hash, so that memory stays small."""
    if len(row_id) <= _LONGEST_KEPT:
        return row_id
    return blake2b(row_id.encode(), digest_size=16).digest()


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
