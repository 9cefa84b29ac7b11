"""Starts, drives and ends a run. Start at `run_suite`.

The row is the unit of scheduling (docs/decisions/0001): as many records are in flight as the
models take at once, and a few more, so that their code is judged meanwhile. An outcome is
journalled before anyone sees it; the files of the run folder are written from the journal.
"""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sygra_eval.engine.agreeing import agreements_in
from sygra_eval.engine.agreement_events import noted_agreements
from sygra_eval.engine.batches import JournalledBatches, told_of
from sygra_eval.engine.call_hooks import call_hooks_of
from sygra_eval.engine.canaries import has_held
from sygra_eval.engine.disk_room import (
    TAKEN_OVER,
    expected_bytes,
    tell_of_the_lock,
    telling_of_a_full_disk,
    warn_of_little_room,
)
from sygra_eval.engine.environment import noted_environment
from sygra_eval.engine.estimating import EstimateFirst, estimate_and_ask
from sygra_eval.engine.executors import refuse_in_workers, settle_rows
from sygra_eval.engine.folder import (
    begin_files,
    is_written,
    keep_suite,
    new_run_folder,
    write_folder,
)
from sygra_eval.engine.garbage import rarely_collected
from sygra_eval.engine.gate_exit import noted_gates
from sygra_eval.engine.gate_refusals import refuse_gates
from sygra_eval.engine.gating import judge_gates
from sygra_eval.engine.given import given_source, serve_given
from sygra_eval.engine.input_account import noted_input
from sygra_eval.engine.labels import refuse_labels
from sygra_eval.engine.last_time import keep_last_time
from sygra_eval.engine.live import watched
from sygra_eval.engine.loop_lag import loop_watched
from sygra_eval.engine.meant import with_selection
from sygra_eval.engine.measured import text_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.pausing import Pause
from sygra_eval.engine.plan import Plan, plan_of, read_plan, with_code_of
from sygra_eval.engine.plan_changes import (
    PlanChange,
    home_of,
    is_changed,
    suite_to_go_on_with,
    with_changed_plan,
)
from sygra_eval.engine.preflight import Tell, opened, warnings_before
from sygra_eval.engine.preparing import with_prepared
from sygra_eval.engine.progress import ShowProgress
from sygra_eval.engine.reading import count_rows, counted_before, keep_input, source_of
from sygra_eval.engine.run_log import RunLog
from sygra_eval.engine.running import Limits, Running, noted
from sygra_eval.engine.selecting import deselected_noted, missing_told
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.slots import Slots
from sygra_eval.engine.spending import Spending, chosen, within_time
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.summarise import last_start_finished, summarise
from sygra_eval.engine.summary import ExitCode, RunSummary
from sygra_eval.engine.taking import (
    concurrency,
    most_in_flight,
    stopped_at_once,
    take_sample,
)
from sygra_eval.engine.target import Approach, Target, most_rows, target_of
from sygra_eval.engine.time_taken import noting_time, seconds_taken
from sygra_eval.journal import Journal, JournalUnwritable, RunLock, take_in_parts
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.suite import Document, Suite, load_suite, override_model, resolved_yaml
from sygra_eval.values import (
    InfrastructureError,
    Interrupted,
    Outcome,
    RunEnd,
    RunView,
    Sandbox,
    Source,
    UsageError,
)

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


