"""One figure of `report.json`: a value, how it was come to, and the query that gives it again."""

from collections.abc import Mapping

from sygra_eval.quality import Interval, wilson

Figure = dict[str, object]

CONFIDENCE = 0.95


def counted(value: float, query: str, **at: object) -> Figure:
    """Return a number of things, or a sum of them."""
    return {"value": value, "method": "count", "query": query, **_at(at)}


def noted(
    value: float | None, query: str, *, method: str = "noted", reason: str = "", **at: object
) -> Figure:
    """Return a figure without an interval; where it is not known, it says why."""
    why = {"reason": reason or "not known"} if value is None else {}
    return {"value": value, "method": method, "query": query, **_at(at), **why}


def share(part: int, of: int, query: str, *, reason: str = "", **at: object) -> Figure:
    """Return a share of rows with Wilson's interval; unknown where there are none."""
    interval = wilson(part, of)
    if interval is None:
        why = reason or "there are no such rows"
        return {"value": None, "method": "wilson", "query": query, **_at(at), "n": 0, "reason": why}
    return {
        "value": interval.estimate,
        "method": "wilson",
        "query": query,
        **_at(at),
        "k": part,
        "n": of,
        **_bounds(interval),
    }


def clustered(found: Interval, part: int, of: int, query: str, **at: object) -> Figure:
    """Return a share of rows that go together; its interval is over what they belong to."""
    return {
        "value": found.estimate,
        "method": "clustered",
        "query": query,
        **_at(at),
        "k": part,
        "n": of,
        **_bounds(found),
    }


def mean(
    value: float | None, interval: Interval | None, number: int, query: str, **at: object
) -> Figure:
    """Return a mean with Student's interval; without any spread it has none."""
    why = {"reason": "there are no values"} if value is None else {}
    bounds = {} if interval is None else _bounds(interval)
    return {
        "value": value,
        "method": "mean",
        "query": query,
        **_at(at),
        "n": number,
        **bounds,
        **why,
    }


def _bounds(interval: Interval) -> dict[str, object]:
    return {"lower": interval.low, "upper": interval.high, "confidence": CONFIDENCE}


def _at(at: Mapping[str, object]) -> dict[str, object]:
    return {"at": dict(at)} if at else {}
