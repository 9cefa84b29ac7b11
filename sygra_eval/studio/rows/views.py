"""Views of an index: their rows in order, kept for the next page; and what there is of each kind.

A view is a temporary table of places, made once: from then on every page of it, however deep, and
the place of any row in it is one look-up. A facet's own counts leave its filter out, so that its
other values can be seen.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sygra_eval.studio.rows.asking import (
    FACETS,
    KINDS,
    NONE,
    NUMBERS,
    TAGS,
    Asked,
    ordered_rows_of,
    rows_of,
)

MOST_VALUES = 40
_KEPT = 4
_COLUMNS = (
    "row.idx, record, outcome, grp, reason, stop, rounds, kept, refused, guard, length, ended,"
    " mark, cost, latency, tokens, calls"
)

Counts = list[tuple[str, int]]
Line = tuple[object, ...]


@dataclass(slots=True)
class Views:
    """Those of one connection; who uses them holds it."""

    _names: dict[tuple[object, ...], str] = field(default_factory=dict)
    _made: int = 0
    _found: tuple[str, int] = ("", 0)

    def lines(
        self, connection: sqlite3.Connection, asked: Asked, *, at: int, most: int
    ) -> list[Line]:
        """Return some rows of a view, from the place `at` on."""
        name = self._view(connection, asked)
        sql = (
            f"SELECT {_COLUMNS} FROM {name} JOIN row USING (idx) JOIN kind ON kind.id = row.kind"  # noqa: S608
            f" WHERE {name}.rowid > ? AND {name}.rowid <= ? ORDER BY {name}.rowid"
        )
        return connection.execute(sql, (at, at + most)).fetchall()

    def records(self, connection: sqlite3.Connection, asked: Asked) -> list[str]:
        """Return the ids of a view's rows in its order."""
        name = self._view(connection, asked)
        sql = f"SELECT record FROM {name} JOIN row USING (idx) ORDER BY {name}.rowid"  # noqa: S608
        return [str(record) for (record,) in connection.execute(sql)]

    def count(self, connection: sqlite3.Connection, asked: Asked) -> int:
        """Return how many rows a view has."""
        name = self._view(connection, asked)
        (count,) = connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {name}").fetchone()  # noqa: S608
        return int(count)

    def place(self, connection: sqlite3.Connection, asked: Asked, record: str) -> int | None:
        """Return where in a view a row stands; None where it is not in it."""
        name = self._view(connection, asked)
        sql = f"SELECT {name}.rowid - 1 FROM row JOIN {name} USING (idx) WHERE record = ?"  # noqa: S608
        found = connection.execute(sql, (record,)).fetchone()
        return None if found is None else int(found[0])

    def newer(self, connection: sqlite3.Connection, asked: Asked) -> int:
        """Return how many more rows the view would have, were it made now."""
        if asked.until is None:
            return 0
        now = replace(asked, until=None)
        self._search(connection, asked)
        rows, values = rows_of(now)
        joint = " AND" if " WHERE " in rows else " WHERE"
        (count,) = connection.execute(
            f"SELECT count(*) {rows}{joint} seq > ?",
            (*values, asked.until),
        ).fetchone()
        return int(count)

    def facets(self, connection: sqlite3.Connection, asked: Asked) -> dict[str, Counts]:
        """Return how many rows there are of each value of each facet."""
        self._search(connection, asked)
        found = _by_kind(connection, asked)
        found["mark"] = _by_mark(connection, asked.without("mark"))
        for facet in TAGS:
            found[facet] = _by_tag(connection, facet, asked.without(facet))
        return {facet: found[facet] for facet in FACETS}

    def _view(self, connection: sqlite3.Connection, asked: Asked) -> str:
        name = self._names.pop(asked.key, None)
        if name is None:
            self._search(connection, asked)
            self._made += 1
            name = f"view_{self._made}"
            connection.execute(f"CREATE TEMP TABLE {name}(idx INTEGER)")
            rows, values = ordered_rows_of(asked)
            connection.execute(f"INSERT INTO {name} {rows}", values)
        self._names[asked.key] = name
        while len(self._names) > _KEPT:
            connection.execute(f"DROP TABLE {self._names.pop(next(iter(self._names)))}")
        return name

    def _search(self, connection: sqlite3.Connection, asked: Asked) -> None:
        """Fill the table `found` with the rows whose texts hold the needle.

        It is kept for the next page of the same search, and goes on with later rows.
        """
        if not asked.needle:
            return
        kept, since = self._found
        if kept != asked.needle:
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS found(idx INTEGER PRIMARY KEY)")
            connection.execute("DELETE FROM found")
            since = 0
        until = last_seq(connection)
        if until > since:
            texts = (
                "text JOIN row USING (idx) WHERE seq > ? AND" if since else "text WHERE ? = 0 AND"
            )
            connection.execute(
                f"INSERT OR IGNORE INTO found SELECT text.idx FROM {texts} instr(body, ?)",  # noqa: S608
                (since, asked.needle),
            )
        self._found = asked.needle, until


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the number of the row that was taken in last."""
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM row").fetchone()
    return int(last)


def tags_of(
    connection: sqlite3.Connection, places: Sequence[int]
) -> dict[int, dict[str, list[str]]]:
    """Return of which further kinds some rows are: by place and facet, the values."""
    found: dict[int, dict[str, list[str]]] = {place: {} for place in places}
    marks = ", ".join("?" * len(places))
    sql = f"SELECT idx, facet, value FROM tag WHERE idx IN ({marks}) ORDER BY facet, value"  # noqa: S608
    for idx, facet, value in connection.execute(sql, tuple(places)):
        found[idx].setdefault(facet, []).append(value)
    return found


def columns_of(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the rows' variables, those that most rows have first."""
    sql = "SELECT name FROM columns ORDER BY rows DESC, name LIMIT 200"
    return [name for (name,) in connection.execute(sql)]


