"""What a person reads of a run while it goes, and of those that there are. Pure functions."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sygra_eval.engine import Acknowledged, EndpointState, KnownRun, Leftover, LiveView
from sygra_eval.report.figures import cost, percent
from sygra_eval.report.layout import grid
from sygra_eval.report.text_safety import one_line
from sygra_eval.values import Outcome

UNKNOWN = "–"
SHOWN_RUNS = 30


def live_text(view: LiveView) -> str:
    """Return a page of at most 80 columns."""
    rows, calls = view.rows, view.calls
    of = UNKNOWN if rows.total is None else str(rows.total)
    told = [
        f"{one_line(view.suite)}: running since {_clock(view.since)}, pid {view.pid}"
        + ("; it is paused" if view.is_paused else "")
        + (f"; it is ending ({one_line(view.cause)})" if view.is_draining else ""),
        f"rows   {rows.done} of {of} done: {rows.verified} verified, {rows.rejected} rejected, "
        f"{rows.failed} failed" + (f", {rows.unjudged} unjudged" if rows.unjudged else ""),
        f"       {rows.in_flight} in flight, of {rows.most} at most",
        f"calls  {calls.sent} sent, {calls.journalled} from the journal, "
        f"{calls.in_flight} in flight, {calls.waiting} waiting",
    ]
    for one in view.endpoints:
        told += ["", *_endpoint_lines(one)]
    return "\n".join([*told, "", _models(view)])


def changed_text(done: Acknowledged) -> str:
    """Return a line for every change, and one for what keeps it from showing."""
    lines = []
    for one in done.changed:
        of, unit = one_line(one.of), "" if one.limit == "max_concurrency" else " a minute"
        before, after = _number(one.before), _number(one.after)
        said = f"{of}: {one.limit} {before} → {after}{unit}, took effect at {_clock(done.at)}"
        lines.append(said + _narrower(done, one.of, one.limit, one.after))
    return "\n".join(lines)


def runs_text(runs: Sequence[KnownRun]) -> str:
    """Return the table of the runs that there are."""
    rows = [
        (
            f"{run.folder.parent.name}/{run.folder.name}",
            run.state,
            _rows_of(run),
            cost(run.cost_usd),
            _size(run.size),
        )
        for run in runs[:SHOWN_RUNS]
    ]
    columns = ("run", "state", "verified", "cost", "size")
    told = grid(columns, ("left", "left", *("right",) * 3), rows, whole=(0,))
    older = len(runs) - len(rows)
    return f"{told}\nand {older} older" if older > 0 else told


def _rows_of(run: KnownRun) -> str:
    ended = sum(run.counts.values())
    if not ended:
        return UNKNOWN
    return f"{run.counts.get(Outcome.VERIFIED, 0)} of {ended}, {percent(run.verified_rate)} %"


def removed_text(found: Leftover, folder: Path, *, is_removed: bool) -> str:
    """Return a line for a file that nothing needs."""
    what = "removed" if is_removed else "would remove"
    name = one_line(str(found.path.relative_to(folder)))
    return f"{what} {name}: {found.why}, {_size(found.size)}"


def _size(number: int) -> str:
    """Return bytes in few characters."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number} B"


def _endpoint_lines(one: EndpointState) -> Iterator[str]:
    """Yield what its gate is doing, with its name as it has to be written to change it."""
    yield f"endpoint  {one_line(one.endpoint)}"
    limit = f"limit {one.limit}" if one.limit == one.most else f"limit {one.limit} of {one.most}"
    yield (
        f"          {limit}, {one.in_flight} in flight, {one.waiting} waiting, "
        f"circuit {one_line(one.circuit).replace('_', ' ')}"
    )
    cut = "" if one.ceiling is None else f", the last from {one.ceiling}"
    yield f"          {_counted(one.refusals, 'refusal')}, {_counted(one.cuts, 'cut')}{cut}"
    for what, rate, left in (
        ("requests", one.requests_per_minute, one.requests_left),
        ("tokens", one.tokens_per_minute, one.tokens_left),
    ):
        if rate is not None:
            yield f"          {_number(rate)} {what} a minute, {_number(left)} of them now"


def _models(view: LiveView) -> str:
    rows = [
        (
            one.model,
            str(one.most),
            str(one.in_flight),
            str(one.waiting),
            _number(one.requests_per_minute),
            _number(one.requests_left),
            _number(one.tokens_per_minute),
            _number(one.tokens_left),
        )
        for one in view.models
    ]
    columns = ("model", "most", "in flight", "waiting", "rpm", "left", "tpm", "left")
    return grid(columns, ("left", *("right",) * 7), rows)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _narrower(done: Acknowledged, of: str, limit: str, after: float | None) -> str:
    """Say what lets fewer calls through than a model was just given."""
    if limit != "max_concurrency" or after is None:
        return ""
    place = next((one.endpoint for one in done.view.models if one.model == of), None)
    for one in done.view.endpoints:
        if one.endpoint == place and one.most < after:
            return f"; its endpoint lets {one.most} through"
        if one.endpoint in (place, of) and one.limit < after:
            return f"; the limit is {one.limit} now and climbs"
    return ""


def _number(number: float | None) -> str:
    return UNKNOWN if number is None else f"{number:,.0f}"


def _clock(stamp: str) -> str:
    try:
        return f"{datetime.fromisoformat(stamp).astimezone():%H:%M:%S}"
    except (ValueError, OverflowError):
        return one_line(stamp)
