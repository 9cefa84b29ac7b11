"""Starts, drives and ends a run. Start at `run_suite`.

The row is the unit of scheduling (docs/decisions/0001): as many records are in flight as the
models take at once, and a few more, so that their code is judged meanwhile. An outcome is
journalled before anyone sees it; the files of the run folder are written from the journal.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.engine.folder import new_run_folder, write_folder
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.plan import Plan, plan_of, read_plan
from sygra_eval.engine.progress import Progress, ShowProgress
from sygra_eval.engine.record import settle
from sygra_eval.engine.run_log import RunLog
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.summarise import summarise
from sygra_eval.engine.summary import ExitCode, RunSummary
from sygra_eval.journal import Journal, RunLock
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.sandbox import start_sandbox
from sygra_eval.suite import Suite, load_suite, override_model, resolved_yaml
from sygra_eval.values import (
    BadRow,
    ChatModel,
    Outcome,
    RecordEnd,
    Row,
    RunEnd,
    RunView,
    Sandbox,
    Source,
    UsageError,
)

Tell = Callable[[str], None]
"""Shows one sentence to a person."""
COUNTED_ROWS = 100_000
"""A source is counted beforehand up to here, so that progress can say how much is left."""
MOST_IN_FLIGHT = 4_096


@dataclass(slots=True)
class _Tally:
    """Outcomes so far, for progress; the journal is what counts."""

    total: int | None
    before: int
    started: float
    show: ShowProgress | None
    log: RunLog
    done: int = 0
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))


async def run_suite(
    path: Path,
    options: RunOptions | None = None,
    *,
    show: ShowProgress | None = None,
    tell: Tell | None = None,
    stop: StopSignal | None = None,
) -> RunSummary:
    """Run a suite from the start and return its figures; the files are written.

    :param show: Called after every row.
    :param tell: Called with sentences that a person should read while the run goes.
    :raises UsageError: When suite, plugins, models or sandbox are not fit; nothing was spent and
        no run folder was made.
    """
    options = options or RunOptions()
    tell = tell or _silent
    plugins = load_plugins(
        path.absolute().parent, named=options.plugins, is_trusted=options.is_trusted
    )
    replaced = {name: override_model(what) for name, what in options.models.items()}
    suite = load_suite(path, plugins, overrides=replaced)
    source = _source(suite, plugins)
    await _refuse_an_empty_source(source, options.limit)
    async with _opened(suite, plugins, options, tell) as (gateway, sandbox):
        folder = new_run_folder(options.out, suite.name, options.name)
        plan = plan_of(suite, source, options, gateway, isolation=_isolation(sandbox))
        with RunLock(folder):
            (folder / "suite.yaml").write_text(resolved_yaml(suite), encoding="utf-8")
            journal = Journal.create(folder / "journal.db", plan.as_mapping())
            setting = Setting(
                suite=suite,
                plugins=plugins,
                gateway=gateway,
                sandbox=sandbox,
                journal=journal,
                stop=stop or StopSignal(),
            )
            return await _drive(setting, plan, folder, source, show, tell)


async def resume_run(
    folder: Path,
    options: RunOptions | None = None,
    *,
    retries_failed: bool = True,
    show: ShowProgress | None = None,
    tell: Tell | None = None,
    stop: StopSignal | None = None,
) -> RunSummary:
    """Go on with a run that was stopped or killed; a finished one is only reported again.

    :raises UsageError: When the folder is no run, or its suite or input is no longer the same.
    """
    options = options or RunOptions()
    tell = tell or _silent
    plan = read_plan(folder)
    before = summarise(folder)
    if before.state == "finished" and before.exit_code is not ExitCode.INCOMPLETE:
        return before
    plan.refuse_unrepeated(options)
    plugins = load_plugins(plan.suite_folder, named=options.plugins, is_trusted=options.is_trusted)
    suite = load_suite(folder / "suite.yaml", plugins, folder=plan.suite_folder)
    source = _source(suite, plugins)
    plan.refuse_other(suite, source)
    async with _opened(suite, plugins, options, tell) as (gateway, sandbox):
        with RunLock(folder):
            journal = Journal.open(folder / "journal.db")
            if retries_failed:
                await journal.forget_failed()
            setting = Setting(
                suite=suite,
                plugins=plugins,
                gateway=gateway,
                sandbox=sandbox,
                journal=journal,
                stop=stop or StopSignal(),
            )
            return await _drive(setting, plan, folder, source, show, tell)


async def _drive(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    show: ShowProgress | None,
    tell: Tell,
) -> RunSummary:
    """Take every row to its outcome, then write the folder."""
    with RunLog(folder) as log:

        def tell_and_log(sentence: str) -> None:
            log.event("note", text=sentence)
            tell(sentence)

        try:
            await _take_all(setting, plan, folder, source, show, tell_and_log, log)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            await setting.journal.close()
        summary = summarise(folder)
        log.event("summarised", exit=int(summary.exit_code), why=summary.exit_reason)
    write_folder(folder, summary, setting.plugins)
    counts = {outcome.value: count for outcome, count in summary.counts.items()}
    end = RunEnd(
        folder=folder, suite=summary.suite, exit_code=int(summary.exit_code), counts=counts
    )
    setting.plugins.observe("sygra_run_finished", tell, run=end)
    return summary


async def _take_all(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    show: ShowProgress | None,
    tell: Tell,
    log: RunLog,
) -> None:
    """Journal the start, the rows, and how the start ended."""
    journal = setting.journal
    total = await _count(source, plan.limit)
    before = sum(journal.counts().values())
    tally = _Tally(
        total=total, before=before, started=time.monotonic(), show=show, log=log, done=before
    )
    view = RunView(
        folder=folder,
        suite=setting.suite.name,
        rows_total=total,
        isolation=_isolation(setting.sandbox),
    )
    journal.event("started", pid=os.getpid())
    log.event("started", rows=total, rows_before=before, isolation=view.isolation)
    setting.plugins.observe("sygra_run_started", tell, run=view)
    rows_read = await _take_rows(setting, source, plan.limit, tally, tell)
    kind = "stopped" if setting.stop.is_draining else "finished"
    fields = {
        "rows": rows_read if total is None else total,
        "wall_s": time.monotonic() - tally.started,
        "calls_sent": setting.counters.calls_sent,
        "calls_cached": setting.counters.calls_cached,
        "cause": setting.stop.cause,
    }
    journal.event(kind, **fields)
    log.event(kind, **fields)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first failure of the records' tasks; the others follow from it or are like it."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _take_rows(
    setting: Setting, source: Source, limit: int | None, tally: _Tally, tell: Tell
) -> int:
    """Settle the rows, a bounded number at a time; return how many were read.

    A drain stops admitting; the rows that are left are still read, so that they are counted.
    """
    slots = asyncio.Semaphore(_in_flight(setting))
    rows_read = 0

    async def settle_one(row: Row | BadRow) -> None:
        try:
            end = await settle(row, setting)
            if end is not None:
                _ended(setting, tally, end, tell)
        finally:
            slots.release()

    async with _stopped_at_once(setting.stop), asyncio.TaskGroup() as group:
        async for row in _limited(source, limit):
            rows_read += 1
            if setting.stop.is_draining or setting.journal.has_outcome(row.index):
                continue
            await slots.acquire()
            if setting.stop.is_draining:
                slots.release()
                continue
            group.create_task(settle_one(row), name=f"row {row.id}")
    return rows_read


@contextlib.asynccontextmanager
async def _stopped_at_once(stop: StopSignal) -> AsyncIterator[None]:
    """Cancel the body when the run is asked to stop without waiting; swallow that cancel."""
    body = asyncio.current_task()
    assert body is not None, "a coroutine runs in a task"  # noqa: S101

    async def watch() -> None:
        await stop.at_once()
        body.cancel()

    watcher = asyncio.create_task(watch(), name="watch for the second stop")
    try:
        yield
    except asyncio.CancelledError:
        if not watcher.done():
            raise
        body.uncancel()
    finally:
        watcher.cancel()


def _ended(setting: Setting, tally: _Tally, end: RecordEnd, tell: Tell) -> None:
    setting.plugins.observe("sygra_record_finished", tell, record=end)
    tally.done += 1
    tally.counts[end.outcome] += 1
    tally.log.event("row_ended", row=end.row_id, outcome=end.outcome.value, reason=end.reason)
    if tally.show is None:
        return
    tally.show(
        Progress(
            rows_done=tally.done,
            rows_total=tally.total,
            rows_before=tally.before,
            verified=tally.counts[Outcome.VERIFIED],
            rejected=tally.counts[Outcome.REJECTED],
            failed=tally.counts[Outcome.FAILED],
            calls_in_flight=setting.gateway.in_flight,
            calls_done=setting.counters.calls_sent,
            elapsed_s=time.monotonic() - tally.started,
            finished=(end.row_id, end.outcome.value),
        )
    )


def _in_flight(setting: Setting) -> int:
    """As many records as the endpoints take calls, and some whose code is judged meanwhile."""
    calls = setting.gateway.capacity or 1
    return min(MOST_IN_FLIGHT, calls + max(2, calls // 8))


async def _limited(source: Source, limit: int | None) -> AsyncGenerator[Row | BadRow, None]:
    taken = 0
    if limit == 0:
        return
    async with contextlib.aclosing(source.rows()) as rows:
        async for row in rows:
            yield row
            taken += 1
            if taken == limit:
                return


async def _count(source: Source, limit: int | None) -> int | None:
    counted = 0
    async with contextlib.aclosing(_limited(source, limit)) as rows:
        async for _ in rows:
            counted += 1
            if counted > COUNTED_ROWS:
                return None
    return counted


async def _refuse_an_empty_source(source: Source, limit: int | None) -> None:
    async with contextlib.aclosing(_limited(source, limit)) as rows:
        async for _ in rows:
            return
    raise NothingSelected("the source has no rows, so there is nothing to run")


class NothingSelected(UsageError):
    """There is no row to run (exit code 5)."""

    exit_code = ExitCode.NOTHING_SELECTED


def _source(suite: Suite, plugins: Plugins) -> Source:
    source: Source = plugins.of("sources")[suite.source.type].implementation(suite.source)
    return source


@contextlib.asynccontextmanager
async def _opened(
    suite: Suite, plugins: Plugins, options: RunOptions, tell: Tell
) -> AsyncIterator[tuple[Gateway, Sandbox | None]]:
    """Open models and sandbox and prove that they work, before anything is spent."""
    sandbox = await _start_sandbox(suite, plugins, options)
    models: dict[str, ChatModel] = {
        name: plugins.of("models")[spec.use].implementation(spec)
        for name, spec in suite.models.items()
    }
    gateway = Gateway(models)
    try:
        await gateway.open()
        for warning in gateway.warnings:
            tell(warning)
        yield gateway, sandbox
    finally:
        await gateway.close()
        if sandbox is not None:
            await sandbox.close()


async def _start_sandbox(suite: Suite, plugins: Plugins, options: RunOptions) -> Sandbox | None:
    if not suite.validators:
        return None
    providers = {name: entry.implementation for name, entry in plugins.of("sandboxes").items()}
    is_none = suite.sandbox.accepts_none or options.accepts_no_sandbox
    return await start_sandbox(
        providers,
        require=suite.sandbox.require,
        isolation="none" if is_none else None,
        slots=max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2),
    )


def _isolation(sandbox: Sandbox | None) -> str:
    return "" if sandbox is None else sandbox.describe()


def _silent(sentence: str) -> None:
    del sentence
