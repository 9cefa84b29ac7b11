"""`--budget`, as `run` and `resume` take it."""

import math
from collections.abc import Iterable
from typing import Any

import click

from sygra_eval.values import Budget

BOUNDS = {"usd": "usd", "tokens": "tokens", "calls": "calls", "time": "time_s"}


class BudgetParameter(click.ParamType[tuple[str, float | int]]):
    """One bound: `5` and `usd=5` are US dollars, `calls=100`, `tokens=50000`, `time=600`."""

    name = "budget"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float | int]:
        """Return the bound's name and how much."""
        name, equals, amount = str(value).rpartition("=")
        bound = BOUNDS.get(name if equals else "usd")
        if bound is None:
            self.fail(f"`{name}` is no bound; there are {', '.join(BOUNDS)}", param, ctx)
        try:
            much = float(amount)
        except ValueError:
            self.fail(f"`{amount}` is no number", param, ctx)
        if not 0 < much < math.inf:
            self.fail(f"{amount} leaves nothing to spend", param, ctx)
        if bound in {"tokens", "calls"}:
            if much != int(much):
                self.fail(f"there is no part of one of the {name}", param, ctx)
            return bound, int(much)
        return bound, much


def budget_of(given: Iterable[tuple[str, float | int]]) -> Budget:
    """Return the bounds that were given; of one that was given twice, the last."""
    return Budget(**dict(given))  # type: ignore[arg-type]  # whole numbers where they have to be
