"""A worker as the run sees it, and what it is told first."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.engine.spending import Amount
from sygra_eval.values import BadRow, Budget, Channel, Frame, RecordEnd, Row

NOTHING = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a worker is told first: how the user started the run, and what it may not differ in.

    :ivar plugins: What is loaded here, by name: its content (see `plugin_contents`).
    """

    folder: Path
    named: tuple[str, ...]
    is_trusted: bool
    accepts_no_sandbox: bool
    strict_model: bool
    disk_wait_s: float
    budget: Budget
    is_resumed: bool
    rows_per_shard: int
    plugins: Mapping[str, str]

    def as_frame(self) -> dict[str, Any]:
        """Return it as a message."""
        return {**asdict(self), "do": "begin", "folder": str(self.folder)}


@dataclass(slots=True, eq=False)
class Hand:
    """One worker, through all its deaths.

    :ivar open: Rows by place that it was given and that have not ended, and who waits for each.
    :ivar unsent: Places of those among them that wait to be sent.
    :ivar is_alone: Its rows are sent one at a time, as one of them kills it.
    :ivar leases: What is set aside for its calls in flight, by number; `asking` waits for more.
    :ivar left: What was set aside for calls of a predecessor whose spending is not known yet.
    :ivar spent: By its journal, so of all its lives; `counted` is of this one.
    """

    number: int
    channel: Channel | None = None
    is_ready: bool = False
    is_alone: bool = False
    starts: int = 0
    fruitless: int = 0
    open: dict[int, tuple[Row | BadRow, "asyncio.Future[RecordEnd | None]"]] = field(
        default_factory=dict
    )
    unsent: list[int] = field(default_factory=list)
    leases: dict[int, Amount] = field(default_factory=dict)
    asking: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    left: list[Amount] = field(default_factory=list)
    spent: Amount = field(default_factory=Amount)
    unpriced: int = 0
    counted: list[int] = field(default_factory=lambda: list(NOTHING))
    asleep: int = 0
    gates: Frame | None = None
    listening: "asyncio.Task[None] | None" = None
