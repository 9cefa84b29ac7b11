"""Gives the columns of a CSV the types that pandas gives them, as tasks reckon with `row["n"] + 1`.

A column is of numbers or of truths where all its cells are, so the file is read whole. A cell that
is missing is None among these, and the text that stands there in a column of text, where pandas
makes each a NaN: a prompt would say `nan`, and no JSON can hold it (P24).
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

from sygra_eval.data import DiskSource
from sygra_eval.values import BadRow, Problem, Row

_MISSING = frozenset(
    {
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
        *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    }
)
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(
    r"\s*[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity)\s*", re.IGNORECASE
)
_TRUTHS = {"true": True, "false": False}


def reader_of(cells: set[str]) -> Callable[[str], Any]:
    """Return what reads each cell of a column, by all the texts in it."""
    missing = cells & _MISSING
    said = cells - missing
    if not said:
        return lambda cell: None
    if all(map(_WHOLE.fullmatch, said)):
        return _or_none(float if missing else int)
    if all(map(_NUMBER.fullmatch, said)):
        return _or_none(float)
    if all(cell.lower() in _TRUTHS for cell in said):
        return _or_none(lambda cell: _TRUTHS[cell.lower()])
    return str


def _or_none(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda cell: None if cell in _MISSING else read(cell)


class CsvColumns:
    """A source of CSV with types."""

    def __init__(self, source: DiskSource) -> None:
        self._source = source

    def check(self) -> Iterator[Problem]:
        """Yield what can be known to be wrong before a row is read."""
        yield from self._source.check()

    def fingerprint(self) -> str:
        """Return a hash of the file."""
        return self._source.fingerprint()

    async def rows(self) -> AsyncIterator[Row | BadRow]:
        """Yield the rows, once all are known."""
        found = [row async for row in self._source.rows()]
        cells: dict[str, set[str]] = {}
        for row in found:
            for name, cell in row.columns.items() if isinstance(row, Row) else ():
                cells.setdefault(name, set()).add(str(cell))
        readers = {name: reader_of(said) for name, said in cells.items()}
        for row in found:
            if isinstance(row, BadRow):
                yield row
                continue
            read = {name: readers[name](str(cell)) for name, cell in row.columns.items()}
            yield replace(row, columns=read)
