"""Tables of what rounds, drafts and time bought: marginal cost, latency, the bound, critiques."""

from collections.abc import Iterator, Mapping

from sygra_eval.engine import Bound, Paid, RunSummary
from sygra_eval.quality import wilson
from sygra_eval.report.figures import UNKNOWN, bounds, cost, count, duration, percent, short_count
from sygra_eval.report.table import Align, Table

_NANO = 1e9
_LIMITS = {"in_flight": "calls at once", "rpm": "requests a minute", "tpm": "tokens a minute"}


def rounds_bought(summary: RunSummary) -> Table:
    """Return what each round took, and each row that it verified."""
    return _bought(
        "Loops: what a round bought",
        "round",
        summary.paid_rounds,
        summary.verified_by_round,
        sum(summary.rounds.values()),
        tuple(_critiques(summary)),
    )


def drafts_bought(summary: RunSummary) -> Table:
    """Return what each further draft took; one draft alone has nothing to be compared with."""
    paid = summary.paid_drafts if len(summary.paid_drafts) > 1 else ()
    rows = sum(summary.rounds.values())
    return _bought(
        "Loops: what a draft bought", "draft", paid, summary.verified_by_sample, rows, ()
    )


def latency(summary: RunSummary) -> Table:
    """Return how long calls took, step by step and model by model."""
    return Table(
        title="Seconds a call",
        columns=("step", "model", "calls", "p50", "p90", "p99", "slowest"),
        aligns=(Align.LEFT, Align.LEFT, *(Align.RIGHT,) * 5),
        rows=tuple(
            (
                one.step,
                one.model or UNKNOWN,
                str(one.calls),
                *(f"{seconds:.2f}" for seconds in one.percentiles.values()),
                f"{one.slowest_s:.2f}",
            )
            for one in summary.latencies
        ),
        notes=(bound_words(summary),) if summary.latencies else (),
    )


def environment(summary: RunSummary) -> Table:
    """Return in what the last start of the run ran."""
    return Table(
        title="Environment",
        columns=("what", "which"),
        aligns=(Align.LEFT, Align.LEFT),
        rows=tuple(summary.environment.items()),
    )


def bound_words(summary: RunSummary) -> str:
    """Return how many times the least possible time the run took, and what limited it."""
    bound = summary.bound
    ratio = bound.ratio(summary.wall_s) if bound is not None else None
    if bound is None or bound.seconds is None or ratio is None:
        return f"bound: {UNKNOWN}: no limit of the models that were asked is known"
    return (
        f"{ratio:.2f} × bound ({duration(bound.seconds)}), limited by `{bound.model}`: "
        f"{_limit(bound)}; of {duration(summary.wall_s)} waiting "
        f"{duration(min(bound.seconds, summary.wall_s))}, working "
        f"{duration(max(0.0, summary.wall_s - bound.seconds))}"
    )


def _limit(bound: Bound) -> str:
    at = UNKNOWN if bound.at is None else f"{bound.at:g}"
    left_out = f"; left out: {', '.join(bound.left_out)}" if bound.left_out else ""
    return f"{at} {_LIMITS[bound.limit]}{left_out}"


def _bought(
    title: str,
    what: str,
    paid: tuple[Paid, ...],
    verified: Mapping[int, int],
    rows: int,
    notes: tuple[str, ...],
) -> Table:
    so_far = 0
    lines: list[tuple[str, ...]] = []
    for one in paid:
        got = verified.get(one.number, 0)
        so_far += got
        interval = wilson(min(so_far, rows), rows)
        tokens = one.spent.prompt_tokens + one.spent.completion_tokens
        nano_usd = one.spent.cost_nano_usd
        usd = None if nano_usd is None or not got else nano_usd / _NANO / got
        lines.append(
            (
                str(one.number),
                str(got),
                percent(interval.estimate if interval is not None else None),
                bounds(interval),
                short_count(tokens),
                count(tokens / got) if got else UNKNOWN,
                cost(usd).removesuffix(" USD"),
            )
        )
    return Table(
        title=title,
        columns=(what, "verified", "so far %", "95 %", "tokens", "each", "USD each"),
        aligns=(Align.RIGHT,) * 7,
        rows=tuple(lines),
        notes=("each: tokens of a row that it verified", *notes) if lines else (),
    )


def _critiques(summary: RunSummary) -> Iterator[str]:
    found = summary.critiques
    if found is None:
        return
    yield f"critiques: {found.made}, of which {found.stops} said the stop phrase"
    if found.rate is not None:
        such_as = ", ".join(f"{row} round {number}" for row, number in found.examples)
        yield (
            f"critiques ignored: {found.ignored} of {found.judged} that name something of the "
            f"code ({percent(found.rate.estimate)} %, 95 % interval {bounds(found.rate)})"
            + (f", such as {such_as}" if such_as else "")
        )
