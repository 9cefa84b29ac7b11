"""How the rows of the primary source meet those of the others, which are held meanwhile."""

import random
from array import array
from collections.abc import Iterable, Iterator

from sygra_eval.data.flow import Places, Stage, Tally, unusable, with_columns
from sygra_eval.data.held import Held, Joined, kind_of
from sygra_eval.data.selection import unknown_column
from sygra_eval.values import ARROW, JoinType, Problem, Row, Scope, Severity, SourceEntry


def aliased(alias: str, columns: Iterable[str]) -> dict[str, str]:
    """Return the columns by the names that they have among those of other sources."""
    return {name: f"{alias}{ARROW}{name}" for name in columns}


def join_stage(
    entry: SourceEntry, primary: SourceEntry, held: Held, seed: int, tally: Tally
) -> Stage:
    """Return the stage that joins a source whose rows are held."""
    match entry.join_type:
        case JoinType.COLUMN:
            return ByColumn(entry, primary, held, tally)
        case JoinType.SEQUENTIAL:
            return InTurn(entry, held)
        case JoinType.RANDOM:
            return AtRandom(entry, held, seed)
        case _:
            return Cross(entry, held, tally)


class Aliased:
    """Puts the alias before the names of the primary source's columns."""

    def __init__(self, alias: str) -> None:
        self.label = f"columns named {alias}{ARROW}…"
        self._before = alias + ARROW

    def take(self, row: Row) -> Places:
        """Yield the row."""
        return (with_columns(row, {self._before + k: v for k, v in row.columns.items()}),)

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield nothing."""
        del scope
        return ()


class _Join:
    """What all joins have in common: the held rows under their aliased names."""

    def __init__(self, entry: SourceEntry, held: Held) -> None:
        self.label = f"{entry.join_type} join: {entry.alias}"
        self._entry, self._held = entry, held
        self._before = entry.alias + ARROW

    def finish(self) -> Places:
        """Yield nothing."""
        return ()

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield nothing."""
        del scope
        return ()

    def _joined(self, row: Row, columns: Joined, *, id: str = "") -> Row:  # noqa: A002
        both = {**row.columns, **{self._before + name: value for name, value in columns.items()}}
        return Row(id=id or row.id, index=row.index, columns=both, origin=row.origin)


class ByColumn(_Join):
    """A left join: a row meets those of equal key; where there are none, nulls."""

    def __init__(self, entry: SourceEntry, primary: SourceEntry, held: Held, tally: Tally) -> None:
        super().__init__(entry, held)
        self._tally, self._primary = tally, primary
        self._column = primary.alias + ARROW + entry.primary_key
        self._nulls: Joined = dict.fromkeys(held.columns)

    def take(self, row: Row) -> Places:
        """Yield the row with each row of equal key; of several the ids are told apart by `#n`."""
        if self._column not in row.columns:
            why = f"it has no column `{self._entry.primary_key}`, by which `{self._entry.alias}`"
            return (unusable(row, f"{why} is joined"),)
        found = self._held.like(row.columns[self._column])
        match found:
            case []:
                return (self._joined(row, self._nulls),)
            case [only]:
                return (self._joined(row, only),)
        self._tally.made += len(found) - 1
        return [
            self._joined(row, columns, id=f"{row.id}#{number}")
            for number, columns in enumerate(found, start=1)
        ]

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield a key that is no column, and keys of kinds that are never equal."""
        key, at = self._entry.primary_key, self._entry.at
        if self._column not in scope.variables:
            before = self._primary.alias + ARROW
            names = frozenset(v.removeprefix(before) for v in scope.variables if before in v)
            yield unknown_column(key, Scope(variables=names), (*at, "primary_key"))
        elif scope.row is not None and self._held.kinds:
            kind = kind_of(scope.row[self._column])
            if kind not in ("null", *self._held.kinds):
                others = " and ".join(sorted(self._held.kinds))
                yield Problem(
                    code="keys-differ",
                    message=f"`{self._primary.alias}.{key}` holds {kind} and "
                    f"`{self._entry.alias}.{self._entry.join_key}` {others}, which are never equal",
                    at=(*at, "join_key"),
                    severity=Severity.WARNING,
                )


class InTurn(_Join):
    """Row i meets row i mod n."""

    def __init__(self, entry: SourceEntry, held: Held) -> None:
        super().__init__(entry, held)
        self._next = 0

    def take(self, row: Row) -> Places:
        """Yield the row with the next one that is held."""
        place, self._next = self._next, (self._next + 1) % self._held.count
        return (self._joined(row, self._held.at(place)),)


class AtRandom(_Join):
    """Each held row is met once, in an order of chance; when all were met, any may be again.

    Chance is drawn with `random()` alone, the one method that Python promises never to change.
    """

    def __init__(self, entry: SourceEntry, held: Held, seed: int) -> None:
        super().__init__(entry, held)
        self._chance = random.Random(f"{seed} {entry.alias}")  # noqa: S311 - no secret
        self._left = array("q", range(held.count))

    def take(self, row: Row) -> Places:
        """Yield the row with one that chance chooses."""
        if self._left:
            drawn = int(self._chance.random() * len(self._left))
            place, self._left[drawn] = self._left[drawn], self._left[-1]
            self._left.pop()
        else:
            place = int(self._chance.random() * self._held.count)
        return (self._joined(row, self._held.at(place)),)


class Cross(_Join):
    """Every row meets every row; the ids of both make the new one."""

    def __init__(self, entry: SourceEntry, held: Held, tally: Tally) -> None:
        super().__init__(entry, held)
        self._tally = tally

    def take(self, row: Row) -> Iterator[Row]:
        """Yield the row with each that is held, told apart by `#n`."""
        for number, columns in enumerate(self._held.all(), start=1):
            self._tally.made += number > 1
            yield self._joined(row, columns, id=f"{row.id}#{number}")