async def run_suite(
    path: Path,
    options: RunOptions | None = None,
    *,
    show: ShowProgress | None = None,
    tell: Tell | None = None,
    stop: StopSignal | None = None,
    first: EstimateFirst | None = None,
    document: Document | None = None,
) -> RunSummary:
    """Run a suite from the start and return its figures; the files are written.

    :param document: The suite itself, where `path` does not lead to it: that only says where it
        would stand.
    :param show: Called after every row.
    :param first: Run a few rows, estimate the whole from them, and ask whether to go on.
    :param tell: Called with sentences that a person should read while the run goes.
    :raises UsageError: When suite, plugins, models or sandbox are not fit; nothing was spent and
        no run folder was made.
    """
    options = options or RunOptions()
    tell, stop = tell or silent, stop or StopSignal()
    plugins = load_plugins(
        path.absolute().parent,
        named=options.plugins,
        objects=options.objects,
        is_trusted=options.is_trusted,
    )
    replaced = {name: override_model(what) for name, what in options.models.items()}
    serve_given(plugins, options.given)
    suite = load_suite(
        path,
        plugins,
        overrides=replaced,
        document=document,
        source=given_source(options.given),
        variant=options.variant,
    )
    options = with_selection(options, suite, tell)
    source = source_of(suite, plugins, options.selection)
    if options.through is not None:
        source = options.through(source)
    measured = text_of(suite)
    await refuse_labels(suite)
    total = await count_rows(source, most_rows(options.limit, target_of(suite, options)), stop)
    refuse_gates(suite, options, total, has_target=target_of(suite, options) is not None)
    async with opened(suite, plugins, options, tell, stop) as parts:
        refuse_in_workers(parts[0], plugins, options)
        folder = new_run_folder(options.out, suite.name, options.name, suite.variant)
        await keep_input(source, folder, stop)
        gateway, sandbox = parts
        plan = plan_of(suite, source, options, gateway, isolation=_isolation(sandbox))
        plan = with_code_of(plan, suite, plugins)
        with RunLock(folder) as lock:
            tell_of_the_lock(folder, lock, tell)
            keep_suite(folder, resolved_yaml(suite), measured)
            journal = Journal.create(
                folder / "journal.db",
                plan.as_mapping(),
                plan.durability,
                disk_wait_s=options.disk_wait_s,
            )
            gateway.remember_batches(JournalledBatches(journal, folder.name))
            setting = setting_of(suite, plugins, parts, journal, stop, options, tell)
            # The rows of an estimate are met again.
            setting = replace(setting, lock=lock, is_resumed=first is not None)
            return await drive_rows(
                setting, plan, folder, source, total, options, show, tell, first
            )


async def resume_run(
    folder: Path,
    options: RunOptions | None = None,
    *,
    retries_failed: bool = True,
    show: ShowProgress | None = None,
    tell: Tell | None = None,
    stop: StopSignal | None = None,
    change: PlanChange | None = None,
) -> RunSummary:
    """Go on with a run that was stopped or killed; a finished one is only reported again.

    :param change: How it goes on otherwise than it began, and who agrees to that.
    :raises UsageError: When the folder is no run, or its suite or input is no longer the same and
        nobody agrees to go on.
    """
    options, change = options or RunOptions(), change or PlanChange()
    tell, stop = tell or silent, stop or StopSignal()
    plan = read_plan(folder)
    before = _if_finished(folder)
    if before is not None and is_written(folder) and not change.is_asked:
        return before
    plan.refuse_unrepeated(options)
    if plan.scored:
        raise UsageError(
            f"{folder} judged the candidates of {plan.scored} again, and has none of its own to go "
            f"on with: sygra-eval score {plan.scored}"
        )
    options = replace(
        options,
        models=plan.models,
        limit=plan.limit if change.limit is None else change.limit,
        accepts_no_sandbox=plan.accepts_no_sandbox or options.accepts_no_sandbox,
        budget=chosen(plan.budget, options.budget),
        strict_model=options.strict_model or plan.strict_model,
    )
    home = home_of(plan, change)
    plugins = load_plugins(
        home, named=options.plugins, objects=options.objects, is_trusted=options.is_trusted
    )
    serve_given(plugins, options.given)
    suite = suite_to_go_on_with(folder, plan, plugins, change)
    source = source_of(suite, plugins, plan.selection)
    is_other = is_changed(plan, suite, source, change)
    options = _as_it_began(options, plan, has_own_target=is_other and bool(suite.target_verified))
    if before is not None and not is_other:
        with RunLock(folder), _disk_named(folder):
            if is_written(folder):
                return before
            # It died after its last row and before its last file.
            return write_folder(folder, before, plugins, tell)
    most = most_rows(options.limit, target_of(suite, options))
    counted = None if is_other else counted_before(folder, plan.input_fingerprint, most)
    total = await count_rows(source, most, stop) if counted is None else counted.rows
    if is_other:
        refuse_gates(suite, options, total, has_target=target_of(suite, options) is not None)
    async with opened(suite, plugins, options, tell, stop) as parts:
        refuse_in_workers(parts[0], plugins, options)
        with RunLock(folder) as lock:
            tell_of_the_lock(folder, lock, tell)
            if options.given is not None:
                options.given.reopen()
            if not is_other and (ended := _if_finished(folder)) is not None:
                return ended  # by another process meanwhile
            journal = Journal.open(
                folder / "journal.db", plan.durability, disk_wait_s=options.disk_wait_s
            )
            parts[0].remember_batches(JournalledBatches(journal, folder.name))
            try:
                await take_in_parts(journal, folder)
            except BaseException:
                await journal.close()
                raise
            setting = setting_of(suite, plugins, parts, journal, stop, options, tell)
            try:
                if is_other:
                    plan = await with_changed_plan(
                        setting, plan, folder, source, options, change, tell
                    )
                if retries_failed:
                    await journal.forget_failed()
            except BaseException:
                await journal.close()
                raise
            setting = replace(setting, lock=lock)
            return await drive_rows(setting, plan, folder, source, total, options, show, tell)


