"""Gives every place of a file its id; of two rows with one id the first keeps it."""

from hashlib import blake2b

from sygra_eval.data.found import Columns, Fault
from sygra_eval.values import BadRow, Row

_LONGEST_KEPT = 32


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
            row_id = origin if known is None or self._is_taken(known, line) else known
            return _bad(row_id, index, origin, found.reason)
        if self._id_column is None:
            return Row(id=origin, index=index, columns=found, origin=origin)
        row_id_or_none, complaint = self._id_of(found)
        if row_id_or_none is None:
            return _bad(origin, index, origin, complaint)
        if self._is_taken(row_id_or_none, line):
            first = f"{self._file}:{self._lines[_key(row_id_or_none)]}"
            reason = f"the id `{_short(row_id_or_none)}` is taken by {first}"
            return _bad(origin, index, origin, reason)
        return Row(id=row_id_or_none, index=index, columns=found, origin=origin)

    def _id_of(self, columns: Columns) -> tuple[str | None, str]:
        """Return the id, or why there is none."""
        column = self._id_column
        if column is None or column not in columns:
            names = ", ".join(f"`{_short(name)}`" for name in columns)
            return (
                None,
                f"it has no column `{column}`, which holds the id; it has {names or 'none'}",
            )
        value = columns[column]
        match value:
            case bool() | float() | list() | dict():
                return None, f"the id in `{column}` is neither text nor a whole number"
            case None | "":
                return None, f"the id in `{column}` is empty"
            case str() if not _is_text(value):
                return None, f"the id in `{column}` is no text"
            case _:
                return str(value), ""

    def _is_taken(self, row_id: str, line: int) -> bool:
        return self._lines.setdefault(_key(row_id), line) != line


def _bad(row_id: str, index: int, origin: str, reason: str) -> BadRow:
    return BadRow(id=row_id, index=index, origin=origin, reason=f"bad_input: {reason}")


def _key(row_id: str) -> str | bytes:
    """Return what is remembered of an id: long ones by their hash, so that memory stays small."""
    if len(row_id) <= _LONGEST_KEPT:
        return row_id
    return blake2b(row_id.encode(), digest_size=16).digest()


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
