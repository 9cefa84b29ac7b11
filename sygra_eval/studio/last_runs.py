"""How a suite's last run went, in the figures of a card."""

import json
import math
from pathlib import Path
from typing import Any, Final

from sygra_eval.engine import KnownRun
from sygra_eval.studio.told import Told
from sygra_eval.values import Outcome, wilson

_MOST_REPORT: Final = 32 * 1024 * 1024


class Rate(Told):
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


class LastRun(Told):
    """The newest run of a suite.

    :ivar verified_rate: As its report has it, over questions where rows repeat them; of a run
        without a report over the rows that ended. None before one did.
    :ivar cost_usd: None where a price is unknown.
    """

    suite: str
    run: str
    state: str
    last: str | None
    rows: int
    verified: int
    verified_rate: Rate | None
    cost_usd: float | None


def last_run_of(known: KnownRun) -> LastRun:
    """Return a run's figures."""
    rows = sum(known.counts.values())
    verified = known.counts.get(Outcome.VERIFIED, 0)
    return LastRun(
        suite=known.folder.parent.name,
        run=known.folder.name,
        state=known.state,
        last=known.last.isoformat() if known.last else None,
        rows=rows,
        verified=verified,
        verified_rate=_reported(known.folder) or _counted(verified, rows),
        cost_usd=known.cost_usd,
    )


def _counted(verified: int, rows: int) -> Rate | None:
    interval = wilson(verified, rows) if rows else None
    if interval is None:
        return None
    return Rate(value=interval.estimate, low=interval.low, high=interval.high)


def _reported(folder: Path) -> Rate | None:
    report = folder / "report.json"
    try:
        if report.stat().st_size > _MOST_REPORT:
            return None
        told: Any = json.loads(report.read_text(encoding="utf-8"))["verified_rate"]
        value, low, high = (float(told[key]) for key in ("value", "lower", "upper"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not (math.isfinite(value) and math.isfinite(low) and math.isfinite(high)):
        return None
    return Rate(value=value, low=low, high=high)
