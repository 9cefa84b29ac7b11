"""What a whole run will take, as its first rows say: before the rest is run, and in its report."""

from collections.abc import Iterator, Sequence

from sygra_eval.engine import BudgetOutlook, CostEstimate, RunSummary
from sygra_eval.quality import Interval
from sygra_eval.report.figures import UNKNOWN, count, duration, small_cost
from sygra_eval.report.layout import grid, wrapped
from sygra_eval.report.table import Align, Table

_OUTLOOKS = {
    "enough": "is enough",
    "perhaps": "may not be enough",
    "not enough": "is not enough",
    "unknown": "cannot be compared, as the figure is unknown",
}
_BOUNDS = {
    "usd": "{:g} USD",
    "tokens": "{:,.0f} tokens",
    "calls": "{:,.0f} calls",
    "time": "{:g} s",
}


def estimate_text(estimate: CostEstimate) -> str:
    """Return the estimate as lines of at most 80 columns."""
    table = estimate_table(estimate)
    lines = [grid(table.columns, table.aligns, table.rows)]
    return "\n".join([*lines, *(wrapped(note, indent="  ") for note in table.notes)]) + "\n"


def estimate_table(estimate: CostEstimate, came_to: Sequence[str] = ()) -> Table:
    """Return the estimate, each figure with its interval, and beside it what it came to."""
    seconds = None if estimate.time is None else estimate.time.seconds
    rows: tuple[tuple[str, ...], ...] = (
        ("calls", *_counted(estimate.calls)),
        ("tokens", *_counted(estimate.tokens)),
        ("of them in prompts", *_counted(estimate.prompt_tokens)),
        ("of them in answers", *_counted(estimate.completion_tokens)),
        ("cost", *_money(estimate.usd)),
        ("time", *_time(seconds)),
    )
    heads: tuple[str, ...] = (f"for {_of_what(estimate)}", "expected", "95 % interval")
    if came_to:
        heads = (*heads, "came to")
        rows = tuple((*row, figure) for row, figure in zip(rows, came_to, strict=True))
    return Table(
        title=f"Estimate for {_of_what(estimate)}",
        columns=heads,
        aligns=(Align.LEFT, *(Align.RIGHT,) * (len(heads) - 1)),
        rows=rows,
        notes=tuple(_notes(estimate)),
    )


def estimated(summary: RunSummary) -> Iterator[Table]:
    """Yield the estimate of a run that was estimated, with what it came to once it is over."""
    estimate = summary.estimate
    if estimate is None:
        return
    came_to: Sequence[str] = ()
    if summary.state == "finished" and estimate.rows is not None:
        came_to = (
            count(summary.calls),
            count(summary.prompt_tokens + summary.completion_tokens),
            count(summary.prompt_tokens),
            count(summary.completion_tokens),
            "unknown" if summary.cost_usd is None else small_cost(summary.cost_usd),
            duration(summary.wall_s),
        )
    yield estimate_table(estimate, came_to)


def _of_what(estimate: CostEstimate) -> str:
    if estimate.rows is None:
        return f"each {count(estimate.per_rows)} rows"
    return f"all {count(estimate.rows)} rows"


def _notes(estimate: CostEstimate) -> Iterator[str]:
    how = "drawn by the hash of their ids" if estimate.is_spread else "the first ones"
    yield f"from {count(estimate.sample)} rows, {how}; they are part of the run and paid for"
    if estimate.rows is None:
        yield "nobody knows how many rows the input has: it was counted up to 100,000"
    if estimate.unpriced:
        names = ", ".join(f"`{name}`" for name in estimate.unpriced)
        yield f"the cost is unknown, as the price of {names} is"
    if estimate.from_cache:
        yield (
            f"{count(estimate.from_cache)} calls of these rows were answered by the cache; here "
            "they count as if they were sent, and the time is unknown"
        )
    if estimate.failed:
        yield f"{count(estimate.failed)} of these rows failed and count as they are"
    if estimate.time is not None:
        yield f"bounded by {estimate.time.bound_by}"
    for outlook in estimate.budget:
        yield _outlook(outlook)


def _outlook(outlook: BudgetOutlook) -> str:
    told = (
        f"the budget of {_BOUNDS[outlook.bound].format(outlook.most)} {_OUTLOOKS[outlook.outlook]}"
    )
    if outlook.rows is None:
        return told
    return f"{told}: it lasts for about {count(outlook.rows)} rows"


def _counted(interval: Interval) -> tuple[str, str]:
    return count(interval.estimate), _between(interval, count(interval.low), count(interval.high))


def _money(interval: Interval | None) -> tuple[str, str]:
    if interval is None:
        return "unknown", UNKNOWN
    low, high = small_cost(interval.low), small_cost(interval.high)
    return small_cost(interval.estimate), _between(interval, low, high)


def _time(interval: Interval | None) -> tuple[str, str]:
    if interval is None:
        return "unknown", UNKNOWN
    low, high = duration(interval.low), duration(interval.high)
    return duration(interval.estimate), _between(interval, low, high)


def _between(interval: Interval, low: str, high: str) -> str:
    """Return both bounds; where each row came to the same there is nothing between them."""
    return "each row alike" if interval.low == interval.high else f"{low} – {high}"