def _as_it_began(options: RunOptions, plan: Plan, *, has_own_target: bool) -> RunOptions:
    """Return the options with what a start decided for all of its resumes.

    :param has_own_target: The suite is another one by now, and says itself what it aims at.
    """
    options = replace(
        options,
        durability=plan.durability,
        selection=plan.selection,
        max_failures=plan.max_failures,
        is_strict=plan.is_strict,
    )
    if plan.target is None or has_own_target:
        return options
    return replace(
        options,
        target_verified=plan.target.verified,
        max_candidates=plan.target.max_candidates,
    )


def setting_of(
    suite: Suite,
    plugins: Plugins,
    parts: tuple[Gateway, Sandbox | None],
    journal: Journal,
    stop: StopSignal,
    options: RunOptions,
    tell: Tell,
) -> Setting:
    """Put a start's parts together, of a run that begins as of one that goes on."""
    gateway, sandbox = parts
    pause = Pause()
    pause.when_changed(lambda: gateway.hold(is_held=pause.is_paused))
    stop.when_draining(pause.end)
    spending = Spending.after(journal.reader, chosen(suite.budget, options.budget))
    stop.when_draining(lambda: spending.interrupt(Interrupted(stop.cause)))
    return Setting(
        suite=suite,
        plugins=plugins,
        gateway=gateway,
        sandbox=sandbox,
        journal=journal,
        stop=stop,
        is_strict=suite.strict_model or options.strict_model,
        spending=spending,
        call_hooks=call_hooks_of(plugins, tell),
        watch=options.watch,
        pause=pause,
    )


async def drive_rows(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    total: int | None,
    options: RunOptions,
    show: ShowProgress | None,
    tell: Tell,
    first: EstimateFirst | None = None,
) -> RunSummary:
    """Take every row to its outcome, then write the folder."""
    begin_files(folder)
    with rarely_collected(), RunLog(folder) as log:

        def tell_and_log(sentence: str) -> None:
            log.event("note", text=sentence)
            tell(sentence)

        telling_of_a_full_disk(setting, tell_and_log)
        with _disk_named(folder):
            try:
                running = _running(setting, total, show, log, plan.target, options)
                _look_at_the_disk(setting, folder, running, tell_and_log)
                await _take_all(
                    setting, plan, folder, source, running, options, tell_and_log, first
                )
            except BaseExceptionGroup as group:
                raise _first(group) from group
            finally:
                if setting.stop.is_at_once:
                    setting.journal.disk.end()
                await setting.journal.close()
            if setting.sandbox is not None:  # nothing runs any more, and the files take memory
                await setting.sandbox.close()
            if setting.lock is not None and not setting.lock.is_ours():
                raise InfrastructureError(f"{TAKEN_OVER}; it writes the files of {folder}")
            summary = summarise(folder)
            log.event("summarised", exit=int(summary.exit_code), why=summary.exit_reason)
            summary = write_folder(folder, summary, setting.plugins, tell_and_log)
            keep_last_time(folder, setting.suite, plan.selection)
    counts = {outcome.value: count for outcome, count in summary.counts.items()}
    end = RunEnd(
        folder=folder, suite=summary.suite, exit_code=int(summary.exit_code), counts=counts
    )
    setting.plugins.observe("sygra_run_finished", tell, run=end)
    return summary


def _look_at_the_disk(setting: Setting, folder: Path, running: Running, tell: Tell) -> None:
    """Say beforehand where the rows that are left will hardly find room."""
    if running.total is None:
        return
    size = (folder / "journal.db").stat().st_size
    expected = expected_bytes(setting.suite, running.total, ended=running.done, journal_bytes=size)
    warn_of_little_room(folder, expected, tell)


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
    """Return the figures of a run that has nothing left to do.

    Of one that was stopped or killed they are not come to: after many calls that takes seconds.
    """
    if not last_start_finished(folder):
        return None
    summary = summarise(folder)
    is_finished = summary.state == "finished" and summary.exit_code is not ExitCode.INCOMPLETE
    lost_outcomes = summary.damage.rows and summary.not_reached
    return summary if is_finished and not lost_outcomes else None


