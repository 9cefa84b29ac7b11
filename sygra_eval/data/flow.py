"""Takes rows through the stages between a source and the graph, and keeps account of them.

A stage is handed one row at a time and yields what it makes of it, so that memory is flat. A bad
row passes every stage untouched, and a row that a stage can do nothing with becomes a bad one: no
row vanishes without being counted. Start at `Flow`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sygra_eval.values import BadRow, InputAccount, Problem, Row, Scope
from sygra_eval.values import Columns as RowColumns

REACHED = "reach the graph"
UNASKED = "not asked for"
_EXAMPLES = 3

Places = Iterable[Row | BadRow]


class Stage(Protocol):
    """One step on the way of a row."""

    @property
    def label(self) -> str:
        """What it is, as people see it: `where: score > 3`."""
        ...

    def take(self, row: Row) -> Places:
        """Yield what becomes of a row."""
        ...

    def finish(self) -> Places:
        """Yield what is left when there are no more rows."""
        ...

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield what is wrong with the names in it, by the first row that reaches it."""
        ...


@dataclass(slots=True)
class Tally:
    """Counts what becomes of the rows of one reading.

    :ivar of: Whose rows.
    :ivar goal: What they are to reach.
    """

    of: str = "rows of the source"
    goal: str = REACHED
    read: int = 0
    made: int = 0
    reached: int = 0
    left: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, row: Row, label: str) -> None:
        """Count a row that a stage leaves out."""
        self.leave(f"dropped by {label}", row)

    def leave(self, how: str, row: Row) -> None:
        """Count a row that does not go on, and remember where a few such rows stand."""
        self.left[how] += 1
        named = self.examples.setdefault(how, [])
        if len(named) < _EXAMPLES:
            named.append(row.origin)

    def account(self, *, is_complete: bool = True) -> InputAccount:
        """Return the sum: what was read and made has reached the goal, or was left on the way.

        :param is_complete: All was read; else rows may be on their way still, as with a limit.
        """
        total = self.read + self.made
        parts = {self.goal: self.reached, **{how: n for how, n in self.left.items() if n}}
        if not is_complete and (rest := total - sum(parts.values())):
            parts[UNASKED] = rest
        return InputAccount(
            of=self.of,
            read=self.read,
            made=self.made,
            parts=parts,
            examples={how: tuple(named) for how, named in self.examples.items()},
        )


@dataclass(slots=True)
class Seen:
    """The first rows that came to a place of the way, to be shown."""

    label: str
    rows: list[Row | BadRow] = field(default_factory=list)
    first: Row | None = None


class Flow:
    """The stages of one reading, in their order.

    :ivar seen: What came to each stage, and, last, what came out.
    """

    def __init__(self, stages: Sequence[Stage], tally: Tally, *, shown: int = 0) -> None:
        self._stages = tuple(stages)
        self._tally = tally
        self._shown = shown
        self.seen = [Seen("read"), *(Seen(stage.label) for stage in stages)]

    def take(self, row: Row | BadRow) -> Iterator[Row | BadRow]:
        """Yield what becomes of a row that was read."""
        self._tally.read += 1
        return self._from((row,), 0)

    def finish(self) -> Iterator[Row | BadRow]:
        """Yield what the stages still hold."""
        for number, stage in enumerate(self._stages, start=1):
            yield from self._from(stage.finish(), number)

    def problems(self) -> Iterator[Problem]:
        """Yield what the stages say of the first rows that came to them."""
        for stage, seen in zip(self._stages, self.seen, strict=False):
            if seen.first is not None:
                yield from stage.problems(scope_of(seen.first.columns))

    def _from(self, rows: Places, number: int) -> Iterator[Row | BadRow]:
        seen = self.seen[number]
        for row in rows:
            if len(seen.rows) < self._shown:
                seen.rows.append(row)
            if seen.first is None and isinstance(row, Row):
                seen.first = row
            if number == len(self._stages):
                self._tally.reached += 1
                yield row
            elif isinstance(row, BadRow):
                yield from self._from((row,), len(self._stages))
            else:
                yield from self._from(self._stages[number].take(row), number + 1)


def scope_of(columns: RowColumns) -> Scope:
    """Return the names that a stage may use."""
    return Scope(variables=frozenset(columns), row=columns)


def unusable(row: Row, why: str) -> BadRow:
    """Return the bad row that stands for one that a stage can do nothing with."""
    return BadRow(id=row.id, index=row.index, origin=row.origin, reason=f"bad_input: {why}")


def with_columns(row: Row, columns: RowColumns) -> Row:
    """Return the row with other columns."""
    return Row(id=row.id, index=row.index, columns=columns, origin=row.origin)
