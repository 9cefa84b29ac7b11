"""What a run has spent while it goes, in a few words."""

from collections.abc import Iterator

from sygra_eval.engine import SpentSoFar
from sygra_eval.report.figures import short_count, small_cost


def spent_words(spent: SpentSoFar) -> str:
    """Return the words; none where nothing is paid and nothing bounds it."""
    return " · ".join(_parts(spent))


def _parts(spent: SpentSoFar) -> Iterator[str]:
    budget = spent.budget
    if spent.calls and (spent.usd or spent.unpriced or budget.usd is not None):
        yield _money(spent)
    if spent.unpriced or budget.tokens is not None:
        words = f"{short_count(spent.tokens)} tokens"
        if spent.all_tokens is not None:
            words += f", about {short_count(spent.all_tokens)} for all"
        yield words + ("" if budget.tokens is None else f" of {short_count(budget.tokens)}")
    if budget.calls is not None:
        yield f"{spent.calls} of {budget.calls} calls"


def _money(spent: SpentSoFar) -> str:
    """Say it of what has a price; a projection of half of the calls would be none."""
    if spent.unpriced:
        known = f"{small_cost(spent.usd)} and " if spent.usd else ""
        return f"{known}cost unknown"
    words = f"{small_cost(spent.usd)}, {small_cost(spent.usd_a_minute)} a minute"
    if spent.all_usd is not None:
        words += f", about {small_cost(spent.all_usd)} for all"
    return words + ("" if spent.budget.usd is None else f" of {spent.budget.usd:g} USD")
