"""Transforms that look at more than one row: `skip` and `combine`. Both hold a few rows only."""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from sygra_eval.data.selection import unknown_column
from sygra_eval.data.transforms import Keys
from sygra_eval.values import (
    DroppedRow,
    NewRow,
    Problem,
    Row,
    Scope,
    TransformSpec,
    UnusableRow,
)

MOST_HELD = 100_000
Ends = Annotated[int, Field(ge=0, le=MOST_HELD)]
_SLICE = re.compile(r"\[\s*(-?\d{1,12})?\s*:\s*(-?\d{1,12})?\s*\]")
_REFERENCE = re.compile(r"\$(\d+)")


class CountConfig(Keys):
    """How many rows at either end."""

    from_start: Ends = 0
    from_end: Ends = 0


class SkipConfig(Keys):
    """Leaves rows out by their place among those that come to it."""

    skip_type: Literal["range", "count"] = "range"
    range: str | None = Field(
        default=None, description='Places as slices: "[:10],[-10:]" are the first and last ten.'
    )
    count: CountConfig | None = Field(default=None, description="How many rows at either end.")

    @field_validator("range")
    @classmethod
    def _is_slices(cls, value: str | None) -> str | None:
        if value is not None:
            slices_in(value)
        return value

    @model_validator(mode="after")
    def _says_one(self) -> "SkipConfig":
        given = self.range if self.skip_type == "range" else self.count
        other = self.count if self.skip_type == "range" else self.range
        if given is None or other is not None:
            raise PydanticCustomError(
                "wrong-value",
                "with `skip_type: {kind}` it needs `{kind}`, and no other",
                {"kind": self.skip_type},
            )
        return self

    def slices(self) -> tuple[slice, ...]:
        """Return the places that are left out."""
        if self.range is not None:
            return slices_in(self.range)
        count = self.count or CountConfig()
        ends = [slice(0, count.from_start)]
        return (*ends, *([slice(-count.from_end, None)] if count.from_end else []))


def slices_in(text: str) -> tuple[slice, ...]:
    """Return the slices that a text says.

    :raises PydanticCustomError: When it says none, or one that rows would have to be held for.
    """
    found = [_SLICE.fullmatch(piece.strip()) for piece in text.split(",")]
    slices = []
    for match in found:
        if match is None:
            raise PydanticCustomError(
                "wrong-value", 'must be slices like "[:10],[20:30],[-10:]"', {}
            )
        start, stop = (None if end is None else int(end) for end in match.groups())
        if any(end is not None and -end > MOST_HELD for end in (start, stop)):
            raise PydanticCustomError(
                "wrong-value",
                "counts more than {most} rows from the end, and so many are not held",
                {"most": f"{MOST_HELD:,}"},
            )
        slices.append(slice(start, stop))
    return tuple(slices)


class Skip:
    """Holds as many rows as a slice counts from the end: the place of others is decided by then."""

    def __init__(self, transform: TransformSpec) -> None:
        self._slices = SkipConfig.model_validate(transform.config).slices()
        ends = [end for one in self._slices for end in (one.start, one.stop)]
        self._ahead = max((-end for end in ends if end is not None and end < 0), default=0)
        self._held: deque[Row] = deque()
        self._place = 0

    def take(self, row: Row) -> Iterable[Row | DroppedRow]:
        """Take a row; yield the one that is far enough from any end."""
        self._held.append(row)
        if len(self._held) > self._ahead:
            yield self._next(None)

    def finish(self) -> Iterator[Row | DroppedRow]:
        """Yield the rest, whose places are known from both ends by now."""
        total = self._place + len(self._held)
        while self._held:
            yield self._next(total)

    def _next(self, total: int | None) -> Row | DroppedRow:
        row, place = self._held.popleft(), self._place
        self._place += 1
        return DroppedRow(row=row) if any(_has(s, place, total) for s in self._slices) else row


