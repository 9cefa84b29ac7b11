"""What a suite says of the way from its sources to its rows: selection, joins, transforms."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sygra_eval.values.diagnostics import Problem, Scope
from sygra_eval.values.rows import Row, SourceSpec

At = tuple[str | int, ...]
Columns = Mapping[str, object]
ARROW = "->"
"""Between the alias of a source and a column of it, in the name of a joined row's column."""


class JoinType(StrEnum):
    """What one of several sources is to the others."""

    PRIMARY = "primary"
    COLUMN = "column"
    SEQUENTIAL = "sequential"
    RANDOM = "random"
    CROSS = "cross"
    VSTACK = "vstack"


class RowCondition(Protocol):
    """A condition on columns, which the suite's room reads."""

    @property
    def text(self) -> str:
        """How the suite writes it."""
        ...

    def holds(self, variables: Columns, /) -> bool:
        """Say whether it holds for a row; an exception says that it cannot be said."""
        ...

    def problems(self, scope: Scope, at: At = ..., /) -> Iterable[Problem]:
        """Yield the names that nothing provides."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSpec:
    """A transform as the suite names it.

    :ivar use: Its registered type.
    :ivar config: The type's own keys: an instance of its config model, else a mapping.
    :ivar where: Its condition, of a type that has one.
    :ivar at: Where it stands below `data_config`.
    """

    use: str
    config: object
    where: RowCondition | None = None
    at: At = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A row that a stream transform makes of others; its place is found for it.

    :ivar id: Unique among all rows, as the first of the rows it is made of.
    :ivar origin: Where what it is made of stands.
    """

    id: str
    columns: Columns
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedRow:
    """A row that a stream transform leaves out, so that it is counted as such."""

    row: Row


Made = Columns | Sequence[Columns] | Iterator[Columns] | None
"""What a transform makes of a row: other columns, several rows (also one by one), or none."""

RowTransform = Callable[[dict[str, object], TransformSpec], Made]


class StreamTransform(Protocol):
    """A transform that looks at more than one row; made anew for each reading of the input."""

    def take(self, row: Row) -> Iterable[Row | NewRow | DroppedRow]:
        """Take the next row; yield rows that it was given, in their order, or new ones."""
        ...

    def finish(self) -> Iterable[Row | NewRow | DroppedRow]:
        """Yield what is left when there are no more rows."""
        ...


class UnusableRow(ValueError):
    """Raised by a transform for a row that it can do nothing with; the row ends as `failed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """So many of the rows, each as likely as any other, in the order of the source."""

    rows: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is taken of one source, in this order; the names are those of the source.

    :ivar columns: Those that are kept; None for all.
    """

    where: RowCondition | None = None
    sample: Sampling | None = None
    columns: tuple[str, ...] | None = None
    rename: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One source of a suite, and what happens to its rows before they meet others.

    :ivar alias: Its name among several; empty where there is one.
    :ivar primary_key: The column of the primary source that `join_key` of this one is equal to.
    :ivar at: Where it stands below `data_config`.
    """

    spec: SourceSpec
    at: At
    selection: Selection = Selection()
    transforms: tuple[TransformSpec, ...] = ()
    alias: str = ""
    join_type: JoinType = JoinType.PRIMARY
    primary_key: str = ""
    join_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The way from sources to rows.

    :ivar transforms: What happens to the rows once they are joined.
    :ivar id_column: Names the rows of several sources; None leaves them theirs.
    :ivar seed: Where chance begins.
    :ivar settings: Stands for all of it in the input's fingerprint.
    """

    sources: tuple[SourceEntry, ...]
    transforms: tuple[TransformSpec, ...] = ()
    id_column: str | None = None
    seed: int = 0
    settings: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAccount:
    """What became of the rows of an input on their way to the graph: the parts are the total.

    :ivar of: Which rows.
    :ivar read: How many were read; `made` are those that joins and transforms made besides.
    :ivar parts: How many reached the graph, and how many did not, by what left them out.
    :ivar examples: Of some that did not, where they stand.
    """

    of: str
    read: int
    made: int
    parts: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The rows that have to be in one of the parts."""
        return self.read + self.made
