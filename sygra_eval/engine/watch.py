"""Somebody who watches a run row by row, and may hold it back."""

from typing import Protocol

from sygra_eval.values import RecordEnd


class Watch(Protocol):
    """Called on the run's event loop; it must not block, and what it raises ends the run."""

    def row_ended(self, end: RecordEnd, cost_usd: float | None = None) -> None:
        """Take a row's end, after it was journalled.

        :param cost_usd: What its calls cost; None where there were none, or that is not known.
        """
        ...

    def is_met(self) -> None:
        """Learn that the run has as many verified rows as were asked for."""
        ...

    async def room(self) -> None:
        """Wait until another row may begin."""
        ...


class Nobody:
    """Watches nothing and holds nothing back."""

    def row_ended(self, end: RecordEnd, cost_usd: float | None = None) -> None:
        """Take no notice."""

    def is_met(self) -> None:
        """Take no notice."""

    async def room(self) -> None:
        """Let the row begin."""
