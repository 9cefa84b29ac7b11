"""Starts, drives and ends a run. Start at `run_suite`.

The row is the unit of scheduling (docs/decisions/0001): as many records are in flight as the
models take at once, and a few more, so that their code is judged meanwhile. An outcome is
journalled before anyone sees it; the files of the run folder are written from the journal.
"""

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sygra_eval.engine.batches import JournalledBatches, told_of
from sygra_eval.engine.canaries import ALARM
from sygra_eval.engine.folder import begin_files, is_written, new_run_folder, write_folder
from sygra_eval.engine.measured import MEASURED_FILE, text_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.plan import Plan, plan_of, read_plan
from sygra_eval.engine.preflight import Tell, opened
from sygra_eval.engine.preparing import with_prepared
from sygra_eval.engine.progress import Progress, ShowProgress
from sygra_eval.engine.reading import count_rows, while_it_lasts
from sygra_eval.engine.record import settle
from sygra_eval.engine.run_log import RunLog
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.spending import Spending, chosen, within_time
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.summarise import summarise
from sygra_eval.engine.summary import ExitCode, RunSummary
from sygra_eval.journal import Journal, JournalUnwritable, RunLock
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.suite import Suite, load_suite, override_model, resolved_yaml
from sygra_eval.values import (
    BadRow,
    InfrastructureError,
    Outcome,
    RecordEnd,
    Row,
    RunEnd,
    RunView,
    Sandbox,
    Source,
)

MOST_IN_FLIGHT = 4_096


_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


@dataclass(slots=True)
class _Tally:
    """Outcomes so far, of earlier starts too, for progress; the journal is what counts."""

    total: int | None
    before: int
    started: float
    show: ShowProgress | None
    log: RunLog
    done: int
    counts: dict[Outcome, int]


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
    tell, stop = tell or _silent, stop or StopSignal()
    plugins = load_plugins(
        path.absolute().parent, named=options.plugins, is_trusted=options.is_trusted
    )
    replaced = {name: override_model(what) for name, what in options.models.items()}
    suite = load_suite(path, plugins, overrides=replaced)
    source = _source(suite, plugins)
    measured = text_of(suite)
    total = await count_rows(source, options.limit)
    async with opened(suite, plugins, options, tell, stop) as parts:
        folder = new_run_folder(options.out, suite.name, options.name)
        gateway, sandbox = parts
        plan = plan_of(suite, source, options, gateway, isolation=_isolation(sandbox))
        with RunLock(folder):
            (folder / "suite.yaml").write_text(resolved_yaml(suite), encoding="utf-8")
            if measured is not None:
                (folder / MEASURED_FILE).write_text(measured, encoding="utf-8")
            journal = Journal.create(folder / "journal.db", plan.as_mapping())
            gateway.remember_batches(JournalledBatches(journal, folder.name))
            setting = _setting(suite, plugins, parts, journal, stop, options)
            return await _drive(setting, plan, folder, source, total, show, tell)


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
    tell, stop = tell or _silent, stop or StopSignal()
    plan = read_plan(folder)
    before = _if_finished(folder)
    if before is not None and is_written(folder):
        return before
    plan.refuse_unrepeated(options)
    options = replace(options, budget=chosen(plan.budget, options.budget))
    plugins = load_plugins(plan.suite_folder, named=options.plugins, is_trusted=options.is_trusted)
    suite = load_suite(folder / "suite.yaml", plugins, folder=plan.suite_folder)
    source = _source(suite, plugins)
    plan.refuse_other(suite, source)
    if before is not None:  # it died after its last row and before its last file
        with RunLock(folder), _disk_named(folder):
            return write_folder(folder, before, plugins, tell)
    total = await count_rows(source, plan.limit)
    async with opened(suite, plugins, options, tell, stop) as parts:
        with RunLock(folder):
            if (ended := _if_finished(folder)) is not None:  # by another process meanwhile
                return ended
            journal = Journal.open(folder / "journal.db")
            if retries_failed:
                await journal.forget_failed()
            parts[0].remember_batches(JournalledBatches(journal, folder.name))
            setting = _setting(suite, plugins, parts, journal, stop, options)
            return await _drive(setting, plan, folder, source, total, show, tell)


