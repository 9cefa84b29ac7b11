"""What a view of rows shows, and how that is said to SQLite.

A filter is a facet with values; several values of one facet are alternatives, several facets hold
together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sygra_eval.studio.rows.facts import COSTS, LATENCIES, LENGTHS
from sygra_eval.values import UsageError

NONE: Final = "none"
"""The value of a facet for rows that have none of it."""
KINDS: Final[Mapping[str, str]] = {
    "outcome": "outcome",
    "group": "grp",
    "stop": "stop",
    "rounds": "rounds",
    "kept": "kept",
    "refused": "is_refused",
    "guard": "guard",
    "cost": "cost_range",
    "latency": "latency_range",
    "length": "length_range",
}
"""Facets that are columns of a kind."""
RANGES: Final[Mapping[str, tuple[float, ...]]] = {
    "cost": COSTS,
    "latency": LATENCIES,
    "length": LENGTHS,
}
NUMBERS: Final = frozenset({*RANGES, "rounds", "kept"})
TAGS: Final = frozenset({"fails", "error", "skips", "test", "model", "guardrail"})
FACETS: Final = (
    "outcome",
    "group",
    "fails",
    "error",
    "test",
    "stop",
    "rounds",
    "kept",
    "refused",
    "model",
    "mark",
    "guard",
    "guardrail",
    "skips",
    "cost",
    "latency",
    "length",
)
SORTS: Final[Mapping[str, str]] = {
    "index": "row.idx",
    "id": "record",
    "outcome": "outcome",
    "reason": "grp",
    "rounds": "rounds",
    "cost": "cost",
    "latency": "latency",
    "tokens": "tokens",
    "length": "length",
    "ended": "ended",
    "mark": "mark",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a view shows.

    :ivar filters: Values by facet.
    :ivar needle: What the texts hold, its case folded; empty for all rows.
    :ivar sort: One of `SORTS`, with a `-` before it for the other way round.
    :ivar until: Rows that were taken in later are not in the view.
    """

    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needle: str = ""
    sort: str = "index"
    until: int | None = None

    def __post_init__(self) -> None:
        for facet in self.filters:
            if facet not in FACETS:
                raise UsageError(f"there is no facet `{facet}`; there are {', '.join(FACETS)}")
        if self.sort.removeprefix("-") not in SORTS:
            raise UsageError(f"rows are not sorted by `{self.sort}`; say {', '.join(SORTS)}")

    @property
    def key(self) -> tuple[object, ...]:
        """What tells two views apart."""
        return (tuple(sorted(self.filters.items())), self.needle, self.sort, self.until)

    def without(self, *facets: str) -> "Asked":
        """Leave out the filters of some facets."""
        kept = {of: some for of, some in self.filters.items() if of not in facets}
        return replace(self, filters=kept)


def rows_of(asked: Asked) -> tuple[str, tuple[object, ...]]:
    """Return the end of a `SELECT` that names the rows of a view, and its values."""
    parts: list[str] = []
    values: list[object] = []
    kinds: list[str] = []
    for facet, wanted in asked.filters.items():
        if facet in TAGS:
            marks = ", ".join("?" * len(wanted))
            part = f"row.idx IN (SELECT idx FROM tag WHERE facet = ? AND value IN ({marks}))"  # noqa: S608
            parts.append(part)
            values += [facet, *wanted]
        elif facet == "mark":
            part, some = _any_of("mark", [one for one in wanted if one != NONE], wanted)
            parts.append(part)
            values += some
    for facet, wanted in asked.filters.items():
        if facet in KINDS:
            part, some = _any_of(KINDS[facet], _kinds_of(facet, wanted), wanted)
            kinds.append(part)
            values += some
    if kinds:
        parts.append(f"kind IN (SELECT id FROM kind WHERE {' AND '.join(kinds)})")  # noqa: S608
    if asked.needle:
        parts.append("row.idx IN (SELECT idx FROM found)")
    if asked.until is not None:
        parts.append("seq <= ?")
        values.append(asked.until)
    return f"FROM row{' WHERE ' if parts else ''}{' AND '.join(parts)}", tuple(values)


def ordered_rows_of(asked: Asked) -> tuple[str, tuple[object, ...]]:
    """Return the whole `SELECT` of the places of a view, in its order."""
    rows, values = rows_of(asked)
    name = SORTS[asked.sort.removeprefix("-")]
    way = "DESC" if asked.sort.startswith("-") else "ASC"
    if name in KINDS.values():
        rows = rows.replace("FROM row", "FROM row JOIN kind ON kind.id = row.kind", 1)
    order = f"row.idx {way}" if name == "row.idx" else f"{name} {way} NULLS LAST, row.idx"
    return f"SELECT row.idx {rows} ORDER BY {order}", values


def _kinds_of(facet: str, wanted: Sequence[str]) -> list[object]:
    """Return the values of a column that a filter asks for; what is none of them finds nothing."""
    if facet == "refused":
        return [{"yes": 1, "no": 0}[one] for one in wanted if one in ("yes", "no")]
    if facet in NUMBERS:
        return [int(one) for one in wanted if one.isascii() and one.isdecimal() and len(one) < 10]
    return [one for one in wanted if one != NONE]


def _any_of(name: str, some: Sequence[object], wanted: Sequence[str]) -> tuple[str, list[object]]:
    either = [f"{name} IN ({', '.join('?' * len(some))})"] if some else []
    if NONE in wanted:
        either.append(f"{name} IS NULL")
    return f"({' OR '.join(either) or '0'})", list(some)