def _running(
    setting: Setting,
    total: int | None,
    show: ShowProgress | None,
    log: RunLog,
    target: Target | None,
    options: RunOptions,
) -> Running:
    approach = Approach(target)
    limits = Limits(
        max_failures=options.max_failures,
        rows_in_flight=options.rows_in_flight,
        slowest=options.slowest,
    )
    counts = setting.journal.counts()
    before = sum(counts.values())
    held = 0
    if limits.max_failures is not None and setting.suite.canary is not None:
        rejected = setting.journal.reader.ends_that(Outcome.REJECTED)
        held = sum(has_held(setting.suite, end) for end in rejected)
    return Running(
        total=total,
        before=before,
        started=time.monotonic(),
        show=show,
        log=log,
        done=before,
        counts=counts,
        held=held,
        slots=Slots(
            lambda: limits.in_flight(
                approach.in_flight(most_in_flight(setting)), concurrency(setting)
            )
        ),
        limits=limits,
        approach=approach,
        nano_usd_before=setting.spending.spent.nano_usd,
    )


async def _take_all(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    running: Running,
    options: RunOptions,
    tell: Tell,
    first: EstimateFirst | None,
) -> None:
    """Journal the start, the rows, and how the start ended."""
    journal, log = setting.journal, running.log
    view = RunView(
        folder=folder,
        suite=setting.suite.name,
        rows_total=running.total,
        isolation=_isolation(setting.sandbox),
    )
    took_s = seconds_taken(journal.reader.events())
    journal.event(
        "started",
        pid=os.getpid(),
        rows=running.total,
        limit=plan.most_rows,
        input=plan.input_fingerprint,
        **noted_environment(setting),
    )
    missing = missing_told(source)
    _warn_of(missing, journal, tell)
    if plan.is_strict:  # there a warning decides how the run ends
        for told in warnings_before(setting):
            journal.event("warned", text=told)
    log.event("started", rows=running.total, rows_before=running.before, isolation=view.isolation)
    setting.plugins.observe("sygra_run_started", tell, run=view)
    setting.gateway.when_asleep = running.slots.look_again
    async with (
        noting_time(journal, lambda: noted(setting, running)),
        watched(folder, setting, log, running.rows, running.slots),
        loop_watched(setting, running, tell),
    ):
        with within_time(setting.spending.budget, took_s, setting.stop):
            async with stopped_at_once(setting.stop):
                setting = await with_prepared(setting, tell)
            sample = await take_sample(setting, source, plan.most_rows, running, tell, first)
        if first is not None and sample is not None:
            at_once = most_in_flight(setting)
            await estimate_and_ask(first, setting, running, sample, tell, rows_at_once=at_once)
        took_s += running.elapsed_s
        with within_time(setting.spending.budget, took_s, setting.stop):
            rows_read = await settle_rows(setting, plan, folder, source, running, options, tell)
        async with stopped_at_once(setting.stop):
            await setting.gateway.settle_batches()
    if missing is None:  # the input was too long to be read before
        _warn_of(missing_told(source), journal, tell)
    for sentence in running.slowest_told():
        tell(sentence)
    left_open = setting.gateway.open_batches
    for sentence in told_of(left_open):
        tell(sentence)
    kind = _how_it_ended(setting.stop)
    if setting.suite.gates or setting.suite.agreements:
        await journal.flush()
    if setting.suite.agreements and kind == "finished":
        found = await agreements_in(folder, setting.suite)
        journal.event("agreement", **noted_agreements(found))
    if setting.suite.gates:
        judged = await judge_gates(
            folder,
            setting.suite,
            setting.plugins,
            is_finished=kind == "finished",
            rows_read=rows_read if running.total is None else running.total,
        )
        journal.event("gates", **noted_gates(judged))
    fields = {
        **noted(setting, running),
        "rows": rows_read if running.total is None else running.total,
        "cause": setting.stop.cause,
        "open_batches": [batch.id for batch in left_open],
        **noted_input(source),
        **deselected_noted(source),
        **running.failures_noted(),
    }
    journal.event(kind, **fields)
    log.event(kind, **fields)


def _warn_of(text: str | None, journal: Journal, tell: Tell) -> None:
    if text:
        journal.event("warned", text=text)
        tell(text)


def _how_it_ended(stop: StopSignal) -> str:
    if stop.is_outage:
        return "broke"
    return "stopped" if stop.is_draining else "finished"


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first failure of the records' tasks; the others follow from it or are like it."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _isolation(sandbox: Sandbox | None) -> str:
    return "" if sandbox is None else sandbox.describe()


def silent(sentence: str) -> None:
    """Tell nobody."""
    del sentence