def _by_kind(connection: sqlite3.Connection, asked: Asked) -> dict[str, Counts]:
    """Count rows by kind once, and the kinds by each of their columns."""
    rows, values = rows_of(asked.without(*KINDS))
    counted = dict(connection.execute(f"SELECT kind, count(*) {rows} GROUP BY kind", values))
    names = ", ".join(KINDS.values())
    kinds = [
        (tuple(_label(facet, one) for facet, one in zip(KINDS, kind, strict=True)), counted[number])
        for number, *kind in connection.execute(f"SELECT id, {names} FROM kind")  # noqa: S608
        if number in counted
    ]
    return {facet: _column(at, facet, kinds, asked) for at, facet in enumerate(KINDS)}


def _column(
    at: int, facet: str, kinds: Iterable[tuple[tuple[str, ...], int]], asked: Asked
) -> Counts:
    """Count by one column the kinds that the filters of all others let pass."""
    filters = [
        (place, set(asked.filters[of]))
        for place, of in enumerate(KINDS)
        if place != at and of in asked.filters
    ]
    counts: dict[str, int] = {}
    for labels, count in kinds:
        if all(labels[place] in wanted for place, wanted in filters):
            counts[labels[at]] = counts.get(labels[at], 0) + count
    return _ordered(facet, counts)


def _ordered(facet: str, counts: Mapping[str, int]) -> Counts:
    """Put ranges and rounds in their own order, everything else by how many there are."""
    if facet in NUMBERS:
        numbers = sorted(counts.items(), key=lambda one: (one[0] == NONE, len(one[0]), one[0]))
        return numbers[:MOST_VALUES]
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_VALUES]


def _by_mark(connection: sqlite3.Connection, asked: Asked) -> Counts:
    """Count marked rows, which are few, and take them from all."""
    rows, values = rows_of(asked)
    joint = " AND" if " WHERE " in rows else " WHERE"
    sql = f"SELECT mark, count(*) {rows}{joint} mark IS NOT NULL GROUP BY mark ORDER BY 2 DESC, 1"
    marked = [(str(mark), int(count)) for mark, count in connection.execute(sql, values)]
    (count,) = connection.execute(f"SELECT count(*) {rows}", values).fetchone()
    rest = count - sum(count for _, count in marked)
    return [*marked, (NONE, rest)] if rest else marked


def _by_tag(connection: sqlite3.Connection, facet: str, asked: Asked) -> Counts:
    rows, values = rows_of(asked)
    some = f" AND idx IN (SELECT row.idx {rows})" if " WHERE " in rows else ""
    sql = (
        f"SELECT value, count(*) FROM tag WHERE facet = ?{some}"  # noqa: S608
        " GROUP BY value ORDER BY 2 DESC, 1 LIMIT ?"
    )
    found = connection.execute(sql, (facet, *values, MOST_VALUES))
    return [(str(value), int(count)) for value, count in found]


def _label(facet: str, value: object) -> str:
    if value is None:
        return NONE
    if facet == "refused":
        return "yes" if value else "no"
    return str(value)
