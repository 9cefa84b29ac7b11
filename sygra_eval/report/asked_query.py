"""From a figure to the rows behind it: a query, its result, and what it was counted over."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from sygra_eval.engine import ReportContext, side_of_run
from sygra_eval.report.database import database_of
from sygra_eval.report.figures import UNKNOWN
from sygra_eval.report.layout import grid, wrapped
from sygra_eval.report.queries import QUERIES
from sygra_eval.report.recompute import Queries
from sygra_eval.suite import did_you_mean
from sygra_eval.values import UsageError

MOST_ROWS = 20
_LONGEST = 60


def query_text(ctx: ReportContext, name: str, at: Mapping[str, str]) -> str:
    """Return a query, what it gives, and the first rows behind it.

    :raises UsageError: When no query has the name, or its result no such column.
    """
    asked = query_json(ctx, name, at)
    sections = [
        wrapped(f"{name}: {asked['about']}"),
        textwrap.indent(_folded(str(asked["sql"])), "  "),
        _table(asked["result"]),
    ]
    if behind := asked["behind"]:
        more = f"the first {len(behind)} rows" if asked["has_more"] else f"{len(behind)} rows"
        sections += [f"{more} behind it", _table(behind)]
    return "\n\n".join(sections) + "\n"


def query_json(ctx: ReportContext, name: str, at: Mapping[str, str]) -> dict[str, Any]:
    """Return the same as data.

    :raises UsageError: As `query_text`.
    """
    if name not in QUERIES:
        raise UsageError(f"no query is called `{name}`: {did_you_mean(name, QUERIES)}")
    side = None
    if name.startswith("metric") and ctx.plugins is not None:
        side = side_of_run(ctx.folder, ctx.plugins)
    most = ctx.options.max_rows or MOST_ROWS
    with closing(database_of(ctx.folder, ctx.summary, side)) as database:
        queries = Queries(database)
        lines = queries.lines(name)
        known = set().union(*lines) if lines else set(at)
        if unknown := at.keys() - known:
            columns = ", ".join(sorted(known))
            raise UsageError(f"`{name}` has no column `{min(unknown)}`; it has: {columns}")
        found = [line for line in lines if _is_at(line, at)]
        places = {key: found[0][key] for key in at} if found else dict(at)
        behind = queries.behind(name, places, most + 1)
    return {
        "query": name,
        "about": QUERIES[name].about,
        "sql": QUERIES[name].sql,
        "result": found,
        "behind": behind[:most],
        "has_more": len(behind) > most,
    }


def _is_at(line: Mapping[str, Any], at: Mapping[str, str]) -> bool:
    return all(str(line[key]) == value for key, value in at.items())


def _table(lines: Sequence[Mapping[str, Any]]) -> str:
    if not lines:
        return "no line"
    columns = list(lines[0])
    aligns = ["right" if _is_number(lines, column) else "left" for column in columns]
    return grid(columns, aligns, [[_cell(line[column]) for column in columns] for line in lines])


def _is_number(lines: Iterable[Mapping[str, Any]], column: str) -> bool:
    return all(isinstance(line[column], int | float) or line[column] is None for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return UNKNOWN
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _folded(sql: str) -> str:
    return "\n".join(textwrap.wrap(sql, 76, break_long_words=False, break_on_hyphens=False))
