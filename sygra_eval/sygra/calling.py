"""Runs a task that was read, from a program: blocking, also where a loop is running already."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sygra_eval.engine import RunOptions, RunSummary, StopSignal, resume_run, run_in_loop, run_suite
from sygra_eval.sygra.dialect import Read
from sygra_eval.sygra.environment import set_keys
from sygra_eval.values import UsageError

Start = Callable[[StopSignal], Awaitable[RunSummary]]


def run_read(
    read: Read, options: RunOptions, *, resumes: bool, tell: Callable[[str], None]
) -> RunSummary:
    """Run a task to its end, or go on with its last run where that is not finished.

    :raises UsageError: When it cannot be run.
    """
    if read.suite is None:
        raise UsageError(f"{read.task.path}: it cannot be run", read.diagnostics)
    set_keys(read.keys)
    suite, path = read.suite, read.task.path
    last = last_run(options.out, suite_name(read)) if resumes else None

    async def start(stop: StopSignal) -> RunSummary:
        if last is not None:
            plain = replace(options, limit=None, models={})
            return await resume_run(last, plain, tell=tell, stop=stop)
        return await run_suite(path, options, tell=tell, stop=stop, document=suite)

    return _to_the_end(start)


def suite_name(read: Read) -> str:
    """Return the name that the runs of a task stand under."""
    head = read.suite.data.get("suite") if read.suite is not None else None
    return str(head["name"]) if isinstance(head, dict) else read.task.name


def last_run(out: Path, suite: str) -> Path | None:
    """Return the newest run of a suite that has a journal."""
    found = [one.parent for one in (out / suite).glob("*/journal.db")]
    return max(found, key=lambda one: (one / "journal.db").stat().st_mtime_ns, default=None)


@dataclass(slots=True)
class _Thread:
    start: Start
    summary: RunSummary | None = None
    error: BaseException | None = None
    stop: StopSignal | None = None
    loop: Any = None

    def run(self) -> None:
        try:
            self.summary = run_in_loop(self._run())
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            self.error = error

    async def _run(self) -> RunSummary:
        self.stop, self.loop = StopSignal(), asyncio.get_running_loop()
        return await self.start(self.stop)

    def drain(self) -> None:
        if self.loop is not None and self.stop is not None:
            self.loop.call_soon_threadsafe(self.stop.drain, "an interrupt")


def _to_the_end(start: Start) -> RunSummary:
    """Run on a thread with a loop of its own; an interrupt drains the run and is raised then."""
    running = _Thread(start)
    thread = threading.Thread(target=running.run, name="sygra workflow", daemon=True)
    thread.start()
    interrupt: KeyboardInterrupt | None = None
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt as pressed:
            interrupt = pressed
            running.drain()
    if interrupt is not None:
        raise interrupt
    if running.error is not None:
        raise running.error
    assert running.summary is not None, "a thread that ended without an error has one"  # noqa: S101
    return running.summary
