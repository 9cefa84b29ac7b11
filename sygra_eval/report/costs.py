"""What the calls of a run came to, by model and by place in the graph, and what a cache saved.

Every part is read from the journal, so the parts of either table add up to the run's totals.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from sygra_eval.engine import RunSummary, SpentAt
from sygra_eval.journal import Spent, together
from sygra_eval.report.figures import UNKNOWN, cost, short_count
from sygra_eval.report.table import Align, Table
from sygra_eval.values import Outcome

_NANO = 1_000_000_000
_OLD = "(not noted)"  # journals of 0.1.0 do not say who was asked

_ALWAYS: Mapping[str, Callable[[Spent], str]] = {
    "calls": lambda spent: short_count(spent.calls),
    "prompt": lambda spent: short_count(spent.prompt_tokens),
    "answer": lambda spent: short_count(spent.completion_tokens),
    "USD": lambda spent: _known_cost(spent),
}
_WHERE_ANY: Mapping[str, tuple[str, Callable[[Spent], int]]] = {
    "cached": ("prompt", lambda spent: spent.cached_tokens),
    "think": ("answer", lambda spent: spent.reasoning_tokens),
    "no price": ("answer", lambda spent: spent.unpriced),
}
"""Columns that are left out where all their figures are 0, each with the column it stands after."""


def by_model(summary: RunSummary) -> Table:
    """Return what the calls of each model came to."""
    parts = _grouped(summary.spent, lambda at: at.model or _OLD)
    return _table("Cost by model", "model", parts, tuple(_notes(summary)))


def by_node(summary: RunSummary) -> Table:
    """Return what the calls of each place in the graph came to."""
    return _table("Cost by step", "step", _grouped(summary.spent, _step_of), ())


def _step_of(at: SpentAt) -> str:
    """Return the place in the graph, whichever visit it was."""
    return re.sub(r"#[0-9]+(?=/|$)", "", at.node)


def cost_of_a_verified_row(summary: RunSummary) -> float | None:
    """Return what a verified row cost, with all that was spent on others; None is unknown."""
    verified = summary.counts.get(Outcome.VERIFIED, 0)
    if summary.cost_usd is None or not verified:
        return None
    return summary.cost_usd / verified


def spent_by_model(summary: RunSummary) -> dict[str, Spent]:
    """Return what the calls of each model came to; a name is empty where nobody noted it."""
    return _grouped(summary.spent, lambda at: at.model)


def spent_by_step(summary: RunSummary) -> dict[str, Spent]:
    """Return what the calls of each place in the graph came to."""
    return _grouped(summary.spent, _step_of)


def _grouped(spent: Iterable[SpentAt], name_of: Callable[[SpentAt], str]) -> dict[str, Spent]:
    groups: dict[str, list[Spent]] = defaultdict(list)
    for at in spent:
        groups[name_of(at)].append(at.spent)
    return {name: together(parts) for name, parts in sorted(groups.items())}


def _table(title: str, what: str, parts: Mapping[str, Spent], notes: tuple[str, ...]) -> Table:
    whole = together(parts.values())
    shown = {name: figure for name, (_, figure) in _WHERE_ANY.items() if figure(whole)}
    columns: dict[str, Callable[[Spent], str]] = {}
    for name, figure in _ALWAYS.items():
        columns[name] = figure
        for extra, counted in shown.items():
            if _WHERE_ANY[extra][0] == name:
                columns[extra] = _as_count(counted)
    lines = list(parts.items())
    if len(lines) > 1:
        lines.append(("all", whole))
    return Table(
        title=title,
        columns=(what, *columns),
        aligns=(Align.LEFT, *(Align.RIGHT,) * len(columns)),
        rows=tuple(
            (f"{name}~" if part.estimated else name, *(figure(part) for figure in columns.values()))
            for name, part in lines
        ),
        notes=notes,
    )


def _as_count(figure: Callable[[Spent], int]) -> Callable[[Spent], str]:
    return lambda spent: short_count(figure(spent))


def _known_cost(spent: Spent) -> str:
    """Return what is known; unknown where nothing is, and never 0."""
    if spent.unpriced == 0:
        return _usd(spent.known_nano_usd)
    return f"≥ {_usd(spent.known_nano_usd)}" if spent.known_nano_usd else UNKNOWN


def _usd(nano_usd: int) -> str:
    return cost(nano_usd / _NANO).removesuffix(" USD")


def _notes(summary: RunSummary) -> Iterator[str]:
    whole = together(at.spent for at in summary.spent)
    yield (
        "prompt, answer: tokens; cached: of the prompt's, had by the provider; think: of the "
        "answer's"
        if whole.cached_tokens or whole.reasoning_tokens
        else "prompt, answer: tokens"
    )
    if whole.estimated:
        yield f"~ of {_calls(whole.estimated)} the server counted no tokens: theirs are estimated"
    if whole.unpriced:
        yield f"no price: of {_calls(whole.unpriced)} nobody knows what they cost, so it is not 0"
    if whole.batched:
        usd = cost(whole.batched_nano_usd / _NANO)
        yield f"{_calls(whole.batched)} went through a batch API at its own price: {usd}"
    if whole.from_cache:
        unknown = f", and of {whole.saved_unpriced} it is unknown" if whole.saved_unpriced else ""
        yield (
            f"the cache answered {_calls(whole.from_cache)}, which saved "
            f"{short_count(whole.saved_tokens)} tokens and "
            f"{cost(whole.saved_nano_usd / _NANO)}{unknown}"
        )


def _calls(number: int) -> str:
    return f"{number} call" if number == 1 else f"{number} calls"
