"""Runs the query of a figure over a run's folder, and compares what it gives.

`recomputed` comes to a figure by its query alone, so what `report.json` says can be checked by
anyone who has the folder (`figures_in` walks a document for that).
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sygra_eval.quality import (
    clustered_mean,
    clustered_rate,
    mean_t,
    rate_of_clusters,
    wilson,
)
from sygra_eval.report.queries import QUERIES

Line = Mapping[str, Any]

_COUNTS = ("count", "sum")
_BOUNDED = ("n", "k", "lower", "upper")


class NoQuery(LookupError):
    """A figure names no query, or one that nobody knows."""


def figures_in(value: object, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every figure of a document with its path."""
    if isinstance(value, dict):
        if is_figure(value):
            yield path, value
            return
        for key, inner in value.items():
            yield from figures_in(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from figures_in(inner, f"{path}[{at}]")


def is_figure(value: object) -> bool:
    """Say whether a value of a document is a figure."""
    return isinstance(value, dict) and "value" in value and "method" in value


class Queries:
    """Answers the queries of one run, each asked once."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._asked: dict[str, list[dict[str, Any]]] = {}

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return the result of a query, a line each.

        :raises NoQuery: When there is none of that name.
        """
        if name not in self._asked:
            if name not in QUERIES:
                raise NoQuery(f"no query is called `{name}`")
            self._asked[name] = _lines(self._database, QUERIES[name].sql)
        return self._asked[name]

    def behind(self, name: str, at: Mapping[str, object], most: int) -> list[dict[str, Any]]:
        """Return the first of the rows that a figure is made of."""
        sql = QUERIES[name].behind
        if not sql:
            return []
        shown = self._database.execute(f"SELECT * FROM ({sql}) LIMIT 0")  # noqa: S608
        columns = {column[0] for column in shown.description}
        named = {key: value for key, value in at.items() if key in columns}
        where = " AND ".join(f'"{key}" IS ?' for key in named) or "1"
        asked = f"SELECT * FROM ({sql}) WHERE {where} LIMIT ?"  # noqa: S608
        return _lines(self._database, asked, (*named.values(), most))


def recomputed(figure: Mapping[str, Any], queries: Queries) -> dict[str, Any]:
    """Return what the figure's query gives: the value, and `n`, `k` and bounds where it has them.

    :raises NoQuery: When the figure names none.
    """
    if not isinstance(figure.get("query"), str):
        raise NoQuery("the figure names no query")
    at = figure.get("at") or {}
    lines = [line for line in queries.lines(figure["query"]) if _is_at(line, at)]
    match figure["method"]:
        case "wilson":
            return _share(lines)
        case "clustered":
            return _clustered(lines)
        case "mean":
            return _mean(lines)
        case "metric":
            return _metric(lines, str(figure.get("estimated_by", "")))
        case method:
            if len(lines) > 1:
                raise NoQuery(f"{len(lines)} lines of `{figure['query']}` are at {at}")
            line = lines[0] if lines else {"value": 0 if method in _COUNTS else None}
            value = line["value"]
            value = 0 if value is None and method == "count" else value  # a sum over nothing
            return {"value": value, **{key: line[key] for key in _BOUNDED if key in line}}


def _is_at(line: Line, at: Mapping[str, object]) -> bool:
    return all(key in line and line[key] == value for key, value in at.items())


def _share(lines: Sequence[Line]) -> dict[str, Any]:
    k, n = sum(int(line["k"] or 0) for line in lines), sum(int(line["n"] or 0) for line in lines)
    interval = wilson(k, n)
    if interval is None:
        return {"value": None, "n": 0}
    return {"value": k / n, "k": k, "n": n, "lower": interval.low, "upper": interval.high}


def _clustered(lines: Sequence[Line]) -> dict[str, Any]:
    found = rate_of_clusters(Counter((int(line["k"]), int(line["n"])) for line in lines))
    if found.value is None:
        return {"value": None, "n": 0}
    return {
        "value": found.value,
        "k": sum(int(line["k"]) for line in lines),
        "n": sum(int(line["n"]) for line in lines),
        "lower": 0.0 if found.low is None else found.low,
        "upper": 1.0 if found.high is None else found.high,
    }


def _mean(lines: Sequence[Line]) -> dict[str, Any]:
    counted: dict[float, int] = {}
    for line in lines:
        counted[line["x"]] = counted.get(line["x"], 0) + line["times"]
    number = sum(counted.values())
    if not number:
        return {"value": None, "n": 0}
    value = sum(x * times for x, times in counted.items()) / number
    interval = mean_t(counted)
    if interval is None or interval.low == interval.high:
        return {"value": value, "n": number}
    bounds = {"lower": max(0.0, interval.low), "upper": min(1.0, interval.high)}
    return {"value": value, "n": number, **bounds}


def _metric(lines: Sequence[Line], method: str) -> dict[str, Any]:
    if len(lines) == 1 and lines[0]["id"] == "":  # of a whole set: its value is kept as it is
        return {"value": lines[0]["x"]}
    values = [line["x"] for line in lines]
    clusters = [line["cluster"] for line in lines]
    over = clustered_mean if "clustered t" in method or method == "t" else clustered_rate
    estimate = over(values, clusters)
    return {
        "value": estimate.value,
        "n": len(values),
        "lower": estimate.low,
        "upper": estimate.high,
    }


def _lines(
    database: sqlite3.Connection, sql: str, values: tuple[object, ...] = ()
) -> list[dict[str, Any]]:
    cursor = database.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