def _setting(
    suite: Suite,
    plugins: Plugins,
    parts: tuple[Gateway, Sandbox | None],
    journal: Journal,
    stop: StopSignal,
    options: RunOptions,
) -> Setting:
    """Put a start's parts together, of a run that begins as of one that goes on."""
    gateway, sandbox = parts
    spending = Spending.after(journal.reader, chosen(suite.budget, options.budget))
    stop.when_draining(spending.wake_all)
    return Setting(
        suite=suite,
        plugins=plugins,
        gateway=gateway,
        sandbox=sandbox,
        journal=journal,
        stop=stop,
        spending=spending,
    )


async def _drive(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    total: int | None,
    show: ShowProgress | None,
    tell: Tell,
) -> RunSummary:
    """Take every row to its outcome, then write the folder."""
    begin_files(folder)
    with RunLog(folder) as log:

        def tell_and_log(sentence: str) -> None:
            log.event("note", text=sentence)
            tell(sentence)

        with _disk_named(folder):
            try:
                await _take_all(setting, plan, folder, source, total, show, tell_and_log, log)
            except BaseExceptionGroup as group:
                raise _first(group) from group
            finally:
                await setting.journal.close()
            if setting.sandbox is not None:  # nothing runs any more, and the files take memory
                await setting.sandbox.close()
            summary = summarise(folder)
            log.event("summarised", exit=int(summary.exit_code), why=summary.exit_reason)
            summary = write_folder(folder, summary, setting.plugins, tell_and_log)
    counts = {outcome.value: count for outcome, count in summary.counts.items()}
    end = RunEnd(
        folder=folder, suite=summary.suite, exit_code=int(summary.exit_code), counts=counts
    )
    setting.plugins.observe("sygra_run_finished", tell, run=end)
    return summary


@contextlib.contextmanager
def _disk_named(folder: Path) -> Iterator[None]:
    """Say of a disk that is full or gone what is lost, which is nothing, and how to go on."""
    try:
        yield
    except (JournalUnwritable, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _OF_THE_DISK:
            raise
        advice = f"what is in the journal stays: make room, then `sygra-eval resume {folder}`"
        raise InfrastructureError(f"{error}; {advice}") from error


def _if_finished(folder: Path) -> RunSummary | None:
    """Return the figures of a run that has nothing left to do."""
    summary = summarise(folder)
    is_finished = summary.state == "finished" and summary.exit_code is not ExitCode.INCOMPLETE
    return summary if is_finished else None


async def _take_all(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    total: int | None,
    show: ShowProgress | None,
    tell: Tell,
    log: RunLog,
) -> None:
    """Journal the start, the rows, and how the start ended."""
    journal = setting.journal
    counts = journal.counts()
    before = sum(counts.values())
    tally = _Tally(
        total=total,
        before=before,
        started=time.monotonic(),
        show=show,
        log=log,
        done=before,
        counts=counts,
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
    with within_time(setting.spending.budget, journal.reader, setting.stop):
        async with _stopped_at_once(setting.stop):
            setting = await with_prepared(setting, tell)
        rows_read = await _take_rows(setting, source, plan.limit, tally, tell)
    async with _stopped_at_once(setting.stop):
        await setting.gateway.settle_batches()
    left_open = setting.gateway.open_batches
    for sentence in told_of(left_open):
        tell(sentence)
    kind = _how_it_ended(setting.stop)
    fields = {
        "rows": rows_read if total is None else total,
        "wall_s": time.monotonic() - tally.started,
        "calls_sent": setting.counters.calls_sent,
        "calls_cached": setting.counters.calls_cached,
        "cause": setting.stop.cause,
        "open_batches": [batch.id for batch in left_open],
    }
    journal.event(kind, **fields)
    log.event(kind, **fields)


def _how_it_ended(stop: StopSignal) -> str:
    if stop.is_outage:
        return "broke"
    return "stopped" if stop.is_draining else "finished"


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

    reading = while_it_lasts(source, limit, setting.stop, tell)
    async with (
        _stopped_at_once(setting.stop),
        contextlib.aclosing(reading) as rows,
        asyncio.TaskGroup() as group,
    ):
        async for row in rows:
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
    if end.reason == ALARM:
        tell(f"row {end.row_id}: {ALARM}")
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
    most = max(MOST_IN_FLIGHT, setting.gateway.batch_capacity)  # a batch needs many at once
    return min(most, calls + max(2, calls // 8))


def _source(suite: Suite, plugins: Plugins) -> Source:
    source: Source = plugins.of("sources")[suite.source.type].implementation(suite.source)
    return source


def _isolation(sandbox: Sandbox | None) -> str:
    return "" if sandbox is None else sandbox.describe()


def _silent(sentence: str) -> None:
    del sentence