def _has(places: slice, place: int, total: int | None) -> bool:
    """Say whether a slice has a place; without a total it is before all that count from the end."""
    if total is not None:
        return place in range(*places.indices(total))
    start, stop = places.start, places.stop
    begins = start is None or (start >= 0 and place >= start)
    return begins and (stop is None or stop < 0 or place < stop)


class EndsConfig(Keys):
    """How many rows are left out at either end."""

    from_beginning: Ends = 0
    from_end: Ends = 0


class CombineConfig(Keys):
    """Puts neighbouring rows together: a window of them becomes one row, then it moves on."""

    combine: int = Field(ge=1, le=MOST_HELD, description="How many rows a window has.")
    shift: int = Field(default=1, ge=1, description="How many rows the window moves on.")
    skip: EndsConfig = Field(default=EndsConfig(), description="Rows left out at either end.")
    join_column: dict[str, str] = Field(
        min_length=1,
        description="The columns of the new row: in each text `$1` is what the first row of the"
        " window has in that column, `$2` what the second has.",
    )

    @model_validator(mode="after")
    def _names_rows_of_a_window(self) -> "CombineConfig":
        for column, text in self.join_column.items():
            for number in map(int, _REFERENCE.findall(text)):
                if not 1 <= number <= self.combine:
                    raise PydanticCustomError(
                        "wrong-value",
                        "a window has the rows $1 to ${last}, and no ${number}",
                        {
                            "last": self.combine,
                            "number": number,
                            "at": ("join_column", column),
                            "within": f"${number}",
                        },
                    )
        return self

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield joined columns that no row has."""
        for column in self.join_column:
            if column not in scope.variables:
                yield unknown_column(column, scope, ("join_column", column))


class Combine:
    """Holds the rows of one window, and those that may turn out to be the last ones."""

    def __init__(self, transform: TransformSpec) -> None:
        self._config = CombineConfig.model_validate(transform.config)
        self._left = self._config.skip.from_beginning
        self._ends: deque[Row] = deque()
        self._window: deque[Row] = deque()
        self._new = 0  # rows of the window that were in no window before
        self._gap = 0

    def take(self, row: Row) -> Iterator[NewRow | DroppedRow]:
        """Take a row; yield the window that it completes."""
        if self._left:
            self._left -= 1
            yield DroppedRow(row=row)
            return
        self._ends.append(row)
        if len(self._ends) > self._config.skip.from_end:
            yield from self._inside(self._ends.popleft())

    def finish(self) -> Iterator[DroppedRow]:
        """Count the rows that fill no window, and those left out at the end."""
        in_none = list(self._window)[len(self._window) - self._new :]
        for row in (*in_none, *self._ends):
            yield DroppedRow(row=row)

    def _inside(self, row: Row) -> Iterator[NewRow | DroppedRow]:
        if self._gap:  # a shift beyond the window leaves rows out
            self._gap -= 1
            yield DroppedRow(row=row)
            return
        self._window.append(row)
        self._new += 1
        if len(self._window) < self._config.combine:
            return
        rows = list(self._window)
        for _ in range(min(self._config.shift, self._config.combine)):
            self._window.popleft()
        self._gap = max(0, self._config.shift - self._config.combine)
        self._new = 0
        yield self._combined(rows)

    def _combined(self, rows: list[Row]) -> NewRow:
        columns = {
            column: _filled(column, text, rows) for column, text in self._config.join_column.items()
        }
        first, last = rows[0].origin, rows[-1].origin
        origin = first if len(rows) == 1 else f"{first} to {last}"
        return NewRow(id=rows[0].id, columns=columns, origin=origin)


def _filled(column: str, text: str, rows: list[Row]) -> str:
    return _REFERENCE.sub(lambda at: _as_text(column, rows[int(at[1]) - 1]), text)


def _as_text(column: str, row: Row) -> str:
    if column not in row.columns:
        raise UnusableRow(f"{row.origin} has no column `{column}`")
    value = row.columns[column]
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
