"""The rows of one start of a run, as an executor sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.engine.disk_room import TAKEN_OVER
from sygra_eval.engine.executors.crew import Crew
from sygra_eval.engine.executors.hands import Order
from sygra_eval.engine.executors.refusals import executor_of, fitting_workers
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.plan import Plan
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.running import Running
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.taking import take_rows
from sygra_eval.journal import take_in_parts
from sygra_eval.values import Executor, InfrastructureError, Source, StartWorker


async def settle_rows(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    running: Running,
    options: RunOptions,
    tell: Tell,
) -> int:
    """Settle the rows where the user wants it; return how many were read."""
    workers, told = fitting_workers(setting.gateway, options.processes)
    if told:
        tell(told)
    job = RunJob(
        setting=setting,
        plan=plan.as_mapping(),
        folder=folder,
        workers=workers,
        source=source,
        most_rows=plan.most_rows,
        running=running,
        tell=tell,
        order=_order(setting, plan, folder, options),
    )
    name = executor_of(options) if workers > 1 or options.executor else "local"
    executor: Executor = setting.plugins.find("executors", name).implementation
    return await executor.run(job)


def _order(setting: Setting, plan: Plan, folder: Path, options: RunOptions) -> Order:
    return Order(
        folder=folder,
        named=tuple(options.plugins),
        is_trusted=options.is_trusted,
        accepts_no_sandbox=options.accepts_no_sandbox,
        strict_model=setting.is_strict,
        disk_wait_s=options.disk_wait_s,
        budget=setting.spending.budget,
        is_resumed=setting.is_resumed,
        rows_per_shard=plan.rows_per_shard,
        plugins=setting.plugins.contents,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """A run's rows; see `Job`.

    :ivar order: What workers are told of how the user started the run.
    """

    setting: Setting
    plan: Mapping[str, str]
    folder: Path
    workers: int
    source: Source
    most_rows: int | None
    running: Running
    tell: Tell
    order: Order

    async def settle_here(self) -> int:
        """Settle the rows in this process; return how many were read."""
        return await take_rows(self.setting, self.source, self.most_rows, self.running, self.tell)

    async def settle_by(self, start: StartWorker) -> int:
        """Settle the rows in workers; return how many were read."""
        if self.setting.sandbox is not None:  # the workers have theirs
            await self.setting.sandbox.close()
        crew = Crew(self.setting, self.running, self.tell, self.order, start, self.workers)
        async with crew:
            rows_read = await take_rows(
                self.setting,
                self.source,
                self.most_rows,
                self.running,
                self.tell,
                settle=crew.settle,
            )
        if self.setting.lock is not None and not self.setting.lock.is_ours():
            raise InfrastructureError(f"{TAKEN_OVER}; the parts of {self.folder} are left to it")
        await take_in_parts(self.setting.journal, self.folder)
        return rows_read
