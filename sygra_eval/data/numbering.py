"""The last steps of a row's way to the graph: its id and its place."""

from collections.abc import Iterable

from sygra_eval.data.flow import Places, unusable, with_columns
from sygra_eval.data.naming import id_in
from sygra_eval.data.selection import unknown_column
from sygra_eval.values import BadRow, Problem, Row, Scope


class Named:
    """Takes the ids of rows from a column."""

    def __init__(self, column: str) -> None:
        self.label = f"id_column: {column}"
        self._column = column

    def take(self, row: Row) -> Places:
        """Yield the row under its name."""
        row_id, complaint = id_in(row.columns, self._column)
        if row_id is None:
            return (unusable(row, complaint),)
        return (Row(id=row_id, index=row.index, columns=row.columns, origin=row.origin),)

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield the column where it is none."""
        if self._column not in scope.variables:
            yield unknown_column(self._column, scope, ("id_column",))


class Stacked:
    """Keeps the columns that all stacked sources have; a row named by its place gets the alias."""

    def __init__(self, alias: str, common: frozenset[str]) -> None:
        self.label = "vstack: columns of all"
        self._alias, self._common = alias, common

    def take(self, row: Row) -> Places:
        """Yield the row."""
        kept = {name: value for name, value in row.columns.items() if name in self._common}
        if row.id != row.origin:
            return (with_columns(row, kept),)
        named = f"{self._alias}/{row.id}"  # two folders may hold files of one name
        return (Row(id=named, index=row.index, columns=kept, origin=row.origin),)

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield nothing."""
        del scope
        return ()


class Numbering:
    """Gives every row its place, without gaps."""

    def __init__(self) -> None:
        self._next = 0

    def place(self, row: Row | BadRow) -> Row | BadRow:
        """Return the row at its place."""
        index, self._next = self._next, self._next + 1
        if row.index == index:
            return row
        if isinstance(row, Row):
            return Row(id=row.id, index=index, columns=row.columns, origin=row.origin)
        return BadRow(id=row.id, index=index, origin=row.origin, reason=row.reason)
