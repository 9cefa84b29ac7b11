"""What a run will come to, before it is started: from an earlier run, and the most it can be.

Both are the engine's: the estimate from rows that ended, and the bound that `sygra-eval check`
makes in a process of its own, as it has to read the rows and may have to import a user's plugins.
"""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.engine import estimate_from_run
from sygra_eval.journal import open_readonly
from sygra_eval.quality import Interval
from sygra_eval.studio.live.command import checked
from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import JOURNAL, Workspace
from sygra_eval.values import UsageError

BOUND_S = 20.0
MOST_BYTES = 64 * 1024 * 1024  # of a journal that is read for an estimate
MOST_LOOKED_AT = 50


class Figure(Told):
    """An estimate with its 95 % interval; `low` and `high` are None where it is a bound only."""

    middle: float
    low: float | None
    high: float | None


class Estimate(Told):
    """What a run will come to; a figure is None where it is unknown.

    :ivar basis: Where it comes from, in a sentence: an earlier run's rows, or the bound.
    :ivar most_calls: The most that its calls can come to, from prompts and `max_tokens`;
        `most_tokens` and `most_usd` likewise.
    :ivar unpriced: Why money has no bound, each reason once.
    """

    basis: str
    rows: int | None
    calls: Figure | None
    tokens: Figure | None
    cost_usd: Figure | None
    seconds: Figure | None
    most_calls: int | None
    most_tokens: int | None
    most_usd: float | None
    unpriced: list[str]


def estimate_of(workspace: Workspace, asked: Mapping[str, Any]) -> Estimate:
    """Return what a run will come to.

    :param asked: As `StartRun` has it.
    :raises NotThere: When there is no such suite.
    """
    path = workspace.suite(asked["suite"])
    bound = _bound(path, workspace, asked["variant"])
    all_rows = bound.get("rows") if bound.get("is_all", True) else None
    rows = _rows(asked, all_rows if isinstance(all_rows, int) else None)
    share = rows / all_rows if rows is not None and all_rows else 1.0
    found, basis = None, "no earlier run of this suite has enough rows to say anything"
    for folder in _earlier(workspace, path):
        with contextlib.suppress(UsageError):
            found = estimate_from_run(folder, rows)
        if found is not None:
            basis = f"{found.sample} rows of the run {folder.parent.name}/{folder.name}"
            break

    def most(name: str) -> float | None:
        value = bound.get(name)
        return value * share if isinstance(value, int | float) else None

    calls, tokens = most("calls"), most("tokens")
    return Estimate(
        basis=basis,
        rows=rows,
        calls=_figure(None if found is None else found.calls),
        tokens=_figure(None if found is None else found.tokens),
        cost_usd=_figure(None if found is None else found.usd),
        seconds=_figure(found.time.seconds if found and found.time else None),
        most_calls=None if calls is None else round(calls),
        most_tokens=None if tokens is None else round(tokens),
        most_usd=most("usd"),
        unpriced=[str(one) for one in bound.get("why_not", ())][:20],
    )


def _rows(asked: Mapping[str, Any], there_are: int | None) -> int | None:
    """Return how many rows are meant; None where only the run will know."""
    rows: int | None
    match asked["rows"]:
        case "limit":
            rows = asked["limit"]
        case "range" if asked["first"] and asked["last"]:
            rows = asked["last"] - asked["first"] + 1
        case "all":
            rows = there_are
        case "ids":
            rows = len(asked["ids"])
        case _:
            return None
    rows = min(rows, there_are) if rows is not None and there_are is not None else rows
    return rows if asked["sample"] is None or rows is None else min(rows, asked["sample"])


def _bound(path: Path, workspace: Workspace, variant: str | None) -> Mapping[str, Any]:
    """Return the most that a suite can come to, as `check --json` says it; empty where unknown."""
    try:
        bounds = checked(path, workspace, limit_s=BOUND_S)[0]["at_most"]
        named = [one for one in bounds if variant is None or str(one["suite"]).endswith(variant)]
        bound = named[0]
    except (OSError, ValueError, KeyError, IndexError, TypeError, subprocess.TimeoutExpired):
        return {}
    return bound if isinstance(bound, Mapping) else {}


def _earlier(workspace: Workspace, suite: Path) -> Iterator[Path]:
    """Yield runs of a suite, the newest first, whose journals are not too long to be read now."""
    journals = sorted(
        workspace.reports.glob(f"*/*/{JOURNAL}"), key=lambda p: p.parent.name, reverse=True
    )
    for journal in journals[:MOST_LOOKED_AT]:
        with contextlib.suppress(UsageError, OSError, KeyError):
            if journal.stat().st_size > MOST_BYTES:
                continue
            with open_readonly(journal) as reader:
                is_of_it = Path(reader.plan()["suite_path"]) == suite
            if is_of_it:
                yield journal.parent


def _figure(interval: Interval | None) -> Figure | None:
    if interval is None:
        return None
    return Figure(middle=interval.estimate, low=interval.low, high=interval.high)
