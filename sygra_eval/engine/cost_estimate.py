"""What a whole run will take, from its first few rows. Start at `estimate_of`.

Calls, tokens and money are added up row by row from the journal and extrapolated with an interval
(`quality.total_of`). What validators asked before the first row is paid once. An answer that came
from a cache counts as if it had been sent, since the other rows need not be in the cache.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sygra_eval.engine.time_estimate import SampleTime, TimeEstimate, time_of
from sygra_eval.journal import JournalledCall, JournalReader, plain
from sygra_eval.quality import Interval, total_of
from sygra_eval.values import Budget

PER_ROWS = 1_000
"""Where nobody knows how many rows there are, figures are for so many."""
NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOutlook:
    """Whether one bound of the budget is enough.

    :ivar bound: Its name, and `most` of it.
    :ivar outlook: `enough`, `perhaps`, `not enough`; `unknown` where the figure is.
    :ivar rows: After about so many rows it is spent.
    """

    bound: str
    most: float
    outlook: str
    rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """What all rows will take, from `sample` of them; with 95 % intervals.

    :ivar rows: All rows that there are; None where they are too many to be counted, and then the
        figures are for `per_rows`.
    :ivar is_spread: The sample is drawn from all rows; else it is the first ones.
    :ivar usd: None where it is unknown, as the price of `unpriced` models is.
    :ivar from_cache: Calls of the sample that a cache answered; they count as if they were sent.
    :ivar failed: Rows of the sample that failed by infrastructure and count as they are.
    :ivar time: None where it is unknown.
    """

    rows: int | None
    per_rows: int
    sample: int
    is_spread: bool
    calls: Interval
    prompt_tokens: Interval
    completion_tokens: Interval
    tokens: Interval
    usd: Interval | None
    unpriced: tuple[str, ...]
    from_cache: int
    failed: int
    time: TimeEstimate | None
    budget: tuple[BudgetOutlook, ...] = ()


def estimate_of(
    reader: JournalReader,
    *,
    rows: int | None,
    is_spread: bool,
    budget: Budget,
    sample_time: SampleTime,
) -> CostEstimate | None:
    """Return what all rows will take; None where too few rows have ended to say anything."""
    ends = list(reader.outcomes())
    ended = {plain(end.row_id) for end in ends}
    calls = [_without_texts(call) for call in reader.calls()]
    per_rows = PER_ROWS * (1 + len(ends) // PER_ROWS) if rows is None else rows

    def all_of(figure: Callable[[JournalledCall], float]) -> Interval | None:
        once, by_row = _by_row(calls, ended, figure)
        return _plus(once, total_of(by_row, per_rows))

    counted = all_of(_one), all_of(_prompt), all_of(_completion), all_of(_tokens)
    if any(interval is None for interval in counted):
        return None
    number, prompt, completion, tokens = (one for one in counted if one is not None)
    unpriced = tuple(sorted({call.model for call in calls if _nano_usd(call) is None}))
    money = None if unpriced else all_of(lambda call: _nano_usd(call) or 0)
    estimate = CostEstimate(
        rows=rows,
        per_rows=per_rows,
        sample=len(ends),
        is_spread=is_spread,
        calls=number,
        prompt_tokens=prompt,
        completion_tokens=completion,
        tokens=tokens,
        usd=None if money is None else _scaled(money, 1 / NANO),
        unpriced=unpriced,
        from_cache=sum(call.response.is_cached for call in calls),
        failed=sum(end.outcome.value == "failed" for end in ends),
        time=time_of(calls, ended, per_rows, sample_time),
    )
    return replace(estimate, budget=_outlooks(estimate, budget))


def estimate_to_json(estimate: CostEstimate) -> dict[str, Any]:
    """Return the estimate as it is journalled and printed."""
    return asdict(estimate)


def estimate_from_json(data: Mapping[str, Any]) -> CostEstimate:
    """Return the estimate that `estimate_to_json` was given."""
    time = data["time"]
    intervals = ("calls", "prompt_tokens", "completion_tokens", "tokens")
    read: dict[str, Any] = {
        **data,
        **{name: Interval(**data[name]) for name in intervals},
        "usd": None if data["usd"] is None else Interval(**data["usd"]),
        "unpriced": tuple(data["unpriced"]),
        "time": None
        if time is None
        else TimeEstimate(seconds=Interval(**time["seconds"]), bound_by=time["bound_by"]),
        "budget": tuple(BudgetOutlook(**outlook) for outlook in data["budget"]),
    }
    return CostEstimate(**read)


def _without_texts(call: JournalledCall) -> JournalledCall:
    """Leave out what only takes memory here."""
    bare = replace(call.response, text="", reasoning="", others=(), logprobs=(), tool_calls=())
    return replace(call, response=bare)


def _by_row(
    calls: Iterable[JournalledCall],
    ended: frozenset[str] | set[str],
    figure: Callable[[JournalledCall], float],
) -> tuple[float, list[float]]:
    """Return what is paid once, and what each row that ended came to; many have no call at all."""
    once, by_row = 0.0, dict.fromkeys(ended, 0.0)
    for call in calls:
        record = call.site.record
        if record == "":
            once += figure(call)
        elif record in by_row:
            by_row[record] += figure(call)
    return once, list(by_row.values())


def _outlooks(estimate: CostEstimate, budget: Budget) -> tuple[BudgetOutlook, ...]:
    """Say of each bound whether it is enough; of nothing where the number of rows is unknown."""
    if estimate.rows is None:
        return ()
    figures: Sequence[tuple[str, float | None, Interval | None]] = (
        ("usd", budget.usd, estimate.usd),
        ("tokens", budget.tokens, estimate.tokens),
        ("calls", budget.calls, estimate.calls),
        ("time", budget.time_s, None if estimate.time is None else estimate.time.seconds),
    )
    return tuple(
        _outlook(name, most, expected, estimate.rows)
        for name, most, expected in figures
        if most is not None
    )


def _outlook(name: str, most: float, expected: Interval | None, rows: int) -> BudgetOutlook:
    if expected is None:
        return BudgetOutlook(bound=name, most=most, outlook="unknown", rows=None)
    outlook = "perhaps"
    if expected.high <= most:
        outlook = "enough"
    elif expected.low > most:
        outlook = "not enough"
    share = most / expected.estimate if expected.estimate else 1.0
    reached = None if outlook == "enough" or share >= 1 else int(rows * share)
    return BudgetOutlook(bound=name, most=most, outlook=outlook, rows=reached)


def _one(call: JournalledCall) -> float:
    del call
    return 1


def _prompt(call: JournalledCall) -> float:
    return call.response.usage.prompt_tokens


def _completion(call: JournalledCall) -> float:
    return call.response.usage.completion_tokens


def _tokens(call: JournalledCall) -> float:
    return call.response.usage.total


def _nano_usd(call: JournalledCall) -> int | None:
    """Return what a call costs where no cache answers it."""
    response = call.response
    return response.saved_nano_usd if response.is_cached else response.cost_nano_usd


def _plus(once: float, interval: Interval | None) -> Interval | None:
    if interval is None:
        return None
    return Interval(
        estimate=interval.estimate + once, low=interval.low + once, high=interval.high + once
    )


def _scaled(interval: Interval, by: float) -> Interval:
    return Interval(estimate=interval.estimate * by, low=interval.low * by, high=interval.high * by)
