"""Whether each figure of a report comes out of the query that it names, over its run's folder."""

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from sygra_eval.engine import Claim, side_of_run, summarise
from sygra_eval.plugins import load_plugins
from sygra_eval.report.database import database_of
from sygra_eval.report.recompute import NoQuery, Queries, figures_in, recomputed

_KEYS = ("value", "n", "k", "lower", "upper")
_TOLERANCE = 1e-9


def claims_by_query(folder: Path, document: Mapping[str, Any]) -> Iterator[Claim | None]:
    """Yield, for each figure that a query gives, None where it comes out, else what did.

    A figure that names no query of ours is passed over: it may be of another version, or of a
    plugin that is not here.

    :raises UsageError: When the folder holds no journal that can be read.
    """
    plugins = load_plugins(folder, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"})
    side = side_of_run(folder, plugins)
    with closing(database_of(folder, summarise(folder), side)) as database:
        queries = Queries(database)
        for path, figure in figures_in(dict(document)):
            at = figure.get("at")
            metric = at.get("metric") if isinstance(at, Mapping) else None
            if (metric is not None and metric not in side.metrics) or not _can_be_asked(at):
                continue
            of = f"report.json: {path.removeprefix('$.')}"
            try:
                found = recomputed(figure, queries)
            except (NoQuery, sqlite3.Error, ValueError, TypeError, KeyError):
                continue
            unlike = [key for key in _KEYS if key in figure and key in found]
            unlike = [key for key in unlike if not _same(figure[key], found[key])]
            if not unlike:
                yield None
            for key in unlike:
                said, now = repr(figure[key])[:200], repr(found[key])[:200]
                yield Claim(of=f"{of}.{key}", said=said, found=now, by=f"query `{figure['query']}`")


def _can_be_asked(at: object) -> bool:
    """Say whether SQLite can hold what a figure is of: a lone surrogate stands there escaped."""
    try:
        json.dumps(at, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _same(said: object, found: object) -> bool:
    if isinstance(said, int | float) and isinstance(found, int | float):
        return math.isclose(said, found, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return said == found
