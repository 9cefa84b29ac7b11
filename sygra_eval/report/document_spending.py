"""What a run took as data: calls, tokens, money and time."""

from collections.abc import Mapping

from sygra_eval.engine import RunSummary, estimate_to_json
from sygra_eval.journal import Spent, together
from sygra_eval.report.costs import cost_of_a_verified_row, spent_by_model, spent_by_step
from sygra_eval.report.figure import Figure, counted, noted

_NANO = 1e9
NO_PRICE = "the price of a call is not known"
_NO_LIMITS = "no limit of the models that were asked is known"
_NOT_ASKED = "no endpoint was asked"


def spending(summary: RunSummary) -> dict[str, object]:
    """Return the sections of a report that are about what was spent."""
    whole = together(at.spent for at in summary.spent)
    per_row = cost_of_a_verified_row(summary)
    why = NO_PRICE if summary.cost_usd is None else "no row is verified"
    return {
        "calls": counted(summary.calls, "calls"),
        "calls_cached": counted(summary.calls_cached, "calls_cached"),
        "spent": _spent(whole, "spent"),
        "usd_per_verified_row": noted(per_row, "usd_per_verified_row", method="ratio", reason=why),
        "spent_by_model": [
            {"model": name, **_spent(part, "spent_by_model", model=name)}
            for name, part in spent_by_model(summary).items()
        ],
        "spent_by_step": [
            {"step": name, **_spent(part, "spent_by_step", step=name)}
            for name, part in spent_by_step(summary).items()
        ],
        "latency": [
            {
                "step": one.step,
                "model": one.model,
                "calls": counted(one.calls, "latency_calls", step=one.step, model=one.model),
                **{
                    f"p{part}_s": noted(
                        seconds,
                        "latency",
                        method="nearest_rank",
                        step=one.step,
                        model=one.model,
                        percent=part,
                    )
                    for part, seconds in one.percentiles.items()
                },
                "slowest_s": noted(
                    one.slowest_s, "latency_slowest", method="max", step=one.step, model=one.model
                ),
            }
            for one in summary.latencies
        ],
        "time": _time(summary),
        "estimate": None
        if summary.estimate is None
        else _wrapped(estimate_to_json(summary.estimate), "estimate", "$"),
    }


def _spent(spent: Spent, query: str, **at: object) -> dict[str, Figure]:
    nano_usd = spent.cost_nano_usd
    counts = {
        "calls": spent.calls,
        "calls_from_cache": spent.from_cache,
        "calls_from_plugins": spent.from_plugin,
        "calls_batched": spent.batched,
        "calls_estimated": spent.estimated,
        "calls_without_price": spent.unpriced,
        "json_repairs": spent.repairs,
        "retries": spent.tries - spent.calls,
        "prompt_tokens": spent.prompt_tokens,
        "cached_tokens": spent.cached_tokens,
        "completion_tokens": spent.completion_tokens,
        "reasoning_tokens": spent.reasoning_tokens,
        "saved_tokens": spent.saved_tokens,
    }
    sums = {
        "cost_usd": None if nano_usd is None else nano_usd / _NANO,
        "known_usd": spent.known_nano_usd / _NANO,
        "batched_usd": spent.batched_nano_usd / _NANO,
        "saved_usd": spent.saved_nano_usd / _NANO,
        "latency_s": spent.latency_s,
    }
    return {
        **{what: counted(number, query, **at, of=what) for what, number in counts.items()},
        **{
            what: noted(number, query, method="sum", reason=NO_PRICE, **at, of=what)
            for what, number in sums.items()
        },
    }


def _time(summary: RunSummary) -> dict[str, object]:
    """Return how long the run took, beside the least that its models' limits allow."""
    bound = summary.bound
    seconds = None if bound is None else bound.seconds
    why = _NOT_ASKED if bound is None else _NO_LIMITS
    ratio = None if bound is None else bound.ratio(summary.wall_s)
    over = None if seconds is None else max(0.0, summary.wall_s - seconds)
    why_ratio = why if seconds is None else "the bound is 0"
    return {
        "wall_s": noted(summary.wall_s, "wall_s", method="sum"),
        "model_s": noted(summary.model_s, "model_s", method="sum"),
        "bound_s": noted(seconds, "bound", method="max", reason=why),
        "times_the_bound": noted(ratio, "times_the_bound", method="ratio", reason=why_ratio),
        "waiting_s": noted(
            None if seconds is None else min(seconds, summary.wall_s),
            "waiting",
            reason=why,
            method="min",
            of="waiting",
        ),
        "working_s": noted(over, "waiting", reason=why, method="max", of="working"),
        "limited_by": None
        if bound is None or seconds is None
        else {"model": bound.model, "limit": bound.limit, "at": bound.at},
        "left_out": [] if bound is None else list(bound.left_out),
    }


def _wrapped(value: object, query: str, path: str) -> object:
    """Return data that the journal keeps, each number in it a figure by its path."""
    if isinstance(value, Mapping):
        return {key: _wrapped(inner, query, f"{path}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_wrapped(inner, query, f"{path}[{at}]") for at, inner in enumerate(value)]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return noted(value, query, path=path)
    return value
