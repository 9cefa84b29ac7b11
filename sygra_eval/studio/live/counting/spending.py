"""What a run came to, will come to, and may come to. Start at `spending_told`."""

import json
from collections.abc import Mapping
from typing import Any

from sygra_eval.journal import Spent
from sygra_eval.studio.live.told import RunBudget, Spending

NANO = 1_000_000_000


def spending_told(
    spent: Spent, budget: RunBudget, share: float | None, of_open: tuple[int, int]
) -> Spending:
    """Return it.

    :param share: So many times the rows that ended are all rows; None where that is not known.
    :param of_open: What records came to that have not ended, in billionths of a dollar and in
        tokens: it is not what a row costs yet.
    """
    usd = spent.known_nano_usd / NANO
    all_usd = all_tokens = None
    if share is not None:
        all_tokens = max(spent.tokens, round((spent.tokens - of_open[1]) * share))
        if not spent.unpriced:
            all_usd = max(usd, (spent.known_nano_usd - of_open[0]) / NANO * share)
    return Spending(
        cost_usd=usd,
        tokens=spent.tokens,
        calls=spent.sent,
        from_cache=spent.from_cache,
        unpriced=spent.unpriced,
        all_cost_usd=all_usd,
        all_tokens=all_tokens,
        budget=budget,
        left_usd=None if budget.cost_usd is None else max(0.0, budget.cost_usd - usd),
        left_tokens=None if budget.tokens is None else max(0, budget.tokens - spent.tokens),
    )


def budget_of(document: Mapping[str, Any], plan: Mapping[str, str]) -> RunBudget:
    """Return the bounds of a run: the suite's, and over them what it was asked for."""
    suite = document.get("suite")
    own = suite.get("budget") if isinstance(suite, Mapping) else None
    try:
        asked = json.loads(plan.get("asked", "{}")).get("budget")
    except (ValueError, AttributeError):
        asked = None
    own, asked = (one if isinstance(one, Mapping) else {} for one in (own, asked))

    def bound(name: str, asked_name: str) -> float | None:
        value = asked.get(asked_name)
        value = own.get(name) if value is None else value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if is_number else None

    tokens, calls = bound("tokens", "tokens"), bound("calls", "calls")
    return RunBudget(
        cost_usd=bound("usd", "usd"),
        tokens=None if tokens is None else int(tokens),
        calls=None if calls is None else int(calls),
        time_s=bound("time", "time_s"),
    )
