"""What is taken of one source: rows by a condition or by chance, columns, and their names."""

import random
from array import array
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from sygra_eval.data.flow import Places, Stage, Tally, unusable, with_columns
from sygra_eval.values import At, Problem, Row, RowCondition, Sampling, Scope, Selection


def selection_stages(
    selection: Selection, chosen: "array[int] | None", tally: Tally, at: At
) -> list[Stage]:
    """Return the stages of a selection, in its order.

    :param chosen: Which of the rows that `where` lets through are in the sample, see `Chooser`.
    """
    stages: list[Stage] = []
    if selection.where is not None:
        stages.append(Where(selection.where, tally, (*at, "where")))
    if selection.sample is not None and chosen is not None:
        stages.append(Sampled(selection.sample, chosen, tally))
    if selection.columns is not None:
        stages.append(Kept(selection.columns, (*at, "columns")))
    if selection.rename:
        stages.append(Renamed(selection.rename, (*at, "rename")))
    return stages


class Chooser:
    """Chooses so many of rows whose number is not known before: a reservoir of their positions.

    Chance is drawn with `random()` alone, the one method that Python promises never to change.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._most = sampling.rows
        self._chance = random.Random(sampling.seed)  # noqa: S311 - no secret
        self._kept = array("q")
        self._seen = 0

    def take(self) -> None:
        """Look at the next row."""
        if self._seen < self._most:
            self._kept.append(self._seen)
        else:
            place = int(self._chance.random() * (self._seen + 1))
            if place < self._most:
                self._kept[place] = self._seen
        self._seen += 1

    def chosen(self) -> "array[int]":
        """Return the positions that were chosen, in order."""
        return array("q", sorted(self._kept))


class Where:
    """Lets rows through for which a condition holds."""

    def __init__(self, condition: RowCondition, tally: Tally, at: At) -> None:
        self.label = f"where: {condition.text}"
        self._condition, self._tally, self._at = condition, tally, at

    def take(self, row: Row) -> Places:
        """Yield the row or count it; one for which it cannot be said is a bad row."""
        try:
            holds = self._condition.holds(row.columns)
        except Exception as error:  # noqa: BLE001 - whatever a row holds, it ends only that row
            return (unusable(row, f"`{self.label}`: {error}"),)
        if holds:
            return (row,)
        self._tally.drop(row, f"`{self.label}`")
        return ()

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield the names that are no columns."""
        return self._condition.problems(scope, self._at)


class Sampled:
    """Lets the chosen rows through."""

    def __init__(self, sampling: Sampling, chosen: "array[int]", tally: Tally) -> None:
        self.label = f"sample: {sampling.rows:,} rows"
        self._chosen, self._tally = chosen, tally
        self._position = self._next = 0

    def take(self, row: Row) -> Places:
        """Yield the row or count it."""
        position, self._position = self._position, self._position + 1
        if self._next < len(self._chosen) and self._chosen[self._next] == position:
            self._next += 1
            return (row,)
        self._tally.drop(row, f"`{self.label}`")
        return ()

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield nothing: it uses no names."""
        del scope
        return ()


class Kept:
    """Keeps some columns of each row, in the order in which the suite names them."""

    def __init__(self, columns: tuple[str, ...], at: At) -> None:
        self.label = f"columns: {', '.join(columns)}"
        self._columns, self._at = columns, at

    def take(self, row: Row) -> Places:
        """Yield the row; a column that it lacks it goes on lacking."""
        columns = row.columns
        kept = {name: columns[name] for name in self._columns if name in columns}
        return (with_columns(row, kept),)

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield the names that are no columns."""
        for index, name in enumerate(self._columns):
            if name not in scope.variables:
                yield unknown_column(name, scope, (*self._at, index))


class Renamed:
    """Gives columns other names, and leaves them where they stand."""

    def __init__(self, names: Mapping[str, str], at: At) -> None:
        self.label = f"rename: {', '.join(f'{old} to {new}' for old, new in names.items())}"
        self._names, self._at = names, at

    def take(self, row: Row) -> Places:
        """Yield the row, or a bad row where one column would take another's place."""
        try:
            return (with_columns(row, renamed(row.columns, self._names)),)
        except ValueError as error:
            return (unusable(row, str(error)),)

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield the names that are no columns."""
        return problems_of_renaming(self._names, scope, self._at)


def renamed(columns: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """Return the columns under their new names.

    :raises ValueError: When two columns would have one name.
    """
    made: dict[str, object] = {}
    for name, value in columns.items():
        new = names.get(name, name)
        if new in made:
            raise ValueError(f"after renaming two columns would be called `{new}`")
        made[new] = value
    return made


def problems_of_renaming(names: Mapping[str, str], scope: Scope, at: At) -> Iterator[Problem]:
    """Yield names that are no columns, and columns that would come to have one name."""
    for old, new in names.items():
        if old not in scope.variables:
            yield unknown_column(old, scope, (*at, old))
        elif new in scope.variables and new not in names:
            yield Problem(
                code="duplicate-column",
                message=f"there is a column `{new}` already, so `{old}` cannot be called so",
                at=(*at, old),
                fix="choose another name",
            )


def unknown_column(name: str, scope: Scope, at: At) -> Problem:
    """Return what the suite's author is told of a name that is no column of the first row."""
    known = ", ".join(f"`{one}`" for one in sorted(scope.variables)) or "none"
    near = get_close_matches(name, sorted(scope.variables), n=1)
    return Problem(
        code="unknown-column",
        message=f"there is no column `{name}` here; the columns: {known}",
        at=at,
        within=name,
        fix=f"write `{near[0]}`" if near else "",
    )
