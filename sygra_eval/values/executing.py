"""Who settles the rows of a run: this process, others on this host, or others elsewhere.

A plugin for another kind of worker is one file. It registers an `Executor` whose `run` hands
`job.settle_by` a function that starts worker number N and returns the `Channel` to it. On the other
side the worker calls `sygra_eval.engine.executors.work(channel)` with its own end, and that is all:
shards, leases of limits and budgets, tells, stops, workers that die and rows that kill them are
the job's affair, alike for every executor. What the plugin has to see to:

- messages arrive whole and in order; they are JSON values, and small but for the rows themselves;
- `receive` returns None when the other side is gone, however it went, and only then;
- a worker whose parent is gone ends within seconds, or it pays for rows that nobody waits for;
- worker N finds the run folder that is named in its order, and what it writes to `parts/N.db`
  there is back beside `journal.db` before `settle_by` returns: SQLite's log needs a local disk.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Frame = Mapping[str, Any]
"""One message between a run and a worker: a JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Rows of the input that belong together: they go to one worker, and fall with it.

    :ivar first: The place of its first row in the source.
    """

    index: int
    first: int
    rows: int


class Channel(Protocol):
    """One end of the connection between a run and one of its workers."""

    async def send(self, frame: Frame) -> None:
        """Send a message; one that cannot arrive any more is dropped."""
        ...

    async def receive(self) -> Frame | None:
        """Return the next message; None when the other side is gone."""
        ...

    async def end(self) -> None:
        """Let go; a worker that has not ended after some seconds is killed."""
        ...


StartWorker = Callable[[int], Awaitable[Channel]]
"""Start worker number N, or start it again."""


class Job(Protocol):
    """The rows of one start of a run.

    :ivar plan: What the run was started with, as JSON texts; a worker refuses another.
    :ivar workers: How many the user asks for.
    """

    @property
    def plan(self) -> Mapping[str, str]:
        """The plan: suite, seed, limits, plugins with version and content, rows per shard."""
        ...

    @property
    def folder(self) -> Path:
        """The run folder."""
        ...

    @property
    def workers(self) -> int:
        """How many workers are asked for."""
        ...

    async def settle_here(self) -> int:
        """Settle the rows in this process; return how many were read."""
        ...

    async def settle_by(self, start: StartWorker) -> int:
        """Settle the rows in workers; return how many were read."""
        ...


class Executor(Protocol):
    """Takes every row of a run to its outcome."""

    async def run(self, job: Job) -> int:
        """Return how many rows of the source were read.

        Rows, their order and the shards they belong to come from the job, so that every executor
        writes the same bytes.
        """
        ...
