"""One page of a run's rows, or of what there is of each kind, as the browser is told it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sygra_eval.engine import JOURNAL
from sygra_eval.journal import counts_in_parts, open_readonly, plain
from sygra_eval.studio.rows.asking import NONE, RANGES, Asked
from sygra_eval.studio.rows.indexes import OpenIndex, is_running
from sygra_eval.studio.rows.views import columns_of, last_seq, tags_of
from sygra_eval.studio.told import Told
from sygra_eval.values import UsageError

MOST_ROWS = 200
MOST_COLUMNS = 12
_CELL = 240  # characters of a variable's value in the table
_AROUND = 60  # characters around what was searched


class RowLine(Told):
    """A row in the table; what is not known is null, never 0.

    :ivar row: Its id.
    :ivar group: The reason without what is particular to the row.
    :ivar stop: Why its loop stopped, after `rounds`; the candidate of `kept_round` was kept.
    :ivar refused: How often its critic said the sentinel and the checks said no.
    :ivar mark: What a person said of it.
    :ivar values: Of the columns that were asked for, cut.
    :ivar match: Where the search found what it looks for: before it, it, behind it.
    """

    row: str
    index: int
    outcome: str
    group: str
    reason: str
    stop: str | None
    rounds: int | None
    kept_round: int | None
    refused: int
    guard: str | None
    length: int
    ended: float | None
    mark: str | None
    cost_usd: float | None
    latency_s: float | None
    tokens: int | None
    calls: int | None
    fails: list[str]
    errors: list[str]
    models: list[str]
    values: dict[str, str | None]
    match: tuple[str, str, str] | None


class RowsPage(Told):
    """Some rows of a view.

    :ivar at: The place in the view of the first; `total` are in it.
    :ivar view: What names the view as it was now: rows that end later are not in it.
    :ivar newer: Rows that ended since and would be in it.
    :ivar read: Rows that can be found yet; `ended` are in the journal.
    :ivar in_workers: Rows that ended and that only the run's workers have; they come at its end, or
        when it is resumed.
    :ivar is_settled: What calls come to is added up too.
    :ivar damaged: Rows that the journal has and nobody can read.
    :ivar columns: Names of the rows' variables.
    """

    rows: list[RowLine]
    at: int
    total: int
    view: str
    newer: int
    read: int
    ended: int
    in_workers: int
    is_settled: bool
    damaged: int
    is_running: bool
    columns: list[str]


class FacetValue(Told):
    """One value of a facet.

    :ivar value: What a filter says for it; `label` is what people read.
    """

    value: str
    label: str
    count: int


class Facet(Told):
    """What there is of one kind."""

    facet: str
    values: list[FacetValue]


def page_of(
    opened: OpenIndex,
    asked: Asked,
    *,
    at: int = 0,
    around: str | None = None,
    most: int = MOST_ROWS,
    columns: Sequence[str] = (),
) -> RowsPage:
    """Return some rows from the place `at` on, or those around a row that is named."""
    index = opened.index
    with index.reading() as connection:
        until = asked.until if asked.until is not None else last_seq(connection)
        asked = Asked(filters=asked.filters, needle=asked.needle, sort=asked.sort, until=until)
        if around is not None:
            place = index.views.place(connection, asked, plain(around))
            at = max(0, (place or 0) - most // 2)
        lines = index.views.lines(connection, asked, at=at, most=most)
        tags = tags_of(connection, [int(str(line[0])) for line in lines])
        total = index.views.count(connection, asked)
        newer = index.views.newer(connection, asked)
        names = columns_of(connection)
        (read,) = connection.execute("SELECT count(*) FROM row").fetchone()
    values = _values(index.folder, list(tags), columns, asked.needle)
    return RowsPage(
        rows=[_line(line, tags, values, columns, asked.needle) for line in lines],
        at=at,
        total=total,
        view=view_of(opened, until),
        newer=newer,
        read=read,
        ended=index.ended,
        in_workers=sum(counts_in_parts(index.folder).values()),
        is_settled=opened.is_idle.is_set(),
        damaged=index.damaged,
        is_running=is_running(index.folder),
        columns=names,
    )


def facets_of(opened: OpenIndex, asked: Asked) -> list[Facet]:
    """Return how many rows there are of each kind."""
    with opened.index.reading() as connection:
        counts = opened.index.views.facets(connection, asked)
    return [
        Facet(
            facet=facet,
            values=[
                FacetValue(value=value, label=label_of(facet, value), count=count)
                for value, count in some
            ],
        )
        for facet, some in counts.items()
    ]


def view_of(opened: OpenIndex, until: int) -> str:
    """Return what names a view; one of an index that is gone is taken for a new one."""
    return f"{opened.file.stem}.{until}"


def until_now(opened: OpenIndex, asked: Asked) -> Asked:
    """Return the view with the rows that it has by now, and none that end later.

    :raises UsageError: When not all rows are read yet: it would lack some.
    """
    if not opened.is_idle.is_set():
        raise UsageError("the rows of this run are still being read; try again in a moment")
    with opened.index.reading() as connection:
        return replace(asked, until=last_seq(connection))


def until_of(opened: OpenIndex, view: str) -> int | None:
    """Return up to which row a view goes, None where it is none of this index."""
    stem, _, until = view.partition(".")
    is_ours = stem == opened.file.stem and until.isascii() and until.isdecimal()
    return int(until) if is_ours and len(until) < 16 else None


def label_of(facet: str, value: str) -> str:
    """Return what people read for a value: a range by its limits, all else as it is."""
    limits = RANGES.get(facet)
    if value == NONE:
        return {"mark": "not marked", "guard": "no guardrail", "stop": "no loop"}.get(
            facet, "not known"
        )
    if limits is None:
        return value
    number = int(value)
    low = limits[number - 1] if number else None
    high = limits[number] if number < len(limits) else None
    if facet == "cost" and high is not None and (low is None or number == 1):
        return "free" if low is None else f"below {_amount(facet, high)}"
    if high is None:
        return f"{_amount(facet, low or 0)} and more"
    if not low or (facet == "length" and number == 0):
        return "empty" if facet == "length" else f"below {_amount(facet, high)}"
    return f"{_amount(facet, low)} – {_amount(facet, high)}"


def _amount(facet: str, value: float) -> str:
    if facet == "cost":
        return f"${value:g}" if value >= 1e-3 else f"${value:.4f}"
    return f"{value:g} s" if facet == "latency" else f"{value:,.0f}"


def _values(
    folder: Path, places: Sequence[int], columns: Sequence[str], needle: str
) -> dict[int, Mapping[str, Any]]:
    """Return the ends of some rows by their places, where something of them is shown."""
    if not places or not (columns or needle):
        return {}
    with open_readonly(folder / JOURNAL) as reader:
        return {place: data for place, _, _, data in reader.stored_ends(places)}


def _line(
    line: tuple[object, ...],
    tags: Mapping[int, Mapping[str, list[str]]],
    ends: Mapping[int, Mapping[str, Any]],
    columns: Sequence[str],
    needle: str,
) -> RowLine:
    told: dict[str, Any] = dict(zip(_NAMES, line, strict=True))
    cost = told.pop("cost")
    place = told["index"]
    kinds = tags[place]
    end = ends.get(place, {})
    data = end.get("data") or {}
    return RowLine(
        **told,
        cost_usd=None if cost is None else cost / 1e9,
        fails=kinds.get("fails", []),
        errors=kinds.get("error", []),
        models=kinds.get("model", []),
        values={name: _cell(data.get(name)) for name in columns},
        match=_match(end, data, needle) if needle and end else None,
    )


_NAMES = (
    "index",
    "row",
    "outcome",
    "group",
    "reason",
    "stop",
    "rounds",
    "kept_round",
    "refused",
    "guard",
    "length",
    "ended",
    "mark",
    "cost",
    "latency_s",
    "tokens",
    "calls",
)


def _cell(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return plain(text[:_CELL] + ("…" if len(text) > _CELL else ""))


def _match(
    end: Mapping[str, Any], data: Mapping[str, Any], needle: str
) -> tuple[str, str, str] | None:
    """Return the first place where the needle stands, with a little around it."""
    texts = [end.get("row_id"), end.get("reason"), *data.values()]
    for text in texts:
        if not isinstance(text, str):
            continue
        at = text.casefold().find(needle)
        if at < 0:
            continue
        behind = at + len(needle)  # folding may change lengths; then it is a little beside
        return (
            plain(text[max(0, at - _AROUND) : at]),
            plain(text[at:behind]),
            plain(text[behind : behind + _AROUND]),
        )
    return None
